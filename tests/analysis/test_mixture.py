"""The mixture-of-experts ledger on teams whose competence is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fjsim.analysis.calibration import calibration
from fjsim.analysis.mixture import MixtureReport, mixture_ledger
from fjsim.errors import ParameterError
from fjsim.fitting import fit
from fjsim.fitting.prediction import roll_out
from fjsim.fitting.rows import join_rows
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
    return float(report.ledger.set_index("rule").loc[rule, "risk"])


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
    assert signs["theorem"].tolist() == ["Theorem 2.4", "Theorem 2.5"]
    assert set(signs["sign"]) <= {-1, 0, 1}
    assert (signs["low"] <= signs["value"]).all()
    assert (signs["value"] <= signs["high"]).all()


def test_every_part_is_a_filled_frame(reports: dict[bool, MixtureReport]) -> None:
    for frame in vars(reports[True]).values():
        assert isinstance(frame, pd.DataFrame)
        assert len(frame)
    assert 0 <= reports[True].ranking["auc"].iloc[0] <= 1
    assert {"ridge", "forest", "noise ceiling"} == set(reports[True].influence["model"])


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
