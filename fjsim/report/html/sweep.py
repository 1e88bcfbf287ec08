"""The page of a sweep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from fjsim.metrics import Estimate, registered
from fjsim.report.caveat import CAVEAT
from fjsim.report.html.document import (
    REPORT,
    Link,
    Section,
    document,
    paragraph,
    preformatted,
    table,
)
from fjsim.report.html.figures import Curve, agreement_figure, bars_figure, curves_figure
from fjsim.report.terminal.sweep import (
    NOTE,
    RANKED,
    axes_of,
    interval,
    reasons_of,
    shown,
    shown_columns,
)
from fjsim.runs.folder import own_text
from fjsim.sweeps.changes import CHANGES
from fjsim.sweeps.groups import Group, groups
from fjsim.sweeps.leaderboard import records, worst_column
from fjsim.sweeps.sweep import INDEX, SWEEP, SweepResult, inside, load_sweep_result

MOST_CURVES = 16


def sweep_page(folder: Path) -> str:
    """Return the HTML page of a sweep's folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    str

    Raises
    ------
    StorageError
        If a cell is not finished, or damaged.
    """
    result = load_sweep_result(folder)
    settings = groups(result.played)
    axes = axes_of(result.table)
    places = _places(folder, result)
    pages = [_page_of(group, folder, places) for group in settings]
    sections = []
    if len(result.leaderboard) > 1:
        sections.append(Section("Defenses, safest first", _leaderboard(result)))
    if result.best_responses is not None and len(result.best_responses):
        sections.append(Section("Best responses", (_best(result.best_responses),)))
    sections += [
        Section("All settings", (_table(result.table, axes, pages), *_unpredicted(result.table))),
        Section("Figures", _figures(result.table, settings, axes)),
        Section("Sweep", (preformatted(own_text(folder / SWEEP)),)),
    ]
    notes = [f"{NOTE}. p-values of paired randomisation tests, Holm-adjusted within a column."]
    notes += [CAVEAT] if result.simulated else []
    return document(f"sweep {folder.name}", result.simulated, notes, sections)


def _leaderboard(result: SweepResult) -> tuple[str | go.Figure, ...]:
    rows = records(result.leaderboard)
    worst = _worst_columns(rows)
    headers = (
        "rank",
        "defense",
        *(title for _, title in RANKED),
        "worst at",
        "settings",
        *worst.values(),
    )
    lines = [
        (
            row["rank"],
            row["defense"],
            *(interval(row, name) for name, _ in RANKED),
            row["worst_at"],
            row["attacks"],
            *(shown(row, name) for name in worst),
        )
        for row in rows
    ]
    names = tuple(str(row["defense"]) for row in rows)
    bars = [
        Curve(title, names, tuple(_estimate(row, name) for row in rows)) for name, title in RANKED
    ]
    caption = (
        "The largest upper bound over attacks, topologies and seats decides, best responses in."
    )
    return (
        paragraph(caption, "note"),
        table(headers, lines, name="leaderboard"),
        bars_figure("", bars, "rate"),
    )


def _best(frame: pd.DataFrame) -> str:
    headers = ("topology", "defense", "attack", "parameters", "attack success ↓", "tried")
    return table(
        headers,
        [
            (
                row["topology"],
                row["defense"],
                row["attack"],
                row["attack_parameters"],
                interval(row, "attack_success_hostile"),
                row["tried"],
            )
            for row in records(frame)
        ],
        name="best-responses",
    )


def _worst_columns(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return the leaderboard's columns of the summary metrics' worst values, with their titles."""
    found = {
        worst_column(name, metric): f"worst {metric.title}"
        for name, metric in registered().items()
        if metric.place == "summary" and metric.direction != "neither"
    }
    return {name: title for name, title in found.items() if _any(rows, name)}


def _places(folder: Path, result: SweepResult) -> dict[int, Path]:
    """Return where the run of every cell lies, by the identity of what it counted."""
    cells = json.loads((folder / INDEX).read_text(encoding="utf-8"))["cells"]
    places = [inside(folder, folder / one["folder"]).relative_to(folder) for one in cells]
    return {id(one.result): place for one, place in zip(result.played, places, strict=True)}


def _page_of(group: Group, folder: Path, places: Mapping[int, Path]) -> Link | str:
    """Return a link to the page of a setting's first run, or its folder where it has none yet."""
    place = places[id(group.played[0].result)]
    if (folder / place / REPORT).is_file():
        return Link((place / REPORT).as_posix(), "page")
    return place.as_posix()


def _table(frame: pd.DataFrame, axes: list[str], pages: Sequence[Link | str]) -> str:
    rows = records(frame)
    columns = shown_columns(wide=True)
    columns |= {change.name: change.title for change in CHANGES}
    columns |= {f"{change.name}_p_holm": f"p (Holm): {change.label}" for change in CHANGES}
    kept = {name: title for name, title in columns.items() if _any(rows, name)}
    headers = (*axes, "n", *kept.values(), "first run")
    return table(
        headers,
        [
            (*(row[axis] for axis in axes), row["n"], *(shown(row, name) for name in kept), page)
            for row, page in zip(rows, pages, strict=True)
        ],
        "A click on a head sorts. fjsim report writes the page of a run whose folder stands here",
        name="settings",
    )


def _any(rows: list[dict[str, Any]], name: str) -> bool:
    return any(shown(row, name) != "n/a" for row in rows)


def _unpredicted(frame: pd.DataFrame) -> list[str]:
    return [
        paragraph(f"No prediction by the law: {reason}.", "note") for reason in reasons_of(frame)
    ]


def _figures(
    frame: pd.DataFrame, settings: tuple[Group, ...], axes: list[str]
) -> tuple[str | go.Figure, ...]:
    rows = records(frame)
    names = [" · ".join(str(row[axis]) for axis in axes) for row in rows]
    figures: list[str | go.Figure] = []
    attacked = [at for at, group in enumerate(settings) if group.attacked]
    # The most dangerous ones, where there are too many to tell apart.
    worst = sorted(attacked, key=lambda at: -float(rows[at]["attack_success_rate"] or 0))
    chosen = sorted(worst[:MOST_CURVES])
    if len(attacked) > MOST_CURVES:
        caption = (
            f"By round: the {MOST_CURVES} of {len(attacked)} settings with most attack success."
        )
        figures.append(paragraph(caption, "note"))
    for name, metric in registered().items():
        if metric.rounds == "drawn":
            curves = [_by_round(names[at], settings[at], name) for at in chosen]
            kept = [curve for curve in curves if curve.known]
            title = f"By round: {metric.title}"
            figures.append(curves_figure(title, kept))
    for name in ("takeover", "flips"):
        points = {
            names[at]: (
                _estimate(rows[at], f"{name}_predicted"),
                _estimate(rows[at], f"{name}_observed"),
            )
            for at in attacked
        }
        figures.append(
            agreement_figure(f"{name.capitalize()}: the law against what was seen", points)
        )
    return tuple(figures)


def _by_round(name: str, group: Group, metric: str) -> Curve:
    measured = group.measured(registered())
    rounds = range(measured.source.n_rounds + 1)
    return Curve(name, tuple(rounds), measured.by_round(metric))


def _estimate(row: dict[str, Any], name: str) -> Estimate:
    values = [row.get(key) for key in (name, f"{name}_low", f"{name}_high")]
    known = [None if value is None or pd.isna(value) else float(value) for value in values]
    return Estimate(known[0], known[1], known[2], 0)
