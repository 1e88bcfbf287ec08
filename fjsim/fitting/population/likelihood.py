"""How likely each stubbornness and self-weight is, pair by pair, integrated cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.compiling import compiled
from fjsim.fitting.population import kernels
from fjsim.fitting.population.pairs import Pairs

_HALF = np.array(
    [0.0, 0.002, 0.006, 0.012, 0.02, 0.032, 0.05, 0.075, 0.105, 0.14, 0.18, 0.225, 0.275, 0.33]
)
EDGES = np.concatenate([_HALF, [0.39, 0.46, 0.54, 0.61], 1 - _HALF[::-1]])
"""Ends of the cells of stubbornness, finer where populations that hold or yield pile up."""

FIXED_NODES = np.array([0.0, 0.04, 0.1, 0.2, 0.32, 0.44, 0.56, 0.68, 0.8, 0.9, 0.96, 1.0])
"""Self-weights at which every pair is looked at."""

NEAR = np.array([-5.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0])
"""Further ones around the pair's best, in standard deviations."""


@dataclass(frozen=True)
class Table:
    """Likelihood of each pair over cells of stubbornness and nodes of self-weight.

    Parameters
    ----------
    weight : ndarray of shape (n_pairs, n_nodes, n_cells)
        Mean likelihood over the cell, relative to ``scale``.
    scale : ndarray of shape (n_pairs,)
        Logarithm of what ``weight`` is relative to.
    nodes : ndarray of shape (n_pairs, n_nodes)
        Self-weights, rising.
    first, second : ndarray of shape (n_pairs, n_nodes, n_cells)
        The same times the mean of the stubbornness over the cell, and times that of its square.
    """

    weight: Array
    scale: Array
    nodes: Array
    first: Array
    second: Array


def likelihood_table(pairs: Pairs, noise: float) -> Table:
    r"""Integrate the Gaussian likelihood of every pair.

    Parameters
    ----------
    pairs : Pairs
    noise : float
        Standard deviation of one independent number around the law.

    Returns
    -------
    Table

    Notes
    -----
    Given the self-weight the error is a parabola in the stubbornness, so that the likelihood is a
    Gaussian of mean :math:`B/C` and variance :math:`\sigma^2/C`, and each cell's integral is a
    difference of two error functions: exact for a pair that the data determine to eight digits
    and for one that they say nothing about.
    """
    nodes = _nodes(pairs, noise)
    constant, slope, curve = pairs.parabola(1 - nodes)
    shape = (*nodes.shape, len(EDGES) - 1)
    weight, first, second = np.empty(shape), np.empty(shape), np.empty(shape)
    scale = np.empty(len(pairs))
    compiled(kernels).fill(constant, slope, curve, noise, EDGES, weight, first, second, scale)
    free = pairs.freedom * np.log(noise * np.sqrt(2 * np.pi))
    return Table(weight, scale - free, nodes, first, second)


def _nodes(pairs: Pairs, noise: float) -> Array:
    """Return self-weights to look at: fixed ones, and more around each pair's best."""
    best, step = _best_self_weight(pairs)
    ends = np.clip(best[:, None] + np.array([-step, 0.0, step]), 0, 1)
    errors = _least_errors(pairs, ends)
    rise = np.maximum(errors[:, [0, 2]] - errors[:, [1]], 0.0).max(axis=1) / noise**2
    spread = np.clip(step / np.sqrt(np.maximum(rise, 1e-12)), 1e-5, 0.3)
    near = np.clip(best[:, None] + NEAR * spread[:, None], 0, 1)
    fixed = np.broadcast_to(FIXED_NODES, (len(pairs), len(FIXED_NODES)))
    return np.sort(np.concatenate([fixed, near], axis=1), axis=1)


def _best_self_weight(pairs: Pairs) -> tuple[Array, float]:
    """Return the self-weight of least error, and how finely it was searched."""
    best, width = np.full(len(pairs), 0.5), 0.5
    offsets = np.linspace(-1, 1, 17)
    for _ in range(4):
        tried = np.clip(best[:, None] + width * offsets, 0, 1)
        errors = _least_errors(pairs, tried)
        best = tried[np.arange(len(pairs)), errors.argmin(axis=1)]
        width /= 6
    return best, width


def _least_errors(pairs: Pairs, self_weight: Array) -> Array:
    """Return the error at the best stubbornness in [0, 1]."""
    constant, slope, curve = pairs.parabola(1 - self_weight)
    best = np.clip(np.divide(slope, curve, out=np.zeros_like(slope), where=curve > 0), 0, 1)
    return np.asarray(constant - 2 * slope * best + curve * best**2)
