"""Edge lists: text to numbers, numbers to compressed rows, and growing a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.compiling import kernel

Index = NDArray[np.uint32]
Pointer = NDArray[np.int64]
Bytes = NDArray[np.uint8]

NEWLINE, RETURN, TAB, SPACE, COMMA, SEMICOLON = 10, 13, 9, 32, 44, 59
HASH, PERCENT, PLUS, MINUS, POINT, ZERO, NINE = 35, 37, 43, 45, 46, 48, 57
LARGEST = 2**62


@kernel()
def _skip_blanks(text: Bytes, at: int, end: int) -> int:
    while at < end and (text[at] == SPACE or text[at] == TAB or text[at] == RETURN):
        at += 1
    return at


@kernel()
def _skip_separator(text: Bytes, at: int, end: int) -> int:
    """Pass blanks and at most one comma or semicolon; -1 where nothing separates."""
    start = at
    at = _skip_blanks(text, at, end)
    if at < end and (text[at] == COMMA or text[at] == SEMICOLON):
        return _skip_blanks(text, at + 1, end)
    return at if at > start else -1


@kernel()
def _read_node(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return a whole number and where it ends; -1 where there is none."""
    value = 0
    start = at
    while at < end and ZERO <= text[at] <= NINE:
        value = value * 10 + (int(text[at]) - ZERO)
        if value > LARGEST:
            return -1, at
        at += 1
    return (value, at) if at > start else (-1, at)


