"""The page of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from fjsim.analysis.intervals import Estimate
from fjsim.experiment.folder import own_text
from fjsim.experiment.sweeps.sweep import SWEEP, SweepResult, load_sweep_result
from fjsim.experiment.sweeps.table import Group, groups
from fjsim.report.figures import Curve, agreement_figure, bars_figure, curves_figure
from fjsim.report.page import Section, document, paragraph, preformatted, table
from fjsim.report.sweep_tables import CAVEAT, NOTE, RANKED, axes_of, interval, records

MOST_CURVES = 16

COLUMNS = (
    ("attack_success_rate", "attack success ↓"),
    ("attack_success_hostile", "… on hostile questions ↓"),
    ("no_attack_flip_rate", "flips without attack"),
    ("asr_change", "change against none ↓"),
    ("takeover_observed", "takeover ↓"),
    ("takeover_predicted", "… by the law"),
    ("flips_observed", "flips to target ↓"),
    ("flips_predicted", "… by the law"),
    ("accuracy_final", "accuracy ↑"),
    ("clean_accuracy_final", "accuracy, no attack ↑"),
    ("price", "price, no attack ↓"),
    ("detection_auc", "detection AUC ↑"),
    ("false_isolation", "false isolation ↓"),
)
PLAIN = (
    ("asr_change_p_holm", "p (Holm)"),
    ("questions_to_detect", "questions to detect"),
    ("tokens_in", "tokens in"),
    ("missing_turns", "missing turns"),
)


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
    sections = []
    if len(result.leaderboard) > 1:
        sections.append(Section("Defenses, safest first", _leaderboard(result)))
    if result.best_responses is not None and len(result.best_responses):
        sections.append(Section("Best responses", (_best(result.best_responses),)))
    sections += [
        Section("All settings", (_table(result.table, axes),)),
        Section("Figures", _figures(result.table, settings, axes)),
        Section("Sweep", (preformatted(own_text(folder / SWEEP)),)),
    ]
    notes = [f"{NOTE}. p-values of paired randomisation tests, Holm-adjusted within a column."]
    notes += [CAVEAT] if result.simulated else []
    return document(f"sweep {folder.name}", result.simulated, notes, sections)


def _leaderboard(result: SweepResult) -> tuple[str | go.Figure, ...]:
    rows = records(result.leaderboard)
    headers = ("rank", "defense", *(title for _, title in RANKED), "worst at", "settings")
    lines = [
        (
            row["rank"],
            row["defense"],
            *(interval(row, name) for name, _ in RANKED),
            row["worst_at"],
            row["attacks"],
        )
        for row in rows
    ]
    names = tuple(str(row["defense"]) for row in rows)
    bars = [
        Curve(title, names, tuple(_estimate(row, name) for row in rows)) for name, title in RANKED
    ]
    told = "The largest upper bound over attacks, topologies and seats decides, best responses in."
    return (paragraph(told, "note"), table(headers, lines), bars_figure("", bars, "rate"))


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
    )


def _table(frame: pd.DataFrame, axes: list[str]) -> str:
    rows = records(frame)
    shown = [pair for pair in COLUMNS if any(interval(row, pair[0]) != "n/a" for row in rows)]
    headers = (*axes, "n", *(title for _, title in shown), *(title for _, title in PLAIN))
    return table(
        headers,
        [
            (
                *(row[axis] for axis in axes),
                row["n"],
                *(interval(row, name) for name, _ in shown),
                *(_number(row.get(name)) for name, _ in PLAIN),
            )
            for row in rows
        ],
    )


def _number(value: Any) -> str:
    return "n/a" if value is None or pd.isna(value) else f"{float(value):.4g}"


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
        told = f"By round: the {MOST_CURVES} of {len(attacked)} settings with most attack success."
        figures.append(paragraph(told, "note"))
    for metric, title in (
        ("attack_success_rate", "Right at round 0, wrong now ↓"),
        ("belief_in_target", "Mean benign belief in the adversary's target ↓"),
    ):
        curves = [_by_round(names[at], settings[at], metric) for at in chosen]
        figures.append(curves_figure(title, [curve for curve in curves if curve.at]))
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
    known = group.played[0].result.tallies
    rounds = [int(key.partition("@")[2]) for key in known if key.startswith(f"{metric}@")]
    tallies = [group.tally(f"{metric}@{number}") for number in rounds]
    return Curve(name, tuple(rounds), tuple(t.estimate() for t in tallies if t is not None))


def _estimate(row: dict[str, Any], name: str) -> Estimate:
    values = [row.get(key) for key in (name, f"{name}_low", f"{name}_high")]
    known = [None if value is None or pd.isna(value) else float(value) for value in values]
    return Estimate(known[0], known[1], known[2], 0)
