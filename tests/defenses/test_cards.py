"""Every defense says what it sees, what it assumes, what breaks it, and what it costs."""

from __future__ import annotations

import inspect
import re

import pytest

from fjsim import registry

OURS = [entry for entry in registry.entries("defense") if entry.package == "fjsim_defenses"]
CARD = ("Sees", "Assumes", "Broken by", "Price")


def sections(text: str) -> dict[str, str]:
    """Return a docstring's sections by title."""
    parts = re.split(r"^(\S[^\n]*)\n-+\n", text, flags=re.MULTILINE)[1:]
    return {title: body.strip() for title, body in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.parametrize("entry", OURS, ids=lambda entry: entry.name)
def test_a_defense_has_a_card(entry: registry.Entry) -> None:
    found = sections(inspect.getdoc(entry.factory) or "")
    for title in CARD:
        assert found.get(title, "").endswith("."), f"{entry.name}: section {title} is missing"
    assert len(" ".join(found[title] for title in CARD)) < 900


def test_attacks_that_a_card_names_exist() -> None:
    known = set(registry.names("attack")) | set(registry.names("defense"))
    named = {
        name
        for entry in OURS
        for name in re.findall(
            r"``([a-z]+-[a-z-]+)``", sections(inspect.getdoc(entry.factory) or "")["Broken by"]
        )
    }
    assert named
    assert named <= known
