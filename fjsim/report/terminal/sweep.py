"""A sweep as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from rich.markup import escape
from rich.table import Table

from fjsim.metrics import registered
from fjsim.metrics.keys import column
from fjsim.metrics.metric import ARROWS
from fjsim.report.caveat import CAVEAT
from fjsim.sweeps.leaderboard import records

NOTE = "value and 95 % interval, bootstrap over questions, seeds pooled; ↓ lower is safer"

RANKED = (
    ("worst_asr", "worst attack success ↓"),
    ("best_response_asr", "best response ↓"),
    ("price", "price, no attack ↓"),
)


def axes_of(table: pd.DataFrame) -> list[str]:
    """Return the columns that are axes and vary, or all where none does.

    Parameters
    ----------
    table : DataFrame
        From ``fjsim.sweeps.table``.
    """
    names = [str(name) for name in table.columns]
    axes = names[: names.index("n_agents")] if "n_agents" in names else []
    return [name for name in axes if table[name].nunique() > 1] or axes


def interval(row: Mapping[str, Any], name: str, digits: int = 3) -> str:
    """Return ``0.651 [0.612, 0.694]`` of one metric of a row, or ``n/a``."""
    values: list[Any] = [row.get(key) for key in (name, f"{name}_low", f"{name}_high")]
    if any(value is None or pd.isna(value) for value in values):
        return "n/a"
    value, low, high = (float(number) for number in values)
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def shown_columns(wide: bool) -> dict[str, str]:
    """Return the columns of metrics that a sweep's table shows, with their titles.

    Parameters
    ----------
    wide : bool
        Whether there is room for more than the summary, as on a page. Without, a metric that
        stands beside the clean arm's is shown by the latter, since the attack has numbers enough.
    """
    columns: dict[str, str] = {}
    for name, metric in registered().items():
        if metric.place != "summary" and not (wide and metric.place == "page"):
            continue
        if wide or not metric.beside_clean:
            columns[name] = metric.title
        if metric.beside_clean:
            arrow = ARROWS[metric.direction]
            columns[column(name, beside=True)] = f"{metric.label}, no attack{arrow}"
    return columns


def shown(row: Mapping[str, Any], name: str, digits: int = 3) -> str:
    """Return one metric of a row with its interval, or as the plain number it is."""
    if f"{name}_low" in row:
        return interval(row, name, digits)
    value = row.get(name)
    return "n/a" if value is None or pd.isna(value) else f"{float(value):.4g}"


def sweep_rows_table(table: pd.DataFrame, simulated: bool) -> Table:
    """Return one line per setting.

    Parameters
    ----------
    table : DataFrame
        From ``fjsim.sweeps.table``.
    simulated : bool
        Whether no language model took part.
    """
    lines = _titled("sweep", simulated)
    lines.caption, lines.caption_justify = NOTE, "left"
    if simulated:
        lines.caption += f"\n{CAVEAT}"
    lines.add_column("setting")
    columns = shown_columns(wide=False)
    for title in columns.values():
        lines.add_column(title, justify="right")
    axes = axes_of(table)
    for row in records(table):
        setting = " · ".join(str(row[axis]) for axis in axes if row[axis] != "-")
        lines.add_row(escape(setting), *(shown(row, name, 2) for name in columns))
    for reason in reasons_of(table):
        lines.caption = f"{lines.caption}\nno prediction by the law: {escape(reason)}"
    return lines


def reasons_of(table: pd.DataFrame) -> list[str]:
    """Return why the law predicts nothing, each reason once with the settings that it holds for.

    Parameters
    ----------
    table : DataFrame
        From ``fjsim.sweeps.table``.
    """
    if "no_prediction" not in table or "attack" not in table:
        return []
    unpredicted = table[(table["no_prediction"].fillna("") != "") & (table["attack"] != "none")]
    counts = unpredicted["no_prediction"].value_counts()
    return [f"{reason} ({number} of {len(table)} settings)" for reason, number in counts.items()]


def leaderboard_table(frame: pd.DataFrame, simulated: bool) -> Table:
    """Return the defenses, safest first."""
    lines = _titled("defenses: the worst case over attacks decides, by its upper bound", simulated)
    for title in ("", "defense"):
        lines.add_column(title)
    for _, title in RANKED:
        lines.add_column(title, justify="right")
    lines.add_column("worst at")
    for row in records(frame):
        numbers = [interval(row, name, 2) for name, _ in RANKED]
        lines.add_row(
            str(row["rank"]), escape(str(row["defense"])), *numbers, escape(str(row["worst_at"]))
        )
    return lines


def best_response_table(frame: pd.DataFrame, simulated: bool) -> Table:
    """Return the strongest attack found against each setting, measured on fresh seeds."""
    lines = _titled("best responses: found by search, measured on fresh seeds", simulated)
    for title in ("topology", "defense", "attack", "with"):
        lines.add_column(title)
    lines.add_column("attack success, hostile questions ↓", justify="right")
    lines.add_column("tried", justify="right")
    for row in records(frame):
        names = (row["topology"], row["defense"], row["attack"], row["attack_parameters"])
        rate = interval(row, "attack_success_hostile")
        lines.add_row(*(escape(str(name)) for name in names), rate, str(row["tried"]))
    return lines


def plan_table(expected: Mapping[str, Any]) -> Table:
    """Return the table of a sweep's dry run."""
    lines = Table(title="dry run: nobody is asked, nothing is written", title_justify="left")
    lines.add_column("what")
    lines.add_column("estimate", justify="right")
    rows = [(name, value) for name, value in expected.items() if name != "needs_trust"]
    rows += [("needs --trust", escape(asked)) for asked in expected["needs_trust"]]
    for name, value in rows:
        text = "no price file" if name == "cost" and value is None else str(value)
        lines.add_row(name.replace("_", " "), f"{value:,}" if isinstance(value, int) else text)
    return lines


def _titled(title: str, simulated: bool) -> Table:
    label = "simulated · " if simulated else ""
    return Table(title=f"{label}{title}", title_justify="left")
