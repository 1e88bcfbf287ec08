"""Edge lists: from a file, from arrays, or made on the spot, to a network in compressed rows."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fjsim.beliefs import Array
from fjsim.compiling import kernels
from fjsim.dynamics.networks.edge_text import ReadProgress, read_text
from fjsim.dynamics.networks.network import Network
from fjsim.dynamics.networks.npz import edge_arrays, saved_matrix
from fjsim.errors import EdgeListError
from fjsim.unpacking import TooLargeError

Nodes = NDArray[np.int64]
Index = NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class EdgeList:
    """A network and what its nodes are called in the file.

    Parameters
    ----------
    network : Network
    labels : ndarray of shape (n_agents,)
        Node of the file that each agent stands for: numbers, or names.
    """

    network: Network
    labels: NDArray[Any]


def read_edges(
    path: str | Path, *, directed: bool = False, progress: ReadProgress | None = None
) -> EdgeList:
    """Read a network from a file.

    Parameters
    ----------
    path : str or Path
        CSV, TSV or blank-separated text, perhaps ``.gz``: ``speaker, listener[, weight]`` per
        line, an optional header, comments from ``#`` or ``%``. Nodes are whole numbers or names.
        Or ``.npz``: arrays ``speaker``, ``listener``[, ``weight``], or a matrix
        ``[listener, speaker]`` saved by ``scipy.sparse.save_npz``.
    directed : bool, default False
        Whether a line lets only the listener hear the speaker.
    progress : callable, optional
        Called with bytes read and bytes in total.

    Returns
    -------
    EdgeList
        Agents in ascending order of their node. Lines that repeat an edge count once without
        weights and add up with weights.

    Raises
    ------
    EdgeListError
        If the file is missing, damaged or empty, or a line is no edge; names the line.

    Notes
    -----
    Text is parsed in blocks of 16 MiB; the peak is about 24 bytes per edge and 4 (12 with
    weights) per entry of the rows.
    """
    source = Path(path)
    if not source.is_file():
        raise EdgeListError(f"there is no file {source}")
    try:
        if source.suffix == ".npz":
            return _read_npz(source, directed)
        edges, names = read_text(source, progress)
    except TooLargeError as error:
        raise EdgeListError(f"{source}: {error}; unpack it first, or split long lines") from error
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error) as error:
        raise EdgeListError(f"{source} is damaged or not readable: {error}") from error
    if edges.first.size == 0:
        raise EdgeListError(f"{source} holds no edge; it needs lines 'speaker,listener[,weight]'")
    labels, first, second = (
        (names, edges.first.astype(np.uint32), edges.second.astype(np.uint32))
        if names is not None
        else _relabel(edges.first, edges.second)
    )
    return EdgeList(
        network_from_edges(first, second, edges.weights, len(labels), directed=directed), labels
    )


def network_from_edges(
    speakers: ArrayLike,
    listeners: ArrayLike,
    weights: ArrayLike | None = None,
    n_agents: int | None = None,
    *,
    directed: bool = False,
) -> Network:
    """Return the network of some edges.

    Parameters
    ----------
    speakers, listeners : array-like of int, shape (n_edges,)
        Agents 0 .. n_agents - 1. A self-loop is a share on one's own last belief.
    weights : array-like of shape (n_edges,), optional
        Finite and >= 0; default all alike.
    n_agents : int, optional
        Default one more than the largest agent named.
    directed : bool, default False
        Whether an edge lets only its listener hear its speaker.

    Returns
    -------
    Network
        Repeated edges count once without weights and add up with weights.

    Raises
    ------
    EdgeListError
        If shapes differ, an agent or a weight is out of range, or there is no agent.
    """
    from fjsim.dynamics.kernels import edges

    speaking, listening = _as_agents(speakers, n_agents), _as_agents(listeners, n_agents)
    given = np.empty(0) if weights is None else _as_edge_weights(weights)
    if speaking.shape != listening.shape or (given.size and given.shape != speaking.shape):
        raise EdgeListError("speakers, listeners and weights must have one entry per edge")
    n = (
        n_agents
        if n_agents is not None
        else int(max(speaking.max(initial=0), listening.max(initial=0))) + 1
    )
    if n < 1 or (n_agents is None and speaking.size == 0):
        raise EdgeListError("there is no agent")
    indptr = np.zeros(n + 1, dtype=np.int64)
    build = kernels(edges, 20 * speaking.size)
    build.count_rows(listening, speaking, not directed, indptr)
    indices = np.empty(indptr[-1], dtype=np.uint32)
    heard = np.empty(indices.size if given.size else 0)
    build.fill_rows(listening, speaking, given, not directed, indptr[:-1].copy(), indices, heard)
    left = build.tidy_rows(indptr, indices, heard)
    if left < indices.size:
        indices, heard = indices[:left].copy(), heard[:left].copy()
    return Network(
        indptr,
        indices,
        heard if given.size else None,
        _loops(speaking, listening, given, n),
        undirected=not directed,
    )


def _as_agents(given: ArrayLike, n_agents: int | None) -> Index:
    agents = np.asarray(given)
    if agents.ndim != 1 or (agents.size and agents.dtype.kind not in "iu"):
        raise EdgeListError("speakers and listeners must be one whole number per edge")
    if agents.dtype != np.uint32 or n_agents is not None:
        highest = 2**32 - 1 if n_agents is None else n_agents - 1
        if agents.size and (int(agents.min()) < 0 or int(agents.max()) > highest):
            raise EdgeListError(f"an edge names an agent outside 0 .. {highest}")
    return np.ascontiguousarray(agents, dtype=np.uint32)


def _as_edge_weights(given: ArrayLike) -> Array:
    weights = np.ascontiguousarray(given, dtype=float)
    if not (np.isfinite(weights).all() and weights.min(initial=0) >= 0):
        raise EdgeListError("every edge weight must be a finite number >= 0")
    return weights


def _loops(speaking: Index, listening: Index, given: Array, n_agents: int) -> Array | None:
    """Return each agent's self-loop weight, None if there is no self-loop."""
    own = speaking == listening
    if not own.any():
        return None
    if given.size:
        return np.bincount(speaking[own], weights=given[own], minlength=n_agents).astype(float)
    return (np.bincount(speaking[own], minlength=n_agents) > 0).astype(float)


