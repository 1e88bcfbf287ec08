"""The page on topologies says what is so."""

from pathlib import Path

from fjsim import registry

PAGE = Path(__file__).parents[2] / "docs" / "topologies.md"


def test_every_topology_of_ours_is_on_the_page() -> None:
    text = PAGE.read_text()
    ours = [entry.name for entry in registry.entries("topology") if not entry.third_party]
    assert [name for name in ours if f"`{name}`" not in text] == []
