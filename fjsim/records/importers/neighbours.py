"""Who had heard whom: the ``neighbours``, ``turn`` and ``topology`` columns of a log."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import LogFormatError
from fjsim.records.importers.columns import Integers, LogColumns, Places
from fjsim.records.importers.neighbour_cells import EVERYBODY, Edge, NeighbourCell, read_cell
from fjsim.records.transcript import NOT_HEARD

Flags = NDArray[np.bool_]
Place = tuple[int, int, int]


@dataclass(frozen=True)
class Hearings:
    """Who had heard whom.

    Parameters
    ----------
    heard_round : ndarray of int, shape (n_items, n_times, n_seats, n_seats)
        As in `Transcript`. A listener's entry for itself says that it also heard something that
        the log does not hold under its speaker.
    shares : ndarray of shape (n_items, n_times, n_seats, n_seats), or None
        Shares of attention, where the log weighs its edges.
    means : tuple of ndarray of int, and ndarray of shape (n_means,)
        Item, round and seat of the turns of which the log records the mean of what was heard, and
        those means as they stand there.
    control : ndarray of bool, shape (n_items,)
        Items in which nobody heard anybody.
    warnings : tuple of str
    masked : int
        Turns in which something heard is not in the log under its speaker.
    """

    heard_round: Integers
    shares: Array | None
    means: tuple[tuple[Integers, Integers, Integers], Array]
    control: Flags
    warnings: tuple[str, ...]
    masked: int


def heard_rounds(path: Path, columns: LogColumns, places: Places, there: Flags) -> Hearings:
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
    sequential and ``turn`` gives the order, those who spoke earlier in the same round. A neighbour
    that is named without a round is heard in its latest statement before the turn, by the same
    order. ``topology`` solo or control, and ``neighbours`` none, are a turn that heard nobody.

    What a listener heard, but the log does not hold under its speaker (``?=...``, the same
    speaker twice, ``id@round`` without such a row), is an unknown and not a silence: such a turn
    is marked by an entry of the listener for itself, and no fit uses it.
    """
    names = list(columns.topology_texts)
    order = _order(columns, places, _says(names, "sequential"))
    solo = np.array([_is_solo(name) for name in names])[np.array(columns.topologies)]
    heard = _everybody(places, order)
    heard[places.item[solo], places.round[solo], places.seat[solo]] = NOT_HEARD
    named = _Named(path, columns, places, there, order)
    named.write(heard)
    seats = np.arange(places.n_seats)
    heard[:, :, seats, seats] = NOT_HEARD
    silent = ~_exists(heard, there)
    shares = named.shares(heard, there)
    heard[silent] = NOT_HEARD
    for item, time, listener in named.unplaced.places:
        heard[item, time, listener, listener] = time - 1
    notes = (_order_note(columns, order), named.note(), named.unplaced.warning())
    return Hearings(
        heard_round=heard,
        shares=shares,
        means=named.recorded_means(),
        control=_control_items(places, solo),
        warnings=tuple(text for text in notes if text),
        masked=len(named.unplaced.places),
    )


def _says(names: list[str], word: str) -> Flags:
    return np.array([word in name.lower() for name in names], dtype=bool)


def _is_solo(topology: str) -> bool:
    return "control" in topology.lower() or topology.lower() == "solo"


def _control_items(places: Places, solo: Flags) -> Flags:
    """Return the items of which every turn that could have heard somebody heard nobody."""
    later = places.round > 0
    alone = np.bincount(places.item[solo & later], minlength=places.n_items)
    turns = np.bincount(places.item[later], minlength=places.n_items)
    only_first = np.bincount(places.item[solo], minlength=places.n_items) > 0
    return np.asarray(np.where(turns > 0, (alone == turns), only_first))


def _order(columns: LogColumns, places: Places, sequential: Flags) -> Array | None:
    """Return the order in which seats spoke within each round; NaN where it is not known.

    None for a log without any sequential turn. Shape (n_items, n_times, n_seats).
    """
    given = np.array(columns.turns)
    rows = sequential[np.array(columns.topologies)] & np.isfinite(given)
    if not rows.any():
        return None
    order = np.full((places.n_items, places.n_times, places.n_seats), np.nan)
    order[places.item[rows], places.round[rows], places.seat[rows]] = given[rows]
    order[:, 0] = np.nan
    return order


def _order_note(columns: LogColumns, order: Array | None) -> str:
    if order is not None or not np.isfinite(np.array(columns.turns)).any():
        return ""
    return (
        "column 'turn' is not used: no topology says 'sequential', so the turns of a round are "
        "taken as simultaneous"
    )


def _everybody(places: Places, order: Array | None) -> Integers:
    """Return the rounds heard where everybody hears everybody."""
    shape = (places.n_items, places.n_times, places.n_seats, places.n_seats)
    rounds = np.arange(places.n_times)[None, :, None, None]
    heard = np.broadcast_to(rounds - 1, shape).copy()
    if order is not None:
        earlier = order[:, :, None, :] < order[:, :, :, None]
        heard += earlier
    return heard


