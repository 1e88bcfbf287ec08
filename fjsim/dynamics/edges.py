"""Edge lists: from a file, from arrays, or made on the spot, to a network in compressed rows."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from fjsim.dynamics.network import Network
from fjsim.errors import EdgeListError

Array = NDArray[np.float64]
Nodes = NDArray[np.int64]
Index = NDArray[np.uint32]
ReadProgress = Callable[[int, int], None]

BLOCK = 16 * 2**20
"""Bytes of text parsed at a time."""

SPEAKERS = frozenset({"speaker", "source", "src", "from", "u", "tail", "node1", "id1"})
LISTENERS = frozenset({"listener", "target", "dst", "to", "v", "head", "node2", "id2"})


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


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """Edges as they stand in a file; `weights` is None if no line has one."""

    first: Nodes
    second: Nodes
    weights: Array | None


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
        edges, names = _read_text(source, progress)
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
    from fjsim.dynamics.kernels import edges as kernels

    told, hears = _as_agents(speakers, n_agents), _as_agents(listeners, n_agents)
    given = np.empty(0) if weights is None else _as_edge_weights(weights)
    if told.shape != hears.shape or (given.size and given.shape != told.shape):
        raise EdgeListError("speakers, listeners and weights must have one entry per edge")
    n = (
        n_agents
        if n_agents is not None
        else int(max(told.max(initial=0), hears.max(initial=0))) + 1
    )
    if n < 1 or (n_agents is None and told.size == 0):
        raise EdgeListError("there is no agent")
    indptr = np.zeros(n + 1, dtype=np.int64)
    kernels.count_rows(hears, told, not directed, indptr)
    indices = np.empty(indptr[-1], dtype=np.uint32)
    heard = np.empty(indices.size if given.size else 0)
    kernels.fill_rows(hears, told, given, not directed, indptr[:-1].copy(), indices, heard)
    left = kernels.tidy_rows(indptr, indices, heard)
    if left < indices.size:
        indices, heard = indices[:left].copy(), heard[:left].copy()
    return Network(
        indptr,
        indices,
        heard if given.size else None,
        _loops(told, hears, given, n),
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


def _loops(told: Index, hears: Index, given: Array, n_agents: int) -> Array | None:
    """Return each agent's self-loop weight, None if there is no self-loop."""
    own = told == hears
    if not own.any():
        return None
    if given.size:
        return np.bincount(told[own], weights=given[own], minlength=n_agents).astype(float)
    return (np.bincount(told[own], minlength=n_agents) > 0).astype(float)


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
    try:
        with np.load(path, allow_pickle=False) as stored:
            names = set(stored.files)
            if {"speaker", "listener"} <= names:
                weight = stored["weight"] if "weight" in names else None
                told, hears = stored["speaker"], stored["listener"]
                if not told.size or told.dtype.kind not in "iu" or hears.dtype.kind not in "iu":
                    raise EdgeListError(f"{path} needs whole numbers in speaker and listener")
                if min(told.min(), hears.min()) < 0:
                    raise EdgeListError(f"{path} names a node below 0")
                labels, first, second = _relabel(told.astype(np.int64), hears.astype(np.int64))
                network = network_from_edges(first, second, weight, labels.size, directed=directed)
                return EdgeList(network, labels)
        matrix = sparse.coo_array(sparse.load_npz(path))
    except (ValueError, KeyError) as error:
        if isinstance(error, EdgeListError):
            raise
        raise EdgeListError(
            f"{path} holds neither speaker and listener nor a scipy.sparse matrix"
        ) from error
    if matrix.shape[0] != matrix.shape[1]:
        raise EdgeListError(f"{path} holds a matrix of shape {matrix.shape}; it must be square")
    return EdgeList(_network_of_matrix(matrix, directed), np.arange(matrix.shape[0]))


def _network_of_matrix(matrix: Any, directed: bool) -> Network:
    """Read a matrix ``[listener, speaker]``; a symmetric one lists each undirected edge twice."""
    hears, told, data = matrix.row, matrix.col, matrix.data
    if not directed:
        other = sparse.coo_array(matrix.T)
        if abs(sparse.csr_array(matrix) - sparse.csr_array(other)).max() == 0:
            upper = hears <= told
            hears, told, data = hears[upper], told[upper], data[upper]
    alike = data.size == 0 or (data == data[0]).all()
    return network_from_edges(
        told, hears, None if alike else data, matrix.shape[0], directed=directed
    )


def _read_text(path: Path, progress: ReadProgress | None) -> tuple[_Edges, NDArray[Any] | None]:
    """Read text: numbers by the compiled parser, names line by line."""
    swapped, skip, named = _header(path)
    if named:
        return _read_names(path, swapped, skip)
    parts = list(_parse_blocks(path, skip, progress))
    if not parts:
        return _Edges(np.empty(0, np.int64), np.empty(0, np.int64), None), None
    first = np.concatenate([part.first for part in parts])
    second = np.concatenate([part.second for part in parts])
    with_weights = [part.weights is not None for part in parts]
    weights = None
    if any(with_weights):
        if not all(with_weights):
            raise EdgeListError(f"{path}: some lines have a weight and some have none")
        weights = np.concatenate([part.weights for part in parts if part.weights is not None])
    return _Edges(second, first, weights) if swapped else _Edges(first, second, weights), None


