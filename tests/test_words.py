"""One word for one thing: class names, docstrings and the glossary."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("fjsim", "agents", "topologies", "routers", "attacks", "defenses")
TREE = (*ROOMS, "studies", "benchmarks", "tests")
RETIRED = r"\b(purse|sheet|duel|duels)\b|\b[Aa]s of [`\w]*`"
"""Metaphors that had a term of their own, and "as of" (since) where "as in" is meant."""


AT_THE_EDGE = {"Message"}
"""What a person hands in by names and texts, and what it becomes inside, by seats and numbers."""


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    """Return each Python file's path and text."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def docstrings(source: str) -> Iterator[str]:
    """Return every docstring, attribute docstrings included."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.value.value


def test_no_two_public_classes_share_a_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, source in sources(*ROOMS):
        for node in ast.walk(ast.parse(source)):
            # A class with an underscore is seen in its own module only.
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path)
    shared = {
        name: paths for name, paths in places.items() if len(paths) > 1 and name not in AT_THE_EDGE
    }
    assert not shared


def test_no_line_of_a_docstring_starts_with_a_genitive_that_hangs_on_nothing() -> None:
    hanging = [
        (path, line.strip())
        for path, source in sources(*TREE)
        for text in docstrings(source)
        for before, line in zip(["", *text.splitlines()], text.splitlines(), strict=False)
        if line.lstrip().startswith("Of ") and _opens(before)
    ]
    assert not hanging


def _opens(before: str) -> bool:
    """Say whether a new phrase begins after a line: it is empty, a parameter, or a full stop."""
    return not before.strip() or " : " in before or not re.search(r"[a-z,;]$", before.strip())


def test_nothing_says_as_of_for_as_in_nor_names_a_thing_by_a_metaphor() -> None:
    found = [
        (path, match[0])
        for path, source in sources("fjsim", "agents", "topologies", "routers", "attacks")
        for text in docstrings(source)
        for match in re.finditer(RETIRED, text)
    ]
    assert not found


def test_no_page_says_how_the_work_was_organised() -> None:
    for path in (*(ROOT / "docs").glob("*.md"), ROOT / "README.md"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"first study|`readme`|\| listed \|", text, re.I), path.name


def test_the_glossary_has_one_line_a_term_in_order() -> None:
    lines = (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line.startswith("* ")]
    named = [re.match(r'\* <a id="([a-z0-9-]+)"></a>\*\*([^*]+)\*\*.* – .+\.$', e) for e in entries]
    assert all(named), [e for e, n in zip(entries, named, strict=True) if not n]
    terms = [match[2] for match in named if match]
    assert terms == sorted(set(terms))
    assert all(match[1] == match[2].replace(" ", "-") for match in named if match)
    wanted = {
        *("innate belief", "stubbornness", "self-weight", "resistance", "influence", "takeover"),
        *("displacement", "gate", "residual", "seat", "agent", "adversary", "arm", "replica"),
        *("round 0", "key", "target", "declared", "fitted"),
    }
    assert wanted <= set(terms)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_every_link_into_the_glossary_leads_to_a_term(page: Path) -> None:
    terms = re.findall(r'<a id="([^"]+)"', (ROOT / "docs/glossary.md").read_text(encoding="utf-8"))
    links = re.findall(r"\(glossary\.md#([^)]+)\)", page.read_text(encoding="utf-8"))
    assert set(links) <= set(terms)
    assert len(links) == len(set(links)), "a term is linked where it is used first"
