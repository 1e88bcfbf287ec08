"""Random walks that ask one agent's neighbourhood what it will think."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.compiling import kernel

Index = NDArray[np.int32]
Pointer = NDArray[np.int32]
Counts = NDArray[np.int64]


@kernel()
def _next_speaker(indptr: Pointer, indices: Index, shares: Array, i: int) -> int:
    """Draw a speaker of listener i in proportion to its share."""
    left = np.random.random()  # noqa: NPY002
    last = indptr[i + 1] - 1
    for at in range(indptr[i], last):
        left -= shares[at]
        if left < 0:
            return int(indices[at])
    return int(indices[last])


@kernel()
def absorb(
    indptr: Pointer,
    indices: Index,
    shares: Array,
    stop: Array,
    stay: Array,
    start: int,
    n_rounds: int,
    seed: int,
    ends: Counts,
    visited: NDArray[np.bool_],
) -> None:
    """Fill `ends` with where walks from `start` stop; at most `n_rounds` steps if >= 0."""
    np.random.seed(seed)  # noqa: NPY002
    for walk in range(ends.size):
        at = start
        visited[at] = True
        step = 0
        while n_rounds < 0 or step < n_rounds:
            draw = np.random.random()  # noqa: NPY002
            if draw < stop[at]:
                break
            if draw >= stop[at] + stay[at]:
                at = _next_speaker(indptr, indices, shares, at)
                visited[at] = True
            step += 1
        ends[walk] = at
