"""The law's beliefs follow what was heard: gates, silence, turns, adversaries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_deliberations import random_beliefs, random_rows, simulated, transcript_of

from fjsim.contracts import Residual
from fjsim.dynamics import rollout
from fjsim.errors import ParameterError
from fjsim.fitting import (
    fit,
    fitted_prediction,
    forecast_from_middle,
    one_step_beliefs,
    predicted_beliefs,
)
from fjsim.fitting.rows.solving import join_rows, parameters_of


@pytest.fixture
def world() -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng, random_rows(rng, 4), random_beliefs(rng, 12, 4, 3)


def test_the_rollout_is_the_law(world) -> None:
    rng, rows, innate = world
    transcript = simulated(rng, rows, innate, 4)
    expected = rollout(parameters_of(rows), innate, 4)
    assert np.allclose(predicted_beliefs(transcript, parameters_of(rows)), expected)
    assert np.allclose(one_step_beliefs(transcript, rows), transcript.beliefs)


@pytest.mark.parametrize("residual", ["innate", "self", "renormalise"])
def test_gates_move_weight_to_the_residual(world, residual: Residual) -> None:
    rng, rows, innate = world
    gates = rng.random((12, 5, 4, 4))
    transcript = replace(
        simulated(rng, rows, innate, 4), gates=gates, residual=residual, influence=None
    )
    expected = rollout(parameters_of(rows), innate, 4, gates=gates[:, 1:], residual=residual)
    assert np.allclose(predicted_beliefs(transcript, rows), expected)


@pytest.mark.parametrize("residual", ["innate", "self"])
def test_a_gated_deliberation_gives_the_law_back(world, residual: Residual) -> None:
    rng, rows, _ = world
    innate = random_beliefs(rng, 80, 4, 4)
    gates = rng.random((80, 5, 4, 4))
    beliefs = rollout(parameters_of(rows), innate, 4, gates=gates[:, 1:], residual=residual)
    transcript = replace(transcript_of(beliefs), gates=gates, residual=residual)
    assert np.abs(fit(transcript, resamples=0).rows - rows).max() < 1e-8


def test_renormalised_gates_are_refused_or_taken_with_known_influence(world) -> None:
    rng, _, _ = world
    influence = (np.ones((4, 4)) - np.eye(4)) / 3
    rows = join_rows(np.full(4, 0.2), np.full(4, 0.4), influence)
    innate = random_beliefs(rng, 60, 4, 4)
    gates = rng.random((60, 5, 4, 4))
    beliefs = rollout(parameters_of(rows), innate, 4, gates=gates[:, 1:], residual="renormalise")
    transcript = replace(transcript_of(beliefs), gates=gates, residual="renormalise")
    with pytest.raises(ParameterError, match="influence='given'"):
        fit(transcript, resamples=0)
    found = fit(replace(transcript, influence=influence), resamples=0)
    assert np.allclose(found.stubbornness, 0.2)
    assert np.allclose(found.self_weight, 0.4)
    given = replace(transcript, influence=influence)
    assert np.allclose(predicted_beliefs(given, found), beliefs)


def test_routed_influence_is_taken_as_known(world) -> None:
    rng, _, _ = world
    influence = rng.dirichlet(np.ones(4), (60, 4)) * (1 - np.eye(4))
    influence /= influence.sum(-1, keepdims=True)
    rows = join_rows(np.full((60, 4), 0.3), np.full((60, 4), 0.2), influence)
    transcript = simulated(rng, rows, random_beliefs(rng, 60, 4, 4), 4)
    found = fit(replace(transcript, influence=influence), resamples=0)
    assert np.allclose(found.stubbornness, 0.3)
    assert np.allclose(found.influence, influence.mean(0))


def test_blended_statements_are_fitted_and_predicted_by_the_blend_law(world) -> None:
    rng, rows, _ = world
    innate = random_beliefs(rng, 80, 4, 4)
    share = rng.random((80, 5, 4))
    accepted, stated = [innate], [innate]
    for at in range(1, 5):
        said = rollout(parameters_of(rows), innate, 1, initial=accepted[-1])[:, 1]
        stated.append(said)
        accepted.append(share[:, at, :, None] * said + (1 - share[:, at, :, None]) * innate)
    transcript = replace(
        transcript_of(np.stack(accepted, 1)),
        stated_beliefs=np.stack(stated, 1),
        gates=rng.random((80, 5, 4, 4)),
    )
    found = fit(transcript, resamples=0)
    assert np.abs(found.rows - rows).max() < 1e-6
    assert np.allclose(predicted_beliefs(transcript, found), transcript.beliefs, atol=1e-6)


def test_missing_speakers_leave_their_weight_with_the_listener(world) -> None:
    rng, rows, innate = world
    heard = transcript_of(np.repeat(innate[:, None], 5, 1)).heard_round.copy()
    heard[:, :, 0, 1] = -1
    own_share = rows.copy()
    own_share[0, 1] += own_share[0, 3]
    own_share[0, 3] = 0
    silent = replace(simulated(rng, rows, innate, 4), heard_round=heard)
    expected = rollout(parameters_of(own_share), innate, 4)
    assert np.allclose(predicted_beliefs(silent, rows), expected)


def test_missing_beliefs_are_masked_never_imputed(world) -> None:
    rng, rows, _ = world
    full = simulated(rng, rows, random_beliefs(rng, 80, 4, 4), 4)
    lost = rng.random(full.beliefs.shape[:3]) < 0.2
    lost[:, 0] = False
    said_before = np.concatenate([np.zeros_like(lost[:, :1]), lost[:, :-1]], axis=1)
    heard = np.where(said_before[:, :, None, :], -1, full.heard_round)
    played = predicted_beliefs(replace(full, heard_round=heard), rows)
    played[lost] = np.nan
    found = fit(transcript_of(played, heard), resamples=0)
    assert found.n_turns < 80 * 4 * 4
    assert np.abs(found.rows - rows).max() < 1e-8
    assert any("missing turns" in text for text in found.warnings)


def test_sequential_turns_are_fitted_and_predicted(world) -> None:
    rng, rows, _ = world
    innate = random_beliefs(rng, 60, 4, 4)
    beliefs = np.repeat(innate[:, None], 5, axis=1)
    heard = np.full((60, 5, 4, 4), -1)
    for at in range(1, 5):
        for seat in range(4):
            for speaker in range(4):
                heard[:, at, seat, speaker] = at if speaker < seat else at - 1
            said = np.where(
                (np.arange(4) < seat)[None, :, None], beliefs[:, at], beliefs[:, at - 1]
            )
            columns = np.concatenate([innate[:, [seat]], beliefs[:, at - 1, [seat]], said], axis=1)
            beliefs[:, at, seat] = np.einsum("qdk,d->qk", columns, rows[seat])
    heard[:, :, np.arange(4), np.arange(4)] = -1
    transcript = transcript_of(beliefs, heard)
    found = fit(transcript, resamples=0)
    assert np.abs(found.rows - rows).max() < 1e-8
    assert np.allclose(predicted_beliefs(transcript, rows), beliefs)
    assert any("sequential" in text for text in found.warnings)
    with pytest.raises(ParameterError, match="synchronous"):
        fit(transcript, "trajectory")


def test_an_adversary_says_what_was_recorded_and_is_not_fitted(world) -> None:
    rng, rows, innate = world
    clean = simulated(rng, rows, innate, 4)
    stubborn = rows.copy()
    stubborn[2] = 0
    stubborn[2, 0] = 1
    attacked = replace(simulated(rng, stubborn, innate, 4), seats=(2,), arm="attacked")
    predicted = predicted_beliefs(attacked, rows)
    assert np.allclose(predicted, attacked.beliefs)
    found = fit(attacked, resamples=0)
    assert np.isnan(found.stubbornness[2])
    assert "adversary" in found.identified.reasons[2][0]
    pair = fitted_prediction(clean, attacked)
    assert pair.clean is not None
    assert np.allclose(pair.clean.attacked, attacked.beliefs, atol=1e-6)
    assert pair.first_rounds is not None
    assert pair.first_rounds.start == 2


def test_declared_parameters_predict_and_unknown_ones_come_out_as_nan(world) -> None:
    rng, rows, innate = world
    transcript = simulated(rng, rows, innate, 3)
    stubbornness = np.tile(rows[:, 0], (12, 1))
    self_weight = np.tile(rows[:, 1] / (1 - rows[:, 0]), (12, 1))
    influence = rows[:, 2:] / rows[:, 2:].sum(-1, keepdims=True)
    stubbornness[5, 1] = np.nan
    declared = replace(
        transcript, stubbornness=stubbornness, self_weight=self_weight, influence=influence
    )
    predicted = predicted_beliefs(declared)
    others = np.arange(12) != 5
    assert np.allclose(predicted[others], transcript.beliefs[others])
    assert np.isnan(predicted[5, 1:, 1]).all()
    with pytest.raises(ParameterError, match="declares no parameters"):
        predicted_beliefs(transcript)


def test_answers_alone_are_read_as_certain_beliefs(world) -> None:
    rng, rows, _ = world
    innate = random_beliefs(rng, 60, 4, 4)
    beliefs = [innate]
    for _ in range(3):
        certain = np.eye(4)[beliefs[-1].argmax(-1)]
        own = rows[:, [0]] * innate + rows[:, [1]] * beliefs[-1]
        beliefs.append(own + np.einsum("ij,qjk->qik", rows[:, 2:], certain))
    transcript = replace(transcript_of(np.stack(beliefs, 1)), peers_read="answer")
    found = fit(transcript, resamples=0)
    assert np.abs(found.rows - rows).max() < 1e-8
    assert np.allclose(predicted_beliefs(transcript, rows), transcript.beliefs)


def test_the_middle_forecast_beats_persistence_on_its_own_law(world) -> None:
    rng, rows, _ = world
    transcript = simulated(rng, rows, random_beliefs(rng, 80, 4, 4), 10, process_noise=0.01)
    found = forecast_from_middle(transcript)
    assert found.start == 7
    assert found.rounds.tolist() == [8, 9, 10]
    assert found.rollout_error < found.persistence_error
    assert (found.one_step_errors < found.one_step_persistence).all()
    with pytest.raises(ParameterError, match="nothing to predict"):
        forecast_from_middle(transcript.first_rounds(1))
