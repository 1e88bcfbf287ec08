"""Who had heard whom: the ``neighbours``, ``turn`` and ``topology`` columns of a log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import LogFormatError, nearest
from fjsim.records.transcript import NOT_HEARD

if TYPE_CHECKING:
    from fjsim.records.importers.arrays import LogColumns, Places

Integers = NDArray[np.int64]

EVERYBODY = ("", "all")


@dataclass(frozen=True)
class Hearings:
    """Who had heard whom.

    Parameters
    ----------
    heard_round : ndarray of int, shape (n_items, n_times, n_seats, n_seats)
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
    """
    shape = (places.n_items, places.n_times, places.n_seats, places.n_seats)
    rounds = np.arange(places.n_times)[None, :, None, None] - 1
    heard = np.broadcast_to(rounds, shape).copy()
    control = _control_items(columns, places)
    heard[control] = NOT_HEARD
    _sequential(columns, places, heard)
    weights = _named(path, columns, places, heard)
    seats = np.arange(places.n_seats)
    heard[:, :, seats, seats] = NOT_HEARD
    heard = _latest(heard, there)
    notes = []
    vague = [text for text in columns.neighbour_texts if _is_vague(text)]
    if vague:
        notes.append(f"edges are not recorded ('{vague[0]}'): everybody is taken to hear everybody")
    codes = {code for text, code in columns.neighbour_texts.items() if "?=" in text}
    unknown = sum(code in codes for code in columns.neighbours) if codes else 0
    if unknown:
        notes.append(
            f"in {unknown} turns a statement heard has no known speaker ('?='); it counts as not "
            "heard"
        )
    return Hearings(heard, weights, control, tuple(notes))


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


def _named(path: Path, columns: LogColumns, places: Places, heard: Integers) -> Array | None:
    """Write the neighbours that rows name into ``heard``; return edge weights, if there are any."""
    texts = list(columns.neighbour_texts)
    named = {
        code
        for code, text in enumerate(texts)
        if text.lower() not in EVERYBODY and not _is_vague(text)
    }
    if not named:
        return None
    weights = np.zeros((places.n_items, places.n_seats, places.n_seats))
    weighted = False
    parsed: dict[int, list[_Edge]] = {}
    for row, code in enumerate(columns.neighbours):
        at, time = int(places.item[row]), int(places.round[row])
        if code not in named or time == 0:
            continue
        if code not in parsed:
            where = f"{path}, line {columns.lines[row]}"
            parsed[code] = [_edge(entry, columns, where) for entry in _entries(texts[code])]
        listener = int(places.seat[row])
        heard[at, time, listener] = NOT_HEARD
        for edge in parsed[code]:
            speaker = _seat(edge.agent, at, places)
            if speaker is None:
                _refuse_stranger(path, columns, row, edge.agent)
            elif speaker != listener:
                said_in = time - 1 if edge.round is None else edge.round
                _check_round(path, columns, row, said_in, time)
                heard[at, time, listener, speaker] = said_in
                weights[at, listener, speaker] = 1.0 if edge.weight is None else edge.weight
                weighted |= edge.weight is not None
    if not weighted:
        return None
    total = weights.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(weights, total, out=np.zeros_like(weights), where=total > 0))


def _entries(text: str) -> list[str]:
    """Return the entries of a cell; those whose speaker is unknown (``?=...``) are left out."""
    entries = [entry.strip() for entry in text.split(";")]
    return [entry for entry in entries if entry and not entry.startswith("?")]


def _edge(entry: str, columns: LogColumns, where: str) -> _Edge:
    """Read ``id``, ``id@round`` or ``id:weight``."""
    known = columns.agent_names
    if entry in known:
        return _Edge(known[entry], None, None)
    name, at, said_in = entry.rpartition("@")
    if at and name in known and said_in.isdigit():
        return _Edge(known[name], int(said_in), None)
    name, colon, weight = entry.rpartition(":")
    if colon and name in known:
        try:
            share = float(weight)
        except ValueError:
            share = -1.0
        if share >= 0:
            return _Edge(known[name], None, share)
    base = entry.partition("@")[0].partition(":")[0]
    raise LogFormatError(
        f"{where}: neighbours names '{entry}', but no agent '{base}' speaks in this log; "
        f"give id, id@round or id:weight{nearest(base, known)}"
    )


def _seat(agent: int, item: int, places: Places) -> int | None:
    return places.seat_of.get((item, agent)) if places.crowd else agent


def _refuse_stranger(path: Path, columns: LogColumns, row: int, agent: int) -> None:
    name = list(columns.agent_names)[agent]
    raise LogFormatError(
        f"{path}, line {columns.lines[row]}: neighbours names agent '{name}', who does not take "
        "part in this item"
    )


def _check_round(path: Path, columns: LogColumns, row: int, said_in: int, time: int) -> None:
    if said_in > time:
        raise LogFormatError(
            f"{path}, line {columns.lines[row]}: heard a statement of round {said_in} in round "
            f"{time}; nobody hears the future"
        )
