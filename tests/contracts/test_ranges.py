"""Ranges that a class declares are checked whenever one is made."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from fjsim import registry
from fjsim.contracts.ranges import require
from fjsim.errors import ConfigError


def declared() -> Iterator[tuple[str, str, str, str]]:
    """Return kind, plug-in, parameter and range, inherited ones too."""
    for kind in ("attack", "defense", "router"):
        for entry in registry.entries(kind):
            known = {parameter.name for parameter in entry.parameters}
            allowed: dict[str, str] = {}
            for base in reversed(getattr(entry.factory, "__mro__", ())):
                allowed.update(vars(base).get("ranges", {}))
            for name, interval in allowed.items():
                if name in known:
                    yield kind, entry.name, name, interval


def beyond(interval: str) -> float:
    """Return a number just below or at the excluded lower end."""
    low = float(re.findall(r"[\d.e+-]+", interval)[0])
    return low if interval.startswith(("(", "> ")) else low - 1


@pytest.mark.parametrize(("kind", "name", "parameter", "interval"), list(declared()))
def test_a_parameter_outside_its_range_is_one_line(
    kind: str, name: str, parameter: str, interval: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        registry.build(kind, {"kind": name, parameter: round(beyond(interval))})
    said = str(caught.value)
    assert said.startswith(f"{kind}.{parameter} is {round(beyond(interval))}; it must ")
    assert said.endswith(interval)


def test_every_kind_declares_some() -> None:
    assert {kind for kind, *_ in declared()} == {"attack", "defense", "router"}
    assert len(list(declared())) > 60


@pytest.mark.parametrize(
    ("allowed", "inside", "outside"),
    [
        ("[0, 1]", (0, 0.5, 1), (-1e-9, 1.1, float("nan"))),
        ("(0, 1]", (1e-9, 1), (0, 1.1)),
        ("[0, 1)", (0, 0.999), (1, -1)),
        (">= 1", (1, 1e300), (0.999, float("nan"))),
        ("> 0", (1e-300,), (0, -1)),
    ],
)
def test_ends_belong_to_a_range_as_its_brackets_say(
    allowed: str, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    for value in inside:
        require("x", value, allowed)
    for value in outside:
        with pytest.raises(ConfigError, match="it must"):
            require("x", value, allowed)
