"""The sentence at the head of a run's page."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from fjsim.errors import IncompleteRunWarning
from fjsim.metrics import Estimate
from fjsim.records import EVENTS
from fjsim.report.html.verdict import percent, verdict
from fjsim.runs import Run, load_run, run
from fjsim.scenario import Scenario

NUMERIC = {"kind": "numeric", "count": 6}


def played(**changes: Any) -> Run:
    values: dict[str, Any] = {
        "topology": "star",
        "attack": "stubborn",
        "agents": NUMERIC,
        "questions": {"limit": 12},
        "rounds": 3,
    }
    return run(Scenario(**(values | changes)))


def test_an_attack_is_told_with_its_interval_its_baseline_and_the_law() -> None:
    done = played()
    success, base = (done.metrics[name] for name in ("attack_success_rate", "no_attack_flip_rate"))
    assert base.value is not None
    headline = verdict(done).headline
    assert headline.startswith(
        f"One hostile hub of six made {percent(success)} of right agents end wrong; without it "
        f"{100 * base.value:.0f} % do."
    )
    predicted = done.metrics["flips_predicted"].value
    assert predicted is not None
    assert f"the law predicts {100 * predicted:.0f} %." in headline
    assert headline.endswith("no defense was on.")


def test_several_adversaries_that_are_no_hub_are_agents() -> None:
    done = played(topology="complete", attack={"kind": "collude", "n_seats": 2})
    assert verdict(done).headline.startswith("Two hostile agents of six made")


def test_a_defense_is_named_with_whom_it_distrusted() -> None:
    headline = verdict(played(defense="trust-adaptive", topology="complete")).headline
    assert "The defense trust-adaptive was on and distrusted" in headline
    assert "benign agents" in headline
    assert "no defense" not in headline


def test_without_an_attack_nobody_is_accused() -> None:
    headline = verdict(played(attack="none")).headline
    assert headline.startswith("Nobody attacked;")
    assert "hostile" not in headline


def test_without_a_clean_arm_there_is_no_baseline_and_no_prediction() -> None:
    headline = verdict(played(baseline=False)).headline
    assert "there is no clean arm to hold that against" in headline
    assert "law predicts" not in headline


def test_few_questions_are_said_to_be_few() -> None:
    assert any("Only 12 questions" in line for line in verdict(played()).small_print)


def test_simulated_agents_are_said_to_carry_no_arguments() -> None:
    assert any("carry no arguments" in line for line in verdict(played()).small_print)


def test_an_unfinished_run_says_how_much_of_it_is_there(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    given = {"topology": "star", "attack": "stubborn", "agents": NUMERIC, "events": "full"}
    run(Scenario(**given, rounds=2), out=whole)
    cut = tmp_path / "cut"
    cut.mkdir()
    (cut / "scenario.yaml").write_bytes((whole / "scenario.yaml").read_bytes())
    lines = (whole / EVENTS).read_bytes().splitlines(keepends=True)
    ends = [at for at, line in enumerate(lines) if b'"type":"item"' in line]
    (cut / EVENTS).write_bytes(b"".join(lines[: ends[9] + 1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteRunWarning)
        found = verdict(load_run(cut))
    assert "10 of 200 deliberations are finished" in found.small_print[0]


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (Estimate(0.642, 0.59, 0.687, 500), "64 % [59, 69]"),
        (Estimate(0.642, None, None, 500), "64 %"),
        (Estimate(None, None, None, 0), "an unknown share"),
    ],
)
def test_a_share_is_read_in_per_cent(estimate: Estimate, expected: str) -> None:
    assert percent(estimate) == expected
