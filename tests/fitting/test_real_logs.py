"""Logs that nobody here produced, where ../shared is at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fjsim.fitting import FJFit, fit
from fjsim.fitting.validate.comparison import compare
from fjsim.fitting.validate.nulls import null_tests
from fjsim.records.importers import ImportedLog, read_log
from fjsim.records.transcript import Transcript

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(
    not (DATA / "dylan_mmlu4.csv.gz").exists(), reason=f"the real logs are not at {DATA}"
)


def load(name: str) -> ImportedLog:
    return read_log(DATA / f"{name}.csv.gz")


def errors(log: ImportedLog, *models: str) -> dict[str, float]:
    return held_out_errors(log.transcript, *models)


def held_out_errors(transcript: Transcript, *models: str, seed: int = 0) -> dict[str, float]:
    rows = compare(transcript, models, ["held-out-questions"], seed)
    return {row.model: row.one_step_mse for row in rows}


def quick(log: ImportedLog) -> FJFit:
    return fit(log.transcript, resamples=50)


def test_survivors_of_early_stopping_are_named_in_dylan_mmlu4() -> None:
    log = load("dylan_mmlu4")
    held_out = errors(log, "persistence", "fitted-degroot", "pooled")
    # Beside the README's .579 / .300 / .300, to its last digit.
    assert held_out["persistence"] == pytest.approx(0.579, abs=6e-4)
    assert held_out["fitted-degroot"] <= 0.3005
    assert held_out["pooled"] <= 0.3005
    found = quick(log)
    assert any("survivors" in text for text in found.warnings)
    assert any("345 abstentions" in text for text in found.warnings)


def test_the_turn_order_of_dylan_math4_is_used_and_its_single_update_named() -> None:
    log = load("dylan_math4")
    heard = log.transcript.heard_round[:, 1]
    assert (heard == 1).any()
    found = quick(log)
    assert any("a single update" in text for text in found.warnings)
    assert any("sequential" in text for text in found.warnings)
    assert np.isnan(found.stubbornness).all()
    assert found.identified.influence.all(axis=1).sum() >= 3


def test_turns_of_dylan_math4_that_heard_an_unknown_statement_are_masked() -> None:
    log = load("dylan_math4")
    assert any("in 117 turns a statement heard is not in the log" in text for text in log.warnings)
    rows = compare(log.transcript, ["persistence", "fitted-degroot"], ["held-out-questions"])
    assert {row.n_turns for row in rows} == {6888 - 117}
    held_out = {row.model: row.one_step_mse for row in rows}
    # Beside the README's .727 / .244; the draw of the folds moves the latter by .0002.
    assert held_out["persistence"] == pytest.approx(0.727, abs=5e-4)
    assert held_out["fitted-degroot"] == pytest.approx(0.244, abs=7e-4)
    found = quick(log)
    assert found.n_turns == 6888 - 117
    assert any("117 turns came after a statement" in text for text in found.warnings)


def test_people_of_misinfo_are_exchangeable() -> None:
    log = load("misinfoCI2020")
    found = quick(log)
    assert found.model == "exchangeable"
    assert np.isnan(found.influence).all()
    assert np.isfinite(found.stubbornness).all()


def test_probabilities_of_misinfo_are_predicted_as_well_as_listed() -> None:
    transcript = load("misinfoCI2020").transcript
    probabilities = np.array(["Probabilistic" in name for name in transcript.question_ids])
    assert probabilities.sum() == 120
    models = ("persistence", "fitted-degroot", "exchangeable")
    held_out = held_out_errors(transcript.select(probabilities), *models)
    still = held_out.pop("persistence")
    # .379 / .342 / .342 in the README, in an unstated unit: the ratio is that of these trials.
    for error in held_out.values():
        assert error / still == pytest.approx(0.342 / 0.379, abs=0.0026)
    # With the 64 trials of yes and no the law gains more.
    assert errors(load("misinfoCI2020"), *models)["exchangeable"] <= 0.86 * 0.0624


def test_the_control_arm_of_the_clinicians_is_the_null_not_the_fit() -> None:
    log = load("cliniciansCI_ncomm")
    assert any("scale inferred" in text for text in log.warnings)
    assert log.transcript.control is not None
    found = quick(log)
    assert found.n_items == 14
    assert any("control arm" in text for text in found.warnings + log.warnings)
    arm = null_tests(log.transcript, 9, 0).control
    assert arm is not None
    assert 0.05 < arm.control < 0.25 < arm.treated


def test_clinicians_are_predicted_as_well_as_listed_within_the_draw_of_the_folds() -> None:
    transcript = load("cliniciansCI_ncomm").transcript
    models = ("persistence", "fitted-degroot", "exchangeable")
    draws = [held_out_errors(transcript, *models, seed=seed) for seed in range(20)]
    degroot, law = (
        np.array([draw[name] / draw["persistence"] for draw in draws]) for name in models[1:]
    )
    # .960 / .527 / .508 in the README, in an unstated unit and with unstated folds of 14 trials.
    assert degroot.mean() <= 0.527 / 0.960
    assert law.min() <= 0.508 / 0.960 <= law.max()
    assert law.mean() <= degroot.mean() - 0.005