@contextmanager
def _open(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file; yields its text, and the raw bytes that tell how far reading has come."""
    with path.open("rb") as raw:
        if path.suffix != ".gz":
            yield raw, raw
            return
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield cast("IO[bytes]", unpacked), raw


def _fields(line: str) -> list[str]:
    for separator in (",", ";", "\t"):
        if separator in line:
            return [field.strip() for field in line.split(separator)]
    return line.split()


def _header(path: Path) -> tuple[bool, int, bool]:
    """Return whether the listener stands first, lines to skip, and whether nodes have names."""
    with _open(path) as (file, _):
        for number, raw in enumerate(file):
            line = raw.decode("utf-8", errors="replace").strip().lstrip("\ufeff")
            if not line or line[0] in "#%":
                continue
            fields = [field.lower().strip('"') for field in _fields(line)]
            if len(fields) >= 2 and fields[0] in SPEAKERS and fields[1] in LISTENERS:
                return False, number + 1, _is_named(file)
            if len(fields) >= 2 and fields[0] in LISTENERS and fields[1] in SPEAKERS:
                return True, number + 1, _is_named(file)
            return False, 0, _names_nodes(fields)
    return False, 0, False


def _is_named(file: IO[bytes]) -> bool:
    """Say whether the next edge uses names."""
    for raw in file:
        line = raw.decode("utf-8", errors="replace").strip()
        if line and line[0] not in "#%":
            return _names_nodes(_fields(line))
    return False


def _names_nodes(fields: list[str]) -> bool:
    """Say whether both fields are names rather than numbers, broken ones included."""
    return len(fields) >= 2 and all(
        field[:1].isalpha() and field.lower() not in ("nan", "inf") for field in fields[:2]
    )


def _parse_blocks(path: Path, skip: int, progress: ReadProgress | None) -> Iterator[_Edges]:
    """Yield the edges of one block of text after the other."""
    total = path.stat().st_size
    line, rest = skip, b""
    with _open(path) as (file, raw):
        for _ in range(skip):
            file.readline()
        while True:
            block = file.read(BLOCK)
            text = rest + block
            cut = text.rfind(b"\n") + 1 if block else len(text)
            if cut:
                edges, lines = _parse_block(path, text[:cut], line)
                line += lines
                if edges.first.size:
                    yield edges
            rest = text[cut:]
            if progress is not None:
                progress(min(raw.tell(), total), total)
            if not block:
                return


def _parse_block(path: Path, text: bytes, line: int) -> tuple[_Edges, int]:
    """Parse complete lines; `line` is how many went before."""
    from fjsim.dynamics.kernels import edges as kernels

    if text.startswith(b"\xef\xbb\xbf"):
        text = text[3:]
    most = text.count(b"\n") + 1
    first, second = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    weights = np.empty(most)
    n_edges, n_lines, broken = kernels.parse(
        np.frombuffer(text, dtype=np.uint8), first, second, weights
    )
    if broken >= 0:
        shown = text.split(b"\n")[broken].decode("utf-8", errors="replace").strip()[:80]
        raise EdgeListError(
            f"{path}, line {line + broken + 1}: '{shown}' is no edge; expected "
            "'speaker,listener[,weight]' with nodes as whole numbers >= 0 and a finite weight >= 0"
        )
    heavy = weights[:n_edges] >= 0
    if heavy.any() and not heavy.all():
        raise EdgeListError(f"{path}: some lines have a weight and some have none")
    return _Edges(
        first[:n_edges].copy(),
        second[:n_edges].copy(),
        weights[:n_edges].copy() if heavy.any() else None,
    ), n_lines


def _read_names(path: Path, swapped: bool, skip: int) -> tuple[_Edges, NDArray[Any]]:
    """Read edges between named nodes, in order of the names."""
    pairs: list[tuple[str, str]] = []
    weights: list[float] = []
    with _open(path) as (file, _):
        for number, raw in enumerate(file, start=1):
            line = raw.decode("utf-8", errors="replace").strip().lstrip("\ufeff")
            if number <= skip or not line or line[0] in "#%":
                continue
            fields = _fields(line)
            if len(fields) not in (2, 3) or not fields[0] or not fields[1]:
                raise EdgeListError(f"{path}, line {number}: '{line[:80]}' is no edge")
            pairs.append((fields[0], fields[1]))
            if len(fields) == 3:
                weights.append(_named_weight(path, number, fields[2]))
    if weights and len(weights) != len(pairs):
        raise EdgeListError(f"{path}: some lines have a weight and some have none")
    labels, codes = np.unique(np.array(pairs, dtype=str), return_inverse=True)
    first, second = codes.reshape(-1, 2).astype(np.int64).T
    heavy = np.array(weights) if weights else None
    return _Edges(second, first, heavy) if swapped else _Edges(first, second, heavy), labels


def _named_weight(path: Path, number: int, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = float("nan")
    if not 0 <= weight < float("inf"):
        raise EdgeListError(f"{path}, line {number}: weight '{text}' is no finite number >= 0")
    return weight
