"""The table of the 68 scenarios on the page of papers is that of the file beside it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from studies.papers import LABELS, RATES, scenarios

DOCS = Path(__file__).parents[2] / "docs"
TRAITS = ("low agreeableness", "high agreeableness", "low persuasiveness")


def test_the_page_shows_the_rates_of_the_file_beside_it() -> None:
    frame = pd.read_csv(DOCS / "papers_scenarios.csv")
    assert len(frame) == 68
    assert set(frame.columns) == {*LABELS} | {
        f"{name}{end}" for name in RATES for end in ("", "_low", "_high")
    }
    page = (DOCS / "paper-stubborn-neighbors.md").read_text(encoding="utf-8").splitlines()
    told = scenarios(frame)
    assert len(told) == 3 + 20
    for line in told:
        assert line in page or line.split(" | ")[0].strip("| ") in TRAITS


def test_traits_change_nothing_for_agents_that_do_not_read_words() -> None:
    frame = pd.read_csv(DOCS / "papers_scenarios.csv").set_index(["questions", "placement"])
    plain = frame[frame["setting"] == "no defense"]["attack_success"]
    for trait in TRAITS:
        assert frame[frame["setting"] == trait]["attack_success"].equals(plain)
