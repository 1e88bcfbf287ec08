"""The one place that decides which way influence runs along an edge.

An edge ``j -> i`` says: ``j`` speaks, ``i`` listens. ``influence[i, j]`` is the share of listener
``i``'s peer weight that goes to speaker ``j``, so ``influence[listener, speaker]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from fjsim.beliefs import Array
from fjsim.errors import ParameterError

if TYPE_CHECKING:
    import networkx as nx


@overload
def influence_matrix(
    graph: nx.Graph[Any], n_agents: int | None = ..., *, sparse: Literal[False] = ...
) -> Array: ...
@overload
def influence_matrix(
    graph: nx.Graph[Any], n_agents: int | None = ..., *, sparse: Literal[True]
) -> sparse.csr_array: ...
def influence_matrix(
    graph: nx.Graph[Any], n_agents: int | None = None, *, sparse: bool = False
) -> Array | sparse.csr_array:
    """Return who listens to whom, and how much, as a row-stochastic matrix.

    Parameters
    ----------
    graph : networkx.Graph or networkx.DiGraph
        Nodes ``0 .. n_agents - 1``. An edge ``j -> i`` lets ``i`` hear ``j``; an undirected edge
        speaks both ways. The edge attribute ``weight`` (default 1, finite, >= 0) is how much.
    n_agents : int, optional
        How many agents there are; by default as many as the graph has nodes.
    sparse : bool, default False
        Ask for a ``scipy.sparse.csr_array`` instead of a dense array.

    Returns
    -------
    ndarray or scipy.sparse.csr_array of shape (n_agents, n_agents)
        ``influence[listener, speaker]``; rows sum to 1, except that a listener without a speaker
        has a row of zeros. A self-loop stays on the diagonal: a share on one's own last belief.

    Raises
    ------
    ParameterError
        If the graph is empty, its nodes are not ``0 .. n_agents - 1``, or a weight is negative
        or not finite.

    Examples
    --------
    >>> import networkx as nx
    >>> influence_matrix(nx.DiGraph([(0, 1)])).tolist()
    [[0.0, 0.0], [1.0, 0.0]]
    """
    import networkx as nx

    nodes = _ordered_nodes(graph, n_agents)
    spoken = nx.to_scipy_sparse_array(graph, nodelist=nodes, dtype=np.dtype(float), format="csr")
    shares = normalise_rows(spoken.T.tocsr())
    return shares if sparse else shares.toarray()


def _ordered_nodes(graph: nx.Graph[Any], n_agents: int | None) -> range:
    """Return 0 .. n_agents - 1 after checking that these are the nodes."""
    found = graph.number_of_nodes()
    if found == 0:
        raise ParameterError("the graph is empty; it needs at least one node")
    expected = range(found if n_agents is None else n_agents)
    if set(graph.nodes) != set(expected):
        raise ParameterError(
            f"the graph's {found} nodes must be 0 .. {len(expected) - 1}; "
            "relabel them with networkx.convert_node_labels_to_integers"
        )
    return expected


def normalise_rows(weights: sparse.csr_array) -> sparse.csr_array:
    """Divide each row by its sum; a row of zeros stays.

    Parameters
    ----------
    weights : scipy.sparse.csr_array of shape (n_agents, n_agents)
        ``weights[listener, speaker]``, finite and >= 0.

    Returns
    -------
    scipy.sparse.csr_array of shape (n_agents, n_agents)

    Raises
    ------
    ParameterError
        If a weight is negative or not finite.
    """
    if weights.nnz and not (np.isfinite(weights.data).all() and weights.data.min() >= 0):
        raise ParameterError("every edge weight must be a finite number >= 0")
    total = np.asarray(weights.sum(axis=1)).ravel()
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    data = weights.data * np.repeat(scale, np.diff(weights.indptr))
    shares = sparse.csr_array((data, weights.indices, weights.indptr), shape=weights.shape)
    shares.eliminate_zeros()
    shares.sum_duplicates()
    return shares


def listener_counts(influence: ArrayLike | sparse.sparray | sparse.spmatrix) -> NDArray[np.int64]:
    """Count who listens to each agent, itself not counted.

    Parameters
    ----------
    influence : array-like or scipy.sparse of shape (n_agents, n_agents)
        ``influence[listener, speaker]``.

    Returns
    -------
    ndarray of int, shape (n_agents,)
    """
    if sparse.issparse(influence):
        heard = sparse.csr_array(influence)
        listens = heard.data > 0
        own = heard.diagonal() > 0
        speakers = heard.indices[listens]
        return np.asarray(np.bincount(speakers, minlength=heard.shape[0]) - own, dtype=np.int64)
    dense = np.asarray(influence, dtype=float) > 0
    return np.asarray(dense.sum(axis=0) - np.diagonal(dense), dtype=np.int64)


def hub_seat(influence: ArrayLike | sparse.sparray | sparse.spmatrix) -> int:
    """Return the seat with the most listeners, the lowest index among equals.

    Parameters
    ----------
    influence : array-like or scipy.sparse of shape (n_agents, n_agents)
        ``influence[listener, speaker]``.

    Returns
    -------
    int

    Examples
    --------
    >>> hub_seat([[0, 0, 1], [0, 0, 1], [0.5, 0.5, 0]])
    2
    """
    return int(listener_counts(influence).argmax())


def leaf_seat(influence: ArrayLike | sparse.sparray | sparse.spmatrix) -> int:
    """Return the seat with the fewest listeners that is not the hub, lowest index first.

    Parameters
    ----------
    influence : array-like or scipy.sparse of shape (n_agents, n_agents)
        ``influence[listener, speaker]``.

    Returns
    -------
    int
        On a regular graph 1; with a single agent 0.

    Examples
    --------
    >>> leaf_seat([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    1
    """
    counts = listener_counts(influence)
    if counts.size == 1:
        return 0
    counts[counts.argmax()] = np.iinfo(np.int64).max
    return int(counts.argmin())
