"""The simplex: what a belief is, and what is read off it.

A belief is a probability vector over the options of one question. A scalar opinion ``p`` is
the belief ``(1 - p, p)`` over two options.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fjsim.errors import BeliefError

Array = NDArray[np.float64]

TIE_TOLERANCE = 1e-9
"""Two options closer than this share the top of a belief."""

SUM_TOLERANCE = 0.02
"""A stated belief whose sum misses 1 by no more than this is normalised, not refused."""

FEW = 8
"""Values from which on NumPy no longer adds them one after the other."""

_FLOAT = {float}


def as_belief(values: Sequence[float] | ArrayLike, *, n_options: int) -> Array:
    """Check a stated belief and normalise it.

    Parameters
    ----------
    values : array-like of shape (n_options,)
        Probabilities as stated; the sum may miss 1 by at most 0.02.
    n_options : int
        How many options the question has.

    Returns
    -------
    ndarray of shape (n_options,)
        Non-negative, sums to 1.

    Raises
    ------
    BeliefError
        If the length, a value or the sum is off.

    Examples
    --------
    >>> float(as_belief([0.5, 0.49], n_options=2).sum())
    1.0
    """
    if isinstance(values, list) and len(values) == n_options and are_plain(values):
        total = plain_sum(values)
        if min(values) >= 0 and abs(total - 1) <= SUM_TOLERANCE + 1e-12:
            return np.array([value / total for value in values])
    try:
        belief = np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise BeliefError("a belief needs one number per option") from error
    if belief.shape != (n_options,):
        raise BeliefError(f"a belief needs {n_options} numbers, one per option; got {belief.size}")
    with np.errstate(over="ignore"):
        total = float(belief.sum())
    # One look at the least and the sum finds NaN, infinities and negatives alike.
    if n_options and not (belief.min() >= 0 and total < np.inf):
        raise BeliefError("every probability must be a number >= 0")
    if abs(total - 1) > SUM_TOLERANCE + 1e-12:
        raise BeliefError(f"the probabilities must sum to 1; they sum to {total:.3f}")
    return belief / total


def are_plain(values: Sequence[object]) -> bool:
    """Return whether values are a few floats, which Python handles faster than NumPy.

    Parameters
    ----------
    values : sequence
        Values of any kind.
    """
    return 0 < len(values) < FEW and {*map(type, values)} == _FLOAT


def plain_sum(values: Sequence[float]) -> float:
    """Return the sum of fewer than eight floats, to the last digit what NumPy makes of them.

    Parameters
    ----------
    values : sequence of float
        From eight on NumPy adds in another order, and newer Pythons' own ``sum`` rounds otherwise.
    """
    total = 0.0
    for value in values:
        total += value
    return total


def top_option(beliefs: ArrayLike) -> NDArray[np.int64]:
    """Return the option a belief favours, or -1 where several share the top or it is missing.

    Parameters
    ----------
    beliefs : array-like of shape (..., n_options)
        Beliefs; NaN marks a missing one, or an option that this question does not have.

    Returns
    -------
    ndarray of int, shape (...)
        Index of the strictly largest entry; -1 for a tie or a missing belief.
    """
    values = np.asarray(beliefs, dtype=float)
    if values.shape[-1] == 0:
        return np.full(values.shape[:-1], -1, dtype=np.int64)
    filled = np.where(np.isnan(values), -np.inf, values)
    best = filled.max(axis=-1)
    shared = (filled >= best[..., None] - TIE_TOLERANCE).sum(axis=-1)
    clear = (shared == 1) & np.isfinite(best)
    return np.where(clear, filled.argmax(axis=-1), -1).astype(np.int64)


def top_of(belief: Sequence[float]) -> int:
    """Return what `top_option` does of one belief, without making an array of it.

    Parameters
    ----------
    belief : sequence of float

    Examples
    --------
    >>> top_of((0.2, 0.7, 0.1)), top_of((0.5, 0.5)), top_of((float("nan"), 1.0)), top_of(())
    (1, -1, 1, -1)
    """
    known = belief if math.isfinite(sum(belief)) else [mass for mass in belief if mass == mass]
    *_, second, best = (-math.inf, -math.inf, *sorted(known))
    clear = math.isfinite(best) and second < best - TIE_TOLERANCE
    return belief.index(best) if clear else -1


def is_tied(beliefs: ArrayLike) -> NDArray[np.bool_]:
    """Say where a present belief has no single top option.

    Parameters
    ----------
    beliefs : array-like of shape (..., n_options)
        Beliefs; NaN marks a missing one.

    Returns
    -------
    ndarray of bool, shape (...)
    """
    values = np.asarray(beliefs, dtype=float)
    present = ~np.isnan(values).all(axis=-1)
    return np.asarray(present & (top_option(values) < 0), dtype=np.bool_)


def entropy(beliefs: ArrayLike) -> Array:
    """Return the Shannon entropy in nats.

    Parameters
    ----------
    beliefs : array-like of shape (..., n_options)
        Beliefs; NaN options do not count.

    Returns
    -------
    ndarray of shape (...)
    """
    values = np.asarray(beliefs, dtype=float)
    safe = np.where(values > 0, values, 1.0)
    total = -np.nansum(values * np.log(safe), axis=-1)
    return np.asarray(np.where(np.isnan(values).all(axis=-1), np.nan, total))


def confidence(beliefs: ArrayLike) -> Array:
    """Return ``1 - H(b) / log K``: 0 for a uniform belief, 1 for a certain one.

    Parameters
    ----------
    beliefs : array-like of shape (..., n_options)
        Beliefs; NaN options do not count.

    Returns
    -------
    ndarray of shape (...)
        In [0, 1]; NaN for a missing belief or a single option.
    """
    values = np.asarray(beliefs, dtype=float)
    n_options = (~np.isnan(values)).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = entropy(values) / np.log(n_options)
    return np.asarray(np.where(n_options > 1, np.clip(1 - spread, 0, 1), np.nan))


def total_variation(first: ArrayLike, second: ArrayLike) -> Array:
    """Return half the summed absolute difference: 0 for equal beliefs, 1 for disjoint ones.

    Parameters
    ----------
    first, second : array-like of shape (..., n_options)
        Beliefs; options that are NaN in both do not count.

    Returns
    -------
    ndarray of shape (...)
    """
    gap = np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float))
    total = np.nansum(gap, axis=-1) / 2
    return np.asarray(np.where(np.isnan(gap).all(axis=-1), np.nan, total))


def certain(option: int, n_options: int, certainty: float = 1.0) -> Array:
    """Return a belief that puts ``certainty`` on one option and shares the rest evenly.

    Parameters
    ----------
    option : int
        The favoured option, 0-based.
    n_options : int
        How many options there are, at least 2.
    certainty : float, default 1.0
        In [0, 1].

    Returns
    -------
    ndarray of shape (n_options,)

    Examples
    --------
    >>> certain(0, 3, 0.5).tolist()
    [0.5, 0.25, 0.25]
    """
    belief = np.full(n_options, (1 - certainty) / (n_options - 1))
    belief[option] = certainty
    return belief


def from_opinion(opinions: ArrayLike) -> Array:
    """Return the belief ``(1 - p, p)`` of a scalar opinion.

    Parameters
    ----------
    opinions : array-like of shape (...)
        In [0, 1].

    Returns
    -------
    ndarray of shape (..., 2)
    """
    values = np.asarray(opinions, dtype=float)
    return np.stack([1 - values, values], axis=-1)
