"""Who had heard whom: the ``neighbours``, ``turn`` and ``topology`` columns of a log."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import LogFormatError, nearest
from fjsim.records.importers.columns import Integers, LogColumns, Places
from fjsim.records.transcript import NOT_HEARD

EVERYBODY = ("", "all")

HEAVIEST = 1e100
"""Weights are shares of their sum, which must stay a number."""


@dataclass(frozen=True)
class Hearings:
    """Who had heard whom.

    Parameters
    ----------
    heard_round : ndarray of int, shape (n_items, n_times, n_seats, n_seats)
        As in `Transcript`. A listener's entry for itself says that it also heard something that
        the log does not hold under its speaker.
    influence : ndarray of shape (n_items, n_seats, n_seats), or None
        Where the log weighs its edges.
    control : ndarray of bool, shape (n_items,)
        Items in which nobody heard anybody.
    warnings : tuple of str
    """

    heard_round: Integers
    influence: Array | None
    control: NDArray[np.bool_]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Edge:
    """One entry of a neighbours cell."""

    agent: int
    round: int | None
    weight: float | None


@dataclass(frozen=True)
class _Cell:
    """A neighbours cell: whom it names, and whether something heard has no speaker of its own."""

    edges: tuple[_Edge, ...]
    unknown: bool
    repeated: bool


@dataclass
class _Unplaced:
    """Turns in which something was heard that the log does not hold under its speaker."""

    places: list[tuple[int, int, int]] = field(default_factory=list)
    unknown: int = 0
    repeated: int = 0
    absent: int = 0

    def note(self, place: tuple[int, int, int], cell: _Cell, absent: bool) -> None:
        """Count a turn, if anything it heard is unplaced."""
        self.unknown += cell.unknown
        self.repeated += cell.repeated
        self.absent += absent
        if cell.unknown or cell.repeated or absent:
            self.places.append(place)

    def warning(self) -> str:
        """Say how many turns there are, and why; nothing without any."""
        if not self.places:
            return ""
        reasons = (
            (self.unknown, "name no speaker ('?=')"),
            (self.repeated, "name a speaker twice"),
            (self.absent, "name a turn that the log does not hold"),
        )
        why = ", ".join(f"{count} {text}" for count, text in reasons if count)
        return (
            f"in {len(self.places)} turns a statement heard is not in the log under its speaker "
            f"({why}); those turns are masked: not fitted and not scored"
        )


def heard_rounds(
    path: Path, columns: LogColumns, places: Places, there: NDArray[np.bool_]
) -> Hearings:
    """Work out which statement of each speaker a listener had before it.

    Parameters
    ----------
    path : Path
        For messages.
    columns : LogColumns
    places : Places
    there : ndarray of bool, shape (n_items, n_times, n_seats)
        Turns that hold a belief.

    Returns
    -------
    Hearings

    Notes
    -----
    Without ``neighbours`` everybody heard everybody's last round, or, where ``topology`` says
    sequential and ``turn`` gives the order, those who spoke earlier in the same round.

    What a listener heard, but the log does not hold under its speaker (``?=...``, the same
    speaker twice, ``id@round`` without such a row), is an unknown and not a silence: such a turn
    is marked by an entry of the listener for itself, and no fit uses it.
    """
    shape = (places.n_items, places.n_times, places.n_seats, places.n_seats)
    rounds = np.arange(places.n_times)[None, :, None, None] - 1
    heard = np.broadcast_to(rounds, shape).copy()
    control = _control_items(columns, places)
    heard[control] = NOT_HEARD
    _sequential(columns, places, heard)
    unplaced = _Unplaced()
    weights = _named(path, columns, places, heard, unplaced)
    seats = np.arange(places.n_seats)
    heard[:, :, seats, seats] = NOT_HEARD
    heard = _latest(heard, there)
    for item, time, listener in unplaced.places:
        heard[item, time, listener, listener] = time - 1
    notes = [_vague_warning(columns), unplaced.warning()]
    return Hearings(heard, weights, control, tuple(text for text in notes if text))


def _vague_warning(columns: LogColumns) -> str:
    vague = [text for text in columns.neighbour_texts if _is_vague(text)]
    if not vague:
        return ""
    return f"edges are not recorded ('{vague[0]}'): everybody is taken to hear everybody"


def _latest(heard: Integers, there: NDArray[np.bool_]) -> Integers:
    """Drop statements that do not exist."""
    items = np.arange(heard.shape[0])[:, None, None, None]
    speakers = np.arange(heard.shape[3])[None, None, None, :]
    exists = there[items, np.maximum(heard, 0), speakers]
    return np.asarray(np.where((heard >= 0) & exists, heard, NOT_HEARD))


def _control_items(columns: LogColumns, places: Places) -> NDArray[np.bool_]:
    """Return the items of a control arm."""
    texts = list(columns.topology_texts)
    is_control = np.array(["control" in text.lower() or text.lower() == "solo" for text in texts])
    control = np.zeros(places.n_items, dtype=bool)
    control[places.item[is_control[np.array(columns.topologies)]]] = True
    return control


def _sequential(columns: LogColumns, places: Places, heard: Integers) -> None:
    """Let later turns of a round hear the earlier ones, where the log gives an order."""
    texts = list(columns.topology_texts)
    sequential = np.array(["sequential" in text.lower() for text in texts])
    order = np.array(columns.turns)
    rows = sequential[np.array(columns.topologies)] & np.isfinite(order)
    if not rows.any():
        return
    spoken = np.full(heard.shape[:3], np.inf)
    spoken[places.item[rows], places.round[rows], places.seat[rows]] = order[rows]
    earlier = spoken[:, :, None, :] < spoken[:, :, :, None]
    earlier[:, 0] = False
    rounds = np.broadcast_to(np.arange(heard.shape[1])[None, :, None, None], heard.shape)
    heard[earlier] = rounds[earlier]


def _is_vague(text: str) -> bool:
    """Say whether a neighbours cell speaks of neighbours without naming them."""
    return text.startswith(("anonymous", "mean_prev="))


def _named(
    path: Path, columns: LogColumns, places: Places, heard: Integers, unplaced: _Unplaced
) -> Array | None:
    """Write the neighbours that rows name into ``heard``; return edge weights, if there are any."""
    named = {code for text, code in columns.neighbour_texts.items() if _names_somebody(text)}
    if not named:
        return None
    texts = list(columns.neighbour_texts)
    present = np.zeros(heard.shape[:3], dtype=bool)
    present[places.item, places.round, places.seat] = True
    weights = np.zeros((places.n_items, places.n_seats, places.n_seats))
    weighted = False
    parsed: dict[int, _Cell] = {}
    stands = zip(places.item.tolist(), places.round.tolist(), places.seat.tolist(), strict=True)
    for row, (code, place) in enumerate(zip(columns.neighbours, stands, strict=True)):
        if code not in named or place[1] == 0:
            continue
        if code not in parsed:
            parsed[code] = _cell(texts[code], columns, f"{path}, line {columns.lines[row]}")
        cell = parsed[code]
        item, time, listener = place
        heard[item, time, listener] = NOT_HEARD
        absent = False
        for edge in cell.edges:
            speaker = _speaker(path, columns, places, row, edge)
            if speaker == listener:
                continue
            said_in = time - 1 if edge.round is None else edge.round
            heard[item, time, listener, speaker] = said_in
            weights[item, listener, speaker] = 1.0 if edge.weight is None else edge.weight
            weighted |= edge.weight is not None
            absent |= edge.round is not None and not present[item, said_in, speaker]
        unplaced.note(place, cell, absent)
    return _shares(weights) if weighted else None


def _names_somebody(text: str) -> bool:
    return text.lower() not in EVERYBODY and not _is_vague(text)


def _shares(weights: Array) -> Array:
    """Return weights that sum to 1 per listener; 0 where it hears nobody."""
    total = weights.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(weights, total, out=np.zeros_like(weights), where=total > 0))


def _cell(text: str, columns: LogColumns, where: str) -> _Cell:
    """Read one cell."""
    entries = [entry for entry in map(str.strip, text.split(";")) if entry]
    known = [entry for entry in entries if not entry.startswith("?")]
    edges = tuple(_edge(entry, columns, where) for entry in known)
    repeated = len({edge.agent for edge in edges}) < len(edges)
    return _Cell(edges, len(known) < len(entries), repeated)


def _speaker(path: Path, columns: LogColumns, places: Places, row: int, edge: _Edge) -> int:
    """Return the seat of a neighbour, or refuse one that the listener cannot have heard."""
    speaker = _seat(edge.agent, int(places.item[row]), places)
    if speaker is None:
        raise _stranger(path, columns, row, edge.agent)
    if edge.round is not None and edge.round > columns.rounds[row]:
        raise LogFormatError(
            f"{path}, line {columns.lines[row]}: heard a statement of round {edge.round} in round "
            f"{columns.rounds[row]}; nobody hears the future"
        )
    return speaker


def _edge(entry: str, columns: LogColumns, where: str) -> _Edge:
    """Read ``id``, ``id@round`` or ``id:weight``."""
    known = columns.agent_names
    if entry in known:
        return _Edge(known[entry], None, None)
    name, at, said_in = entry.rpartition("@")
    if at and name in known and said_in.isdecimal() and len(said_in) < 10:
        return _Edge(known[name], int(said_in), None)
    name, colon, weight = entry.rpartition(":")
    if colon and name in known:
        try:
            share = float(weight)
        except ValueError:
            share = -1.0
        if 0 <= share <= HEAVIEST:
            return _Edge(known[name], None, share)
    base = entry.partition("@")[0].partition(":")[0]
    raise LogFormatError(
        f"{where}: neighbours names '{entry[:80]}', but no agent '{base[:80]}' speaks in this log; "
        f"give id, id@round or id:weight{nearest(base[:80], known)}"
    )


def _seat(agent: int, item: int, places: Places) -> int | None:
    return places.seat_of.get((item, agent)) if places.crowd else agent


def _stranger(path: Path, columns: LogColumns, row: int, agent: int) -> LogFormatError:
    name = list(columns.agent_names)[agent]
    return LogFormatError(
        f"{path}, line {columns.lines[row]}: neighbours names agent '{name}', who does not take "
        "part in this item"
    )
