"""A sweep as tables for the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from fjsim.foreign_text import printable, shortened
from fjsim.metrics import registered
from fjsim.metrics.keys import column
from fjsim.metrics.metric import ARROWS
from fjsim.report.caveat import CAVEAT
from fjsim.report.terminal.catalogue import paragraph
from fjsim.report.terminal.durations import in_time
from fjsim.sweeps.leaderboard import records

NOTE = (
    "value and 95 % interval, bootstrap over questions, seeds pooled; ↓ lower is safer. Worst "
    "case: attack success on hostile questions under the attack that does most; search: the same "
    "under the strongest attack that a search found; price: accuracy lost where nobody attacks"
)

RANKED = (
    ("worst_asr", "worst case ↓"),
    ("best_response_asr", "search ↓"),
    ("price", "price ↓"),
)
WIDTH = 80
"""Columns of a terminal."""
GAP = 2
SAID_APART = frozenset({"needs_trust", "seconds", "seconds_known_from"})
CELL = 15
"""Columns of a number with its interval."""


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


def settings_lines(table: pd.DataFrame, simulated: bool) -> Iterator[RenderableType]:
    """Yield every setting with its numbers below it.

    Parameters
    ----------
    table : DataFrame
        From ``fjsim.sweeps.table``.
    simulated : bool
        Whether no language model took part.
    """
    yield _heading(f"all {len(table)} settings", simulated)
    columns, axes = shown_columns(wide=False), axes_of(table)
    for row in records(table):
        yield Text(_setting(row, axes), style="bold")
        numbers = (f"{title} {shown(row, name, 2)}" for name, title in columns.items())
        yield paragraph(" · ".join(numbers), "  ")


def _setting(row: Mapping[str, Any], axes: Sequence[str]) -> str:
    return printable(" · ".join(str(row[axis]) for axis in axes if row[axis] != "-"))


def sweep_notes(table: pd.DataFrame, simulated: bool) -> Iterator[RenderableType]:
    """Yield what the numbers of a sweep are, and why some are not there.

    Parameters
    ----------
    table : DataFrame
        From ``fjsim.sweeps.table``.
    simulated : bool
        Whether no language model took part.
    """
    reasons = (f"no prediction by the law: {reason}" for reason in reasons_of(table))
    for note in (NOTE, *reasons, *([CAVEAT] if simulated else [])):
        line = paragraph(note)
        line.stylize("dim")
        yield line


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


def leaderboard_lines(frame: pd.DataFrame, simulated: bool) -> Iterator[RenderableType]:
    """Yield the defenses, safest first, in 80 columns.

    Parameters
    ----------
    frame : DataFrame
        From ``fjsim.sweeps.leaderboard``.
    simulated : bool
        Whether no language model took part.
    """
    yield _heading("defenses, safest first: the worst case over attacks decides", simulated)
    ranked = {name: title for name, title in RANKED if name in frame}
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="")
    table.add_column("", justify="right")
    table.add_column("defense", no_wrap=True)
    for title in ranked.values():
        table.add_column(title, justify="right", no_wrap=True)
    room = WIDTH - 2 * GAP - len(str(len(frame))) - (CELL + GAP) * len(ranked)
    for row in records(frame):
        numbers = [_brief(row, name) for name in ranked]
        table.add_row(str(row["rank"]), Text(shortened(str(row["defense"]), room)), *numbers)
    yield table


def _brief(row: Mapping[str, Any], name: str) -> str:
    """Return ``.65 [.61, .69]`` of one metric of a row, or ``n/a``."""
    text = interval(row, name, 2)
    return text if text == "n/a" else re.sub(r"(?<![0-9])0\.", ".", text)


def worth_a_look(
    result_table: pd.DataFrame, leaderboard: pd.DataFrame, best: pd.DataFrame | None
) -> Iterator[RenderableType]:
    """Yield what a sweep comes to: the safest defense, where each end of the list is hit most.

    Parameters
    ----------
    result_table : DataFrame
        From ``fjsim.sweeps.table``.
    leaderboard : DataFrame
    best : DataFrame or None
        The strongest attack found against each defense, where it was searched.
    """
    ranked = records(leaderboard)
    if not ranked:
        yield paragraph("No setting has hostile questions, so that no defense can be ranked.")
        return
    yield Text("what to look at", style="bold")
    first, last = ranked[0], ranked[-1]
    yield paragraph(f"safest: {_hit(first)}{_price(first)}", "  ")
    if last is not first:
        yield paragraph(f"least safe: {_hit(last)}", "  ")
    if best is not None and len(best):
        yield from _found(records(best))
    missing = float(result_table["missing_turns"].max()) if "missing_turns" in result_table else 0
    if missing:
        yield paragraph(f"missing turns: up to {missing:g} in one setting", "  ")


def _hit(row: Mapping[str, Any]) -> str:
    where = f" ({row['worst_at']})" if row["worst_at"] else ""
    return (
        f"{printable(str(row['defense']))}, attack success {_brief(row, 'worst_asr')} where it is "
        f"hit most{printable(where)}"
    )


def _price(row: Mapping[str, Any]) -> str:
    price = _brief(row, "price")
    return "" if price == "n/a" else f"; without an attack it costs {price} of accuracy"


def _found(rows: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    """Yield the search that did most damage, against the weakest and the strongest defense."""
    known = [row for row in rows if not pd.isna(row.get("attack_success_hostile"))]
    if not known:
        return
    most = max(known, key=lambda row: float(row["attack_success_hostile"]))
    given = str(most["attack_parameters"])
    with_what = "" if given == "{}" else f" with {given}"
    yield paragraph(
        printable(
            f"most damage found by search: {most['attack']} on {most['topology']} against "
            f"{most['defense']}{with_what}, {_brief(most, 'attack_success_hostile')} on fresh seeds"
        ),
        "  ",
    )


def best_response_lines(frame: pd.DataFrame, simulated: bool) -> Iterator[RenderableType]:
    """Yield the strongest attack found against each setting, measured on fresh seeds.

    Parameters
    ----------
    frame : DataFrame
        From ``fjsim.sweeps.best_response``.
    simulated : bool
        Whether no language model took part.
    """
    yield _heading("best responses: found by search, measured on fresh seeds", simulated)
    for row in records(frame):
        place = " · ".join(str(row[name]) for name in ("topology", "defense", "attack"))
        rate = _brief(row, "attack_success_hostile")
        yield Text(printable(f"{place}: {rate}, {row['tried']} tried"))
        if str(row["attack_parameters"]) != "{}":
            yield paragraph(printable(str(row["attack_parameters"])), "  ")


def plan_table(expected: Mapping[str, Any]) -> Table:
    """Return the table of a sweep's dry run."""
    lines = Table(title="dry run: nothing is asked, nothing is written", title_justify="left")
    lines.add_column("what")
    lines.add_column("estimate", justify="right")
    rows = [(name, value) for name, value in expected.items() if name not in SAID_APART]
    rows.append(("time", expected["seconds_known_from"]))
    if expected["seconds"] is not None:
        rows[-1] = ("time", f"about {in_time(expected['seconds'])}, by {rows[-1][1]}")
    rows += [("needs --trust", escape(asked)) for asked in expected["needs_trust"]]
    for name, value in rows:
        text = "no price file" if name == "cost" and value is None else str(value)
        lines.add_row(name.replace("_", " "), f"{value:,}" if isinstance(value, int) else text)
    return lines


def _heading(title: str, simulated: bool) -> Text:
    return Text(f"{'simulated · ' if simulated else ''}{title}", style="bold")
