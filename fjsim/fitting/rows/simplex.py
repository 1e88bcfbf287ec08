"""Rows of weights on the simplex: exact least squares, and cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.compiling import kernels
from fjsim.fitting.rows import kernels as active_set
from fjsim.fitting.rows.hearing import OWN, Flags

RIDGE = 1e-10
"""Pull to the prior, relative to the largest diagonal entry, where a problem is singular."""

PIVOT = 1e-13
"""Relative pivot below which a Gram matrix counts as singular."""

CROSS_ENTROPY_GAP = 1e-9
"""Certified gap per unit of target mass at which the cross-entropy fit stops."""


@dataclass(frozen=True)
class SimplexRows:
    """Minimisers on the simplex.

    Parameters
    ----------
    rows : ndarray of shape (..., n_columns)
    singular : ndarray of bool, shape (...)
        Where the minimiser is not unique; the one nearest to the prior is given.
    """

    rows: Array
    singular: Flags


def solve_rows(
    products: Array,
    targets: Array,
    allowed: Flags | None = None,
    prior: Array | None = None,
) -> SimplexRows:
    """Minimise ``c' G c / 2 - h' c`` over the simplex, one problem per leading index.

    Parameters
    ----------
    products : ndarray of shape (..., n_columns, n_columns)
        Positive semidefinite.
    targets : ndarray of shape (..., n_columns)
    allowed : ndarray of bool, broadcastable to ``targets``, optional
        Columns that may carry weight.
    prior : ndarray broadcastable to ``targets``, optional
        Row on the simplex that decides where the data do not; default even.

    Returns
    -------
    SimplexRows

    Notes
    -----
    A primal active set with a Cholesky factor per step, exact up to rounding; O(d^4) at worst,
    d^3 usually. A singular problem is solved again with a ridge of relative size 1e-10 towards
    the prior, never towards zero.

    Examples
    --------
    >>> solve_rows(np.eye(3), np.array([1.0, 0.5, -1.0])).rows.round(2).tolist()
    [0.75, 0.25, 0.0]
    """
    shape = targets.shape
    width = shape[-1]
    usable = np.ones(shape, bool) if allowed is None else np.broadcast_to(allowed, shape)
    usable = np.ascontiguousarray(usable.reshape(-1, width))
    towards = _prior(prior, usable, shape)
    gram = np.ascontiguousarray(products.reshape(-1, width, width), dtype=float)
    aim = np.ascontiguousarray(targets.reshape(-1, width), dtype=float)
    rows = np.empty_like(aim)
    status = np.empty(len(aim), np.int64)
    solve_many = kernels(active_set, len(aim) * width**3).solve_many
    solve_many(gram, aim, usable, towards, 0.0, PIVOT, rows, status)
    again = np.flatnonzero(status != active_set.DONE)
    if len(again):
        better, settled = np.empty((len(again), width)), np.empty(len(again), np.int64)
        solve_many(
            gram[again], aim[again], usable[again], towards[again], RIDGE, 0.0, better, settled
        )
        rows[again] = better
    rows = np.maximum(rows, 0.0)
    rows /= rows.sum(axis=-1, keepdims=True)
    return SimplexRows(rows.reshape(shape), (status != active_set.DONE).reshape(shape[:-1]))


def _prior(prior: Array | None, usable: Flags, shape: tuple[int, ...]) -> Array:
    """Return the prior on the columns that exist, normalised."""
    if prior is None:
        towards = usable.astype(float)
    else:
        towards = np.broadcast_to(prior, shape).reshape(usable.shape) * usable
    total = towards.sum(axis=-1, keepdims=True)
    fallback = usable / np.maximum(usable.sum(axis=-1, keepdims=True), 1)
    return np.where(total > 0, towards / np.where(total > 0, total, 1.0), fallback)


def solve_from_rows(
    columns: Array, moved: Array, allowed: Flags, prior: Array | None = None
) -> Array:
    """Solve one ill-conditioned problem from its rows, without squaring them.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
        Regressors.
    moved : ndarray of shape (n_rows,)
        What they explain.
    allowed : ndarray of bool, shape (n_columns,)
    prior : ndarray of shape (n_columns,), optional
        Decides where the data do not; default even.

    Returns
    -------
    ndarray of shape (n_columns,)
        On the simplex.

    Notes
    -----
    On the simplex :math:`Xc - y = (X - y1^T)c`, so the problem is homogeneous: QR of
    :math:`X - y1^T`, then non-negative least squares with one row :math:`1^T c = 1`, and the
    result divided by its sum, is its exact minimiser (no penalty weight to choose).
    """
    from scipy.optimize import nnls

    where = np.flatnonzero(allowed)
    gaps = columns[:, where] - moved[:, None]
    towards = np.full(len(where), 1 / len(where))
    if prior is not None and prior[where].sum() > 0:
        towards = prior[where] / prior[where].sum()
    triangle = np.linalg.qr(gaps, mode="r")
    scale = max(float(np.abs(columns).max(initial=0.0)), 1e-150)
    pull = 1e-9 * scale * (np.eye(len(where)) - towards[:, None])
    stacked = np.vstack([triangle, pull]) / scale
    solution, _ = nnls(
        np.vstack([stacked, np.ones(len(where))]), np.append(np.zeros(len(stacked)), 1.0)
    )
    row = np.zeros(columns.shape[1])
    row[where] = solution / solution.sum() if solution.sum() > 0 else towards
    return row


def cross_entropy_row(
    columns: Array,
    observed: Array,
    allowed: Flags,
    start: Array,
    max_steps: int = 200,
) -> Array:
    r"""Minimise ``-sum(b log(X c))`` over the simplex.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
        Probabilities, >= 0.
    observed : ndarray of shape (n_rows,)
        What they predict, >= 0.
    allowed : ndarray of bool, shape (n_columns,)
    start : ndarray of shape (n_columns,)
        On the simplex; every allowed column gets some weight before the first step.
    max_steps : int, default 200
        Newton steps at most.

    Returns
    -------
    ndarray of shape (n_columns,)

    Notes
    -----
    Newton steps on the simplex, each the exact solution of its quadratic model, with
    backtracking; every step lowers the objective. Stops when
    :math:`\max_k \sum b x_k/(Xc) - \sum b`, an upper bound of the gap, is below
    `CROSS_ENTROPY_GAP` of :math:`\sum b`.
    """
    used = observed > 0
    x, y = columns[used], observed[used]
    row = 0.9 * np.where(allowed, start, 0.0) + 0.1 * allowed / max(int(allowed.sum()), 1)
    row /= row.sum()
    reachable = x[:, allowed].max(axis=1, initial=0.0) > 0
    x, y = x[reachable], y[reachable]
    for _ in range(max_steps):
        fitted = x @ row
        slope = x.T @ (y / fitted)
        if slope[allowed].max(initial=0.0) - y.sum() <= CROSS_ENTROPY_GAP * y.sum():
            break
        curved = x * (np.sqrt(y) / fitted)[:, None]
        products = curved.T @ curved
        goal = solve_rows(products, products @ row + slope, allowed, row).rows
        row = _backtrack(x, y, row, goal)
    return row


def _backtrack(x: Array, y: Array, row: Array, goal: Array) -> Array:
    """Go towards the goal as far as the objective falls."""
    before = float(y @ np.log(x @ row))
    length = 1.0
    while length > 1e-12:
        # Stay off the boundary a little, where a later row may need the column.
        trial = row + length * (goal - row)
        fitted = x @ trial
        if (fitted > 0).all() and float(y @ np.log(fitted)) > before:
            return np.asarray(trial)
        length /= 2
    return row


def closest_on_simplex(values: NDArray[np.float64]) -> Array:
    """Return the nearest point of the simplex, row by row.

    Parameters
    ----------
    values : ndarray of shape (..., n)

    Returns
    -------
    ndarray of shape (..., n)
    """
    ordered = -np.sort(-values, axis=-1)
    excess = np.cumsum(ordered, axis=-1) - 1
    counts = np.arange(1, values.shape[-1] + 1)
    last = (ordered - excess / counts > 0).sum(axis=-1, keepdims=True)
    price = np.take_along_axis(excess, last - 1, axis=-1) / last
    return np.asarray(np.maximum(values - price, 0.0))


__all__ = [
    "OWN",
    "SimplexRows",
    "closest_on_simplex",
    "cross_entropy_row",
    "solve_from_rows",
    "solve_rows",
]
