"""The page of one run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from fjsim.contracts import Arm
from fjsim.metrics import Estimate, Measured, tally
from fjsim.metrics.detection import mean_trust
from fjsim.questions import LETTERS
from fjsim.records import SCENARIO, Transcript
from fjsim.records.deliberation import RecordedDeliberation
from fjsim.report.html.document import Section, details, document, paragraph, preformatted, table
from fjsim.report.html.figures import Curve, agreement_figure, curves_figure
from fjsim.report.terminal.run import indented
from fjsim.report.terminal.sweep import CAVEAT
from fjsim.runs import Run, load_run
from fjsim.runs.folder import own_text

SHOWN_QUESTIONS = 5

Arms = Mapping[Arm, Transcript]


def run_page(folder: Path) -> str:
    """Return the HTML page of a run folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    str

    Raises
    ------
    StorageError
        If no question of it is finished, or its log is not readable.
    """
    run = load_run(folder)
    notes = [
        *(f"{note[:1].upper()}{note[1:]}." for note in run.notes),
        "95 % intervals, bootstrap over questions. ↓ lower is safer, ↑ higher is better.",
        *([CAVEAT] if run.simulated else []),
    ]
    sections = [
        Section("Metrics", (_metrics(run), *_predictions(run))),
        Section("Round by round", _figures(run)),
        Section("What was said", _deliberations(run)),
        Section("Scenario", (preformatted(_scenario(folder)),)),
    ]
    return document(folder.name, run.simulated, notes, sections)


def _scenario(folder: Path) -> str:
    """Return the scenario as it stands in the folder; an imported log has none."""
    try:
        return own_text(folder / SCENARIO)
    except (OSError, ValueError):
        return ""


def _metrics(run: Run) -> str:
    own, base = run.metrics, run.baseline_metrics
    attacked = run.measured.source.main == "attacked"
    rows, numbers = [], []
    for name, metric in run.measured.metrics.items():
        main = own[name]
        if main.value is None or (metric.under_attack and not attacked):
            continue
        if metric.bare:
            numbers.append((metric.label, main.value))
        elif metric.place != "data":
            clean = None if base is None else base.get(name)
            known = clean is not None and clean.value is not None
            text = clean.text if clean is not None and known else ""
            rows.append((indented(metric), main.text, text, main.n))
    first = "value" if base is None else "attacked"
    return table(("metric", first, "clean", "n"), rows) + table(("what it took", ""), numbers)


def _predictions(run: Run) -> tuple[str, ...]:
    if run.baseline is None:
        return ()
    rows = [
        (source.replace("_", " "), made.takeover.text, made.flips.text, made.error)
        for source, made in run.prediction.items()
        if made is not None
    ]
    headers = ("predicted with parameters", "takeover", "flips", "error of beliefs")
    assumes = run.outcome.assumes
    if assumes and not assumes.startswith("no prediction"):
        assumes = f"assumes that {assumes}"
    notes = [f"{assumes[:1].upper()}{assumes[1:]}."] if assumes else []
    notes += [
        f"Nothing is predicted with parameters {source.replace('_', ' ')}: {reason}."
        for source, reason in run.outcome.because.items()
        if not assumes.endswith(reason)
    ]
    return (*([table(headers, rows)] if rows else []), *(paragraph(note, "note") for note in notes))


def _figures(run: Run) -> tuple[str | go.Figure, ...]:
    measured = run.measured
    drawn = [name for name, metric in measured.metrics.items() if metric.rounds == "drawn"]
    curves = {name: _by_round(measured, name) for name in drawn}
    figures: list[go.Figure] = [
        curves_figure(
            f"By round: {measured.metrics[name].title}", found, y_title=measured.metrics[name].unit
        )
        for name, found in curves.items()
        if found
    ]
    trust = _trust(run.arms)
    if trust:
        figures.append(curves_figure("Trust over listeners", trust, y_title="mean gate"))
    pairs = {
        name: (predicted, observed)
        for name in ("takeover", "flips")
        if (predicted := run.metrics[f"{name}_predicted"]).value is not None
        and (observed := run.metrics[f"{name}_observed"]).value is not None
    }
    if pairs:
        figures.append(agreement_figure("The law against what was observed", pairs))
    return tuple(figures)


def _by_round(measured: Measured, name: str) -> list[Curve]:
    """Return a metric's curve on each arm on which something was counted."""
    metric = measured.metrics[name]
    arms = [arm for arm in measured.source.arms if metric.arms in ("each", arm)]
    rounds = tuple(range(measured.source.n_rounds + 1))
    curves = [Curve(arm, rounds, measured.by_round(name, arm)) for arm in arms]
    return [curve for curve in curves if curve.known]


def _trust(arms: Arms) -> list[Curve]:
    transcript = arms.get("attacked")
    if transcript is None or np.nanmin(transcript.gates, initial=1.0) >= 1:
        return []
    trust = mean_trust(transcript)
    kinds = {"adversary": transcript.adversary_seats, "benign agents": transcript.benign}
    rounds = range(1, transcript.n_rounds + 1)
    return [
        Curve(
            name,
            tuple(rounds),
            tuple(_mean(trust[:, number][:, list(seats)], transcript) for number in rounds),
        )
        for name, seats in kinds.items()
    ]


def _mean(values: Any, transcript: Transcript) -> Estimate:
    known = ~np.isnan(values)
    sums = np.where(known, values, 0.0).sum(axis=1)
    return tally(transcript, sums, known.sum(axis=1)).estimate()


def _deliberations(run: Run) -> tuple[str, ...]:
    arm, contents = run.spoken_arm(), run.contents
    warm = {end.question for end in contents.items.values() if end.warmup}
    spoken = {key.question for key in contents.turns if (key.arm, key.replica) == (arm, 0)}
    names = [
        name for name in contents.known_header.questions if name in spoken and name not in warm
    ]
    chosen = names[:SHOWN_QUESTIONS]
    caption = f"The first {len(chosen)} questions of the {arm} arm; fjsim show prints any other."
    parts = [_deliberation(run.deliberation(name, arm)) for name in chosen]
    return (paragraph(caption, "note"), *parts)


def _deliberation(recorded: RecordedDeliberation) -> str:
    facts = (f"key {_letter(recorded.key)}", f"target {_letter(recorded.target)}")
    rows = [
        (
            turn.round,
            f"{turn.agent} (adversary)" if turn.agent in recorded.seats else turn.agent,
            _letter(turn.answer),
            " ".join(f"{mass:.2f}" for mass in turn.belief or ()),
            " ".join(f"{heard.speaker}@{heard.round}" for heard in turn.reached),
            turn.reason or turn.problem,
        )
        for turn in recorded.turns
    ]
    headers = ("round", "agent", "answer", "belief", "heard", "said")
    return details(f"{recorded.question} · {' · '.join(facts)}", table(headers, rows))


def _letter(option: int | None) -> str:
    return "none" if option is None or option < 0 else LETTERS[option]
