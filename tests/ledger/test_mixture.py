"""The mixture-of-experts ledger on teams whose competence is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fjsim.errors import ParameterError
from fjsim.fitting import fit
from fjsim.fitting.predict.beliefs import roll_out
from fjsim.fitting.rows.solving import join_rows
from fjsim.ledger.calibration import calibration
from fjsim.ledger.mixture import MixtureReport, mixture_ledger
from fjsim.ledger.pooling import judged_team
from fjsim.records.transcript import Transcript


def team(calibrated: bool, n_items: int = 250) -> tuple[Transcript, tuple[str, ...]]:
    """Five experts of a domain each; confidence follows competence, or nothing."""
    rng = np.random.default_rng(0)
    n_agents, n_options = 5, 4
    keys = rng.integers(0, n_options, n_items)
    domain = rng.integers(0, n_agents, n_items)
    skill = np.where(domain[:, None] == np.arange(n_agents), 0.9, 0.4)
    right = rng.random((n_items, n_agents)) < skill
    wrong = (keys[:, None] + rng.integers(1, n_options, right.shape)) % n_options
    answers = np.where(right, keys[:, None], wrong)
    sure = skill if calibrated else rng.uniform(0.4, 0.95, right.shape)
    beliefs = np.repeat(((1 - sure) / (n_options - 1))[..., None], n_options, axis=-1)
    np.put_along_axis(beliefs, answers[..., None], sure[..., None], -1)
    return played(beliefs, keys), tuple(map(str, domain))


def played(innate: np.ndarray, keys: np.ndarray) -> Transcript:
    """Let the team deliberate for four rounds under one law."""
    n_items, n_agents, _ = innate.shape
    influence = (np.ones((n_agents, n_agents)) - np.eye(n_agents)) / (n_agents - 1)
    rows = join_rows(np.full(n_agents, 0.2), np.full(n_agents, 0.4), influence)
    heard = np.broadcast_to(np.arange(5)[None, :, None, None] - 1, (n_items, 5, n_agents, n_agents))
    heard = np.where(np.eye(n_agents, dtype=bool), -1, heard)
    blank = Transcript(
        question_ids=tuple(f"q{item}" for item in range(n_items)),
        replicas=np.zeros(n_items, dtype=np.int64),
        keys=keys,
        beliefs=np.repeat(innate[:, None], 5, axis=1),
        answers=np.repeat(innate.argmax(-1)[:, None], 5, axis=1),
        validity=np.zeros((n_items, 5, n_agents), dtype=np.int64),
        heard_round=heard,
        gates=np.ones(heard.shape),
    )
    return replace(blank, beliefs=roll_out(blank, rows[None, None]))


@pytest.fixture(scope="module")
def reports() -> dict[bool, MixtureReport]:
    made = {}
    for calibrated in (True, False):
        transcript, domains = team(calibrated)
        made[calibrated] = mixture_ledger(transcript, domains=domains)
    return made


def risk(report: MixtureReport, rule: str) -> float:
    risks: Any = report.ledger.set_index("rule")["risk"]
    return float(risks[rule])


def test_confidence_routing_wins_when_confidence_is_calibrated_and_loses_when_not(
    reports: dict[bool, MixtureReport],
) -> None:
    assert risk(reports[True], "most confident") < 0.5 * risk(reports[True], "best static weights")
    assert risk(reports[False], "most confident") > risk(reports[False], "best static weights")


def test_the_label_oracle_overstates_what_routing_can_gain(
    reports: dict[bool, MixtureReport],
) -> None:
    report = reports[True]
    assert risk(report, "label oracle") < risk(report, "domain oracle")
    assert risk(report, "domain oracle") < risk(report, "best single agent")
    assert report.ledger.set_index("rule").loc["label oracle", "oracle"]


def test_gain_is_specialisation_plus_diversity_minus_regret(
    reports: dict[bool, MixtureReport],
) -> None:
    for report in reports.values():
        for _, part in report.terms.groupby("expert"):
            value = part.set_index("term")["value"]
            gain = value["specialisation_gain"] + value["local_diversity"] - value["routing_regret"]
            best = risk(report, "best single agent")
            assert gain == pytest.approx(best - risk(report, "FJ gate per item"))


def test_signs_are_reported_by_theorem_with_intervals(reports: dict[bool, MixtureReport]) -> None:
    signs = reports[True].signs
    assert signs["theorem"].tolist() == [f"Theorem 2.{number}" for number in (4, 5, 6, 7)]
    assert set(signs["sign"]) <= {-1, 0, 1}
    assert (signs["low"] <= signs["value"]).all()
    assert (signs["value"] <= signs["high"]).all()


@cache
def by_hand() -> tuple[Transcript, MixtureReport, list[list[float]]]:
    """A team of three on 40 questions, its ledger, and each item's gate from the true law."""
    rng = np.random.default_rng(3)
    beliefs = rng.dirichlet(np.full(3, 0.6), (40, 3))
    transcript = played(beliefs, rng.integers(0, 3, 40))
    report = mixture_ledger(transcript, fit(transcript, resamples=0))
    gates = report.gates.pivot_table(index="item", columns="agent", values="influence")
    return transcript, report, gates.to_numpy().tolist()


