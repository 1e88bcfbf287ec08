"""Passes over a network's rows, fused so that each vector is read once.

Rows are compressed: the speakers of listener ``i`` are ``indices[indptr[i]:indptr[i + 1]]``. An
empty `weights` means that all speakers count alike. `row` is the factor on the summed speakers,
0 for who is fixed.

No fast-math here: it turns the sums into vector gathers, which take twice as long.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.compiling import kernel
from fjsim.dynamics.equilibria.rounding import SPARSE

Index = NDArray[np.uint32]
Pointer = NDArray[np.int64]


@kernel(error_model="numpy", inline="always")
def _heard(indptr: Pointer, indices: Index, weights: Array, beliefs: Array, i: int) -> float:
    """Sum what listener i hears."""
    total = 0.0
    if weights.size == 0:
        for at in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
            total += beliefs[indices[at]]
    else:
        for at in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
            total += weights[at] * beliefs[indices[at]]
    return total


@kernel(error_model="numpy", inline="always")
def _heard_closely(
    indptr: Pointer, indices: Index, weights: Array, beliefs: Array, i: int
) -> float:
    """Sum what listener i hears so that no error grows with its speakers.

    Eight of them are summed as they come, which costs nothing, and the sums with compensation.
    """
    total, lost = 0.0, 0.0
    first, last = np.uint64(indptr[i]), np.uint64(indptr[i + 1])
    while first < last:
        until = min(first + np.uint64(8), last)
        part = 0.0
        if weights.size == 0:
            for at in range(first, until):
                part += beliefs[indices[at]]
        else:
            for at in range(first, until):
                part += weights[at] * beliefs[indices[at]]
        after = total + part
        taken = after - total
        lost += (total - (after - taken)) + (part - taken)
        total = after
        first = until
    return total + lost


@kernel(error_model="numpy")
def row_sums(indptr: Pointer, weights: Array, totals: Array) -> None:
    """Fill `totals` with each row's summed weights, with compensation."""
    for i in range(totals.size):
        total, lost = 0.0, 0.0
        for at in range(indptr[i], indptr[i + 1]):
            after = total + weights[at]
            taken = after - total
            lost += (total - (after - taken)) + (weights[at] - taken)
            total = after
        totals[i] = total + lost


@kernel(error_model="numpy")
def residual(
    indptr: Pointer,
    indices: Index,
    weights: Array,
    row: Array,
    anchor: Array,
    innate: Array,
    scale: Array,
    beliefs: Array,
    left: Array,
) -> tuple[float, float]:
    """Fill `left` with the fixed-point residual; returns the certified error, rounding's part.

    NaN if a belief is.
    """
    size = 0.0
    for i in range(row.size):
        size = max(size, abs(beliefs[i]), abs(innate[i]))
    lost = SPARSE * size
    worst, least, total = 0.0, np.inf, 0.0
    for i in range(row.size):
        change = anchor[i] * innate[i] - beliefs[i]
        if row[i] != 0.0:
            change += row[i] * _heard_closely(indptr, indices, weights, beliefs, i)
        left[i] = change
        total += change
        worst = max(worst, (abs(change) + lost) / scale[i])
        least = min(least, scale[i])
    if np.isnan(total):
        return np.nan, np.nan
    return worst, lost / least


@kernel(error_model="numpy")
def apply_system(
    indptr: Pointer,
    indices: Index,
    weights: Array,
    row: Array,
    metric: Array,
    direction: Array,
    left: Array,
    image: Array,
) -> tuple[float, float, float]:
    """Fill `image` with the system times `direction`; returns three inner products with it."""
    with_direction = 0.0
    with_left = 0.0
    with_itself = 0.0
    for i in range(row.size):
        value = direction[i]
        if row[i] != 0.0:
            value -= row[i] * _heard(indptr, indices, weights, direction, i)
        image[i] = value
        weighted = metric[i] * value
        with_direction += weighted * direction[i]
        with_left += weighted * left[i]
        with_itself += weighted * value
    return with_direction, with_left, with_itself


@kernel(error_model="numpy")
def conjugate_step(
    length: float,
    turn: float,
    metric: Array,
    scale: Array,
    beliefs: Array,
    left: Array,
    direction: Array,
    image: Array,
) -> tuple[float, float]:
    """Move, update the residual and turn the direction; returns its square and the bound."""
    square = 0.0
    worst = 0.0
    for i in range(beliefs.size):
        beliefs[i] += length * direction[i]
        rest = left[i] - length * image[i]
        left[i] = rest
        square += metric[i] * rest * rest
        worst = max(worst, abs(rest) / scale[i])
        direction[i] = rest + turn * direction[i]
    return square, worst


@kernel(error_model="numpy")
def apply_directed(
    indptr: Pointer,
    indices: Index,
    weights: Array,
    row: Array,
    direction: Array,
    probe: Array,
    image: Array,
) -> tuple[float, float]:
    """Fill `image` with the system times `direction`; returns image.probe and image.image."""
    with_probe = 0.0
    with_itself = 0.0
    for i in range(row.size):
        value = direction[i]
        if row[i] != 0.0:
            value -= row[i] * _heard(indptr, indices, weights, direction, i)
        image[i] = value
        with_probe += value * probe[i]
        with_itself += value * value
    return with_probe, with_itself


