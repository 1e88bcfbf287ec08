"""The page of one run: who moved whom, and could it have been stopped."""

from __future__ import annotations

from pathlib import Path

from fjsim.errors import StorageError
from fjsim.records import SCENARIO
from fjsim.report.html.blocks import block, said
from fjsim.report.html.deliberations import Deliberations
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
from fjsim.report.html.numbers import bars_table, by_round, law_part, spent
from fjsim.report.html.overview import overview
from fjsim.report.html.verdict import verdict
from fjsim.runs import Run
from fjsim.runs.folder import own_text

SCRIPTS = (
    "dom.js",
    "blocks.js",
    "theme.js",
    "tables.js",
    "graph.js",
    "views.js",
    "charts.js",
    "questions.js",
    "conversation.js",
    "main.js",
)
FILTERS = ("all", "flipped", "held", "wrong", "missing")


def run_page(run: Run, folder: Path) -> str:
    """Return the HTML page of a run.

    Parameters
    ----------
    run : Run
        As read from its folder.
    folder : Path
        Where it lies.

    Returns
    -------
    str

    Raises
    ------
    StorageError
        If no question of it is finished.
    """
    judged = verdict(run)
    deliberations = Deliberations(run)
    title = _title(run, folder)
    parts = (
        _head(title, run, deliberations),
        '<main><p class="verdict">',
        text(judged.headline),
        "</p>",
        f'<p class="note">{" ".join(text(line) for line in judged.small_print)}</p>',
        '<p id="failed" class="failed" hidden>This browser cannot open the compressed part of '
        "the page (it lacks DecompressionStream); use a newer one.</p>",
        f'<div class="first">{_network()}{bars_table(run)}</div>',
        _questions(),
        _lines(deliberations),
        by_round(run),
        law_part(run),
        spent(run),
        _scenario(folder),
        _repeat(folder, run),
        "</main>",
        *_data(deliberations),
    )
    return page(title, "".join(parts), [script(*SCRIPTS)])


def _title(run: Run, folder: Path) -> str:
    try:
        scenario = run.scenario
    except StorageError:
        return said(folder.resolve().name)
    attack, defense = scenario.attack.kind, scenario.defense.kind
    team = f"{scenario.n_agents} agents, {scenario.rounds} rounds"
    named = (
        "no attack" if attack == "none" else attack,
        "no defense" if defense == "none" else defense,
    )
    return f"{scenario.topology.kind} · {' · '.join(named)} · {team}"


def _head(title: str, run: Run, deliberations: Deliberations) -> str:
    arms = "".join(
        f'<button type="button" id="arm-{arm}" aria-pressed="false">{arm}</button>'
        for arm in deliberations.arms
    )
    return (
        f'<header class="top"><h1>{label(run.simulated)}{text(title)}</h1>'
        f'<div class="controls"><span class="switch" role="group" aria-label="arm">{arms}</span>'
        f"{THEME}"
        '<button type="button" class="quiet" id="save-questions">⇩ questions csv</button>'
        '<button type="button" class="quiet" id="save-turns">⇩ turns csv</button></div></header>'
    )


def _network() -> str:
    return (
        '<section id="network"><h2>Who moved whom</h2>'
        '<p class="graph-head"><span id="graph-of"></span> · <output id="round-name"></output></p>'
        '<svg id="graph" viewBox="0 0 400 400" role="group" aria-label="network"></svg>'
        '<div class="slider"><button type="button" id="play">▶ play</button>'
        '<input type="range" id="round" min="0" value="0" step="1" aria-label="round"></div>'
        '<p class="legend"><span class="swatch key"></span>key '
        '<span class="swatch target"></span>target <span class="swatch other"></span>other '
        '<span class="mark">◆</span> hostile · a pie is a belief (its number, in the mean of all, '
        "the per cent in the key), an edge is as thick as weight × gate; ← and → move the round, "
        "a click on an agent follows it</p>"
        '<details id="graph-data"><summary>data as a table</summary></details></section>'
    )


def _questions() -> str:
    heads = (
        ("question", "Question"),
        ("", "Asked"),
        ("", "Each agent, first → last"),
        ("flipped", "Flipped"),
        ("lead", "Lead at first"),
        ("missing", "Missing"),
        ("", "Right by round"),
    )
    cells = "".join(
        f'<th scope="col" data-sort="{sort}"{_aside(name)}>'
        f'<button type="button" class="head">{name}</button></th>'
        if sort
        else f'<th scope="col">{name}</th>'
        for sort, name in heads
    )
    filters = "".join(
        f'<button type="button" id="filter-{name}" aria-pressed="false">{name}</button>'
        for name in FILTERS
    )
    return (
        '<section id="questions"><h2>Questions</h2><div class="tools">'
        f'<span class="switch" role="group" aria-label="filter">{filters}</span>'
        '<input type="search" id="search" placeholder="search  /" aria-label="search questions">'
        '<output id="question-count" class="note"></output></div>'
        '<div class="wide list"><table><thead><tr>'
        f'{cells}</tr></thead><tbody id="question-rows"></tbody></table></div>'
        '<p class="note">Flipped: right at first and not at the end, of those right at first. '
        "Lead: agents right at first, less those behind the strongest wrong option. Lines: solid "
        "attacked, dashed clean. / searches, ↑ ↓ move, Enter opens, Esc closes.</p></section>"
        '<section id="conversation" hidden></section>'
    )


def _aside(name: str) -> str:
    return "" if name == "Question" else ' class="number"'


def _lines(deliberations: Deliberations) -> str:
    gated = any((arm.gates < 1).any() for arm in deliberations.run.arms.values())
    legend = (
        '<p class="legend"><span class="swatch key"></span>key <span class="swatch target"></span>'
        "target · solid attacked, dashed clean, hollow marks by the law for the opened question</p>"
    )
    trust = (
        '<div id="trust"></div>'
        if gated
        else paragraph("No gate was at work: every message counted in full.", "note")
    )
    return (
        "<section><h2>Beliefs over rounds</h2>"
        f'{legend}<div id="trajectories"></div></section>'
        f"<section><h2>Trust in each agent</h2>{trust}</section>"
    )


def _scenario(folder: Path) -> str:
    """Return the scenario as it stands in the folder; an imported log has none."""
    try:
        written = own_text(folder / SCENARIO)
    except (OSError, ValueError):
        return ""
    inner = details("the whole scenario, defaults and versions", preformatted(said(written)))
    return f"<section><h2>Scenario</h2>{inner}</section>"


def _repeat(folder: Path, run: Run) -> str:
    name = folder.resolve().name
    lines = [f"fjsim show {name}", f"fjsim fit {name}", f"fjsim report {name}"]
    if run.setup is not None:
        lines.insert(0, f"fjsim run {name}/{SCENARIO} --out another-folder")
    return f"<section><h2>How to repeat this run</h2>{preformatted(chr(10).join(lines))}</section>"


def _data(deliberations: Deliberations) -> list[str]:
    blocks = [block("overview", overview(deliberations))]
    for number, item in enumerate(deliberations.items):
        blocks.append(block(f"q{number}", deliberations.values(item)))
    return blocks
