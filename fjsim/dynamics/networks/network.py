"""Large networks: rows of speakers without a full matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fjsim.beliefs import Array
from fjsim.compiling import kernels
from fjsim.dynamics.kernels import readonly
from fjsim.dynamics.law.graphs import normalise_rows
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.errors import ParameterError

if TYPE_CHECKING:
    from scipy import sparse


Index = NDArray[np.uint32]
Pointer = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Who hears whom in compressed rows: 4 bytes per unweighted entry.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_agents + 1,)
        Where each listener's row starts.
    indices : ndarray of uint32, shape (n_entries,)
        Speakers, sorted within a row, self-loops not among them.
    weights : ndarray of shape (n_entries,) or None
        How much each speaker counts, > 0; None if all alike.
    loops : ndarray of shape (n_agents,) or None
        Weight of each agent's self-loop, on the scale of `weights`.
    undirected : bool
        Whether influence is symmetric before rows are normalised: each listener weighs its speaker
        as the speaker weighs it.
    """

    indptr: Pointer
    indices: Index
    weights: Array | None = None
    loops: Array | None = None
    undirected: bool = False

    @property
    def n_agents(self) -> int:
        """How many agents there are."""
        return self.indptr.size - 1

    @property
    def n_edges(self) -> int:
        """How many edges: undirected ones count once, self-loops once each."""
        loops = 0 if self.loops is None else int(np.count_nonzero(self.loops))
        return (self.indices.size // 2 if self.undirected else self.indices.size) + loops

    def strength(self) -> Array:
        """Return each listener's summed weight without self-loops, shape (n_agents,)."""
        if self.weights is None:
            return np.diff(self.indptr).astype(float)
        from fjsim.dynamics.kernels import network as rows

        total = np.empty(self.n_agents)
        kernels(rows, self.weights.size).row_sums(
            readonly(self.indptr), readonly(self.weights), total
        )
        return total

    def own_share(self) -> Array:
        """Return the share each agent hears from itself through a self-loop."""
        if self.loops is None:
            return np.zeros(self.n_agents)
        total = self.strength() + self.loops
        return np.divide(self.loops, total, out=np.zeros_like(total), where=total > 0)

    def adjacency(self) -> sparse.csr_array:
        """Return the weights as a matrix ``[listener, speaker]``, self-loops included."""
        from scipy import sparse

        data = np.ones(self.indices.size) if self.weights is None else self.weights
        n = self.n_agents
        matrix: Any = sparse.csr_array((data, self.indices.astype(np.int64), self.indptr), (n, n))
        return (
            matrix
            if self.loops is None
            else sparse.csr_array(matrix + sparse.diags_array(self.loops))
        )

    def influence(self) -> sparse.csr_array:
        """Return the row-stochastic influence matrix ``[listener, speaker]``."""
        return normalise_rows(self.adjacency())


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """An equilibrium to be solved: ``x_i = anchor_i s_i + row_i * sum_j weight_ij x_j``.

    Parameters
    ----------
    indptr, indices
        Rows without diagonal, as in `Network`.
    weights : ndarray
        Empty if all speakers of a listener count alike.
    anchor : ndarray of shape (n_agents,)
        Effective stubbornness.
    row : ndarray of shape (n_agents,)
        Factor on the summed speakers; 0 for who is fixed, which eliminates it.
    metric : ndarray of shape (n_agents,) or None
        Weights in which the system is symmetric; None if there are none.
    """

    indptr: Pointer
    indices: Index
    weights: Array
    anchor: Array
    row: Array
    metric: Array | None


def system_of_network(
    network: Network, stubbornness: ArrayLike, self_weight: ArrayLike = 0.0
) -> System:
    """Write a network's equilibrium as a system.

    Parameters
    ----------
    network : Network
    stubbornness, self_weight : float or array-like of shape (n_agents,)
        In [0, 1].

    Returns
    -------
    System

    Raises
    ------
    ParameterError
        If a weight lies outside [0, 1] or does not fit the network.
    """
    held = _per_agent("stubbornness", stubbornness, network.n_agents)
    kept = _per_agent("self_weight", self_weight, network.n_agents)
    strength = network.strength()
    anchor = np.subtract(1.0, held)
    if kept.any():
        anchor *= 1 - kept
    if network.loops is not None:
        # Not one minus the own share: that would lose digits where it is nearly 1.
        total = strength + network.loops
        anchor *= np.divide(strength, total, out=np.ones_like(total), where=total > 0)
    anchor += held
    np.divide(held, anchor, out=anchor, where=anchor > 0)
    anchor[strength == 0] = 1.0
    row = np.subtract(1.0, anchor)
    np.divide(row, strength, out=row, where=strength > 0)
    metric = _inverse(row, out=strength) if network.undirected else None
    weights = np.empty(0) if network.weights is None else network.weights
    return System(network.indptr, network.indices, weights, anchor, row, metric)


def system_of_parameters(parameters: FJParameters) -> System:
    """Write sparse parameters' equilibrium as a system, symmetric if it can be made so.

    Parameters
    ----------
    parameters : FJParameters
        Sparse, without batch axes.

    Returns
    -------
    System
    """
    from scipy import sparse

    from fjsim.dynamics.kernels import network as rows

    influence = sparse.csr_array(parameters.influence)
    anchor = np.array(parameters.effective_stubbornness)
    if parameters.own_share.any():
        own = np.where(parameters.hears_nobody, 0.0, parameters.own_share)
        influence = influence - sparse.diags_array(parameters.own_share)
        influence.eliminate_zeros()
        influence = sparse.csr_array(sparse.diags_array(1 / (1 - own)) @ influence)
    influence.sort_indices()
    indptr = influence.indptr.astype(np.int64)
    indices = np.asarray(influence.indices).astype(np.uint32, copy=False)
    if indices.dtype == np.int32:
        indices = indices.view(np.uint32)
    weights = np.asarray(influence.data, dtype=float)
    row = 1 - anchor
    checks = kernels(rows, 4 * weights.size)
    if checks.has_even_rows(indptr, weights):
        hears = np.diff(indptr) > 0
        row[hears] *= weights[indptr[:-1][hears]]
        row[~hears] = 0.0
        symmetric = checks.asymmetry(indptr, indices) == 0
        metric = _inverse(row) if symmetric else None
        return System(indptr, indices, np.empty(0), anchor, row, metric)
    strength = np.empty(anchor.size)
    if not checks.balance(indptr, indices, weights, strength):
        return System(indptr, indices, weights, anchor, row, None)
    metric = _inverse(row)
    metric *= strength
    return System(indptr, indices, weights, anchor, row, metric)


def _inverse(row: Array, out: Array | None = None) -> Array:
    """Return 1 / row, 0 where row is 0."""
    result = np.empty_like(row) if out is None else out
    result[...] = 0.0
    return np.divide(1.0, row, out=result, where=row > 0)


def _per_agent(name: str, given: ArrayLike, n_agents: int) -> Array:
    values = np.asarray(given, dtype=float)
    if values.shape not in ((), (1,), (n_agents,)):
        raise ParameterError(
            f"{name} has shape {values.shape} for {n_agents} agents; give one "
            "number, or one per agent"
        )
    if not ((values >= 0) & (values <= 1)).all():
        raise ParameterError(f"{name} must lie in [0, 1] and not be NaN")
    return np.broadcast_to(values, (n_agents,))
