"""Mean and spread of a population, with intervals over questions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.findings.bootstrap import question_index, question_weights, tail_share
from fjsim.fitting.findings.identified import PopulationPart
from fjsim.fitting.population.likelihood import Table
from fjsim.fitting.population.mixing import (
    CONCENTRATION_RANGE,
    Posterior,
    log_evidence,
    posterior,
)
from fjsim.seeds import stream

RESOLUTION = 1e-3
"""How finely the likelihood is integrated; intervals are this much wider at either end."""

STEP = 0.02
"""Of the numerical derivatives with respect to the population."""

SHOWN = (
    "stubbornness", "stubbornness_square", "self_weight", "self_weight_square"
)  # fmt: skip


@dataclass(frozen=True)
class Moments:
    """Sums over the pairs of every question and seat, and how they move with the population.

    Parameters
    ----------
    count : ndarray of shape (n_questions, n_agents)
    total : ndarray of shape (n_questions, n_agents, 4)
        Sums of the entries of `SHOWN`.
    slope : ndarray of shape (n_questions, n_agents, 4, 4)
        Derivatives of ``total`` with respect to the population, last axis.
    pull : ndarray of shape (n_questions, 4)
        First-order change of the population per unit of a question's weight.
    """

    count: Array
    total: Array
    slope: Array
    pull: Array


def moments(
    table: Table,
    theta: Array,
    place: NDArray[np.int64],
    question_ids: tuple[str, ...],
    n_agents: int,
) -> Moments:
    """Add up what the pairs say of the population.

    Parameters
    ----------
    table : Table
    theta : ndarray of shape (4,)
        The population of largest likelihood.
    place : ndarray of int, shape (n_pairs,)
        ``item * n_agents + listener`` of each pair.
    question_ids : tuple of str, length n_items
    n_agents : int
    """
    of_item = question_index(question_ids)
    question, seat = of_item[place // n_agents], place % n_agents
    shape = (int(of_item.max()) + 1, n_agents)

    def summed(values: Array) -> Array:
        found = np.zeros((*shape, *values.shape[1:]))
        np.add.at(found, (question, seat), values)
        return found

    gradient, known_slopes = [], []
    for unit in np.eye(len(theta)) * STEP:
        up, down = posterior(table, theta + unit), posterior(table, theta - unit)
        gradient.append((up.log_evidence - down.log_evidence) / (2 * STEP))
        known_slopes.append((_shown(up) - _shown(down)) / (2 * STEP))
    scores = summed(np.stack(gradient, axis=-1)).sum(axis=1)
    return Moments(
        count=summed(np.ones(len(place))),
        total=summed(_shown(posterior(table, theta))),
        slope=summed(np.stack(known_slopes, axis=-1)),
        pull=scores @ _inverse_curvature(table, theta),
    )


def _shown(known: Posterior) -> Array:
    return np.stack([getattr(known, name) for name in SHOWN], axis=-1)


def _inverse_curvature(table: Table, theta: Array) -> Array:
    """Return the inverse of minus the second derivatives; 0 for a parameter at its bound."""
    size = len(theta)
    curvature = np.zeros((size, size))
    units = np.eye(size) * 0.05

    def total(at: Array) -> float:
        return float(log_evidence(table, at).sum())

    for i in range(size):
        for j in range(i + 1):
            a, b = units[i], units[j]
            change = total(theta + a + b) - total(theta + a - b)
            change -= total(theta - a + b) - total(theta - a - b)
            curvature[i, j] = curvature[j, i] = -change / (4 * 0.05**2)
    # A population as concentrated as may be has no direction to move in.
    low, high = CONCENTRATION_RANGE
    free = np.array([True, low + 0.2 < theta[1] < high - 0.2] * 2)
    free[3] = low + 0.2 < theta[3] < high - 0.2
    free &= np.diag(curvature) > 1e-3
    inverse = np.zeros_like(curvature)
    kept = np.ix_(free, free)
    if free.any():
        values, vectors = np.linalg.eigh(curvature[kept])
        sure = values > 1e-3 * values.max()
        inverse[kept] = (vectors * np.where(sure, 1 / np.where(sure, values, 1), 0)) @ vectors.T
    return inverse


def resampled_questions(question_ids: tuple[str, ...], resamples: int, seed: int) -> Array:
    """Draw how often each question counts, shape (n_resamples, n_questions)."""
    names = tuple(dict.fromkeys(question_ids))
    return question_weights(names, resamples, stream(seed, "fit-bootstrap"))


def drawn_means(found: Moments, drawn: Array) -> Array:
    """Return the means of `SHOWN` in every resample, per seat and of all together.

    Parameters
    ----------
    found : Moments
    drawn : ndarray of shape (n_resamples, n_questions)

    Returns
    -------
    ndarray of shape (n_resamples, n_agents + 1, 4)
        The last seat stands for all together. To first order in the change of the population.
    """
    shift = (drawn - 1) @ found.pull

    def weighed(values: Array) -> Array:
        flat = drawn @ values.reshape(len(values), -1)
        parts = flat.reshape(len(drawn), *values.shape[1:])
        return np.concatenate([parts, parts.sum(axis=1, keepdims=True)], axis=1)

    slope = weighed(found.slope)
    sums = weighed(found.total) + np.einsum("bskp,bp->bsk", slope, shift)
    return np.asarray(sums / np.maximum(weighed(found.count), 1e-300)[..., None])


def population_parts(means: Array, drawn: Array | None, level: float, n_questions: int) -> tuple[
    PopulationPart, PopulationPart
]:  # fmt: skip
    """Return mean and spread of stubbornness and self-weight with intervals.

    Parameters
    ----------
    means : ndarray of shape (4,)
        Of `SHOWN`, all pairs together.
    drawn : ndarray of shape (n_resamples, 4), or None
    level : float
    n_questions : int
    """
    tail = tail_share(level, n_questions)
    return _part(means[:2], None if drawn is None else drawn[:, :2], tail), _part(
        means[2:], None if drawn is None else drawn[:, 2:], tail
    )


def _part(means: Array, drawn: Array | None, tail: float) -> PopulationPart:
    spread = float(np.sqrt(max(means[1] - means[0] ** 2, 0.0)))
    nothing = float("nan")
    if drawn is None or np.isnan(tail):
        return PopulationPart(float(means[0]), nothing, nothing, spread, nothing, nothing)
    low, high = np.quantile(np.clip(drawn[:, 0], 0, 1), [tail, 1 - tail])
    spreads = np.sqrt(np.maximum(drawn[:, 1] - drawn[:, 0] ** 2, 0.0))
    least, most = np.quantile(spreads, [tail, 1 - tail])
    return PopulationPart(
        float(means[0]),
        max(float(low) - RESOLUTION, 0.0),
        min(float(high) + RESOLUTION, 1.0),
        spread,
        max(float(least) - 2 * RESOLUTION, 0.0),
        float(most) + RESOLUTION,
    )
