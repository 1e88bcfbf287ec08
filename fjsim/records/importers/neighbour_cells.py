"""One cell of the ``neighbours`` column: whom it names, how, and what it leaves unnamed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fjsim.errors import LogFormatError, nearest

EVERYBODY = ("", "all")
NOBODY = "none"
MEAN = "mean_prev="

HEAVIEST = 1e100
"""Weights are shares of their sum, which must stay a number."""


@dataclass(frozen=True)
class Edge:
    """One entry of a neighbours cell.

    Parameters
    ----------
    agent : int
        Number of the speaker.
    round : int or None
        Round of the statement that was heard; None for the latest one before the turn.
    weight : float or None
        As the log gives it.
    """

    agent: int
    round: int | None
    weight: float | None


@dataclass(frozen=True)
class NeighbourCell:
    """A neighbours cell that is not everybody.

    Parameters
    ----------
    edges : tuple of Edge
        Empty where nobody was heard.
    unknown : bool
        Whether something was heard that has no speaker (``?=...``).
    repeated : bool
        Whether a speaker is named twice.
    mean : float or None
        Recorded mean of what was heard, in place of the speakers.
    vague : bool
        Whether there were neighbours that are not named at all.
    """

    edges: tuple[Edge, ...] = ()
    unknown: bool = False
    repeated: bool = False
    mean: float | None = None
    vague: bool = False


def read_cell(text: str, agents: Mapping[str, int], where: str) -> NeighbourCell:
    """Read a cell that is not everybody.

    Parameters
    ----------
    text : str
        Entries ``id``, ``id@round``, ``id:weight``, ``id@round:weight`` or ``?=...``, separated by
        ``;``; or ``none``, ``mean_prev=number``, ``anonymous ...``.
    agents : mapping of str to int
        Everybody who speaks in the log.
    where : str
        File and line, for messages.

    Raises
    ------
    LogFormatError
        For a name that nobody has, or a weight or mean that is no number.
    """
    if text.startswith("anonymous"):
        return NeighbourCell(vague=True)
    if text.startswith(MEAN):
        return NeighbourCell(mean=_mean(text.removeprefix(MEAN), where))
    if text.lower() == NOBODY and text not in agents:
        return NeighbourCell()
    entries = [entry for entry in map(str.strip, text.split(";")) if entry]
    known = [entry for entry in entries if not entry.startswith("?")]
    edges = tuple(_edge(entry, agents, where) for entry in known)
    repeated = len({edge.agent for edge in edges}) < len(edges)
    return NeighbourCell(edges, len(known) < len(entries), repeated)


def _mean(text: str, where: str) -> float | None:
    """Return a recorded mean; None for an empty one, which is a mean of nobody."""
    if text.strip().lower() in ("", "nan", "none"):
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise LogFormatError(f"{where}: neighbours has {MEAN}{text[:40]!r}; give a finite number")
    return value


def _edge(entry: str, agents: Mapping[str, int], where: str) -> Edge:
    """Read one entry; a name that holds ``@`` or ``:`` is still a name."""
    if entry in agents:
        return Edge(agents[entry], None, None)
    name, weight = _cut(entry, ":")
    share = None if weight is None else _weight(weight)
    if share is not None and name in agents:
        return Edge(agents[name], None, share)
    base, said_in = _cut(name if share is not None else entry, "@")
    if said_in is not None and base in agents and said_in.isdecimal() and len(said_in) < 10:
        return Edge(agents[base], int(said_in), share)
    shown = entry.partition("@")[0].partition(":")[0][:80]
    raise LogFormatError(
        f"{where}: neighbours names '{entry[:80]}', but no agent '{shown}' speaks in this log; "
        f"give id, id@round, id:weight, all or none{nearest(shown, agents)}"
    )


def _cut(text: str, mark: str) -> tuple[str, str | None]:
    """Return what stands before and after the last mark; None where there is none."""
    before, found, after = text.rpartition(mark)
    return (before, after) if found else (text, None)


def _weight(text: str) -> float | None:
    try:
        share = float(text.replace(",", "."))
    except ValueError:
        return None
    return share if 0 <= share <= HEAVIEST else None
