"""Iterative solvers for one large system, stopped by a certificate and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fjsim import compiling
from fjsim.beliefs import Array
from fjsim.dynamics.kernels import readonly
from fjsim.dynamics.networks.network import System

Rows = tuple[NDArray[np.int64], NDArray[np.uint32], Array, Array]
Progress = Callable[[int, float], None]

MOST_ITERATIONS = 20_000
"""Iterations after which a solver gives up."""

RESTARTS = 4
"""How often a solver starts again from a residual computed afresh."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What a solver found.

    Parameters
    ----------
    beliefs : ndarray of shape (n_agents,)
    bound : float
        Certified error: the true residual and its rounding over the scale, at their worst.
    iterations : int
    """

    beliefs: Array
    bound: float
    iterations: int


def start_near_mean(system: System, innate: Array) -> Array:
    """Return a first guess: everyone between its innate belief and a common mean.

    Parameters
    ----------
    system : System
    innate : ndarray of shape (n_agents,)

    Returns
    -------
    ndarray of shape (n_agents,)

    Notes
    -----
    For a symmetric system the mean is the one that makes the residual orthogonal to constants.
    """
    free = system.row > 0
    weight = np.where(free, system.anchor, 0.0)
    if system.metric is not None:
        weight *= system.metric
    total = float(weight.sum())
    mean = float(weight @ innate) / total if total > 0 else float(innate.mean())
    np.subtract(innate, mean, out=weight)
    weight *= system.anchor
    weight += mean
    return weight


def _inputs(
    system: System, anchor: Array, innate: Array, scale: Array
) -> tuple[Rows, Array, Array, Array]:
    """Return what the kernels only read, in the one kind they are compiled for."""
    rows = (
        readonly(system.indptr),
        readonly(system.indices),
        readonly(system.weights),
        readonly(system.row),
    )
    return rows, readonly(anchor), readonly(innate), readonly(scale)


def _kernels(system: System) -> Any:
    """Return the kernels, compiled unless a hundred passes over a system are soon done."""
    from fjsim.dynamics.kernels import network

    return compiling.kernels(network, 100 * (system.indices.size + system.row.size))


def _goal(tolerance: float, rounding: float) -> float:
    """Return how small residuals over scale must become, so that rounding has its share too."""
    return max(0.98 * tolerance - rounding, rounding / 8)


def residual_of(system: System, anchor: Array, innate: Array, beliefs: Array) -> Array:
    """Return the fixed-point residual of some beliefs.

    Parameters
    ----------
    system : System
    anchor, innate : ndarray of shape (n_agents,)
        Right-hand side: effective stubbornness times innate belief.
    beliefs : ndarray of shape (n_agents,)

    Returns
    -------
    ndarray of shape (n_agents,)
    """
    kernels = _kernels(system)
    rows, anchor, innate, scale = _inputs(system, anchor, innate, anchor)
    left = np.empty_like(beliefs)
    kernels.residual(*rows, anchor, innate, scale, beliefs, left)
    return left


def conjugate_gradients(
    system: System,
    anchor: Array,
    innate: Array,
    start: Array,
    scale: Array,
    tolerance: float,
    progress: Progress | None = None,
) -> Solution:
    r"""Solve a symmetrisable system; `start` is overwritten.

    Parameters
    ----------
    system : System
        With a metric.
    anchor, innate : ndarray of shape (n_agents,)
        Right-hand side: effective stubbornness times innate belief.
    start : ndarray of shape (n_agents,)
        First guess; holds the beliefs afterwards.
    scale : ndarray of shape (n_agents,)
        The certified error is the largest residual over scale.
    tolerance : float
        Certified error to reach.
    progress : callable, optional
        Called with the iteration and the bound.

    Returns
    -------
    Solution
        Its bound may exceed the tolerance where rounding does not allow better.

    Notes
    -----
    Jacobi-preconditioned conjugate gradients on :math:`D/(I-E) - A`, written for the row
    residual, so that the certificate costs nothing. One pass over the edges and one over the
    vectors per iteration; four vectors.
    """
    kernels = _kernels(system)
    rows, anchor, innate, scale = _inputs(system, anchor, innate, scale)
    metric: Any = readonly(system.metric) if system.metric is not None else None
    left, image = np.empty_like(start), np.empty_like(start)
    bound, done = np.inf, 0
    for _ in range(RESTARTS):
        before = bound
        bound, rounding = kernels.residual(*rows, anchor, innate, scale, start, left)
        if bound <= tolerance or bound > before / 2 or done >= MOST_ITERATIONS:
            break
        direction = left.copy()
        square = kernels.squared(metric, left)
        reached, goal = bound, _goal(tolerance, rounding)
        while reached > goal and done < MOST_ITERATIONS and square > 0:
            along, slope, curve = kernels.apply_system(*rows, metric, direction, left, image)
            length = square / along
            expected = max(square - 2 * length * slope + length**2 * curve, 0.0)
            square, reached = kernels.conjugate_step(
                length, expected / square, metric, scale, start, left, direction, image
            )
            done += 1
            if progress is not None:
                progress(done, reached)
    return Solution(start, bound, done)


def stabilised_gradients(
    system: System,
    anchor: Array,
    innate: Array,
    start: Array,
    scale: Array,
    tolerance: float,
    progress: Progress | None = None,
) -> Solution:
    """Solve any system by BiCGSTAB; parameters and result as for `conjugate_gradients`.

    Parameters
    ----------
    system, anchor, innate, start, scale, tolerance, progress
        As there; the metric is not used.

    Returns
    -------
    Solution
        Ends early, above the tolerance, where the method breaks down.
    """
    kernels = _kernels(system)
    rows, anchor, innate, scale = _inputs(system, anchor, innate, scale)
    left, image, second = np.empty_like(start), np.empty_like(start), np.empty_like(start)
    bound, done = np.inf, 0
    for _ in range(RESTARTS):
        before = bound
        bound, rounding = kernels.residual(*rows, anchor, innate, scale, start, left)
        if bound <= tolerance or bound > before / 2 or done >= MOST_ITERATIONS:
            break
        shadow, direction = left.copy(), left.copy()
        product, reached, goal = float(left @ left), bound, _goal(tolerance, rounding)
        while reached > goal and done < MOST_ITERATIONS:
            along, _ = kernels.apply_directed(*rows, direction, shadow, image)
            if along == 0:
                break
            length = product / along
            kernels.shrink(left, length, image)
            slope, curve = kernels.apply_directed(*rows, left, left, second)
            across = slope / curve if curve > 0 else 0.0
            following, reached = kernels.stabilised_step(
                length, across, shadow, scale, start, left, direction, second
            )
            done += 1
            if progress is not None:
                progress(done, reached)
            if across == 0 or product == 0:
                break
            kernels.combine(left, following / product * length / across, across, image, direction)
            product = following
    return Solution(start, bound, done)


def gauss_seidel(
    system: System,
    anchor: Array,
    innate: Array,
    start: Array,
    scale: Array,
    tolerance: float,
    progress: Progress | None = None,
) -> Solution:
    """Sweep through the agents in turn; parameters and result as for `conjugate_gradients`.

    Parameters
    ----------
    system, anchor, innate, start, scale, tolerance, progress
        As there; the metric is not used.

    Returns
    -------
    Solution
        Cannot break down: every sweep brings the beliefs closer.
    """
    kernels = _kernels(system)
    rows, anchor, innate, scale = _inputs(system, anchor, innate, scale)
    left = np.empty_like(start)
    bound, done = np.inf, 0
    for _ in range(RESTARTS):
        before = bound
        bound, rounding = kernels.residual(*rows, anchor, innate, scale, start, left)
        if bound <= tolerance or bound > before / 2 or done >= MOST_ITERATIONS:
            break
        reached, goal = bound, _goal(tolerance, rounding)
        # The change of the last sweep is an estimate; the residual above decides.
        while reached > goal / 2 and done < MOST_ITERATIONS:
            reached = kernels.sweep(*rows, anchor, innate, scale, start)
            done += 1
            if progress is not None:
                progress(done, reached)
    return Solution(start, bound, done)
