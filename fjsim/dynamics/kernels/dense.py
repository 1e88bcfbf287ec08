"""Many small groups at once.

Systems are solved with the setting as the innermost axis, so that one instruction serves several;
rollouts read each matrix every round and are faster where it lies. Divisions follow numpy's error
model, since a check for zero in a loop forbids vectors.
"""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array
from fjsim.compiling import kernel

LANES = 64
"""Settings side by side: long enough for vectors, short enough for the caches."""

FAST = {"contract", "reassoc", "nsz"}


@kernel(fastmath=FAST, error_model="numpy")
def _load(influence: Array, first: int, count: int, lanes: Array) -> None:
    """Interleave a block of matrices; lanes beyond the last setting repeat it."""
    n = influence.shape[1]
    # Eight lanes are one line of the cache: fill it before the next.
    for block in range(0, LANES, 8):
        for i in range(n):
            for j in range(n):
                for lane in range(block, block + 8):
                    lanes[i, j, lane] = influence[first + min(lane, count - 1), i, j]


@kernel(fastmath=FAST, error_model="numpy")
def _load_rows(values: Array, first: int, count: int, lanes: Array) -> None:
    """Interleave a block of vectors."""
    for lane in range(LANES):
        at = first + min(lane, count - 1)
        for i in range(lanes.shape[0]):
            lanes[i, lane] = values[at, i]


@kernel(fastmath=FAST, error_model="numpy")
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


@kernel(fastmath={"contract"}, error_model="numpy", inline="always")
def _hear_four(influence: Array, now: Array, i: int, heard: Array) -> None:
    """Four listeners at once: four sums in registers hide the latency of one."""
    one = two = three = four = 0.0
    for j in range(now.size):
        belief = now[j]
        one += influence[i, j] * belief
        two += influence[i + 1, j] * belief
        three += influence[i + 2, j] * belief
        four += influence[i + 3, j] * belief
    heard[i], heard[i + 1], heard[i + 2], heard[i + 3] = one, two, three, four


@kernel(fastmath={"contract"}, error_model="numpy", inline="always")
def _hear_two(influence: Array, now: Array, i: int, heard: Array) -> None:
    """Two of the listeners that are left, or the last one twice."""
    other = min(i + 1, now.size - 1)
    one = two = 0.0
    for j in range(now.size):
        one += influence[i, j] * now[j]
        two += influence[other, j] * now[j]
    heard[other] = two
    heard[i] = one


@kernel(fastmath={"contract"}, error_model="numpy")
def rollouts(
    influence: Array,
    stubbornness: Array,
    kept_share: Array,
    heard_share: Array,
    innate: Array,
    path: Array,
) -> None:
    """Fill `path` (settings, rounds + 1, agents, options); round 0 stands there already."""
    n_settings, n_rounds, n, n_options = path.shape
    now, heard, anchor = np.empty(n), np.empty(n), np.empty(n)
    for at in range(n_settings):
        weights = influence[at]
        for option in range(n_options):
            for i in range(n):
                anchor[i] = stubbornness[at, i] * innate[at, i, option]
                now[i] = path[at, 0, i, option]
            for t in range(1, n_rounds):
                for i in range(0, n - 3, 4):
                    _hear_four(weights, now, i, heard)
                for i in range(n - n % 4, n, 2):
                    _hear_two(weights, now, i, heard)
                for i in range(n):
                    now[i] = anchor[i] + kept_share[at, i] * now[i] + heard_share[at, i] * heard[i]
                    path[at, t, i, option] = now[i]


@kernel(fastmath=FAST, error_model="numpy")
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


@kernel(fastmath=FAST, error_model="numpy")
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


@kernel(fastmath=FAST, error_model="numpy")
def _certify(anchor: Array, innate: Array, now: Array, heard: Array, worst: Array) -> None:
    """Raise `worst` to the largest residual over anchor of each lane."""
    for i in range(now.shape[0]):
        for lane in range(LANES):
            pull = anchor[i, lane] * (innate[i, lane] - now[i, lane])
            drift = (1 - anchor[i, lane]) * (heard[i, lane] - now[i, lane])
            error = abs(pull + drift) / anchor[i, lane]
            worst[lane] = error if error > worst[lane] else worst[lane]


@kernel(fastmath=FAST, error_model="numpy")
def _enlarge(size: Array, values: Array) -> None:
    """Raise `size` to the largest of the values of each lane."""
    for i in range(values.shape[0]):
        for lane in range(LANES):
            largest = abs(values[i, lane])
            size[lane] = largest if largest > size[lane] else size[lane]


@kernel(fastmath=FAST, error_model="numpy")
def solve_lanes(
    influence: Array, anchor: Array, innate: Array, beliefs: Array
) -> tuple[float, float]:
    """Solve many small systems; returns worst residual over anchor and largest innate belief.

    `influence` (settings, agents, agents) has no diagonal, `anchor` is effective stubbornness > 0.
    """
    n_settings, n, n_options = innate.shape
    lanes, system = np.empty((n, n, LANES)), np.empty((n, n, LANES))
    held, heard = np.empty((n, LANES)), np.empty((n, LANES))
    innate_lanes, found = np.empty((n_options, n, LANES)), np.empty((n_options, n, LANES))
    worst, size = np.zeros(LANES), np.zeros(LANES)
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
            _load_rows(innate[:, :, k], first, count, innate_lanes[k])
            found[k] = held * innate_lanes[k]
        _eliminate(system, found)
        _substitute_back(system, found)
        for k in range(n_options):
            _listen(lanes, found[k], heard)
            _certify(held, innate_lanes[k], found[k], heard, worst)
            _enlarge(size, innate_lanes[k])
            for lane in range(count):
                for i in range(n):
                    beliefs[first + lane, i, k] = found[k, i, lane]
    return float(worst.max()), float(size.max())
