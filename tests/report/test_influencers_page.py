"""The page of influencers: what it shows of a team and of a sweep, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fjsim
from fjsim.cli.program import main
from fjsim.errors import StorageError
from fjsim.ledger.influencers import Influencers
from fjsim.metrics import Estimate
from fjsim.report.html.document import INFLUENCERS
from fjsim.report.html.effects import Effect, effects
from fjsim.report.html.shares import MOST_QUESTIONS, QuestionShares, strips
from fjsim.report.html.writing import report_of
from fjsim.sweeps.influencers import SweepInfluencers
from studies.influencer_truths import planted

SECTIONS = [
    "In short", "Who is listened to", "What influence goes with", "What a forest explains",
    "Does it pay?", "How well the fit predicts",
]  # fmt: skip
HOSTILE = "</script><script>window.owned=1</script>"


@pytest.fixture(scope="module")
def found() -> Influencers:
    return fjsim.influencers(planted("competence", 0, 40))


def page_of(values: Any, folder: Path) -> str:
    (folder / INFLUENCERS).write_text(json.dumps(values))
    return report_of(folder)


def titles(page: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", page)


def test_the_lines_come_first_and_every_part_of_the_analysis_follows(
    found: Influencers, tmp_path: Path
) -> None:
    page = page_of(found.as_json(), tmp_path)
    assert titles(page) == SECTIONS
    assert page.index("who is listened to: 40 items, 5 agents") < page.index("<figure")
    row = found.why.set_index("proxy").loc["competence history"]
    assert f"{row['single']:.3f} [{row['low']:.3f}, {row['high']:.3f}]" in page
    assert f"{row['joint']:.3f} [" in page
    assert "These are hard to tell apart here" in page


def test_every_figure_has_words_and_its_data_and_tables_leave_as_csv(
    found: Influencers, tmp_path: Path
) -> None:
    page = page_of(found.as_json(), tmp_path)
    figures = re.findall(r'<figure class="chart">.*?</figure>', page)
    assert len(figures) == 6
    assert all('role="img" aria-label="' in one and "<table" in one for one in figures)
    names = set(re.findall(r'class="sortable" data-csv="([^"]+)"', page))
    assert names == {
        "agents", "influence-by-question", "proxies", "alike", "rules", "pairs", "theorems",
        "quality",
    }  # fmt: skip
    assert len(page) < 200_000


def test_where_one_law_holds_nothing_is_explained(tmp_path: Path) -> None:
    page = page_of(fjsim.influencers(planted("constant", 0, 40)).as_json(), tmp_path)
    assert "nobody is an influencer by question" in page
    assert titles(page) == [SECTIONS[0], SECTIONS[1], *SECTIONS[4:]]


def test_names_of_others_are_text_and_nothing_else(found: Influencers, tmp_path: Path) -> None:
    written = json.dumps(found.as_json()).replace("q0", HOSTILE.replace('"', "'"))
    values = json.loads(written.replace("stated confidence", HOSTILE))
    page = page_of(values, tmp_path)
    assert HOSTILE not in page
    assert "&lt;/script&gt;" in page


def test_a_sweep_has_a_row_and_a_part_for_each_cell(found: Influencers, tmp_path: Path) -> None:
    rows = [
        {"team": "calm", "topology": "star", "n_items": 40, "by_item": True, "forest_r2": 0.4},
        {"team": "loud", "topology": "star", "n_items": 40, "by_item": False, "forest_r2": np.nan},
    ]
    cells = {"a": found, "b": found}
    swept = SweepInfluencers(pd.DataFrame(rows), cells, ("a and b are alike",), True)
    page = page_of(swept.as_json(), tmp_path)
    assert titles(page) == ["All cells", "Figures", "What a reader must know", "calm", "loud"]
    assert page.count("figures and tables of this cell") == 2
    assert "a and b are alike" in page
    assert "stated confidence: influence share per s.d." in page


@pytest.mark.parametrize("values", ["[]", "{}", '{"cells": {"a": 1}, "table": []}', "not JSON"])
def test_a_damaged_folder_is_refused_in_one_line(values: str, tmp_path: Path) -> None:
    (tmp_path / INFLUENCERS).write_text(values)
    with pytest.raises(StorageError, match="is not what fjsim influencers --out writes") as caught:
        report_of(tmp_path)
    assert len(str(caught.value).splitlines()) == 1


def test_the_command_writes_the_page_beside_the_tables(found: Influencers, tmp_path: Path) -> None:
    (tmp_path / INFLUENCERS).write_text(json.dumps(found.as_json()))
    with pytest.raises(SystemExit) as caught:
        main(("report", str(tmp_path)))
    assert not caught.value.code
    assert "In short" in (tmp_path / "report.html").read_text()


def test_a_strip_puts_the_questions_of_one_leader_together_and_counts_them() -> None:
    questions = [
        QuestionShares("a", (0.2, 0.8)),
        QuestionShares("b", (0.9, 0.1)),
        QuestionShares("c", (None, None)),
        QuestionShares("d", (0.4, 0.6)),
    ]
    drawn = strips("Shares", ("left", "right"), questions)
    told = re.findall(r"<title>(\w), (\w+): ([^<]+)</title>", drawn)
    assert [name for name, agent, _ in told if agent == "left"] == ["b", "a", "d", "c"]
    assert drawn.count('class="cell unknown"') == 2
    assert "left leads 1 of 4; right leads 2 of 4" in drawn


def test_a_strip_of_many_questions_draws_the_first_and_tables_them_all() -> None:
    questions = [QuestionShares(f"q{at}", (0.5, 0.5)) for at in range(MOST_QUESTIONS + 9)]
    drawn = strips("Shares", ("left", "right"), questions)
    assert drawn.count('class="cell"') == 2 * MOST_QUESTIONS
    assert drawn.count('<th scope="row">') == MOST_QUESTIONS + 9


def test_effects_stand_on_one_axis_whose_ticks_do_not_touch() -> None:
    rows = [
        Effect("one", (Estimate(0.5, -0.01, 1.0, 9),)),
        Effect("an unusually long name that nobody could ever read", (Estimate(0.2, 0.1, 0.3, 9),)),
        Effect("unknown", (Estimate(None, None, None, 0),)),
    ]
    drawn = effects("Effect", ("gain",), rows)
    ticks = re.findall(r'class="tick" x="([\d.]+)"[^>]*>([^<]+)<', drawn)
    assert [words for _, words in ticks] == ["0", "1"]
    assert drawn.count("<circle") == 2
    assert "unknown" not in drawn
    assert all(0 <= float(x) <= 460 for x, _ in ticks)
