"""A network of the user's own: edge list, GraphML or adjacency matrix."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import ParseError

import networkx as nx
import numpy as np

from fjsim.contracts import Topology
from fjsim.errors import ConfigError, EdgeListError
from fjsim.registry import register

Format = Literal["auto", "edge-list", "graphml", "adjacency"]

SPEAKER_NAMES = frozenset({"speaker", "source", "from"})
LISTENER_NAMES = frozenset({"listener", "target", "to"})


@register("topology", "from-file")
@dataclass(frozen=True)
class FromFile(Topology):
    """Read the network from a file: edge list, GraphML or adjacency matrix.

    Parameters
    ----------
    path : str
        The file, from the folder where fjsim is started.
    format : {'auto', 'edge-list', 'graphml', 'adjacency'}, default 'auto'
        ``auto`` goes by the name ``.graphml``, by the header ``speaker,listener`` of an edge
        list, and takes a square table for a matrix.
    directed : bool, default True
        For an edge list: whether a line lets the listener hear the speaker only, or both hear
        each other. The other formats say so themselves.

    Notes
    -----
    *Edge list*: ``speaker listener [weight]`` per line, separated by commas, tabs or blanks;
    a header may swap the columns; ``#`` starts a comment.
    *Adjacency*: ``adjacency[listener, speaker]``, row by row, 0 for no edge; names may stand in
    a first row and a first column.
    *GraphML*: an arrow runs from the speaker to the listener; the edge attribute is ``weight``.

    Nodes get seats in ascending order where all names are whole numbers (so 0 … n-1 stay what
    they are), else in order of first appearance; the name is kept as node attribute ``label``.
    Weights are finite and above 0, and nobody hears itself: that is the agent's self-weight.
    """

    path: str
    format: Format = "auto"
    directed: bool = True

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the network of the file.

        Parameters
        ----------
        n_agents : int
            Must be the number of nodes in the file.
        rng : numpy.random.Generator
            Not used.

        Returns
        -------
        networkx.Graph or networkx.DiGraph

        Raises
        ------
        EdgeListError
            With the file and the line that cannot be read.
        ConfigError
            If the number of nodes is not `n_agents`, or the format cannot be told.
        """
        named = self._read()
        found = named.number_of_nodes()
        if found != n_agents:
            raise ConfigError(
                f"{self.path} has {found} nodes for {n_agents} agents; set agents: {found}, "
                "or add the missing nodes (an isolated one needs adjacency or GraphML)"
            )
        return _seated(named)

    def _read(self) -> nx.Graph[str]:
        path = Path(self.path)
        try:
            if self.format == "graphml" or (
                self.format == "auto" and path.suffix.lower() == ".graphml"
            ):
                return _read_graphml(path)
            rows = list(_rows(path))
        except FileNotFoundError:
            raise EdgeListError(
                f"{self.path}: no such file; give an edge list, GraphML or adjacency matrix"
            ) from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise EdgeListError(f"{self.path}: cannot be read as text ({error})") from error
        if not rows:
            raise EdgeListError(f"{self.path}: no edges in it; give at least one")
        if self._is_adjacency(rows):
            return _read_adjacency(rows)
        return _read_edges(rows, self.directed)

    def _is_adjacency(self, rows: Sequence[Row]) -> bool:
        if self.format != "auto":
            return self.format == "adjacency"
        header, width = rows[0], len(rows[0].cells)
        if _edge_columns(header) is not None:
            return False
        square = width == len(rows)
        if square and width in (2, 3) and header.cells[0]:
            raise ConfigError(
                f"{self.path}: could be an edge list or a matrix; set format: edge-list or "
                "format: adjacency, or start the file with a header speaker,listener"
            )
        return square


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Parameters
    ----------
    where : str
        File and line, for errors.
    cells : tuple of str
        Without surrounding blanks.
    """

    where: str
    cells: tuple[str, ...]


def _rows(path: Path) -> Iterator[Row]:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    written = [
        (number, line)
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    delimiter = next((mark for mark in "\t," if written and mark in written[0][1]), None)
    for number, line in written:
        cells = line.split() if delimiter is None else next(csv.reader([line], delimiter=delimiter))
        yield Row(f"{path}, line {number}", tuple(cell.strip() for cell in cells))


def _edge_columns(header: Row) -> tuple[int, int] | None:
    """Return the columns of speaker and listener where the first line names them."""
    names = [cell.lower() for cell in header.cells[:2]]
    if len(names) < 2:
        return None
    for speaker, listener in ((0, 1), (1, 0)):
        if names[speaker] in SPEAKER_NAMES and names[listener] in LISTENER_NAMES:
            return speaker, listener
    return None


def _read_edges(rows: Sequence[Row], directed: bool) -> nx.Graph[str]:
    columns = _edge_columns(rows[0])
    speaker, listener = columns or (0, 1)
    network: nx.Graph[str] = nx.DiGraph() if directed else nx.Graph()
    for row in rows[1:] if columns else rows:
        if len(row.cells) not in (2, 3) or not all(row.cells):
            raise EdgeListError(
                f"{row.where}: got {len(row.cells)} columns; write speaker, listener and, "
                "if you like, weight"
            )
        weight = _weight(row.cells[2], row.where) if len(row.cells) == 3 else 1.0
        _add_edge(network, row.cells[speaker], row.cells[listener], weight, row.where)
    return network


def _add_edge(
    network: nx.Graph[str], speaker: str, listener: str, weight: float, where: str
) -> None:
    if speaker == listener:
        raise EdgeListError(
            f"{where}: '{speaker}' hears itself; leave that out, it is the agent's self-weight"
        )
    if network.has_edge(speaker, listener):
        both = "" if network.is_directed() else " (directed: true keeps the two directions apart)"
        raise EdgeListError(
            f"{where}: the edge {speaker} -> {listener} stands there already; keep one{both}"
        )
    network.add_edge(speaker, listener, weight=weight)


def _weight(text: str, where: str) -> float:
    weight = _number(text, where)
    if weight <= 0:
        raise EdgeListError(f"{where}: weight {text}; give a number above 0, or leave the edge out")
    return weight


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise EdgeListError(f"{where}: '{text}' is not a finite number; weights are numbers")
    return value


def _read_adjacency(rows: Sequence[Row]) -> nx.Graph[str]:
    names, rows = _split_names(rows)
    network: nx.DiGraph[str] = nx.DiGraph()
    network.add_nodes_from(names)
    if len(rows) != len(names):
        raise EdgeListError(
            f"{rows[-1].where}: {len(rows)} rows for {len(names)} columns; "
            "an adjacency matrix is square"
        )
    for listener, row in zip(names, rows, strict=True):
        if len(row.cells) != len(names):
            raise EdgeListError(
                f"{row.where}: {len(row.cells)} numbers for {len(names)} agents; give one each"
            )
        for speaker, cell in zip(names, row.cells, strict=True):
            if _number(cell, row.where):
                _add_edge(network, speaker, listener, _weight(cell, row.where), row.where)
    return network


def _split_names(rows: Sequence[Row]) -> tuple[Sequence[str], Sequence[Row]]:
    """Take off a first row and a first column of names; without them, agents are numbered."""
    if rows[0].cells[0] and len(rows) == len(rows[0].cells):
        return [str(seat) for seat in range(len(rows))], rows
    names = rows[0].cells[1:]
    body = rows[1:]
    if not body or not names or len(set(names)) != len(names):
        raise EdgeListError(
            f"{rows[0].where}: {len(rows)} rows of {len(rows[0].cells)} columns; "
            "a matrix is square, or has each agent's name once in the first row and column"
        )
    for name, row in zip(names, body, strict=False):
        if row.cells[0] != name:
            raise EdgeListError(
                f"{row.where}: the row is called '{row.cells[0]}', its column '{name}'; "
                "rows and columns need the same order"
            )
    return names, [Row(row.where, row.cells[1:]) for row in body]


def _read_graphml(path: Path) -> nx.Graph[str]:
    try:
        written = nx.read_graphml(path)
    except (ParseError, nx.NetworkXError, ValueError, KeyError) as error:
        raise EdgeListError(f"{path}: not GraphML ({error}); export it again") from error
    network: nx.Graph[str] = nx.DiGraph() if written.is_directed() else nx.Graph()
    network.add_nodes_from(written.nodes)
    for speaker, listener, attributes in written.edges(data=True):
        weight = _weight(str(attributes.get("weight", 1.0)), f"{path}, {speaker} -> {listener}")
        _add_edge(network, speaker, listener, weight, str(path))
    return network


def _seated(named: nx.Graph[str]) -> nx.Graph[int]:
    order = _seat_order(named.nodes)
    seat_of = {name: seat for seat, name in enumerate(order)}
    network: nx.Graph[int] = nx.DiGraph() if named.is_directed() else nx.Graph()
    network.add_nodes_from((seat, {"label": name}) for seat, name in enumerate(order))
    for speaker, listener, attributes in named.edges(data=True):
        network.add_edge(seat_of[speaker], seat_of[listener], weight=attributes["weight"])
    return network


def _seat_order(names: Iterable[str]) -> list[str]:
    listed = list(names)
    if all(name.isdecimal() for name in listed):
        return sorted(listed, key=int)
    return listed
