"""Influencers in the terminal: the findings in words, and every table behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from fjsim.ledger.influencers import Influencers
    from fjsim.sweeps.influencers import SweepInfluencers

MOST_ROWS = 40
"""Rows of a table that are printed; all of them stand in the files of ``--out``."""

SWEEP_COLUMNS = (
    "by_item", "stated confidence", "self-assessed confidence", "relative confidence",
    "perceived confidence", "initial alignment", "competence history", "forest_r2", "auc",
    "gain_over_static", "routing", "sharpening",
)  # fmt: skip
"""Columns of a sweep's table that fit a terminal, after the labels."""


def print_influencers(out: Console, found: Influencers, full: bool) -> None:
    """Print the findings, and the tables where asked for.

    Parameters
    ----------
    out : Console
    found : Influencers
    full : bool
        Whether to print every table.
    """
    for line in found.lines():
        out.print(Text(line))
    if not full:
        out.print(Text("more: --full (all tables), --out DIR (as CSV)"))
        return
    for name, frame in found.frames.items():
        out.print()
        out.print(Text(f"{name} ({len(frame)} rows)"))
        out.print(_table(frame.head(MOST_ROWS)))


def print_sweep_influencers(out: Console, found: SweepInfluencers, full: bool) -> None:
    """Print one row per cell, and where asked for the findings of each.

    Parameters
    ----------
    out : Console
    found : SweepInfluencers
    full : bool
    """
    mark = "simulated · " if found.simulated else ""
    out.print(Text(f"{mark}who is listened to, over {len(found.table)} cells"))
    for number, name in enumerate(_names(found.table), start=1):
        out.print(Text(f"{number:>3}  {name}"))
    out.print(_cells(found.table))
    for note in found.notes:
        out.print(Text(f"! {note}"))
    out.print(Text("effects are per s.d. within a question; * holds, ~ only through others"))
    if full:
        for name, cell in found.cells.items():
            out.print()
            out.print(Text(name))
            print_influencers(out, cell, full=False)


def _names(table: pd.DataFrame) -> list[str]:
    """Return what tells the cells apart: labels that differ between them."""
    labels = table.iloc[:, : list(table.columns).index("n_items")].astype(str)
    varied = [name for name in labels.columns if labels[name].nunique() > 1]
    rows = labels[varied or list(labels.columns[:1])].to_dict("records")
    return [" · ".join(row.values()) for row in rows]


def _cells(table: pd.DataFrame) -> Table:
    """Lay numbers out as lines and cells as numbered columns."""
    rows = table.to_dict("records")
    laid = Table("", *(str(number) for number in range(1, len(rows) + 1)))
    for name in SWEEP_COLUMNS:
        if name in table.columns:
            laid.add_row(
                escape(name.replace("_", " ")), *(_with_verdict(row, name) for row in rows)
            )
    return laid


def _with_verdict(row: Mapping[Any, Any], name: str) -> str:
    if name == "by_item":
        return "yes" if row[name] else "no"
    star = {"yes": "*", "shared": "~"}.get(str(row.get(f"{name} verdict")), "")
    return f"{_cell(row[name])}{star}"


def _table(frame: pd.DataFrame) -> Table:
    laid = Table(*map(escape, frame.columns))
    for row in frame.itertuples(index=False):
        laid.add_row(*(escape(_cell(value)) for value in row))
    return laid


def _cell(value: Any) -> str:
    if value is None or value != value:
        return "n/a"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