@kernel()
def _read_exponent(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return a power of ten and where it ends; an end of -1 where it is broken."""
    negative = at < end and text[at] == MINUS
    if at < end and (text[at] == MINUS or text[at] == PLUS):
        at += 1
    power, after = _read_node(text, at, end)
    if power < 0 or power > 400:
        return 0, -1
    return (-power if negative else power), after


@kernel()
def _read_weight(text: Bytes, at: int, end: int) -> tuple[float, int]:
    """Return a decimal number >= 0 and where it ends; an end of -1 where there is none."""
    value = 0.0
    digits = 0
    power = 0
    after_point = False
    while at < end and (ZERO <= text[at] <= NINE or (text[at] == POINT and not after_point)):
        if text[at] == POINT:
            after_point = True
        else:
            value = value * 10 + (int(text[at]) - ZERO)
            digits += 1
            power -= 1 if after_point else 0
        at += 1
    if digits == 0:
        return 0.0, -1
    if at < end and (text[at] == 101 or text[at] == 69):
        extra, at = _read_exponent(text, at + 1, end)
        power += extra
    if power > 308:
        return (np.inf if value > 0 else 0.0), at
    return value * 10.0 ** float(power), at


@kernel()
def _read_line(text: Bytes, at: int, end: int) -> tuple[int, int, float, int]:
    """Read two nodes and perhaps a weight (-1 if none); the last item is False if broken."""
    first, at = _read_node(text, at, end)
    at = _skip_separator(text, at, end) if first >= 0 else -1
    if at < 0:
        return 0, 0, 0.0, 0
    second, at = _read_node(text, at, end)
    if second < 0:
        return 0, 0, 0.0, 0
    if _skip_blanks(text, at, end) == end:
        return first, second, -1.0, 1
    at = _skip_separator(text, at, end)
    if at < 0:
        return 0, 0, 0.0, 0
    weight, at = _read_weight(text, at, end)
    if at < 0 or _skip_blanks(text, at, end) != end or not np.isfinite(weight):
        return 0, 0, 0.0, 0
    return first, second, weight, 1


@kernel()
def parse(text: Bytes, first: Pointer, second: Pointer, weights: Array) -> tuple[int, int, int]:
    """Read complete lines; returns edges read, lines read, and the broken line's number or -1.

    A line without a weight has weight -1.
    """
    n_edges = 0
    n_lines = 0
    start = 0
    while start < text.size:
        end = start
        while end < text.size and text[end] != NEWLINE:
            end += 1
        at = _skip_blanks(text, start, end)
        if at < end and text[at] != HASH and text[at] != PERCENT:
            one, two, weight, whole = _read_line(text, at, end)
            if whole == 0:
                return n_edges, n_lines, n_lines
            first[n_edges], second[n_edges], weights[n_edges] = one, two, weight
            n_edges += 1
        n_lines += 1
        start = end + 1
    return n_edges, n_lines, -1


@kernel()
def count_rows(listeners: Index, speakers: Index, both_ways: bool, indptr: Pointer) -> None:
    """Turn edges into row starts, self-loops left out; `indptr` starts as zeros."""
    for at in range(listeners.size):
        i, j = listeners[at], speakers[at]
        if i != j:
            indptr[i + 1] += 1
            if both_ways:
                indptr[j + 1] += 1
    for i in range(1, indptr.size):
        indptr[i] += indptr[i - 1]


@kernel()
def fill_rows(
    listeners: Index,
    speakers: Index,
    given: Array,
    both_ways: bool,
    cursor: Pointer,
    indices: Index,
    weights: Array,
) -> None:
    """Put every speaker into its listener's row; empty `given` means no weights."""
    weighted = given.size > 0
    for at in range(listeners.size):
        i, j = listeners[at], speakers[at]
        if i == j:
            continue
        indices[cursor[i]] = j
        if weighted:
            weights[cursor[i]] = given[at]
        cursor[i] += 1
        if both_ways:
            indices[cursor[j]] = i
            if weighted:
                weights[cursor[j]] = given[at]
            cursor[j] += 1


@kernel()
def _swap(indices: Index, weights: Array, one: int, other: int) -> None:
    indices[one], indices[other] = indices[other], indices[one]
    if weights.size > 0:
        weights[one], weights[other] = weights[other], weights[one]


@kernel()
def _sift(indices: Index, weights: Array, low: int, root: int, size: int) -> None:
    """Let an entry of a heap, which begins at `low`, sink below all larger ones."""
    while 2 * root + 1 < size:
        child = 2 * root + 1
        if child + 1 < size and indices[low + child] < indices[low + child + 1]:
            child += 1
        if indices[low + root] >= indices[low + child]:
            return
        _swap(indices, weights, low + root, low + child)
        root = child


@kernel()
def _sort_row(indices: Index, weights: Array, low: int, high: int) -> None:
    """Sort a row by speaker: by insertion where short, else by a heap."""
    weighted = weights.size > 0
    if high - low > 48:
        for root in range((high - low) // 2 - 1, -1, -1):
            _sift(indices, weights, low, root, high - low)
        for size in range(high - low - 1, 0, -1):
            _swap(indices, weights, low, low + size)
            _sift(indices, weights, low, 0, size)
        return
    for at in range(low + 1, high):
        speaker = indices[at]
        weight = weights[at] if weighted else 0.0
        free = at
        while free > low and indices[free - 1] > speaker:
            indices[free] = indices[free - 1]
            if weighted:
                weights[free] = weights[free - 1]
            free -= 1
        indices[free] = speaker
        if weighted:
            weights[free] = weight


@kernel()
def tidy_rows(indptr: Pointer, indices: Index, weights: Array) -> int:
    """Sort rows and merge repeated speakers in place; returns how many entries are left.

    Weights of repeated speakers add up; entries of weight 0 go.
    """
    weighted = weights.size > 0
    left = 0
    low = indptr[0]
    for i in range(indptr.size - 1):
        high = indptr[i + 1]
        _sort_row(indices, weights, low, high)
        row = left
        for at in range(low, high):
            if weighted and weights[at] == 0.0:
                continue
            if left > row and indices[left - 1] == indices[at]:
                if weighted:
                    weights[left - 1] += weights[at]
                continue
            indices[left] = indices[at]
            if weighted:
                weights[left] = weights[at]
            left += 1
        low = high
        indptr[i + 1] = left
    return left


@kernel()
def attach_preferentially(n_new: int, seed: int, ends: Index) -> None:
    """Fill `ends` (pairs) so that every agent joins `n_new` distinct earlier ones by degree."""
    np.random.seed(seed)  # noqa: NPY002
    at = 0
    # A seed clique, so that the first newcomer has enough distinct agents to join.
    for i in range(1, n_new + 1):
        for j in range(i):
            ends[at], ends[at + 1] = i, j
            at += 2
    newcomer = n_new + 1
    chosen = np.empty(n_new, dtype=np.uint32)
    while at < ends.size:
        known = at
        for k in range(n_new):
            while True:
                pick = ends[np.random.randint(0, known)]  # noqa: NPY002
                if not (chosen[:k] == pick).any():
                    break
            chosen[k] = pick
        for k in range(n_new):
            ends[at], ends[at + 1] = newcomer, chosen[k]
            at += 2
        newcomer += 1
