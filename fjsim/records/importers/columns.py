"""A log column by column, and where each of its rows stands in the arrays."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fjsim.errors import LogFormatError
from fjsim.unpacking import size

Integers = NDArray[np.int64]

LARGEST_ARRAYS = 3 * 2**30
"""Bytes that the arrays of one log may take."""

CROWD_SHARE = 0.5
"""If agents sit in less than this share of the items, people differ from item to item."""


@dataclass
class StatedBeliefs:
    """Beliefs of some rows, one after the other.

    Parameters
    ----------
    rows, sizes : array of int
        Row of the log, and how many options its belief has.
    values : array of float
        All probabilities.
    """

    rows: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))

    def add(self, row: int, belief: list[float]) -> None:
        """Keep the belief of one row."""
        self.rows.append(row)
        self.sizes.append(len(belief))
        self.values.extend(belief)


@dataclass
class LogColumns:
    """A log column by column; texts are kept once and numbered."""

    lines: array[int] = field(default_factory=lambda: array("q"))
    items: array[int] = field(default_factory=lambda: array("q"))
    agents: array[int] = field(default_factory=lambda: array("q"))
    rounds: array[int] = field(default_factory=lambda: array("q"))
    answers: array[int] = field(default_factory=lambda: array("q"))
    neighbours: array[int] = field(default_factory=lambda: array("q"))
    keys: array[int] = field(default_factory=lambda: array("q"))
    topologies: array[int] = field(default_factory=lambda: array("q"))
    roles: array[int] = field(default_factory=lambda: array("q"))
    targets: array[int] = field(default_factory=lambda: array("q"))
    arms: array[int] = field(default_factory=lambda: array("q"))
    openings: array[int] = field(default_factory=lambda: array("q"))
    opinions: array[float] = field(default_factory=lambda: array("d"))
    confidence: array[float] = field(default_factory=lambda: array("d"))
    turns: array[float] = field(default_factory=lambda: array("d"))
    beliefs: StatedBeliefs = field(default_factory=StatedBeliefs)
    belief_options: tuple[str, ...] = ()
    item_names: dict[str, int] = field(default_factory=dict)
    agent_names: dict[str, int] = field(default_factory=dict)
    answer_names: dict[str, int] = field(default_factory=dict)
    neighbour_texts: dict[str, int] = field(default_factory=dict)
    key_texts: dict[str, int] = field(default_factory=dict)
    topology_texts: dict[str, int] = field(default_factory=dict)
    role_texts: dict[str, int] = field(default_factory=dict)
    target_texts: dict[str, int] = field(default_factory=dict)
    arm_texts: dict[str, int] = field(default_factory=dict)
    opening_texts: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def intern(known: dict[str, int], text: str) -> int:
        """Return the number of a text."""
        return known.setdefault(text, len(known))


@dataclass(frozen=True)
class Places:
    """Where each row of a log stands in the arrays.

    Parameters
    ----------
    item, round, seat : ndarray of int, shape (n_rows,)
    n_items, n_times, n_seats : int
    names : tuple of str
        Names of the seats; empty for a crowd.
    seat_of : dict of (int, int) to int
        Crowd only: seat of (item, agent).
    crowd : bool
        Whether seats hold different people from item to item.
    """

    item: Integers
    round: Integers
    seat: Integers
    n_items: int
    n_times: int
    n_seats: int
    names: tuple[str, ...]
    seat_of: dict[tuple[int, int], int]
    crowd: bool

    def people(self, columns: LogColumns) -> tuple[tuple[str, ...], ...]:
        """Return who sits in each seat, item by item, of a crowd; nothing for other logs."""
        if not self.crowd:
            return ()
        names = list(columns.agent_names)
        sitting = [[""] * self.n_seats for _ in range(self.n_items)]
        for (item, agent), seat in self.seat_of.items():
            sitting[item][seat] = names[agent]
        return tuple(map(tuple, sitting))


ARM_MARK = "\x1f"
"""Stands between an item's name and its arm, where a log has both arms of an item."""


def item_name(known: str) -> str:
    """Return an item's name in the log, without its arm."""
    return known.partition(ARM_MARK)[0]


def refuse_size(path: Path, what: str, n_bytes: int) -> None:
    """Refuse arrays that would not fit, before they are made.

    Raises
    ------
    LogFormatError
        If they would take more than `LARGEST_ARRAYS`.
    """
    if n_bytes > LARGEST_ARRAYS:
        raise LogFormatError(
            f"{path}: {what} would need {size(n_bytes)}, more than {size(LARGEST_ARRAYS)}; "
            "split the log by item"
        )


def place_rows(path: Path, columns: LogColumns) -> Places:
    """Give every row its place in the arrays.

    Parameters
    ----------
    path : Path
        For messages.
    columns : LogColumns
        At least one row.

    Returns
    -------
    Places

    Raises
    ------
    LogFormatError
        For a turn that stands there twice, or a log without round 0.
    """
    item, agent = np.array(columns.items), np.array(columns.agents)
    rounds = np.array(columns.rounds)
    n_items, n_agents = len(columns.item_names), len(columns.agent_names)
    pairs = np.unique(item * n_agents + agent)
    crowd = n_agents > 2 and len(pairs) < CROWD_SHARE * n_items * n_agents
    seat, seat_of = agent, {}
    if crowd:
        pair_item = pairs // n_agents
        first = np.searchsorted(pair_item, np.arange(n_items))
        seats = np.arange(len(pairs)) - first[pair_item]
        seat = seats[np.searchsorted(pairs, item * n_agents + agent)]
        seat_of = {
            (int(pair // n_agents), int(pair % n_agents)): int(place)
            for pair, place in zip(pairs, seats, strict=True)
        }
    n_times = int(rounds.max()) + 1
    n_seats = int(seat.max()) + 1
    _refuse_duplicates(path, columns, (item * n_times + rounds) * n_seats + seat)
    if not (rounds == 0).any():
        raise LogFormatError(
            f"{path}, line {columns.lines[0]}: no row has round 0; rounds count from 0, which is "
            "what an agent believed before any exchange"
        )
    names = () if crowd else tuple(columns.agent_names)
    return Places(item, rounds, seat, n_items, n_times, n_seats, names, seat_of, crowd)


def _refuse_duplicates(path: Path, columns: LogColumns, code: Integers) -> None:
    order = np.argsort(code, kind="stable")
    again = np.flatnonzero(np.diff(code[order]) == 0)
    if not len(again):
        return
    second = int(order[again + 1].min())
    first = int(np.flatnonzero(code == code[second])[0])
    item = item_name(list(columns.item_names)[columns.items[second]])
    agent = list(columns.agent_names)[columns.agents[second]]
    raise LogFormatError(
        f"{path}, line {columns.lines[second]}: item '{item}', agent '{agent}', round "
        f"{columns.rounds[second]} stands already at line {columns.lines[first]}; "
        "give each turn once"
    )
