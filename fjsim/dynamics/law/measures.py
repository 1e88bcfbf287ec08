r"""How far apart a group is: polarization and disagreement, measured and in closed form.

`polarization` and `disagreement` are means, so that groups of different size compare; the
unnormalised sums of the literature are ``musco_polarization`` and ``musco_disagreement``.

References
----------
C. Musco, C. Musco and C. E. Tsourakakis, "Minimizing polarization and disagreement in social
networks", WWW 2018, doi:10.1145/3178876.3186103.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array
from fjsim.compiling import kernels
from fjsim.dynamics.law.sparsity import is_sparse
from fjsim.dynamics.networks.network import Network
from fjsim.errors import ParameterError

if TYPE_CHECKING:
    from scipy import sparse


DIRECT = 2000
"""Agents up to which a Laplacian is made dense."""


def polarization(beliefs: ArrayLike) -> float:
    """Return the variance of opinions, or half the variance summed over options.

    Parameters
    ----------
    beliefs : array-like of shape (n_agents,) or (n_agents, n_options)
        Scalar opinions or beliefs; at two options both give the same.

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        If the shape is another, or a number is NaN.

    Examples
    --------
    >>> polarization([0.0, 1.0]), polarization([[1.0, 0.0], [0.0, 1.0]])
    (0.25, 0.25)
    """
    values = _opinions(beliefs)
    spread = ((values - values.mean(axis=0)) ** 2).mean(axis=0).sum()
    return float(spread if values.shape[1] == 1 else spread / 2)


def disagreement(
    beliefs: ArrayLike, influence: ArrayLike | sparse.sparray | sparse.spmatrix | Network
) -> float:
    r"""Return the squared gap between listener and speaker, weighted by influence.

    Parameters
    ----------
    beliefs : array-like of shape (n_agents,) or (n_agents, n_options)
        Scalar opinions or beliefs.
    influence : array-like or scipy.sparse of shape (n_agents, n_agents), or Network
        ``influence[listener, speaker]``.

    Returns
    -------
    float
        :math:`\frac1n \sum_{ij} w_{ij} (p_i-p_j)^2`; for beliefs half the sum over options.

    Raises
    ------
    ParameterError
        If shapes do not fit, or a number is NaN.
    """
    from scipy import sparse

    values = _opinions(beliefs)
    if isinstance(influence, Network):
        total = _network_gap(values, influence)
    else:
        given: Any = influence if is_sparse(influence) else np.asarray(influence, float)
        shares = sparse.coo_array(given)
        _require_fit(values, shares.shape)
        gaps = ((values[shares.row] - values[shares.col]) ** 2).sum(axis=1)
        total = float(shares.data @ gaps) / values.shape[0]
    return total if values.shape[1] == 1 else total / 2


def _network_gap(values: Array, network: Network) -> float:
    """Sum the gaps row by row, without an array over the edges."""
    from fjsim.dynamics.kernels import network as rows

    _require_fit(values, (network.n_agents, network.n_agents))
    weights = np.empty(0) if network.weights is None else network.weights
    strength = network.strength()
    if network.loops is not None:
        strength += network.loops
    summed_gap = kernels(rows, network.indices.size * values.shape[1]).summed_gap
    total = sum(
        summed_gap(network.indptr, network.indices, weights, strength, np.ascontiguousarray(option))
        for option in values.T
    )
    return float(total) / network.n_agents


def musco_polarization(opinions: ArrayLike) -> float:
    r"""Return :math:`\sum_i (p_i - \bar p)^2`.

    Parameters
    ----------
    opinions : array-like of shape (n_agents,)

    Returns
    -------
    float
    """
    values = _opinions(opinions)
    return float(((values - values.mean(axis=0)) ** 2).sum())


def musco_disagreement(opinions: ArrayLike, adjacency: ArrayLike | sparse.sparray) -> float:
    r"""Return :math:`\sum_{(i,j)} a_{ij} (p_i - p_j)^2` over undirected edges.

    Parameters
    ----------
    opinions : array-like of shape (n_agents,)
    adjacency : array-like or scipy.sparse of shape (n_agents, n_agents)
        Symmetric weights, >= 0.

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        If `adjacency` is not symmetric or does not fit.
    """
    from scipy import sparse

    values = _opinions(opinions)
    weights = _symmetric(adjacency)
    _require_fit(values, weights.shape)
    edges = sparse.coo_array(weights)
    return float(edges.data @ ((values[edges.row] - values[edges.col]) ** 2).sum(axis=1)) / 2


@dataclass(frozen=True, slots=True)
class MuscoIndex:
    """What innate opinions lead to, without working out the equilibrium first.

    Parameters
    ----------
    polarization : float
        ``s (I+L)^-2 s`` for centred innate opinions ``s``.
    disagreement : float
        ``s (I+L)^-1 L (I+L)^-1 s``.
    index : float
        Their sum, ``s (I+L)^-1 s``.
    """

    polarization: float
    disagreement: float
    index: float


def musco_index(innate: ArrayLike, adjacency: ArrayLike | sparse.sparray) -> MuscoIndex:
    r"""Return polarization and disagreement at equilibrium in closed form.

    Parameters
    ----------
    innate : array-like of shape (n_agents,)
        Innate opinions.
    adjacency : array-like or scipy.sparse of shape (n_agents, n_agents)
        Symmetric weights, >= 0.

    Returns
    -------
    MuscoIndex

    Raises
    ------
    ParameterError
        If `adjacency` is not symmetric or does not fit.

    Notes
    -----
    Holds for the stubbornness :math:`\gamma_i = 1/(1+d_i)` with the weighted degree :math:`d_i`,
    the form in which that paper states the law: :math:`b^* = (I+L)^{-1}s`.
    """
    from scipy import sparse
    from scipy.sparse import linalg

    values = _opinions(innate)
    weights = _symmetric(adjacency)
    _require_fit(values, weights.shape)
    centred = (values - values.mean(axis=0))[:, 0]
    degree = np.asarray(weights.sum(axis=1), dtype=float).ravel()
    system = sparse.csc_array(sparse.diags_array(1 + degree) - weights)
    if centred.size <= DIRECT:
        settled = np.linalg.solve(system.toarray(), centred)
    else:
        settled = np.asarray(linalg.spsolve(system, centred))
    polarized = float(settled @ settled)
    index = float(centred @ settled)
    return MuscoIndex(polarized, index - polarized, index)


def _opinions(beliefs: ArrayLike) -> Array:
    """Return shape (n_agents, n_options), one option for scalar opinions."""
    values = np.asarray(beliefs, dtype=float)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or 0 in values.shape:
        raise ParameterError(
            f"beliefs have shape {np.shape(beliefs)}; expected (n_agents,) or "
            "(n_agents, n_options) with at least one agent"
        )
    if not np.isfinite(values).all():
        raise ParameterError("beliefs hold NaN or infinity; leave missing agents out")
    return values


def _require_fit(values: Array, shape: tuple[int, ...]) -> None:
    if shape != (values.shape[0], values.shape[0]):
        raise ParameterError(f"{values.shape[0]} beliefs do not fit a graph of shape {shape}")


def _symmetric(adjacency: ArrayLike | sparse.sparray) -> sparse.csr_array:
    from scipy import sparse

    given: Any = adjacency if is_sparse(adjacency) else np.asarray(adjacency, float)
    weights: Any = sparse.csr_array(given)
    if weights.shape[0] != weights.shape[1] or abs(weights - weights.T).max() > 1e-12:
        raise ParameterError("adjacency must be a symmetric square matrix")
    if weights.nnz and (not np.isfinite(weights.data).all() or weights.data.min() < 0):
        raise ParameterError("adjacency must hold finite numbers >= 0")
    return sparse.csr_array(weights)
