"""Many small groups at once: the setting is the innermost axis, one vector lane each."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.uint32]
Flags = NDArray[np.bool_]

LANES = 8
"""Settings solved side by side, so that one vector instruction serves all of them."""


@njit(cache=True, fastmath={"contract", "reassoc"})
def _load_lanes(influence: Array, first: int, count: int, lanes: Array) -> None:
    """Interleave a block of matrices: the setting becomes the last axis."""
    n = influence.shape[1]
    for lane in range(LANES):
        at = first + min(lane, count - 1)
        for i in range(n):
            for j in range(n):
                lanes[i, j, lane] = influence[at, i, j]


@njit(cache=True, fastmath={"contract", "reassoc"})
def _load_weights(
    stubbornness: Array,
    self_weight: Array,
    hears_nobody: Flags,
    first: int,
    count: int,
    keep: Array,
    hear: Array,
) -> None:
    """Interleave what an agent keeps of its own last belief and takes from its peers."""
    for lane in range(LANES):
        at = first + min(lane, count - 1)
        for i in range(keep.shape[0]):
            free = 1 - stubbornness[at, i]
            own = 1.0 if hears_nobody[at, i] else self_weight[at, i]
            keep[i, lane] = free * own
            hear[i, lane] = free * (1 - own)


@njit(cache=True, fastmath={"contract", "reassoc"})
def _round_lanes(
    lanes: Array, anchor: Array, keep: Array, hear: Array, now: Array, after: Array
) -> None:
    """One round of the law for all lanes."""
    n = lanes.shape[0]
    total = np.empty(LANES)
    for i in range(n):
        for lane in range(LANES):
            total[lane] = 0.0
        for j in range(n):
            for lane in range(LANES):
                total[lane] += lanes[i, j, lane] * now[j, lane]
        for lane in range(LANES):
            after[i, lane] = (
                anchor[i, lane] + keep[i, lane] * now[i, lane] + hear[i, lane] * total[lane]
            )


@njit(cache=True, fastmath={"contract", "reassoc"})
def rollout_lanes(
    influence: Array,
    stubbornness: Array,
    self_weight: Array,
    hears_nobody: Flags,
    innate: Array,
    path: Array,
) -> None:
    """Fill `path` (settings, rounds + 1, agents, options); round 0 stands there already."""
    n_settings, n_rounds, n, n_options = path.shape
    lanes = np.empty((n, n, LANES))
    anchor, keep, hear = np.empty((n, LANES)), np.empty((n, LANES)), np.empty((n, LANES))
    now, after = np.empty((n, LANES)), np.empty((n, LANES))
    for first in range(0, n_settings, LANES):
        count = min(LANES, n_settings - first)
        _load_lanes(influence, first, count, lanes)
        _load_weights(stubbornness, self_weight, hears_nobody, first, count, keep, hear)
        for option in range(n_options):
            for lane in range(LANES):
                at = first + min(lane, count - 1)
                for i in range(n):
                    anchor[i, lane] = stubbornness[at, i] * innate[at, i, option]
                    now[i, lane] = path[at, 0, i, option]
            for t in range(1, n_rounds):
                _round_lanes(lanes, anchor, keep, hear, now, after)
                now, after = after, now
                for lane in range(count):
                    for i in range(n):
                        path[first + lane, t, i, option] = now[i, lane]


@njit(cache=True, fastmath={"contract", "reassoc"})
def _eliminate(lanes: Array, rhs: Array) -> None:
    """Forward elimination without pivoting: safe for a nonsingular M-matrix."""
    n, n_options = rhs.shape[0], rhs.shape[1]
    scale, factor = np.empty(LANES), np.empty(LANES)
    for p in range(n):
        for lane in range(LANES):
            scale[lane] = 1.0 / lanes[p, p, lane]
        for i in range(p + 1, n):
            for lane in range(LANES):
                factor[lane] = lanes[i, p, lane] * scale[lane]
            for j in range(p + 1, n):
                for lane in range(LANES):
                    lanes[i, j, lane] -= factor[lane] * lanes[p, j, lane]
            for k in range(n_options):
                for lane in range(LANES):
                    rhs[i, k, lane] -= factor[lane] * rhs[p, k, lane]


@njit(cache=True, fastmath={"contract", "reassoc"})
def _substitute_back(lanes: Array, rhs: Array) -> None:
    """Solve the triangular rest in place."""
    n, n_options = rhs.shape[0], rhs.shape[1]
    scale = np.empty(LANES)
    for i in range(n - 1, -1, -1):
        for lane in range(LANES):
            scale[lane] = 1.0 / lanes[i, i, lane]
        for k in range(n_options):
            for j in range(i + 1, n):
                for lane in range(LANES):
                    rhs[i, k, lane] -= lanes[i, j, lane] * rhs[j, k, lane]
            for lane in range(LANES):
                rhs[i, k, lane] *= scale[lane]


@njit(cache=True, fastmath={"contract", "reassoc"})
def _certify(influence: Array, anchor: Array, innate: Array, beliefs: Array) -> float:
    """Return the largest residual over anchor of one setting."""
    n, n_options = innate.shape
    worst = 0.0
    for i in range(n):
        for k in range(n_options):
            heard = 0.0
            for j in range(n):
                heard += influence[i, j] * beliefs[j, k]
            left = anchor[i] * (innate[i, k] - beliefs[i, k]) + (1 - anchor[i]) * (
                heard - beliefs[i, k]
            )
            worst = max(worst, abs(left) / anchor[i])
    return worst


@njit(cache=True, fastmath={"contract", "reassoc"})
def solve_lanes(influence: Array, anchor: Array, innate: Array, beliefs: Array) -> float:
    """Solve many small systems without pivoting; returns the certified error of the worst.

    `influence` (settings, agents, agents) has no diagonal, `anchor` is effective stubbornness > 0.
    """
    n_settings, n, n_options = innate.shape
    lanes = np.empty((n, n, LANES))
    rhs = np.empty((n, n_options, LANES))
    worst = 0.0
    for first in range(0, n_settings, LANES):
        count = min(LANES, n_settings - first)
        for lane in range(LANES):
            at = first + min(lane, count - 1)
            for i in range(n):
                free = anchor[at, i] - 1
                for j in range(n):
                    lanes[i, j, lane] = free * influence[at, i, j]
                lanes[i, i, lane] = 1.0
                for k in range(n_options):
                    rhs[i, k, lane] = anchor[at, i] * innate[at, i, k]
        _eliminate(lanes, rhs)
        _substitute_back(lanes, rhs)
        for lane in range(count):
            at = first + lane
            for i in range(n):
                for k in range(n_options):
                    beliefs[at, i, k] = rhs[i, k, lane]
            worst = max(worst, _certify(influence[at], anchor[at], innate[at], beliefs[at]))
    return worst
