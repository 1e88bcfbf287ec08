"""Signs of the theorems: claimed where routing itself gains, and only there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fjsim.errors import ParameterError
from fjsim.ledger.mixture import mixture_ledger
from fjsim.ledger.theorems import ACTUAL
from studies.influencer_truths import planted, sign_of_routing


@pytest.mark.parametrize("kind", ["calibrated", "oracle"])
def test_a_gate_that_follows_competence_beats_static_weights(kind: str) -> None:
    assert sign_of_routing(planted(kind, 0)) == 1


@pytest.mark.parametrize("seed", range(2))
def test_a_constant_gate_never_beats_static_weights_by_routing(seed: int) -> None:
    signs: Any = mixture_ledger(planted("constant", seed, 60)).signs.set_index("theorem")
    assert signs.loc["Theorem 2.5", "sign"] < 1
    assert signs.loc["Theorem 2.5", "routing"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("seed", range(2))
def test_gates_that_follow_nothing_do_not_beat_static_weights(seed: int) -> None:
    assert sign_of_routing(planted("independent", seed, 60)) < 1


def test_hard_routing_by_calibrated_confidence_is_claimed_and_by_random_one_is_not() -> None:
    for kind, claimed in (("calibrated", True), ("constant", False)):
        signs = mixture_ledger(planted(kind, 1, 150)).signs.set_index("theorem")["sign"]
        assert (signs["Theorem 2.6"] == 1) == claimed


def test_every_pair_is_a_difference_on_the_same_questions() -> None:
    report = mixture_ledger(planted("oracle", 0, 60))
    risks = report.ledger.set_index("rule")["risk"]
    for pair in report.pairs.to_dict("records"):
        gain = risks[pair["against"]] - risks[pair["rule"]]
        assert pair["value"] == pytest.approx(gain)
        assert pair["low"] <= pair["value"] <= pair["high"]
    about = set(report.pairs["about"])
    assert {"Theorem 2.4", "Theorem 2.5", "Theorem 2.6", "Theorem 2.7"} <= about


def test_another_run_stands_beside_the_team_with_its_calls() -> None:
    team = planted("independent", 0, 40)
    solo = team.select(np.repeat(np.arange(40), 2))
    report = mixture_ledger(team, against={"self-reflection": solo})
    row = report.ledger.set_index("rule").loc["self-reflection"]
    assert row["calls"] == 2 * 5 * 6
    pair = report.pairs.set_index("against").loc["self-reflection"]
    assert pair["rule"] == ACTUAL
    assert pair["value"] == pytest.approx(0, abs=1e-12)
    with pytest.raises(ParameterError, match="lacks 10 of its 40 questions"):
        mixture_ledger(team, against={"self-reflection": solo.select(np.arange(60))})


def test_the_domain_oracle_knows_the_subjects_and_is_not_there_without_them() -> None:
    team = planted("independent", 0, 60)
    rules = set(mixture_ledger(team).ledger["rule"])
    assert "domain oracle" in rules
    without = mixture_ledger(replace(team, subjects=()))
    assert "domain oracle" not in set(without.ledger["rule"])
    assert set(without.terms["expert"]) == {"learned", "label"}


@pytest.mark.parametrize("n_domains", [3, 61])
def test_domains_of_another_length_are_refused(n_domains: int) -> None:
    with pytest.raises(ParameterError, match=f"domains has {n_domains} entries"):
        mixture_ledger(planted("independent", 0, 60), domains=("a",) * n_domains)


def test_initial_answers_of_all_replicas_are_voted_on_with_what_they_cost() -> None:
    team = planted("independent", 0, 30)
    twice = replace(
        team.select(np.tile(np.arange(30), 2)), replicas=np.repeat([0, 1], 30).astype(np.int64)
    )
    rows = mixture_ledger(twice).ledger.set_index("rule")
    assert rows.loc["self-consistency (votes of all replicas)", "calls"] == 10
    assert rows.loc[ACTUAL, "calls"] == 30
