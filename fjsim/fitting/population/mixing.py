"""The population that laws are drawn from: Beta distributions of stubbornness and self-weight."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.population.likelihood import EDGES, Table

LOGIT_RANGE = 7.0
CONCENTRATION_RANGE = (np.log(0.02), np.log(3000.0))
"""Logarithms of the least and the most concentrated population."""

FINE = np.concatenate([np.geomspace(1e-6, 0.01, 60), np.linspace(0.0102, 0.9898, 1200)])
FINE = np.concatenate([[0.0], FINE, 1 - np.geomspace(1e-6, 0.01, 60)[::-1], [1.0]])
"""Self-weights at which a population is computed; in between it is interpolated."""

START = np.array([-0.5, 0.5, -0.5, 1.0])
"""Logit of the mean and log concentration, of stubbornness and of self-weight."""


@dataclass(frozen=True)
class Posterior:
    """What is known of the parameters of each pair, population and data together.

    Parameters
    ----------
    stubbornness, self_weight : ndarray of shape (n_pairs,)
        Means.
    stubbornness_square, self_weight_square : ndarray of shape (n_pairs,)
        Mean squares.
    yielded, yielded_square, innate_yielded : ndarray of shape (n_pairs,)
        Means of the weight on peers, of its square, and of its product with the stubbornness.
    log_evidence : ndarray of shape (n_pairs,)
        Logarithm of the marginal likelihood.
    """

    stubbornness: Array
    self_weight: Array
    stubbornness_square: Array
    self_weight_square: Array
    yielded: Array
    yielded_square: Array
    innate_yielded: Array
    log_evidence: Array


def cell_masses(theta: Array, nodes: Array) -> tuple[Array, Array]:
    """Return what a population puts on cells of stubbornness and around nodes of self-weight.

    Parameters
    ----------
    theta : ndarray of shape (4,)
        As `START`.
    nodes : ndarray of shape (n_pairs, n_nodes)

    Returns
    -------
    ndarray of shape (n_cells,), ndarray of shape (n_pairs, n_nodes)
    """
    from scipy.special import betainc

    middles = 0.5 * (nodes[:, 1:] + nodes[:, :-1])
    below = np.interp(middles, FINE, betainc(*_shape(theta[2], theta[3]), FINE))
    ends = np.zeros((len(nodes), 1))
    return _held(theta), np.diff(np.concatenate([ends, below, ends + 1], axis=1), axis=1)


def _held(theta: Array) -> Array:
    from scipy.special import betainc

    return np.asarray(np.diff(betainc(*_shape(theta[0], theta[1]), EDGES)))


def _shape(logit: float, concentration: float) -> tuple[float, float]:
    mean = 1 / (1 + np.exp(-np.clip(logit, -LOGIT_RANGE, LOGIT_RANGE)))
    total = np.exp(np.clip(concentration, *CONCENTRATION_RANGE))
    return float(max(mean * total, 1e-6)), float(max((1 - mean) * total, 1e-6))


def log_evidence(table: Table, theta: Array) -> Array:
    """Return the log marginal likelihood of every pair, shape (n_pairs,)."""
    held, kept = cell_masses(theta, table.nodes)
    inside = ((table.weight @ held) * kept).sum(axis=1)
    return np.asarray(table.scale + np.log(np.maximum(inside, 1e-300)))


def joint_weights(table: Table, theta: Array) -> Array:
    """Return the posterior over nodes and cells, shape (n_pairs, n_nodes, n_cells)."""
    held, kept = cell_masses(theta, table.nodes)
    joint = table.weight * kept[..., None] * held
    return np.asarray(joint / np.maximum(joint.sum(axis=(1, 2), keepdims=True), 1e-300))


def posterior(table: Table, theta: Array) -> Posterior:
    """Return the moments of every pair under a population."""
    in_cell, at_node = cell_masses(theta, table.nodes)
    node = (table.weight @ in_cell) * at_node
    held, square = (table.first @ in_cell) * at_node, (table.second @ in_cell) * at_node
    total = np.maximum(node.sum(axis=1), 1e-300)
    yielding = 1 - table.nodes

    def mean(values: Array) -> Array:
        return np.asarray(values.sum(axis=1) / total)

    return Posterior(
        stubbornness=mean(held),
        self_weight=mean(node * table.nodes),
        stubbornness_square=mean(square),
        self_weight_square=mean(node * table.nodes**2),
        yielded=mean(yielding * (node - held)),
        yielded_square=mean(yielding**2 * (node - 2 * held + square)),
        innate_yielded=mean(yielding * (held - square)),
        log_evidence=np.asarray(table.scale + np.log(total)),
    )


def fit_population(table: Table, start: Array, steps: int = 60) -> Array:
    """Maximise the marginal likelihood.

    Parameters
    ----------
    table : Table
    start : ndarray of shape (4,)
    steps : int, default 60
        Quasi-Newton steps at most.

    Returns
    -------
    ndarray of shape (4,)
    """
    from scipy.optimize import minimize

    found = minimize(
        partial(_loss_and_slope, table),
        start,
        args=(),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-LOGIT_RANGE, LOGIT_RANGE), CONCENTRATION_RANGE] * 2,
        options={"maxiter": steps, "ftol": 1e-8},
    )
    return np.asarray(found.x)


def _loss_and_slope(table: Table, theta: Array) -> tuple[float, Array]:
    """Return minus the mean log evidence and its numerical derivatives."""
    step = 1e-4
    shifted = theta + step * np.concatenate([np.zeros((1, 4)), np.eye(4)])
    masses = [cell_masses(shifted[k], table.nodes) for k in (0, 3, 4)]
    held = [masses[0][0], *(_held(shifted[k]) for k in (1, 2))]
    at_nodes = table.weight @ np.stack(held, axis=1)  # (n_pairs, n_nodes, 3)
    inside = [(at_nodes[..., k] * masses[0][1]).sum(axis=1) for k in range(3)]
    inside += [(at_nodes[..., 0] * masses[k][1]).sum(axis=1) for k in (1, 2)]
    logs = np.log(np.maximum(np.stack(inside), 1e-300)).mean(axis=1)
    return -float(logs[0] + table.scale.mean()), -(logs[1:] - logs[0]) / step
