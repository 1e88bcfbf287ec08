"""The page on attacks says what is so."""

from pathlib import Path

import pytest

from fjsim import registry
from studies import attack_table

PAGE = Path(__file__).parents[2] / "docs" / "attacks.md"


def test_every_attack_of_ours_is_on_the_page() -> None:
    text = PAGE.read_text()
    ours = [e.name for e in registry.entries("attack") if e.package == "fjsim_attacks"]
    assert [name for name in ours if f"`{name}`" not in text and name != "none"] == []


def rows_of_the_table() -> list[str]:
    lines = PAGE.read_text().splitlines()
    first = lines.index(f"| attack | {' | '.join(attack_table.PLACES)} |")
    return lines[first + 2 : first + 2 + len(attack_table.ATTACKS)]


def test_the_table_of_success_rates_has_the_rows_that_its_command_prints() -> None:
    named = [row.removeprefix("| ").split(" | ")[0] for row in rows_of_the_table()]
    assert named == list(attack_table.ATTACKS)


@pytest.mark.slow
def test_the_whole_table_is_what_its_command_prints() -> None:
    assert attack_table.table(list(attack_table.ATTACKS), 100)[2:] == rows_of_the_table()
