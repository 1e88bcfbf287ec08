"""Edge lists as text: numbers by the compiled parser, names line by line."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.compiling import kernels
from fjsim.errors import EdgeListError
from fjsim.unpacking import LARGEST_UNPACKED, LONGEST_LINE, TooLargeError, lines, size

Nodes = NDArray[np.int64]
ReadProgress = Callable[[int, int], None]

BLOCK = 16 * 2**20
"""Bytes of text parsed at a time."""

LONGEST_NAME = 256
"""Characters of a node's name: all are kept at the width of the longest."""

SPEAKERS = frozenset({"speaker", "source", "src", "from", "u", "tail", "node1", "id1"})
LISTENERS = frozenset({"listener", "target", "dst", "to", "v", "head", "node2", "id2"})


@dataclass(frozen=True, slots=True, eq=False)
class TextEdges:
    """Edges as they stand in a file.

    Parameters
    ----------
    first, second : ndarray of int, shape (n_edges,)
        Speaker and listener: nodes as the file numbers them, or places among its names.
    weights : ndarray of shape (n_edges,), or None
        None if no line has one.
    """

    first: Nodes
    second: Nodes
    weights: Array | None


def read_text(path: Path, progress: ReadProgress | None) -> tuple[TextEdges, NDArray[Any] | None]:
    """Read the edges of a text file.

    Parameters
    ----------
    path : Path
        Perhaps ``.gz``; see `fjsim.dynamics.read_edges`.
    progress : callable or None
        Called with bytes read and bytes in total.

    Returns
    -------
    edges : TextEdges
    names : ndarray or None
        What the nodes are called, where they have names.

    Raises
    ------
    EdgeListError
        With the line that is no edge.
    TooLargeError
        If a line is too long, or a packed file unfolds too far.
    """
    swapped, skip, named = _header(path)
    if named:
        return _read_names(path, swapped, skip)
    parts = list(_parse_blocks(path, skip, progress))
    if not parts:
        return TextEdges(np.empty(0, np.int64), np.empty(0, np.int64), None), None
    first = np.concatenate([part.first for part in parts])
    second = np.concatenate([part.second for part in parts])
    with_weights = [part.weights is not None for part in parts]
    weights = None
    if any(with_weights):
        if not all(with_weights):
            raise EdgeListError(f"{path}: some lines have a weight and some have none")
        weights = np.concatenate([part.weights for part in parts if part.weights is not None])
    return TextEdges(second, first, weights) if swapped else TextEdges(first, second, weights), None


@contextmanager
def _open(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file; yields its text, and the raw bytes that tell how far reading has come."""
    with path.open("rb") as raw:
        if path.suffix != ".gz":
            yield raw, raw
            return
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield cast("IO[bytes]", unpacked), raw


def _unpacked_limit(path: Path) -> float:
    return LARGEST_UNPACKED if path.suffix == ".gz" else float("inf")


def _fields(line: str) -> list[str]:
    for separator in (",", ";", "\t"):
        if separator in line:
            return [field.strip() for field in line.split(separator)]
    return line.split()


def _header(path: Path) -> tuple[bool, int, bool]:
    """Return whether the listener stands first, lines to skip, and whether nodes have names."""
    with _open(path) as (file, _):
        rest = lines(file, _unpacked_limit(path))
        for number, raw in enumerate(rest):
            line = raw.decode("utf-8", errors="replace").strip().lstrip("\ufeff")
            if not line or line[0] in "#%":
                continue
            fields = [field.lower().strip('"') for field in _fields(line)]
            if len(fields) >= 2 and fields[0] in SPEAKERS and fields[1] in LISTENERS:
                return False, number + 1, _is_named(rest)
            if len(fields) >= 2 and fields[0] in LISTENERS and fields[1] in SPEAKERS:
                return True, number + 1, _is_named(rest)
            return False, 0, _names_nodes(fields)
    return False, 0, False


def _is_named(rest: Iterator[bytes]) -> bool:
    """Say whether the next edge uses names."""
    for raw in rest:
        line = raw.decode("utf-8", errors="replace").strip()
        if line and line[0] not in "#%":
            return _names_nodes(_fields(line))
    return False


def _names_nodes(fields: list[str]) -> bool:
    """Say whether both fields are names rather than numbers, broken ones included."""
    return len(fields) >= 2 and all(
        field[:1].isalpha() and field.lower() not in ("nan", "inf") for field in fields[:2]
    )


def _parse_blocks(path: Path, skip: int, progress: ReadProgress | None) -> Iterator[TextEdges]:
    """Yield the edges of one block of text after the other."""
    total = path.stat().st_size
    line, rest = skip, b""
    with _open(path) as (file, raw):
        for _ in range(skip):
            file.readline(LONGEST_LINE)
        unpacked, limit = 0, _unpacked_limit(path)
        while True:
            block = file.read(BLOCK)
            unpacked += len(block)
            if unpacked > limit:
                raise TooLargeError(f"it unfolds to more than {size(limit)}")
            text = rest + block
            cut = text.rfind(b"\n") + 1 if block else len(text)
            if len(text) - cut > LONGEST_LINE:
                raise TooLargeError(f"line {line + 1} or a later one exceeds {size(LONGEST_LINE)}")
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


def _parse_block(path: Path, text: bytes, line: int) -> tuple[TextEdges, int]:
    """Parse complete lines; `line` is how many went before."""
    from fjsim.dynamics.kernels import edges

    if text.startswith(b"\xef\xbb\xbf"):
        text = text[3:]
    most = text.count(b"\n") + 1
    first, second = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    weights = np.empty(most)
    n_edges, n_lines, broken = kernels(edges, 4 * len(text)).parse(
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
    return TextEdges(
        first[:n_edges].copy(),
        second[:n_edges].copy(),
        weights[:n_edges].copy() if heavy.any() else None,
    ), n_lines


def _read_names(path: Path, swapped: bool, skip: int) -> tuple[TextEdges, NDArray[Any]]:
    """Read edges between named nodes, in order of the names."""
    pairs: list[tuple[str, str]] = []
    weights: list[float] = []
    with _open(path) as (file, _):
        for number, raw in enumerate(lines(file, _unpacked_limit(path)), start=1):
            line = raw.decode("utf-8", errors="replace").strip().lstrip("\ufeff")
            if number <= skip or not line or line[0] in "#%":
                continue
            fields = _fields(line)
            if len(fields) not in (2, 3) or not fields[0] or not fields[1]:
                raise EdgeListError(f"{path}, line {number}: '{line[:80]}' is no edge")
            if max(len(fields[0]), len(fields[1])) > LONGEST_NAME:
                raise EdgeListError(
                    f"{path}, line {number}: a node's name has more than {LONGEST_NAME} characters"
                )
            pairs.append((fields[0], fields[1]))
            if len(fields) == 3:
                weights.append(_named_weight(path, number, fields[2]))
    if weights and len(weights) != len(pairs):
        raise EdgeListError(f"{path}: some lines have a weight and some have none")
    labels, codes = np.unique(np.array(pairs, dtype=str), return_inverse=True)
    first, second = codes.reshape(-1, 2).astype(np.int64).T
    heavy = np.array(weights) if weights else None
    return TextEdges(second, first, heavy) if swapped else TextEdges(first, second, heavy), labels


def _named_weight(path: Path, number: int, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = float("nan")
    if not 0 <= weight < float("inf"):
        raise EdgeListError(f"{path}, line {number}: weight '{text}' is no finite number >= 0")
    return weight
