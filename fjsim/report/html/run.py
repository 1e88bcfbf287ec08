"""The page of one run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from fjsim.contracts import Arm
from fjsim.errors import StorageError
from fjsim.metrics import Estimate, Evidence, Measured, paired, registered, tally
from fjsim.metrics.detection import mean_trust
from fjsim.questions import LETTERS
from fjsim.records import (
    SCENARIO,
    LogContents,
    Transcript,
    Turn,
    build_transcript,
    read_run,
)
from fjsim.report.html.document import Section, details, document, paragraph, preformatted, table
from fjsim.report.html.figures import Curve, agreement_figure, curves_figure
from fjsim.report.terminal.run import indented
from fjsim.report.terminal.sweep import CAVEAT
from fjsim.runs.folder import METRICS, own_text

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
        If the run is not finished, or damaged.
    """
    try:
        recorded = _recorded(folder / METRICS)
        scenario = own_text(folder / SCENARIO)
    except (OSError, ValueError) as error:
        raise StorageError(
            f"{folder}: this run is not finished ({METRICS} is missing or damaged); run the same "
            "command again first"
        ) from error
    contents = read_run(folder)
    if not contents.items:
        raise StorageError(f"{folder}: no question of this run is finished; run it further first")
    arms = _arms(contents)
    simulated = bool(recorded.get("simulated", False))
    notes = ["95 % intervals, bootstrap over questions. ↓ lower is safer, ↑ higher is better."]
    sections = [
        Section("Metrics", (_metrics(recorded, "attacked" in arms), *_predictions(recorded))),
        Section("Round by round", _figures(recorded, arms)),
        Section("What was said", _deliberations(contents)),
        Section("Scenario", (preformatted(scenario),)),
    ]
    return document(folder.name, simulated, [*notes, CAVEAT] if simulated else notes, sections)


def _recorded(path: Path) -> Mapping[str, Any]:
    """Read what a finished run printed; refuse what is no such thing."""
    recorded = json.loads(own_text(path))
    if not isinstance(recorded, dict) or not isinstance(recorded.get("metrics"), dict):
        raise ValueError("no metrics in it")
    return recorded


def _arms(contents: LogContents) -> Arms:
    present = sorted({end.arm for end in contents.items.values()})
    arms = {arm: build_transcript(contents, arm) for arm in present}
    if len(arms) == 2:
        attacked, clean = paired(arms["attacked"], arms["clean"])
        arms = {"attacked": attacked, "clean": replace(clean, targets=attacked.targets)}
    return {arm: transcript for arm, transcript in arms.items() if transcript.n_items}


def _estimate(value: Any) -> Estimate | None:
    if not isinstance(value, dict) or value.get("value") is None:
        return None
    return Estimate(value["value"], value["low"], value["high"], value["n"])


def _metrics(recorded: Mapping[str, Any], attacked: bool) -> str:
    metrics, baseline = recorded["metrics"], recorded.get("baseline") or {}
    rows, numbers = [], []
    for name, metric in registered().items():
        value = metrics.get(name)
        main, clean = _estimate(value), _estimate(baseline.get(name))
        if metric.under_attack and not attacked:
            continue
        if main is not None and metric.place != "data":
            rows.append((indented(metric), main.text, clean.text if clean else "", main.n))
        elif isinstance(value, (int, float)):
            numbers.append((metric.label, value))
    first = "attacked" if baseline else "value"
    return table(("metric", first, "clean", "n"), rows) + table(("what it took", ""), numbers)


def _predictions(recorded: Mapping[str, Any]) -> tuple[str, ...]:
    rows = []
    for source, made in recorded.get("prediction", {}).items():
        if isinstance(made, dict):
            takeover, flips = _estimate(made.get("takeover")), _estimate(made.get("flips"))
            texts = [estimate.text if estimate else "n/a" for estimate in (takeover, flips)]
            rows.append((source.replace("_", " "), *texts, made.get("error")))
    if not recorded.get("baseline"):
        return ()
    headers = ("predicted with parameters", "takeover", "flips", "error of beliefs")
    assumes = recorded.get("prediction", {}).get("assumes", "")
    if assumes and not assumes.startswith("no prediction"):
        assumes = f"assumes that {assumes}"
    notes = [f"{assumes[:1].upper()}{assumes[1:]}."] if assumes else []
    notes += [
        f"Nothing is predicted with parameters {source.replace('_', ' ')}: {reason}."
        for source, reason in recorded.get("prediction", {}).get("because", {}).items()
        if not assumes.endswith(reason)
    ]
    return (*([table(headers, rows)] if rows else []), *(paragraph(note, "note") for note in notes))


def _figures(recorded: Mapping[str, Any], arms: Arms) -> tuple[str | go.Figure, ...]:
    measured = Measured(Evidence(arms))
    drawn = [name for name, metric in measured.metrics.items() if metric.rounds == "drawn"]
    curves = {name: _by_round(measured, name) for name in drawn}
    figures: list[go.Figure] = [
        curves_figure(
            f"By round: {measured.metrics[name].title}", found, y_title=measured.metrics[name].unit
        )
        for name, found in curves.items()
        if found
    ]
    trust = _trust(arms)
    if trust:
        figures.append(curves_figure("Trust over listeners", trust, y_title="mean gate"))
    pairs = {
        name: (predicted, observed)
        for name in ("takeover", "flips")
        if (predicted := _estimate(recorded["metrics"].get(f"{name}_predicted"))) is not None
        and (observed := _estimate(recorded["metrics"].get(f"{name}_observed"))) is not None
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


def _deliberations(contents: LogContents) -> tuple[str, ...]:
    arm = "attacked" if any(key.arm == "attacked" for key in contents.turns) else "clean"
    turns = [t for key, t in contents.turns.items() if key.arm == arm and key.replica == 0]
    warm = {end.question for end in contents.items.values() if end.warmup}
    names = [name for name in contents.header["questions"] if name not in warm]
    chosen = names[:SHOWN_QUESTIONS]
    caption = f"The first {len(chosen)} questions of the {arm} arm; fjsim show prints any other."
    parts = [
        _deliberation(contents, name, [t for t in turns if t.question == name]) for name in chosen
    ]
    return (paragraph(caption, "note"), *parts)


def _deliberation(contents: LogContents, question: str, turns: Sequence[Turn]) -> str:
    hostile = {t.agent for t in turns if t.arm == "attacked"} & set(contents.header["seats"])
    end = next((e for e in contents.items.values() if e.question == question), None)
    attacked = next(
        (e for e in contents.items.values() if e.question == question and e.target is not None), end
    )
    facts = [f"key {_letter(end.key if end else None)}"]
    facts.append(f"target {_letter(attacked.target if attacked else None)}")
    rows = [
        (
            turn.round,
            f"{turn.agent} (adversary)" if turn.agent in hostile else turn.agent,
            _letter(turn.answer),
            " ".join(f"{mass:.2f}" for mass in turn.belief or ()),
            " ".join(f"{heard.speaker}@{heard.round}" for heard in turn.reached),
            turn.reason or turn.problem,
        )
        for turn in sorted(turns, key=lambda turn: (turn.round, turn.agent))
    ]
    headers = ("round", "agent", "answer", "belief", "heard", "said")
    return details(f"{question} · {' · '.join(facts)}", table(headers, rows))


def _letter(option: int | None) -> str:
    return "none" if option is None or option < 0 else LETTERS[option]
