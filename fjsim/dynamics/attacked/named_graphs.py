"""Which closed form gives a graph's takeover, if one does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.dynamics.attacked import closed_forms
from fjsim.dynamics.law.parameters import FJParameters

LARGEST = 512
"""Agents up to which a graph is compared with the named ones."""


@dataclass(frozen=True, slots=True)
class ClosedForm:
    """A formula and the mean takeover it gives.

    Parameters
    ----------
    name : str
        F1 .. F10, as in ``docs/theory.md``.
    graph : str
        The graph and the seat it holds for.
    mean : float
        Mean takeover over the benign agents at equilibrium.
    """

    name: str
    graph: str
    mean: float


def closed_form_of(parameters: FJParameters, seats: tuple[int, ...]) -> ClosedForm | None:
    """Return the closed form for adversaries in these seats, or None.

    Parameters
    ----------
    parameters : FJParameters
        Adversaries seated, trust applied; no batch.
    seats : tuple of int

    Returns
    -------
    ClosedForm or None
        None unless the benign agents are alike and the graph is a complete graph, star, ring,
        chain or wheel with an adversary where a formula holds.
    """
    n = parameters.n_agents
    benign = np.ones(n, dtype=bool)
    benign[list(seats)] = False
    kappa = parameters.resistance[benign]
    if n > LARGEST or n < 2 or np.isinf(kappa).any() or np.ptp(kappa) > 1e-12 * kappa.max():
        return None
    influence = parameters.dense_influence()
    partial = float(parameters.stubbornness[seats[0]])
    if partial < 1:
        return _partial(influence, benign, float(kappa[0]), partial)
    for recognise in (_star, _complete, _ring, _chain, _wheel):
        found = recognise(influence, seats, benign, float(kappa[0]))
        if found is not None:
            return found
    return None


def _partial(
    influence: Array, benign: NDArray[np.bool_], kappa: float, partial: float
) -> ClosedForm | None:
    n = benign.size
    if benign.sum() != n - 1 or not _same(influence, _uniform(np.ones((n, n)) - np.eye(n))):
        return None
    mean = closed_forms.partial_takeover(n - 1, kappa, partial)
    return ClosedForm("F10", "complete graph, adversary that yields a little", mean)


def _complete(
    influence: Array, seats: tuple[int, ...], benign: NDArray[np.bool_], kappa: float
) -> ClosedForm | None:
    n, m, k = benign.size, int(benign.sum()), len(seats)
    weight = float(influence[benign][:, list(seats)].sum(axis=1)[0])
    rows = np.empty((n, n))
    rows[:, ~benign] = weight / k
    rows[:, benign] = (1 - weight) / (m - 1) if m > 1 else 0.0
    np.fill_diagonal(rows, 0.0)
    if weight == 0 or not _same(influence[benign], rows[benign]):
        return None
    name = "F3" if k > 1 else "F1" if np.isclose(weight, 1 / m) else "F2"
    return ClosedForm(name, "complete graph", weight / (weight + kappa))


def _star(
    influence: Array, seats: tuple[int, ...], benign: NDArray[np.bool_], kappa: float
) -> ClosedForm | None:
    n = benign.size
    hub = int((influence > 0).sum(axis=0).argmax())
    others = np.arange(n) != hub
    leaves = others & benign
    if n < 3 or len(seats) > 1 or not _same(influence[leaves], np.eye(n)[[hub] * leaves.sum()]):
        return None
    if seats[0] == hub:
        return ClosedForm("F5", "star, adversary at the hub", closed_forms.hub_takeover(kappa))
    weight = float(influence[hub, seats[0]])
    shares = np.where(leaves, (1 - weight) / (n - 2), 0.0)
    shares[seats[0]] = weight
    if weight in (0, 1) or not _same(influence[hub], shares):
        return None
    trust = weight * (n - 2) / (1 - weight)
    at_hub, at_leaf = closed_forms.leaf_takeover(n - 1, kappa, trust)
    mean = (at_hub + (n - 2) * at_leaf) / (n - 1)
    return ClosedForm("F6", "star, adversary at a leaf", float(mean))


def _ring(
    influence: Array, seats: tuple[int, ...], benign: NDArray[np.bool_], kappa: float
) -> ClosedForm | None:
    n = benign.size
    ring = np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)
    if n < 3 or len(seats) > 1 or not _same(influence[benign], _uniform(ring)[benign]):
        return None
    return ClosedForm("F7", "ring", float(closed_forms.ring_takeover(n, kappa).mean()))


def _chain(
    influence: Array, seats: tuple[int, ...], benign: NDArray[np.bool_], kappa: float
) -> ClosedForm | None:
    n = benign.size
    chain = np.eye(n, k=1) + np.eye(n, k=-1)
    at_end = len(seats) == 1 and seats[0] in (0, n - 1)
    if not at_end or not _same(influence[benign], _uniform(chain)[benign]):
        return None
    mean = float(closed_forms.chain_takeover(n, kappa).mean())
    return ClosedForm("F8", "chain, adversary at the end", mean)


def _wheel(
    influence: Array, seats: tuple[int, ...], benign: NDArray[np.bool_], kappa: float
) -> ClosedForm | None:
    n = benign.size
    if n < 4 or len(seats) > 1:
        return None
    rim = np.flatnonzero(benign)
    wheel = np.zeros((n, n))
    wheel[rim, seats[0]] = 1.0
    wheel[rim, np.roll(rim, 1)] = 1.0
    wheel[rim, np.roll(rim, -1)] = 1.0
    if not _same(influence[benign], _uniform(wheel)[benign]):
        return None
    return ClosedForm("F9", "wheel, adversary at the hub", closed_forms.wheel_takeover(kappa))


def _uniform(adjacency: Array) -> Array:
    total = adjacency.sum(axis=1, keepdims=True)
    return adjacency / np.where(total > 0, total, 1.0)


def _same(given: Array, named: Array) -> bool:
    return bool(np.allclose(given, named, rtol=0, atol=1e-12))
