"""Many small groups at once: the setting is the innermost axis, so one instruction serves several.

Divisions follow numpy's error model, since a check for zero in a loop forbids vectors.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

LANES = 64
"""Settings side by side: long enough for vectors, short enough for the caches."""

FAST = {"contract", "reassoc", "nsz"}


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _load(influence: Array, first: int, count: int, lanes: Array) -> None:
    """Interleave a block of matrices; lanes beyond the last setting repeat it."""
    n = influence.shape[1]
    for lane in range(LANES):
        at = first + min(lane, count - 1)
        for i in range(n):
            for j in range(n):
                lanes[i, j, lane] = influence[at, i, j]


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _load_rows(values: Array, first: int, count: int, lanes: Array) -> None:
    """Interleave a block of vectors."""
    for lane in range(LANES):
        at = first + min(lane, count - 1)
        for i in range(lanes.shape[0]):
            lanes[i, lane] = values[at, i]


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _listen(lanes: Array, now: Array, heard: Array) -> None:
    """Fill `heard` with influence times beliefs; four speakers at a time save three stores."""
    n = lanes.shape[0]
    even = n - n % 4
    for i in range(n):
        for lane in range(LANES):
            heard[i, lane] = 0.0
        for j in range(0, even, 4):
            for lane in range(LANES):
                heard[i, lane] += (
                    lanes[i, j, lane] * now[j, lane]
                    + lanes[i, j + 1, lane] * now[j + 1, lane]
                    + lanes[i, j + 2, lane] * now[j + 2, lane]
                    + lanes[i, j + 3, lane] * now[j + 3, lane]
                )
        for j in range(even, n):
            for lane in range(LANES):
                heard[i, lane] += lanes[i, j, lane] * now[j, lane]


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _blend(anchor: Array, keep: Array, hear: Array, heard: Array, now: Array) -> None:
    """Move to the next round in place."""
    for i in range(now.shape[0]):
        for lane in range(LANES):
            now[i, lane] = (
                anchor[i, lane] + keep[i, lane] * now[i, lane] + hear[i, lane] * heard[i, lane]
            )


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _store(history: Array, first: int, count: int, option: int, path: Array) -> None:
    """Write whole settings one after the other: memory likes it better than round by round."""
    n_rounds, n, n_options = path.shape[1:]
    past = history.reshape(n_rounds * n, LANES)
    for lane in range(count):
        flat = path[first + lane].reshape(n_rounds * n * n_options)
        for at in range(n, n_rounds * n):
            flat[at * n_options + option] = past[at, lane]


@njit(cache=True, fastmath=FAST, error_model="numpy")
def rollout_lanes(
    influence: Array,
    stubbornness: Array,
    kept_share: Array,
    heard_share: Array,
    innate: Array,
    path: Array,
) -> None:
    """Fill `path` (settings, rounds + 1, agents, options); round 0 stands there already."""
    n_settings, n_rounds, n, n_options = path.shape
    lanes = np.empty((n, n, LANES))
    held, keep, hear = np.empty((n, LANES)), np.empty((n, LANES)), np.empty((n, LANES))
    anchor, now, heard = np.empty((n, LANES)), np.empty((n, LANES)), np.empty((n, LANES))
    history = np.empty((n_rounds, n, LANES))
    for first in range(0, n_settings, LANES):
        count = min(LANES, n_settings - first)
        _load(influence, first, count, lanes)
        _load_rows(stubbornness, first, count, held)
        _load_rows(kept_share, first, count, keep)
        _load_rows(heard_share, first, count, hear)
        for option in range(n_options):
            _load_rows(innate[:, :, option], first, count, anchor)
            anchor *= held
            _load_rows(path[:, 0, :, option], first, count, now)
            for t in range(1, n_rounds):
                _listen(lanes, now, heard)
                _blend(anchor, keep, hear, heard, now)
                history[t] = now
            _store(history, first, count, option, path)


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _eliminate(system: Array, beliefs: Array) -> None:
    """Eliminate forward without pivoting: safe for a nonsingular M-matrix."""
    n, n_options = beliefs.shape[1], beliefs.shape[0]
    scale, factor = np.empty(LANES), np.empty(LANES)
    for p in range(n):
        for lane in range(LANES):
            scale[lane] = 1.0 / system[p, p, lane]
        for i in range(p + 1, n):
            for lane in range(LANES):
                factor[lane] = system[i, p, lane] * scale[lane]
            for j in range(p + 1, n):
                for lane in range(LANES):
                    system[i, j, lane] -= factor[lane] * system[p, j, lane]
            for k in range(n_options):
                for lane in range(LANES):
                    beliefs[k, i, lane] -= factor[lane] * beliefs[k, p, lane]


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _substitute_back(system: Array, beliefs: Array) -> None:
    """Solve the triangular rest in place."""
    n, n_options = beliefs.shape[1], beliefs.shape[0]
    scale = np.empty(LANES)
    for i in range(n - 1, -1, -1):
        for lane in range(LANES):
            scale[lane] = 1.0 / system[i, i, lane]
        for k in range(n_options):
            for j in range(i + 1, n):
                for lane in range(LANES):
                    beliefs[k, i, lane] -= system[i, j, lane] * beliefs[k, j, lane]
            for lane in range(LANES):
                beliefs[k, i, lane] *= scale[lane]


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _certify(anchor: Array, innate: Array, now: Array, heard: Array, worst: Array) -> None:
    """Raise `worst` to the largest residual over anchor of each lane."""
    for i in range(now.shape[0]):
        for lane in range(LANES):
            pull = anchor[i, lane] * (innate[i, lane] - now[i, lane])
            drift = (1 - anchor[i, lane]) * (heard[i, lane] - now[i, lane])
            error = abs(pull + drift) / anchor[i, lane]
            worst[lane] = error if error > worst[lane] else worst[lane]


@njit(cache=True, fastmath=FAST, error_model="numpy")
def solve_lanes(influence: Array, anchor: Array, innate: Array, beliefs: Array) -> float:
    """Solve many small systems; returns the certified error of the worst.

    `influence` (settings, agents, agents) has no diagonal, `anchor` is effective stubbornness > 0.
    """
    n_settings, n, n_options = innate.shape
    lanes, system = np.empty((n, n, LANES)), np.empty((n, n, LANES))
    held, heard = np.empty((n, LANES)), np.empty((n, LANES))
    told, found = np.empty((n_options, n, LANES)), np.empty((n_options, n, LANES))
    worst = np.zeros(LANES)
    for first in range(0, n_settings, LANES):
        count = min(LANES, n_settings - first)
        _load(influence, first, count, lanes)
        _load_rows(anchor, first, count, held)
        for i in range(n):
            for j in range(n):
                for lane in range(LANES):
                    system[i, j, lane] = (held[i, lane] - 1) * lanes[i, j, lane]
            for lane in range(LANES):
                system[i, i, lane] = 1.0
        for k in range(n_options):
            _load_rows(innate[:, :, k], first, count, told[k])
            found[k] = held * told[k]
        _eliminate(system, found)
        _substitute_back(system, found)
        for k in range(n_options):
            _listen(lanes, found[k], heard)
            _certify(held, told[k], found[k], heard, worst)
            for lane in range(count):
                for i in range(n):
                    beliefs[first + lane, i, k] = found[k, i, lane]
    return float(worst.max())
