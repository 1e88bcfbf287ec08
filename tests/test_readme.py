"""What README shows is what runs."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def test_every_page_that_readme_links_is_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8")):
        if not link.startswith("http"):
            assert (README.parent / link).is_file(), link


def test_every_command_that_readme_names_exists() -> None:
    from fjsim.cli.program import COMMANDS

    named = set(re.findall(r"`fjsim (\w+)", README.read_text(encoding="utf-8")))
    assert named <= set(COMMANDS)


def test_no_file_names_the_path_of_this_checkout() -> None:
    root = README.parent
    for folder in ("fjsim", "agents", "topologies", "attacks", "defenses", "docs", "configs"):
        for path in (root / folder).rglob("*"):
            if path.suffix in {".py", ".md", ".yaml", ".toml"}:
                assert str(root) not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    "page", sorted((README.parent / "docs").glob("*.md")), ids=lambda p: p.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
        if not link.startswith(("http", "mailto")):
            assert (page.parent / link).exists(), link
