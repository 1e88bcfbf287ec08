"""The page of a sweep: its sentence, its tables by row and column, and what a cell opens."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from fjsim.cli import app
from fjsim.errors import ParameterError
from fjsim.metrics.differences import Difference
from fjsim.metrics.intervals import NOTHING, Estimate
from fjsim.report.grid import grid_of, measures, own_axes
from fjsim.report.html.blocks import unpacked
from fjsim.report.html.compare import compare_page, compared
from fjsim.report.html.scatter import Point, ScatterAxes, scatter
from fjsim.report.html.sweep.facts import SweepFacts
from fjsim.report.html.sweep.verdict import verdict
from fjsim.report.html.writing import report_of, write_cells
from fjsim.report.standing import judged, standings
from fjsim.runs import load_run, run
from fjsim.sweeps.grid import Sweep
from fjsim.sweeps.groups import tally_of
from fjsim.sweeps.sweep import load_sweep_result, run_sweep

BASE = {"agents": {"kind": "numeric", "count": 4}, "questions": {"limit": 6}, "rounds": 2}


@pytest.fixture(scope="module")
def defended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("defended")
    defenses = ["none", {"kind": "fixed-trust", "level": 0.2}, {"kind": "fixed-trust", "level": 0}]
    run_sweep(Sweep(base=BASE, attacks=["none", "stubborn"], defenses=defenses), folder)
    return folder


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calm")
    spent = {"talk": {"topology": "complete"}, "alone": {"topology": "isolated"}}
    run_sweep(Sweep(base=BASE | {"attack": "none"}, vary={"spent_on": spent}), folder)
    return folder


def facts(folder: Path) -> SweepFacts:
    return SweepFacts(load_sweep_result(folder), folder)


def block(page: str, name: str) -> list[dict[str, Any]]:
    found = re.search(f'id="{name}">([^<]+)<', page)
    assert found is not None
    return list(unpacked(found[1]))


@pytest.mark.parametrize(
    ("low", "high", "shows"),
    [
        (-0.04, 0.03, "equivalent"),
        (0.01, 0.2, "higher"),
        (-0.2, -0.01, "lower"),
        (-0.06, 0.02, "undecided"),
        (0.01, 0.04, "equivalent"),
        (None, None, "undecided"),
    ],
)
def test_a_difference_is_equivalent_only_where_its_whole_interval_is_small(
    low: float, high: float, shows: str
) -> None:
    assert judged(Difference(0.0, low, high, None, 9)) == shows


def test_the_safest_defense_stands_first_and_the_front_holds_no_beaten_one(defended: Path) -> None:
    found = standings(load_sweep_result(defended))
    highs = [one.worst.high for one in found]
    assert highs == sorted(highs)
    assert found[0].place == "best"
    assert found[-1].place == "less safe"
    front = [one for one in found if one.on_front]
    assert found[0] in front
    for one in front:
        assert not any(
            other.worst.high < one.worst.high and other.price.value < one.price.value
            for other in found
        )


def test_the_sentence_names_the_winner_its_worst_case_and_its_price(defended: Path) -> None:
    said = verdict(facts(defended))
    best = standings(load_sweep_result(defended))[0]
    assert said.startswith(f"{best.defense} holds best: at its worst")
    assert f"{100 * best.worst.value:.0f} %" in said
    assert "without a defense it is" in said
    assert re.search(r"nobody attacks|price does not show", said)


def test_a_sweep_without_attack_is_ordered_by_accuracy(calm: Path) -> None:
    known = facts(calm)
    assert known.measures[0] == "group_accuracy_majority"
    said = verdict(known)
    assert re.match(r"Of 2 settings (talk|alone) has the highest majority accuracy", said) or (
        "Majority accuracy is" in said
    )
    page = report_of(calm)
    assert "Settings side by side" in page
    assert "Defenses, safest first" not in page


def test_the_matrix_has_each_attacked_setting_once_with_its_interval(defended: Path) -> None:
    page, known = report_of(defended), facts(defended)
    first = page.split('data-measure="attack_success_rate"')[1].split("data-measure")[0]
    attacked = [at for at, row in enumerate(known.rows) if row["attack"] == "stubborn"]
    assert sorted(map(int, re.findall(r'data-setting="(\d+)"', first))) == attacked
    for at in attacked:
        estimate = known.estimate(at, "attack_success_rate")
        assert f"[{estimate.low:.2f}" in first or estimate.low in (0, 1)
    assert first.count('class="whisker"') == len(attacked)
    assert "▼" in first


def test_a_cell_opens_the_questions_on_which_most_were_lost(defended: Path) -> None:
    known, held = facts(defended), block(report_of(defended), "settings")
    at = next(
        i for i, r in enumerate(known.rows) if (r["attack"], r["defense"]) == ("stubborn", "none")
    )
    tally = tally_of(known.settings[at].counts, "attack_success_rate", "attacked")
    assert tally is not None
    lost = dict(zip(tally.questions, tally.numerator, strict=True))
    worst = held[at]["worst"]
    assert 0 < len(worst) <= 3
    assert [lost[name] for name, _, _ in worst] == [n for _, n, _ in worst]
    assert worst[0][1] / worst[0][2] == max(tally.numerator / np.maximum(tally.denominator, 1))


def test_axes_that_others_stand_for_do_not_make_tables() -> None:
    frame = pd.DataFrame(
        [
            {"topology": t, "attack": a, "placement": p, "setting": s, "n_agents": 6}
            for p, t in (("hub", "star"), ("leaf", "star"), ("all", "complete"))
            for s, a in (("plain", "stubborn"), ("late", "sleeper"), ("big", "stubborn"))
        ]
    )
    assert own_axes(frame) == ["placement", "setting"]
    grid = grid_of(frame)
    assert grid is not None
    assert {grid.row_axis, grid.column_axis} == {"placement", "setting"}
    assert len(grid.panels) == 1
    assert grid_of(frame.iloc[[0, 4, 8]].reset_index(drop=True)) is None
    assert measures(frame) == []


def test_a_scatter_leaves_out_what_has_no_value_and_says_the_rest_in_words() -> None:
    known = Point("a<b", "law", Estimate(0.2, 0.1, 0.3, 9), Estimate(0.25, None, None, 9))
    drawn = scatter(
        "Both", ScatterAxes("x", "y", diagonal=True), [known, Point("no", "law", NOTHING, NOTHING)]
    )
    assert drawn.count("<circle") == 1
    assert "a&lt;b: 0.20 [0.10, 0.30], 0.25" in drawn
    assert "no:" not in drawn
    assert scatter("None", ScatterAxes("x", "y"), [Point("no", "law", NOTHING, NOTHING)]) == ""


def test_pages_of_all_runs_are_written_once_and_linked(defended: Path) -> None:
    runs = json.loads((defended / "cells.json").read_text())["cells"]
    assert len(write_cells(defended)) == len(runs)
    assert write_cells(defended) == []
    pages = [one["page"] for one in block(report_of(defended), "settings")]
    assert all((defended / str(page)).is_file() for page in pages)


def test_two_runs_are_compared_on_the_questions_that_both_have(tmp_path: Path) -> None:
    scenario = BASE | {"attack": "stubborn", "topology": "star"}
    one = run(scenario, out=tmp_path / "bare")
    trust = {"kind": "fixed-trust", "level": 0}
    fewer = scenario | {"defense": trust, "questions": {"limit": 4}}
    run(fewer, out=tmp_path / "fewer")
    other = load_run(tmp_path / "fewer")
    rows = {row.name: row for row in compared(one, other)}
    gap = rows["attack_success_rate"].gap
    assert gap.n_questions == 4
    assert gap.value < 0
    result = CliRunner().invoke(app, ["report", str(tmp_path / "bare"), str(tmp_path / "fewer")])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "fewer" / "compared-with-bare.html").read_text()
    assert "lower in B" in page
    assert "4 questions in common of 6 in A and 4 in B" in page
    assert "Questions that came out differently" in page
    same = compare_page(one, load_run(tmp_path / "bare"), tmp_path)
    assert "is the same in A and B within 5 points" in same
    assert "No question came out differently" in same
    tools = run(scenario | {"questions": {"source": "builtin:tools", "limit": 2}})
    with pytest.raises(ParameterError, match="no finished question in common"):
        compared(one, tools)
