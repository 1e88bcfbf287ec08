"""The one place that decides which way influence runs along an edge.

An edge ``j -> i`` says: ``j`` speaks, ``i`` listens. ``influence[i, j]`` is the share of listener
``i``'s peer weight that goes to speaker ``j``, so ``influence[listener, speaker]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fjsim.beliefs import Array
from fjsim.dynamics.law.sparsity import is_sparse
from fjsim.errors import ParameterError

if TYPE_CHECKING:
    import networkx as nx
    from scipy import sparse


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
    shape = (len(_ordered_nodes(graph, n_agents)),) * 2
    listener, speaker, weight = _heard(graph)
    if sparse:
        from scipy.sparse import csr_array

        return normalise_rows(csr_array((weight, (listener, speaker)), shape=shape))
    weights = np.zeros(shape)
    np.add.at(weights, (listener, speaker), weight)
    return row_shares(weights)


def row_shares(weights: ArrayLike) -> Array:
    """Divide each row of a dense matrix by its sum; a row of zeros stays.

    Parameters
    ----------
    weights : array-like of shape (n_agents, n_agents)
        ``weights[listener, speaker]``, finite and >= 0.

    Returns
    -------
    ndarray of shape (n_agents, n_agents)
        Influence.

    Raises
    ------
    ParameterError
        If a weight is negative or not finite.
    """
    given = np.asarray(weights, dtype=float)
    _require_weights(given)
    # Summed in the order of the speakers, as a sparse matrix sums its rows: to the last bit alike.
    listener, speaker = np.nonzero(given)
    total = np.bincount(listener, given[listener, speaker], minlength=len(given)).astype(float)
    return given * _reciprocal(total)[:, None]


def _heard(graph: nx.Graph[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Return listener, speaker and weight of every edge; undirected ones run both ways."""
    edges = list(graph.edges(data="weight", default=1))
    try:
        weight = np.array([weight for _, _, weight in edges], dtype=float)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"an edge weight is no number: {error}") from error
    ends = np.array([ends[:2] for ends in edges], dtype=np.int64).reshape(-1, 2)
    if not graph.is_directed():
        back = ends[:, 0] != ends[:, 1]
        weight = np.concatenate([weight, weight[back]])
        ends = np.concatenate([ends, ends[back, ::-1]])
    return ends[:, 1], ends[:, 0], weight


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
    from scipy import sparse

    _require_weights(weights.data)
    total = np.asarray(weights.sum(axis=1), dtype=float).ravel()
    data = weights.data * np.repeat(_reciprocal(total), np.diff(weights.indptr))
    shares = sparse.csr_array((data, weights.indices, weights.indptr), shape=weights.shape)
    shares.eliminate_zeros()
    shares.sum_duplicates()
    return shares


def _require_weights(weights: Array) -> None:
    if weights.size and not (np.isfinite(weights).all() and weights.min() >= 0):
        raise ParameterError("every edge weight must be a finite number >= 0")


def _reciprocal(total: Array) -> Array:
    return np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)


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
    if is_sparse(influence):
        heard = influence.tocsr()
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
