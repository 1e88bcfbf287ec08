"""The page of a sweep, part by part."""

from __future__ import annotations

from pathlib import Path

from fjsim.report.caveat import CAVEAT
from fjsim.report.html.blocks import block
from fjsim.report.html.document import (
    THEME,
    details,
    label,
    page,
    paragraph,
    preformatted,
    script,
    text,
)
from fjsim.report.html.sweep.cells import settings_block
from fjsim.report.html.sweep.charts import agreement, by_round, frontier
from fjsim.report.html.sweep.facts import SweepFacts
from fjsim.report.html.sweep.matrix import matrix
from fjsim.report.html.sweep.phases import phases
from fjsim.report.html.sweep.tables import best_responses, leaderboard, settings, unpredicted
from fjsim.report.html.sweep.verdict import verdict
from fjsim.report.terminal.sweep import NOTE
from fjsim.runs.folder import own_text
from fjsim.sweeps.sweep import SWEEP, load_sweep_result

SCRIPTS = ("dom.js", "blocks.js", "theme.js", "tables.js", "sweep.js")


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
    facts = SweepFacts(load_sweep_result(folder), folder)
    title = f"sweep {folder.resolve().name}"
    grid = matrix(facts)
    parts = (
        f'<header class="top"><h1>{label(facts.result.simulated)}{text(title)}</h1>'
        f'<div class="controls">{THEME}</div></header>',
        f'<main><p class="verdict">{text(verdict(facts))}</p>',
        _small_print(facts),
        leaderboard(facts) if facts.by_defense else "",
        grid,
        "" if facts.by_defense else leaderboard(facts),
        best_responses(facts),
        _figures(facts),
        phases(facts),
        by_round(facts),
        settings(facts),
        _described(folder),
        "</main>",
        block("settings", settings_block(facts)),
    )
    return page(title, "".join(parts), [script(*SCRIPTS)])


def _small_print(facts: SweepFacts) -> str:
    runs, questions = len(facts.result.played), max(int(row["questions"]) for row in facts.rows)
    said = (
        f"{len(facts.rows)} settings, {runs} runs, {questions} questions each. {NOTE[:1].upper()}"
        f"{NOTE[1:]}."
    )
    return paragraph(f"{said} {CAVEAT}" if facts.result.simulated else said, "note")


def _figures(facts: SweepFacts) -> str:
    drawn = frontier(facts) + agreement(facts)
    notes = "".join(unpredicted(facts))
    if not drawn and not notes:
        return ""
    price = "Price, and the" if facts.standings else "The"
    return (
        f'<section id="figures"><h2>{price} law against what was seen</h2>'
        f'<div class="charts">{drawn}</div>{notes}</section>'
    )


def _described(folder: Path) -> str:
    inner = details("the sweep's description", preformatted(own_text(folder / SWEEP)))
    return f"<section><h2>Sweep</h2>{inner}</section>"