def _relabel(first: Nodes, second: Nodes) -> tuple[Nodes, Index, Index]:
    """Return the nodes in ascending order and the edges in terms of their positions."""
    largest = int(max(first.max(), second.max()))
    if largest < max(2**20, 8 * first.size):
        seen = np.zeros(largest + 1, dtype=bool)
        seen[first] = True
        seen[second] = True
        if seen.all():
            return np.arange(largest + 1), first.astype(np.uint32), second.astype(np.uint32)
        position = np.cumsum(seen, dtype=np.int64) - 1
        return (
            np.flatnonzero(seen),
            position[first].astype(np.uint32),
            position[second].astype(np.uint32),
        )
    labels = np.unique(np.concatenate([first, second]))
    return (
        labels,
        np.searchsorted(labels, first).astype(np.uint32),
        np.searchsorted(labels, second).astype(np.uint32),
    )


def _read_npz(path: Path, directed: bool) -> EdgeList:
    """Read arrays of edges or a saved matrix."""
    arrays = edge_arrays(path)
    if arrays is not None:
        speaking, listening = (arrays[name].astype(np.int64) for name in ("speaker", "listener"))
        labels, first, second = _relabel(speaking, listening)
        weight = arrays.get("weight")
        network = network_from_edges(first, second, weight, labels.size, directed=directed)
        return EdgeList(network, labels)
    matrix = saved_matrix(path)
    return EdgeList(_network_of_matrix(matrix, directed), np.arange(matrix.shape[0]))


def _network_of_matrix(matrix: Any, directed: bool) -> Network:
    """Read a matrix ``[listener, speaker]``; a symmetric one lists each undirected edge twice."""
    from scipy import sparse

    listening, speaking, data = matrix.row, matrix.col, matrix.data
    if not directed:
        other = sparse.coo_array(matrix.T)
        if abs(sparse.csr_array(matrix) - sparse.csr_array(other)).max() == 0:
            upper = listening <= speaking
            listening, speaking, data = listening[upper], speaking[upper], data[upper]
    alike = data.size == 0 or (data == data[0]).all()
    return network_from_edges(
        speaking, listening, None if alike else data, matrix.shape[0], directed=directed
    )
