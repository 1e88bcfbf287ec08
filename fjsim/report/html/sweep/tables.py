"""The tables of a sweep's page: leaderboard, best responses, every setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fjsim.metrics import registered
from fjsim.report.html.document import Link, paragraph, table
from fjsim.report.html.svg import Mark, dots, short
from fjsim.report.html.sweep.facts import SweepFacts
from fjsim.report.standing import MARGIN
from fjsim.report.terminal.sweep import RANKED, axes_of, interval, reasons_of, shown, shown_columns
from fjsim.sweeps.changes import CHANGES
from fjsim.sweeps.leaderboard import records, worst_column

DIGITS = 2
WORDS = {
    "best": "safest",
    "equivalent": "≈ equivalent",
    "less safe": "less safe",
    "undecided": "not decided",
}


def leaderboard(facts: SweepFacts) -> str:
    """Return the defenses, safest first, as bars and as a table; empty where there are no two.

    Parameters
    ----------
    facts : SweepFacts
    """
    if not facts.standings:
        return ""
    rows = records(facts.result.leaderboard)
    worst = _worst_columns(rows)
    ranked = [(name, title) for name, title in RANKED if _any(rows, name)]
    headers = (
        "defense",
        *(title for _, title in ranked),
        "beside the safest",
        "worst at",
        "settings",
        *worst.values(),
    )
    lines = [
        (
            row["defense"],
            *(interval(row, name, DIGITS) for name, _ in ranked),
            WORDS[standing.place],
            row["worst_at"],
            row["attacks"],
            *(short(row[name]) for name in worst),
        )
        for row, standing in zip(rows, facts.standings, strict=True)
    ]
    drawn = "".join(dots(title, [("", marks)]) for title, marks in _marks(facts))
    note = paragraph(
        "Sorted by the upper bound of attack success over attacks, topologies and seats, best "
        f"responses in. Equivalent: in the worst setting of either the paired difference lies "
        f"within {100 * MARGIN:.0f} points.",
        "note",
    )
    return (
        '<section id="leaderboard"><h2>Defenses, safest first</h2>'
        f"{table(headers, lines, name='leaderboard')}{note}"
        f'<div class="charts">{drawn}</div></section>'
    )


def _marks(facts: SweepFacts) -> list[tuple[str, list[Mark]]]:
    kinds = {"best": "attacked", "equivalent": "attacked equal"}
    worst = [
        Mark(one.defense, kinds.get(one.place, "attacked"), one.worst) for one in facts.standings
    ]
    price = [
        Mark(one.defense, "other", one.price)
        for one in facts.standings
        if one.price.value is not None and one.defense != "none"
    ]
    shown_groups = [("Worst attack success ↓", worst), ("Accuracy lost without attack ↓", price)]
    return [group for group in shown_groups if group[1]]


def best_responses(facts: SweepFacts) -> str:
    """Return the strongest attack found against each defense; empty where none was searched.

    Parameters
    ----------
    facts : SweepFacts
    """
    frame = facts.result.best_responses
    if frame is None or not len(frame):
        return ""
    headers = ("topology", "defense", "attack", "parameters", "attack success ↓", "tried")
    lines = [
        (
            row["topology"],
            row["defense"],
            row["attack"],
            row["attack_parameters"],
            interval(row, "attack_success_hostile", DIGITS),
            row["tried"],
        )
        for row in records(frame)
    ]
    note = paragraph("The strongest attack that was found by search, on fresh seeds.", "note")
    drawn = table(headers, lines, name="best-responses")
    return f"<section><h2>Best responses</h2>{note}{drawn}</section>"


def _worst_columns(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return the leaderboard's columns of the summary metrics' worst values, with their titles."""
    found = {
        worst_column(name, metric): f"worst {metric.title}"
        for name, metric in registered().items()
        if metric.place == "summary" and metric.direction != "neither"
    }
    return {name: title for name, title in found.items() if _any(rows, name)}


def settings(facts: SweepFacts) -> str:
    """Return every setting with its numbers, and the page of its first run.

    Parameters
    ----------
    facts : SweepFacts
    """
    rows, axes = facts.rows, axes_of(facts.result.table)
    columns = shown_columns(wide=True)
    columns |= {change.name: change.title for change in CHANGES}
    columns |= {f"{change.name}_p_holm": f"p (Holm): {change.label}" for change in CHANGES}
    kept = {name: title for name, title in columns.items() if _any(rows, name)}
    headers = (*axes, "n", *kept.values(), "first run")
    lines = [
        (
            *(row[axis] for axis in axes),
            row["n"],
            *(shown(row, name, DIGITS) for name in kept),
            _link(facts, at),
        )
        for at, row in enumerate(rows)
    ]
    caption = (
        "A click on a head sorts. p: paired randomisation tests, Holm-adjusted within a column"
    )
    note = (
        ""
        if all(isinstance(line[-1], Link) for line in lines)
        else paragraph(
            "Where a folder stands in place of a page, fjsim report with --cells writes it.", "note"
        )
    )
    drawn = table(headers, lines, caption, name="settings")
    return f'<section id="all-settings"><h2>All settings</h2>{note}{drawn}</section>'


def _link(facts: SweepFacts, at: int) -> Link | str:
    page = facts.page(at)
    return facts.place(at).as_posix() if page is None else Link(page, "page")


def _any(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(shown(row, name) != "n/a" for row in rows)


def unpredicted(facts: SweepFacts) -> list[str]:
    """Return why the law predicts nothing in some settings.

    Parameters
    ----------
    facts : SweepFacts
    """
    reasons = reasons_of(facts.result.table)
    return [paragraph(f"No prediction by the law: {reason}.", "note") for reason in reasons]
