"""Why turns went missing, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from fjsim.runs.lost import Lost


def lost_table(rows: Sequence[Lost]) -> Table:
    """Return the table; what to do stands beside each reason.

    Parameters
    ----------
    rows : sequence of Lost
        At least one.
    """
    table = Table(title="missing turns", title_justify="left", width=80)
    table.add_column("why")
    table.add_column("turns", justify="right")
    table.add_column("what to do")
    for row in rows:
        table.add_row(row.why, f"{row.turns:,}", row.advice)
    return table