def _exists(heard: Integers, there: Flags) -> Flags:
    """Say which statements exist."""
    items = np.arange(heard.shape[0])[:, None, None, None]
    speakers = np.arange(heard.shape[3])[None, None, None, :]
    return np.asarray((heard >= 0) & there[items, np.maximum(heard, 0), speakers])


@dataclass
class _Unplaced:
    """Turns in which something was heard that the log does not hold under its speaker."""

    places: list[Place] = field(default_factory=list)
    unknown: int = 0
    repeated: int = 0
    absent: int = 0

    def note(self, place: Place, cell: NeighbourCell, absent: bool) -> None:
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


class _Named:
    """What the cells that are not everybody say."""

    def __init__(
        self, path: Path, columns: LogColumns, places: Places, there: Flags, order: Array | None
    ) -> None:
        self._path, self._columns, self._places, self._order = path, columns, places, order
        self.unplaced = _Unplaced()
        self._vague = ""
        self._means: dict[Place, float] = {}
        self._weights: list[tuple[Place, int, float]] = []
        self._weighted = False
        rounds = np.arange(places.n_times)[None, :, None]
        self._latest = np.maximum.accumulate(np.where(there, rounds, NOT_HEARD), axis=1)
        self._present = np.zeros(there.shape, dtype=bool)
        self._present[places.item, places.round, places.seat] = True

    def write(self, heard: Integers) -> None:
        """Write them into the rounds heard."""
        columns, places = self._columns, self._places
        texts = list(columns.neighbour_texts)
        named = {at for at, text in enumerate(texts) if text.lower() not in EVERYBODY}
        if not named:
            return
        parsed: dict[int, NeighbourCell] = {}
        stands = zip(places.item.tolist(), places.round.tolist(), places.seat.tolist(), strict=True)
        for row, (code, place) in enumerate(zip(columns.neighbours, stands, strict=True)):
            if code not in named or place[1] == 0:
                continue
            if code not in parsed:
                where = f"{self._path}, line {columns.lines[row]}"
                parsed[code] = read_cell(texts[code], columns.agent_names, where)
            if parsed[code].vague:
                self._vague = self._vague or texts[code]
            else:
                self._write_cell(heard, row, place, parsed[code])

    def _write_cell(self, heard: Integers, row: int, place: Place, cell: NeighbourCell) -> None:
        item, time, listener = place
        heard[place] = NOT_HEARD
        if cell.mean is not None:
            self._means[place] = cell.mean
        absent = False
        for edge in cell.edges:
            speaker = self._speaker(row, edge)
            if speaker == listener:
                continue
            said_in = self._round_of(edge, place, speaker)
            heard[item, time, listener, speaker] = said_in
            self._weights.append((place, speaker, 1.0 if edge.weight is None else edge.weight))
            self._weighted |= edge.weight is not None
            absent |= edge.round is not None and not self._present[item, said_in, speaker]
        self.unplaced.note(place, cell, absent)

    def _round_of(self, edge: Edge, place: Place, speaker: int) -> int:
        """Return the round of the statement that was heard."""
        if edge.round is not None:
            return edge.round
        item, time, listener = place
        if self._order is not None:
            now = self._order[item, time]
            if now[speaker] < now[listener] and self._latest[item, time, speaker] == time:
                return time
        return int(self._latest[item, time - 1, speaker])

    def _speaker(self, row: int, edge: Edge) -> int:
        """Return the seat of a neighbour, or refuse one that the listener cannot have heard."""
        places, columns = self._places, self._columns
        where = f"{self._path}, line {columns.lines[row]}"
        item = int(places.item[row])
        speaker = places.seat_of.get((item, edge.agent)) if places.crowd else edge.agent
        if speaker is None:
            name = list(columns.agent_names)[edge.agent]
            raise LogFormatError(
                f"{where}: neighbours names agent '{name}', who does not take part in this item"
            )
        if edge.round is not None and edge.round > columns.rounds[row]:
            raise LogFormatError(
                f"{where}: heard a statement of round {edge.round} in round {columns.rounds[row]}; "
                "nobody hears the future"
            )
        return speaker

    def shares(self, heard: Integers, there: Flags) -> Array | None:
        """Return shares of attention; None where no edge has a weight.

        A listener that names nobody weighs alike whom it heard.
        """
        if not self._weighted:
            return None
        weights = _exists(heard, there).astype(float)
        for place in {place for place, _, _ in self._weights}:
            weights[place] = 0.0
        for place, speaker, weight in self._weights:
            weights[(*place, speaker)] += weight
        weights[:, 0] = 0.0
        total = weights.sum(axis=-1, keepdims=True)
        return np.asarray(np.divide(weights, total, out=np.zeros_like(weights), where=total > 0))

    def recorded_means(self) -> tuple[tuple[Integers, Integers, Integers], Array]:
        """Return the recorded means with their places."""
        at = np.array(list(self._means), dtype=np.int64).reshape(-1, 3)
        return (at[:, 0], at[:, 1], at[:, 2]), np.array(list(self._means.values()))

    def note(self) -> str:
        """Say that somebody was heard whom the log does not name."""
        if not self._vague:
            return ""
        return f"edges are not recorded ('{self._vague}'): everybody is taken to hear everybody"
