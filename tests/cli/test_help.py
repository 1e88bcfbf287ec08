"""Help pages: short to ask for, in words, with defaults."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from fjsim.cli.program import COMMANDS

Call = Callable[..., Any]
NEEDED = {"import": ("--out",)}
"""Options without a default, because they must be given."""
NOTHING = re.compile(
    r"--(set|map|why|round|agent|against|defense|target|opinions|scale|table|out|model|base-url|"
    r"api-key-env|fault|innate|backend|limit|questions|law|port)$"
)
"""Options that are left out unless given, and say themselves what happens then."""


@pytest.fixture
def page(fjsim: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("COLUMNS", "80")

    def ask(*words: str) -> str:
        printed = fjsim(*words, "-h")
        assert printed.code == 0
        assert max(map(len, printed.out.splitlines())) <= 80
        return str(printed.out)

    return ask


@pytest.mark.parametrize("command", ["", *COMMANDS, "cache stats"])
def test_a_help_page_is_short_to_ask_for_and_names_no_type_of_python(
    page: Call, command: str
) -> None:
    text = page(*command.split())
    assert not re.search(r"<(str|bool|int|float|list\[str\])>", text)
    assert "…" not in re.sub("TEXT…", "", text), "a name that is cut"


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "cache"])
def test_every_option_that_takes_something_states_its_default(page: Call, command: str) -> None:
    text = page(command)
    rows = re.split(r"\n│ (?=[* ] *--|--)", text)[1:]
    silent = []
    for row in rows:
        name = "--" + row.partition("--")[2].split()[0].rstrip("…")
        takes = re.search(r" (NUMBER|TEXT…?|PATH|WHERE|\w+\|[\w|]+)  ", row.split("\n")[0])
        said = "default" in row or "required" in row or NOTHING.search(name)
        if takes and not said and name not in NEEDED.get(command, ()):
            silent.append(name)
    assert rows
    assert silent == []
