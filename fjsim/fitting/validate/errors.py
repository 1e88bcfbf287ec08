"""How far a predicted belief is from the observed one."""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.fitting.findings.identified import Reliability
from fjsim.fitting.rows.hearing import Flags, unplaced_turns
from fjsim.records.transcript import Transcript

KL_EPSILON = 1e-6
"""Added to every probability, before normalising, so that the divergence is finite."""


def scored_turns(transcript: Transcript) -> Flags:
    """Return the turns that count in a comparison, shape (n_items, n_rounds, n_agents).

    Those with a belief now, in the round before and in round 0, of seats that are fitted, and
    with nothing heard that the log does not hold.
    """
    valid = transcript.valid
    held = transcript.hostile[:, None]
    there = valid[:, 1:] & valid[:, :-1] & valid[:, :1]
    return np.asarray(there & ~held & ~unplaced_turns(transcript))


def half_squared_gap(predicted: Array, observed: Array) -> Array:
    """Return half the summed squared difference, shape (...).

    The squared error of a scalar opinion; for answers, 1 where the answer changed. NaN where there
    is no prediction.
    """
    gap = np.where(np.isnan(observed), 0.0, (predicted - observed) ** 2)
    return np.asarray(gap.sum(axis=-1) / 2)


def brier(predicted: Array, observed: Array) -> Array:
    """Return the summed squared difference to the option that was observed on top, shape (...).

    NaN where several options shared the top.
    """
    top = top_option(observed)
    chosen = np.arange(observed.shape[-1]) == top[..., None]
    gap = np.nansum((np.nan_to_num(predicted) - chosen) ** 2, axis=-1)
    return np.where(top >= 0, gap, np.nan)


def divergence(predicted: Array, observed: Array, epsilon: float = KL_EPSILON) -> Array:
    """Return the Kullback-Leibler divergence of the observed from the predicted belief, in nats.

    Parameters
    ----------
    predicted, observed : ndarray of shape (..., n_options)
    epsilon : float, default 1e-6
        Added to every probability before normalising.

    Returns
    -------
    ndarray of shape (...)
    """
    present = ~np.isnan(observed)
    p = np.where(present, np.nan_to_num(observed) + epsilon, 0.0)
    q = np.where(present, np.nan_to_num(predicted) + epsilon, 0.0)
    p, q = p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)
    ratio = np.log(np.where(present, p, 1.0) / np.where(present, q, 1.0))
    return np.asarray((p * ratio).sum(-1))


def same_top(predicted: Array, observed: Array) -> Array:
    """Return 1 where the predicted top option is the observed one, NaN where that one is tied.

    Shape (...). A tie in the prediction counts as wrong.
    """
    top = top_option(observed)
    return np.where(top >= 0, (top_option(predicted) == top).astype(float), np.nan)


def reliability(sure: Array, top: Array, n_bins: int = 10) -> Reliability:
    """Hold predicted probabilities of the predicted top option against what came.

    Parameters
    ----------
    sure : ndarray of shape (n_turns,)
        Predicted probability of the predicted top option.
    top : ndarray of shape (n_turns,)
        1 where it was observed on top, 0 where not; NaN turns are left out.
    n_bins : int, default 10
        Of equal width over [0, 1].

    Returns
    -------
    Reliability
    """
    kept = ~np.isnan(top)
    sure, top = np.clip(sure[kept], 0, 1), top[kept]
    if not len(sure):
        return Reliability((), (), (), float("nan"))
    place = np.minimum((sure * n_bins).astype(int), n_bins - 1)
    turns = np.bincount(place, minlength=n_bins)
    filled = turns > 0
    predicted = np.bincount(place, sure, n_bins)[filled] / turns[filled]
    observed = np.bincount(place, top, n_bins)[filled] / turns[filled]
    error = float((turns[filled] * np.abs(predicted - observed)).sum() / len(sure))
    return Reliability(
        tuple(predicted.tolist()), tuple(observed.tolist()), tuple(turns[filled].tolist()), error
    )
