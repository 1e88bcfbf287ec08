"""The only compiled code of the fit: least squares on the simplex by an active set."""

from __future__ import annotations

from typing import Any

import numpy as np

from fjsim.compiling import kernel

_compile: Any = kernel(error_model="numpy")

DONE = 0
SINGULAR = 1
UNSETTLED = 2


@_compile
def _factor(matrix, free, size, lower, least):  # type: ignore[no-untyped-def]
    """Cholesky factor of the free block; False where a pivot vanishes."""
    for row in range(size):
        for column in range(row + 1):
            entry = matrix[free[row], free[column]]
            for k in range(column):
                entry -= lower[row, k] * lower[column, k]
            if row == column:
                if entry <= least:
                    return False
                lower[row, row] = np.sqrt(entry)
            else:
                lower[row, column] = entry / lower[column, column]
    return True


@_compile
def _minimise(matrix, target, free, size, lower, first, second):  # type: ignore[no-untyped-def]
    """Minimise over the free entries with their sum held at 1; the result stands in ``first``."""
    for row in range(size):
        one, other = target[free[row]], 1.0
        for k in range(row):
            one -= lower[row, k] * first[k]
            other -= lower[row, k] * second[k]
        first[row] = one / lower[row, row]
        second[row] = other / lower[row, row]
    total, unit = 0.0, 0.0
    for row in range(size - 1, -1, -1):
        one, other = first[row], second[row]
        for k in range(row + 1, size):
            one -= lower[k, row] * first[k]
            other -= lower[k, row] * second[k]
        first[row] = one / lower[row, row]
        second[row] = other / lower[row, row]
        total += first[row]
        unit += second[row]
    price = (1.0 - total) / unit
    for row in range(size):
        first[row] += price * second[row]


@_compile
def _solve(matrix, target, allowed, least, result, free, is_free, lower, first, second):  # type: ignore[no-untyped-def]  # noqa: C901
    """Solve one problem; see `solve_many`."""
    width = target.size
    size = 0
    for k in range(width):
        result[k] = 0.0
        is_free[k] = allowed[k]
        if allowed[k]:
            free[size] = k
            size += 1
    # Throw out what comes out negative, all at once, until a feasible point is found.
    while True:
        if not _factor(matrix, free, size, lower, least):
            return SINGULAR
        _minimise(matrix, target, free, size, lower, first, second)
        kept = 0
        for row in range(size):
            if first[row] > 0.0:
                free[kept] = free[row]
                first[kept] = first[row]
                kept += 1
            else:
                is_free[free[row]] = False
        if kept == size:
            break
        size = kept
    for row in range(size):
        result[free[row]] = first[row]
    scale = 0.0
    for k in range(width):
        scale = max(scale, abs(matrix[k, k]))
    tolerance = 1e-13 * scale
    for _ in range(20 * width):
        price = 0.0
        for row in range(size):
            slope = -target[free[row]]
            for k in range(size):
                slope += matrix[free[row], free[k]] * result[free[k]]
            price += slope / size
        best, entering = -tolerance, -1
        for k in range(width):
            if allowed[k] and not is_free[k]:
                slope = -target[k] - price
                for row in range(size):
                    slope += matrix[k, free[row]] * result[free[row]]
                if slope < best:
                    best, entering = slope, k
        if entering < 0:
            return DONE
        is_free[entering] = True
        free[size] = entering
        size += 1
        while True:
            if not _factor(matrix, free, size, lower, least):
                return SINGULAR
            _minimise(matrix, target, free, size, lower, first, second)
            length, leaving = 1.0, -1
            for row in range(size):
                if first[row] <= 0.0:
                    gap = result[free[row]] - first[row]
                    share = result[free[row]] / gap if gap > 0.0 else 0.0
                    if share < length or leaving < 0:
                        length, leaving = share, row
            if leaving < 0:
                for row in range(size):
                    result[free[row]] = first[row]
                break
            for row in range(size):
                result[free[row]] += length * (first[row] - result[free[row]])
            result[free[leaving]] = 0.0
            is_free[free[leaving]] = False
            for row in range(leaving, size - 1):
                free[row] = free[row + 1]
            size -= 1
    return UNSETTLED


@_compile
def solve_many(products, targets, allowed, prior, ridge, pivot, rows, status):  # type: ignore[no-untyped-def]
    """Minimise ``c' G c / 2 - h' c`` on the simplex for many small problems.

    Parameters
    ----------
    products : ndarray of shape (n, d, d)
    targets : ndarray of shape (n, d)
    allowed : ndarray of bool, shape (n, d)
    prior : ndarray of shape (n, d)
        Where the ridge pulls to.
    ridge : float
        Relative to the largest diagonal entry; 0 for the plain problem.
    pivot : float
        Relative size below which a pivot counts as zero.
    rows : ndarray of shape (n, d)
        Filled with the minimisers.
    status : ndarray of int, shape (n,)
        Filled with `DONE`, `SINGULAR` or `UNSETTLED`.

    Notes
    -----
    Adding a constant to every entry of G changes nothing on the simplex and makes the plain
    problem positive definite whenever its minimiser is unique.
    """
    count, width = targets.shape
    matrix, target = np.empty((width, width)), np.empty(width)
    free, is_free = np.empty(width, np.int64), np.empty(width, np.bool_)
    lower = np.empty((width, width))
    first, second = np.empty(width), np.empty(width)
    for at in range(count):
        scale = 0.0
        for k in range(width):
            if allowed[at, k]:
                scale = max(scale, products[at, k, k])
        if scale <= 0.0:
            for k in range(width):
                rows[at, k] = prior[at, k]
            status[at] = SINGULAR
            continue
        for k in range(width):
            target[k] = targets[at, k] + ridge * scale * prior[at, k]
            for m in range(width):
                matrix[k, m] = products[at, k, m] + scale
            matrix[k, k] += ridge * scale
        status[at] = _solve(
            matrix, target, allowed[at], pivot * scale, rows[at],
            free, is_free, lower, first, second,
        )  # fmt: skip
