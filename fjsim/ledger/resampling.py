"""Questions drawn with replacement, questions exchanged, and what is left without seat and item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.rows.hearing import Flags
from fjsim.seeds import stream

N_RESAMPLES = 2000
N_PERMUTATIONS = 999
LEVEL = 0.95

PASSES = 25
"""Rounds of centring by item and by seat where entries are missing; one suffices where none is."""


def question_draws(question: NDArray[np.int64], seed: int, n_resamples: int = N_RESAMPLES) -> Array:
    """Draw questions with replacement.

    Parameters
    ----------
    question : ndarray of int, shape (n_items,)
        Question of each item, 0-based without gaps.
    seed : int
    n_resamples : int, default 2000

    Returns
    -------
    ndarray of shape (n_resamples, n_items)
        How often each item counts.
    """
    n_questions = int(question.max()) + 1
    drawn = stream(seed, "ledger-bootstrap").multinomial(
        n_questions, np.full(n_questions, 1 / n_questions), size=n_resamples
    )
    return np.asarray(drawn[:, question].astype(float))


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval over questions; NaN where there is nothing to average."""

    value: float
    low: float
    high: float


def interval(values: Array, draws: Array, weights: Array | None = None) -> Interval:
    """Return the weighted mean over items and its interval.

    Parameters
    ----------
    values : ndarray of shape (n_items,)
    draws : ndarray of shape (n_resamples, n_items)
    weights : ndarray of shape (n_items,), optional
        How much each item counts; default all alike.
    """
    counts = np.ones(len(values)) if weights is None else weights
    if not counts.sum():
        return Interval(float("nan"), float("nan"), float("nan"))
    mass = draws.sum(axis=1) if weights is None else draws @ counts
    means = (draws @ (values * counts))[mass > 0] / mass[mass > 0]
    low, high = ends(means)
    return Interval(float((values * counts).sum() / counts.sum()), low, high)


def ends(values: Array) -> tuple[float, float]:
    """Return the ends of the 95 % interval of resampled values."""
    kept = values[np.isfinite(values)]
    if not len(kept):
        return float("nan"), float("nan")
    low, high = np.quantile(kept, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def exchanged(
    question: NDArray[np.int64], seed: int, n_permutations: int = N_PERMUTATIONS
) -> NDArray[np.int64]:
    """Exchange whole questions, all replicas together; seats stay where they are.

    Parameters
    ----------
    question : ndarray of int, shape (n_items,)
    seed : int
    n_permutations : int, default 999

    Returns
    -------
    ndarray of int, shape (n_permutations, n_items)
        The item that takes each item's place. Only questions with equally many items change
        places.
    """
    rng = stream(seed, "ledger-permutation")
    members = [np.flatnonzero(question == at) for at in range(int(question.max()) + 1)]
    sizes: dict[int, list[NDArray[np.intp]]] = {}
    for items in members:
        sizes.setdefault(len(items), []).append(items)
    order = np.tile(np.arange(len(question)), (n_permutations, 1))
    for alike in sizes.values():
        block = np.stack(alike)  # (questions, replicas)
        for row in order:
            row[block.ravel()] = block[rng.permutation(len(block))].ravel()
    return order


def within(values: Array, known: Flags) -> Array:
    """Take away what an item's agents have in common, and what a seat has in all items.

    Parameters
    ----------
    values : ndarray of shape (n_items, n_agents)
    known : ndarray of bool, shape (n_items, n_agents)
        Entries that count.

    Returns
    -------
    ndarray of shape (n_items, n_agents)
        0 where an entry does not count.
    """
    left = np.where(known, values, 0.0)
    count = [np.maximum(known.sum(axis=axis, keepdims=True), 1) for axis in (0, 1)]
    for _ in range(1 if known.all() else PASSES):
        left = np.where(known, left - left.sum(axis=0, keepdims=True) / count[0], 0.0)
        left = np.where(known, left - left.sum(axis=1, keepdims=True) / count[1], 0.0)
    return np.asarray(left)
