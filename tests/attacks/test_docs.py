"""The page on attacks says what is so."""

import doctest
from pathlib import Path

from fjsim import registry

PAGE = Path(__file__).parents[2] / "docs" / "attacks.md"


def test_examples_run_as_they_stand():
    assert doctest.testfile(str(PAGE), module_relative=False).failed == 0


def test_every_attack_of_ours_is_on_the_page():
    text = PAGE.read_text()
    ours = [e.name for e in registry.entries("attack") if e.package == "fjsim_attacks"]
    assert [name for name in ours if f"`{name}`" not in text and name != "none"] == []
