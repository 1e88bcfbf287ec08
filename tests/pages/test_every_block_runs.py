"""Every block of Python and every command that a page shows runs as it stands."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fjsim import registry
from fjsim.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
PYTHON, COMMANDS = ("python", "pycon"), ("sh", "bash", "console")
ALL_LANGUAGES = {*PYTHON, *COMMANDS, "yaml", "toml", "json", "text"}
_REASON = re.compile(r"<!-- not run: (.+?) -->")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page.

    Parameters
    ----------
    page : Path
        Where it stands.
    line : int
        Line of its fence, counted from 1.
    language : str
        What the fence says; empty where it says nothing.
    code : str
        What stands between the fences.
    reason : str or None
        Why it is not run; None if it is.
    """

    page: Path
    line: int
    language: str
    code: str
    reason: str | None

    @property
    def where(self) -> str:
        """The page and the line, as an editor takes them."""
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """Commands of a console block, without their prompts; a backslash joins lines."""
        lines = self.code.replace("\\\n", " ").splitlines()
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return prompted or [line for line in lines if line.strip()]


def blocks(page: Path) -> list[Block]:
    """Return all fenced blocks of a page, in their order."""
    found: list[Block] = []
    lines = page.read_text(encoding="utf-8").splitlines()
    start: int | None = None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = number
            continue
        reason = _REASON.fullmatch(lines[start - 1].strip()) if start else None
        code = "\n".join(lines[start + 1 : number]) + "\n"
        language = lines[start].removeprefix("```").strip()
        found.append(Block(page, start + 1, language, code, reason[1] if reason else None))
        start = None
    assert start is None, f"{page.name}:{start} opens a block that nothing closes"
    return found


def runnable(page: Path) -> list[Block]:
    """Return the blocks of Python and of commands."""
    return [block for block in blocks(page) if block.language in (*PYTHON, *COMMANDS)]


MOST_NOT_RUN = 12
"""Blocks that no test runs; a further one has to replace one of these."""


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what a clone has besides code, and a registry that forgets what pages add."""
    for name in ("configs", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=named)
def test_all_blocks_of_a_page_run_in_their_order(
    page: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module = types.ModuleType("page_" + re.sub(r"\W", "_", page.stem))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for block in runnable(page):
        if block.reason is not None:
            continue
        if block.language in COMMANDS:
            for command in block.commands:
                run_command(block, command, capsys)
        elif ">>>" in block.code:
            run_session(block, vars(module))
        else:
            exec(compile(block.code, block.where, "exec"), vars(module))


def run_command(block: Block, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command, comments=True)
    assert words[0] == "fjsim", f"{block.where}: say why `{command}` is not run"
    with pytest.raises(SystemExit) as done:
        main(words[1:])
    said = capsys.readouterr()
    assert not done.value.code, f"{block.where}: {command}\n{said.err}"


def run_session(block: Block, names: dict[str, Any]) -> None:
    example = doctest.DocTestParser().get_doctest(
        block.code, names, block.where, os.fspath(block.page), block.line
    )
    said: list[str] = []
    outcome = doctest.DocTestRunner().run(example, out=said.append, clear_globs=False)
    names.update(example.globs)
    assert outcome.failed == 0, "".join(said)


def test_a_block_says_in_which_language_it_is() -> None:
    for page in PAGES:
        for block in blocks(page):
            assert block.language in ALL_LANGUAGES, f"{block.where}: {block.language!r}"


def test_no_block_is_hidden_from_this_test_by_indentation() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        hidden = re.findall(r"\n\n    (?:fjsim|python|pip|make|>>>) .*", text)
        assert hidden == [], named(page)


def test_what_is_not_run_has_a_reason_and_does_not_become_more() -> None:
    skipped = [block for page in PAGES for block in runnable(page) if block.reason is not None]
    assert all(len(block.reason or "") > 10 for block in skipped)
    assert len(skipped) <= MOST_NOT_RUN, [block.where for block in skipped]


def test_a_reason_stands_right_above_its_block() -> None:
    for page in PAGES:
        given = len(re.findall("^<!-- not run:", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert given == sum(block.reason is not None for block in runnable(page)), named(page)


def test_a_page_that_shows_what_does_not_work_is_found_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\nfjsim run --atack stubborn\n```\n\n```python\n>>> 1 + 1\n3\n\n```\n")
    wrong = [
        Block(ROOT / "docs" / "no.md", block.line, block.language, block.code, None)
        for block in blocks(page)
    ]
    with pytest.raises(AssertionError, match=r"docs/no.md:1: fjsim run --atack stubborn"):
        run_command(wrong[0], wrong[0].commands[0], capsys)
    with pytest.raises(AssertionError, match=r"Expected:\n +3\n *Got:\n +2"):
        run_session(wrong[1], {})


def test_pictures_are_small_and_say_in_words_what_they_show() -> None:
    shown = set()
    for page in PAGES:
        for words, link in re.findall(r"!\[([^]]*)\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            picture = (page.parent / link).resolve()
            assert picture.stat().st_size < 150_000, link
            assert len(words.split()) >= 8, f"{named(page)}: {link} needs a text in its place"
            shown.add(picture.name)
    assert shown == {path.name for path in (ROOT / "docs/images").iterdir()}


def test_no_page_installs_from_an_index_what_is_not_published() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"pip install [^`\n]*fjsim", text), named(page)
