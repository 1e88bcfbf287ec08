"""Known laws come back: the numbers of fitting.md, with fixed seeds."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_deliberations import (
    path,
    random_beliefs,
    random_rows,
    simulated,
    transcript_of,
)

from fjsim.beliefs import confidence, total_variation
from fjsim.fitting.estimators import Bias, Gated, PerItem, Pooled, Trajectory
from fjsim.fitting.rows.solving import finite_influence, split_rows

TARGETS = {10: (0.026, 0.087, 0.033), 100: (0.008, 0.026, 0.010), 1000: (0.003, 0.009, 0.0035)}


def recovery_errors(n_items: int, seed: int) -> tuple[float, float, float]:
    """Return MAE of stubbornness, TV of influence rows and TV of influence after 5 rounds."""
    rng = np.random.default_rng(seed)
    truth = random_rows(rng, 5)
    innate = random_beliefs(rng, n_items, 5, 4)
    fit = Pooled(resamples=0).fit(simulated(rng, truth, innate, 5, process_noise=0.05)).result_
    found, true = split_rows(fit.rows), split_rows(truth)
    total = np.abs(finite_influence(fit.rows, 5) - finite_influence(truth, 5)).sum(-1).mean() / 2
    return (
        float(np.abs(found.stubbornness - true.stubbornness).mean()),
        float(np.abs(found.influence - true.influence).sum(-1).mean() / 2),
        float(total),
    )


@pytest.mark.parametrize("n_items", [10, 100, 1000])
def test_pooled_errors_stay_within_a_quarter_of_the_listed_ones(n_items: int) -> None:
    errors = np.mean([recovery_errors(n_items, seed) for seed in range(20)], axis=0)
    assert (errors <= 1.25 * np.array(TARGETS[n_items])).all(), errors


@pytest.mark.parametrize("n_options", [5, 10])
def test_noiseless_laws_come_back_to_a_millionth(n_options: int) -> None:
    rng = np.random.default_rng(1)
    truth = np.stack([random_rows(rng, 5) for _ in range(30)])
    innate = random_beliefs(rng, 30, 5, n_options)
    fit = PerItem(resamples=0).fit(simulated(rng, truth, innate, 5)).result_
    assert fit.items is not None
    assert np.abs(fit.items.rows - truth).max() < 1e-6
    pooled = Pooled(resamples=0).fit(simulated(rng, truth[0], innate, 5)).result_
    assert np.abs(pooled.rows - truth[0]).max() < 1e-6


def gated_truth(innate: np.ndarray) -> np.ndarray:
    """Return rows whose logits are linear in confidence and alignment."""
    n_items, n_agents, _ = innate.shape
    sure = confidence(innate)
    alike = 1 - total_variation(innate[:, :, None], innate[:, None])
    logits = np.empty((n_items, n_agents, n_agents + 2))
    logits[..., 0], logits[..., 1] = -1 + 2 * sure, 0.5 * sure
    logits[..., 2:] = 2.5 * sure[:, None, :] + alike
    seats = np.arange(n_agents)
    logits[:, seats, 2 + seats] = -np.inf
    raised = np.exp(logits)
    return np.asarray(raised / raised.sum(-1, keepdims=True))


def test_the_gated_fit_comes_within_five_percent_of_the_oracle() -> None:
    rng = np.random.default_rng(100)
    innate = random_beliefs(rng, 400, 5, 4)
    truth = gated_truth(innate)
    beliefs = path(rng, truth, innate, 5, process_noise=0.02)
    train, test = transcript_of(beliefs[:100]), transcript_of(beliefs[100:])
    final = beliefs[100:, -1].mean(1)

    def error(predicted: np.ndarray) -> float:
        return float(((predicted[:, -1].mean(1) - final) ** 2).mean())

    oracle = error(path(rng, truth[100:], innate[100:], 5))
    gated = Gated(resamples=0).fit(train)
    assert error(gated.rollout(test)) <= 1.05 * oracle
    assert error(Pooled(resamples=0).fit(train).rollout(test)) >= 1.5 * error(gated.rollout(test))
    assert gated.spread_.min() == 0


def test_the_gated_fit_finds_no_gate_where_the_law_is_constant() -> None:
    rng = np.random.default_rng(7)
    truth = random_rows(rng, 5)
    innate = random_beliefs(rng, 400, 5, 4)
    transcript = simulated(rng, truth, innate, 5, process_noise=0.02)
    train, test = transcript.select(np.arange(200)), transcript.select(np.arange(200, 400))
    gated = Gated(resamples=0).fit(train).score(test)
    pooled = Pooled(resamples=0).fit(train).score(test)
    assert abs(gated - pooled) < 0.01


def test_the_path_fit_is_not_biased_by_observation_noise() -> None:
    one_step, whole = [], []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        truth = random_rows(rng, 5)
        innate = random_beliefs(rng, 300, 5, 4)
        transcript = simulated(rng, truth, innate, 5, observation_noise=0.05)
        one_step.append(np.abs(Pooled(resamples=0).fit(transcript).result_.rows - truth).sum() / 30)
        whole.append(np.abs(Trajectory().fit(transcript).result_.rows - truth).sum() / 30)
    assert np.mean(whole) < 0.006 < 0.012 < np.mean(one_step)


def test_a_bias_of_the_model_is_found_beside_the_law() -> None:
    rng = np.random.default_rng(3)
    truth, innate = random_rows(rng, 5), random_beliefs(rng, 40, 5, 4)
    attractor = random_beliefs(rng, 40, 1, 4)
    beliefs = [innate]
    for _ in range(5):
        after = path(rng, truth, beliefs[-1], 1)[:, 1]
        anchored = after + truth[:, 0, None] * (innate - beliefs[-1])
        beliefs.append(0.2 * attractor + 0.8 * anchored)
    found = Bias(steps=2000).fit(transcript_of(np.stack(beliefs, 1)))
    assert np.allclose(found.pull_, 0.2, atol=1e-4)
    assert np.abs(found.attractors_ - attractor[:, 0]).max() < 1e-3
    assert np.abs(found.result_.stubbornness - truth[:, 0]).max() < 1e-4


def test_cross_entropy_recovers_the_law_too() -> None:
    rng = np.random.default_rng(5)
    truth, innate = random_rows(rng, 4), random_beliefs(rng, 100, 4, 4)
    fit = Pooled(loss="cross-entropy", resamples=0).fit(simulated(rng, truth, innate, 4)).result_
    assert np.abs(fit.rows - truth).max() < 1e-3