def brier(belief: list[float], key: int) -> float:
    return sum((p - (option == key)) ** 2 for option, p in enumerate(belief))


def mixed(weights: tuple[float, ...] | list[float], beliefs: np.ndarray) -> list[float]:
    return [
        sum(w * b[option] for w, b in zip(weights, beliefs, strict=True)) for option in (0, 1, 2)
    ]


def test_the_sign_against_static_weights_is_that_of_a_search_over_all_of_them() -> None:
    transcript, report, gates = by_hand()
    beliefs, keys = transcript.beliefs[:, 0], transcript.keys.tolist()
    fold = judged_team(transcript, None, 0)[0].fold
    grid = [(a / 60, b / 60, 1 - (a + b) / 60) for a in range(61) for b in range(61 - a)]
    static = [0.0] * 40
    for out in set(fold.tolist()):
        train = [item for item in range(40) if fold[item] != out]
        best = min(
            grid, key=lambda w: sum(brier(mixed(w, beliefs[item]), keys[item]) for item in train)
        )
        for item in np.flatnonzero(fold == out):
            static[item] = brier(mixed(best, beliefs[item]), keys[item])
    routed = [brier(mixed(gates[item], beliefs[item]), keys[item]) for item in range(40)]
    gain = sum(static) / 40 - sum(routed) / 40
    found = report.signs.set_index("theorem").loc["Theorem 2.5"]
    assert risk(report, "best static weights") == pytest.approx(sum(static) / 40, abs=2e-3)
    assert found["value"] == pytest.approx(gain, abs=2e-3)
    assert abs(gain) > 5e-3
    assert found["sign"] in (0, np.sign(gain))


def test_the_terms_are_those_of_a_loop_over_items_and_agents() -> None:
    transcript, report, gates = by_hand()
    beliefs, keys = transcript.beliefs[:, 0], transcript.keys.tolist()
    diversity, regret = 0.0, 0.0
    for item in range(40):
        mean = mixed(gates[item], beliefs[item])
        risks = [brier(belief, keys[item]) for belief in beliefs[item]]
        spread = [sum((belief - np.array(mean)) ** 2) for belief in beliefs[item]]
        diversity += sum(g * d for g, d in zip(gates[item], spread, strict=True)) / 40
        regret += (sum(g * r for g, r in zip(gates[item], risks, strict=True)) - min(risks)) / 40
    value = report.terms[report.terms["expert"] == "label"].set_index("term")["value"]
    assert value["local_diversity"] == pytest.approx(diversity)
    assert value["routing_regret"] == pytest.approx(regret)


def test_every_part_is_a_filled_frame(reports: dict[bool, MixtureReport]) -> None:
    for frame in vars(reports[True]).values():
        assert isinstance(frame, pd.DataFrame)
        assert len(frame)
    assert 0 <= reports[True].ranking["auc"].iloc[0] <= 1


def test_calibration_error_is_small_for_honest_confidence_and_large_for_random_one(
    reports: dict[bool, MixtureReport],
) -> None:
    assert reports[True].calibration["ece"].max() < 0.08
    assert reports[False].calibration["ece"].min() > 0.1


def test_calibration_error_of_a_certain_and_wrong_agent_is_one() -> None:
    beliefs = np.tile([1.0, 0.0], (4, 1, 1))
    found = calibration(beliefs, np.ones(4, dtype=int), ("a",))
    assert found.table["ece"].iloc[0] == 1
    assert found.reliability["n"].tolist() == [4]


def test_the_predicted_deliberation_is_the_actual_one_under_the_true_law(
    reports: dict[bool, MixtureReport],
) -> None:
    report = reports[True]
    assert risk(report, "FJ-predicted deliberation") == pytest.approx(
        risk(report, "actual deliberation"), abs=1e-6
    )


def test_a_log_without_keys_is_refused() -> None:
    transcript, _ = team(True, 20)
    without = replace(transcript, keys=np.full(20, -1))
    with pytest.raises(ParameterError, match="key"):
        mixture_ledger(without, fit(without, resamples=0))