@kernel(error_model="numpy")
def stabilised_step(
    along: float,
    across: float,
    shadow: Array,
    scale: Array,
    beliefs: Array,
    left: Array,
    direction: Array,
    image: Array,
) -> tuple[float, float]:
    """Finish a BiCGSTAB iteration; returns the new residual's product with the shadow, bound."""
    product = 0.0
    worst = 0.0
    for i in range(beliefs.size):
        beliefs[i] += along * direction[i] + across * left[i]
        rest = left[i] - across * image[i]
        left[i] = rest
        product += rest * shadow[i]
        worst = max(worst, abs(rest) / scale[i])
    return product, worst


@kernel(error_model="numpy")
def combine(left: Array, turn: float, across: float, image: Array, direction: Array) -> None:
    """Turn the BiCGSTAB direction in place."""
    for i in range(direction.size):
        direction[i] = left[i] + turn * (direction[i] - across * image[i])


@kernel(error_model="numpy")
def shrink(left: Array, along: float, image: Array) -> None:
    """Take a multiple of `image` off `left` in place."""
    for i in range(left.size):
        left[i] -= along * image[i]


@kernel(error_model="numpy")
def sweep(
    indptr: Pointer,
    indices: Index,
    weights: Array,
    row: Array,
    anchor: Array,
    innate: Array,
    scale: Array,
    beliefs: Array,
) -> float:
    """One Gauss-Seidel sweep in place; returns the largest change over scale."""
    worst = 0.0
    for i in range(row.size):
        if row[i] != 0.0:
            heard = _heard(indptr, indices, weights, beliefs, i)
            change = anchor[i] * innate[i] + row[i] * heard - beliefs[i]
            beliefs[i] += change
            worst = max(worst, abs(change) / scale[i])
    return worst


@kernel(error_model="numpy")
def _mix(value: np.uint64) -> np.uint64:
    """Scramble 64 bits (splitmix64)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@kernel(error_model="numpy")
def asymmetry(indptr: Pointer, indices: Index) -> np.uint64:
    """Return 0 if the pattern is symmetric; otherwise a hash, 0 with probability 2^-64."""
    total = np.uint64(0)
    golden = np.uint64(0x9E3779B97F4A7C15)
    for i in range(indptr.size - 1):
        here = _mix(np.uint64(i + 1) * golden)
        here_again = _mix(here + golden)
        for at in range(indptr[i], indptr[i + 1]):
            there = _mix((np.uint64(indices[at]) + np.uint64(1)) * golden)
            total += here * _mix(there + golden) - there * here_again
    return total


@kernel(error_model="numpy")
def has_even_rows(indptr: Pointer, weights: Array) -> bool:
    """Say whether all speakers of each listener have one weight, to the last two digits."""
    for i in range(indptr.size - 1):
        for at in range(indptr[i] + 1, indptr[i + 1]):
            if abs(weights[at] - weights[indptr[i]]) > 4.5e-16 * weights[at]:
                return False
    return True


@kernel(error_model="numpy")
def _share(indptr: Pointer, indices: Index, weights: Array, listener: int, speaker: int) -> float:
    """Look a weight up in a sorted row; 0 where there is none."""
    low, high = indptr[listener], indptr[listener + 1]
    while low < high:
        middle = (low + high) // 2
        if indices[middle] < speaker:
            low = middle + 1
        else:
            high = middle
    if low < indptr[listener + 1] and indices[low] == speaker:
        return float(weights[low])
    return 0.0


@kernel(error_model="numpy")
def balance(indptr: Pointer, indices: Index, weights: Array, strength: Array) -> bool:
    """Find strengths with strength_i w_ij = strength_j w_ji along a spanning forest.

    False where a listener is not heard back, or an edge off the forest disagrees.
    """
    n = strength.size
    queue = np.empty(n, dtype=np.uint32)
    strength[:] = 0.0
    for root in range(n):
        if strength[root] != 0.0:
            continue
        strength[root] = 1.0
        queue[0] = root
        head, tail = 0, 1
        while head < tail:
            i = np.int64(queue[head])
            head += 1
            for at in range(indptr[i], indptr[i + 1]):
                j = np.int64(indices[at])
                if strength[j] == 0.0:
                    back = _share(indptr, indices, weights, int(j), int(i))
                    if back == 0.0:
                        return False
                    strength[j] = strength[i] * weights[at] / back
                    # Beyond this the metric would drown in rounding.
                    if not 1e-100 < strength[j] < 1e100:
                        return False
                    queue[tail] = j
                    tail += 1
    return _is_balanced(indptr, indices, weights, strength)


@kernel(error_model="numpy")
def _is_balanced(indptr: Pointer, indices: Index, weights: Array, strength: Array) -> bool:
    """Check every edge against the one back."""
    for i in range(strength.size):
        for at in range(indptr[i], indptr[i + 1]):
            j = np.int64(indices[at])
            back = strength[j] * _share(indptr, indices, weights, int(j), int(i))
            if abs(strength[i] * weights[at] - back) > 1e-9 * back:
                return False
    return True


@kernel(error_model="numpy")
def summed_gap(
    indptr: Pointer, indices: Index, weights: Array, strength: Array, beliefs: Array
) -> float:
    """Sum the squared gaps to each listener's speakers, weighted by its shares."""
    total = 0.0
    for i in range(strength.size):
        row = 0.0
        for at in range(indptr[i], indptr[i + 1]):
            gap = beliefs[indices[at]] - beliefs[i]
            row += gap * gap * (1.0 if weights.size == 0 else weights[at])
        if row > 0:
            total += row / strength[i]
    return total


@kernel(error_model="numpy")
def squared(metric: Array, left: Array) -> float:
    """Return the square of a residual in a metric, without a vector in between."""
    total = 0.0
    for i in range(left.size):
        total += metric[i] * left[i] * left[i]
    return total
