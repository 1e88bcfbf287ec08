"""What a benchmark reports, and the table of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    work : str
        What was done.
    ours : str
        What it took here and now.
    goal : str
        What was promised.
    peer : str
        What the user would have otherwise.
    met : bool or None
        Whether the promise is kept; None where there was nothing to measure.
    """

    work: str
    ours: str
    goal: str = ""
    peer: str = ""
    met: bool | None = None


def table(rows: Sequence[Row]) -> Table:
    """Return the rows as a table for the terminal."""
    shown = Table("work", "fjsim", "goal", "otherwise", "met", title="runtime")
    for row in rows:
        met = "" if row.met is None else ("yes" if row.met else "[red]no[/]")
        shown.add_row(row.work, row.ours, row.goal, row.peer, met)
    return shown
