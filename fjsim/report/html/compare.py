"""Two runs side by side: verdicts, paired differences, questions that came out differently."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fjsim.errors import ParameterError
from fjsim.metrics import Estimate, Tally, registered
from fjsim.metrics.differences import Difference, difference
from fjsim.metrics.metric import Count
from fjsim.report.html.document import (
    REPORT,
    THEME,
    Link,
    label,
    page,
    paragraph,
    script,
    table,
    text,
)
from fjsim.report.html.svg import Mark, dots, numbers, short
from fjsim.report.html.verdict import verdict
from fjsim.report.standing import MARGIN, judged
from fjsim.runs import Run

SCRIPTS = ("dom.js", "theme.js", "tables.js", "plain.js")
MOST_QUESTIONS = 300
SHOWS = {
    "equivalent": "≈ equivalent",
    "lower": "B is lower",
    "higher": "B is higher",
    "undecided": "not decided",
}


class Compared(NamedTuple):
    """One metric of both runs.

    Parameters
    ----------
    name : str
        Name of the metric.
    one, other : Estimate
        In run A and in run B.
    gap : Difference
        B less A, paired by question.
    """

    name: str
    one: Estimate
    other: Estimate
    gap: Difference


def compare_page(one: Run, other: Run, beside: Path) -> str:
    """Return the HTML page of two runs side by side.

    Parameters
    ----------
    one, other : Run
        Called A and B; with finished questions and a folder.
    beside : Path
        Folder in which the page will lie, for links to the pages of both.

    Raises
    ------
    ParameterError
        If they have no question in common.
    StorageError
        If no question of one of them is finished.
    """
    found = compared(one, other)
    names = (_name(one), _name(other))
    title = f"A {names[0]} · B {names[1]}"
    parts = (
        f'<header class="top"><h1>{label(one.simulated and other.simulated)}{text(title)}</h1>'
        f'<div class="controls">{THEME}</div></header><main>',
        f'<p class="verdict">{text(_headline(found))}</p>',
        paragraph(_small_print(one, other), "note"),
        '<div class="charts">',
        *(
            f"<section><h2>{letter} {text(name)}</h2><p>{text(verdict(run).headline)}</p></section>"
            for letter, name, run in zip("AB", names, (one, other), strict=True)
        ),
        "</div>",
        _differences(found),
        _questions(one, other, beside),
        "</main>",
    )
    return page(title, "".join(parts), [script(*SCRIPTS)])


def compared(one: Run, other: Run) -> tuple[Compared, ...]:
    """Return the metrics that both runs counted, with their paired differences.

    Parameters
    ----------
    one, other : Run

    Raises
    ------
    ParameterError
        If they have no question in common.
    """
    shared = set(one.transcript.question_ids) & set(other.transcript.question_ids)
    if not shared:
        raise ParameterError(
            "these runs have no finished question in common, so that nothing can be compared "
            "question by question; compare runs of one question set"
        )
    rows = []
    for name, metric in registered().items():
        if metric.place == "data" or isinstance(metric, Count):
            continue
        tallies = [run.measured.counted(name) if name in run.metrics else None
                   for run in (one, other)]  # fmt: skip
        first, second = tallies
        if isinstance(first, Tally) and isinstance(second, Tally):
            gap = difference(second, first)
            if gap.value is not None:
                rows.append(Compared(name, one.metrics[name], other.metrics[name], gap))
    return tuple(rows)


def _name(run: Run) -> str:
    return "in memory" if run.folder is None else run.folder.resolve().name


def _headline(found: Sequence[Compared]) -> str:
    chosen = [row for row in found if row.name in ("attack_success_rate", "accuracy_final")]
    return " ".join(_sentence(row) for row in chosen) or "Both runs counted nothing alike."


def _sentence(row: Compared) -> str:
    metric, gap = registered()[row.name], row.gap
    ends_of = (gap.value, gap.low, gap.high)
    value, low, high = (round(100 * (number or 0.0)) + 0 for number in ends_of)
    points = f"{abs(value)} points"
    ends = f"[{low}, {high}]".replace("-", "\N{MINUS SIGN}")
    name = metric.label.capitalize()
    match judged(gap):
        case "equivalent":
            return f"{name} is the same in A and B within {100 * MARGIN:.0f} points {ends}."
        case "undecided":
            return f"Whether {metric.label} differs is not decided: B less A is {ends} points."
        case "lower":
            return f"{name} is {points} lower in B {ends}."
    return f"{name} is {points} higher in B {ends}."


def _small_print(one: Run, other: Run) -> str:
    shared = set(one.transcript.question_ids) & set(other.transcript.question_ids)
    counts = [len(set(run.transcript.question_ids)) for run in (one, other)]
    return (
        f"{len(shared)} questions in common of {counts[0]} in A and {counts[1]} in B. Differences "
        "are B less A on the common questions, both drawn together, with 95 % intervals; p is "
        f"that of a randomisation test. Equivalent: the interval lies within {100 * MARGIN:.0f} "
        "points."
    )


def _differences(found: Sequence[Compared]) -> str:
    rows = [
        (
            registered()[row.name].title,
            numbers(row.one),
            numbers(row.other),
            numbers(_as_estimate(row.gap)),
            short(row.gap.p_value),
            SHOWS[judged(row.gap)],
        )
        for row in found
    ]
    heads = ("metric", "A", "B", "B less A", "p", "shows")
    marks = [
        Mark(
            registered()[row.name].label,
            "equal" if judged(row.gap) == "equivalent" else "other",
            _as_estimate(row.gap),
        )
        for row in found
    ]
    drawn = dots("B less A; a dashed ring is equivalent", [("", marks)]) if marks else ""
    return (
        '<section id="differences"><h2>Paired differences</h2>'
        f"{drawn}{table(heads, rows, name='differences')}</section>"
    )


def _as_estimate(gap: Difference) -> Estimate:
    return Estimate(gap.value, gap.low, gap.high, gap.n_questions)


def _questions(one: Run, other: Run, beside: Path) -> str:
    """Return the questions on which another share of the agents ended right."""
    tallies = [run.measured.counted("accuracy_final") for run in (one, other)]
    first, second = ({} if not isinstance(t, Tally) else _shares(t) for t in tallies)
    changed = [name for name in first if name in second and first[name] != second[name]]
    changed.sort(key=lambda name: (-abs(_share(second[name]) - _share(first[name])), name))
    pages = [_page(run, beside) for run in (one, other)]
    rows = [
        (name, *_counts(first[name], second[name]), *_links(pages, name))
        for name in changed[:MOST_QUESTIONS]
    ]
    if not rows:
        said = "No question came out differently: as many agents end right on each of them."
        return f"<section><h2>Questions</h2>{paragraph(said)}</section>"
    heads = ("question", "right in A", "right in B", "B less A", "page of A", "page of B")
    note = f"{len(changed)} of {len(set(first) & set(second))} questions, the largest change first."
    left = "" if all(pages) else " fjsim report RUN writes the page of a run, and links appear."
    return (
        '<section id="changed"><h2>Questions that came out differently</h2>'
        f"{paragraph(note + left, 'note')}{table(heads, rows, name='changed')}</section>"
    )


def _counts(first: tuple[float, float], second: tuple[float, float]) -> list[str]:
    counts = [f"{right:.0f} of {asked:.0f}" for right, asked in (first, second)]
    return [*counts, f"{_share(second) - _share(first):+.2f}"]


def _links(pages: Sequence[str | None], question: str) -> list[Link | str]:
    return [
        "" if page is None else Link(page, letter, question)
        for letter, page in zip("AB", pages, strict=True)
    ]


def _shares(tally: Tally) -> dict[str, tuple[float, float]]:
    parts = (tally.numerator.tolist(), tally.denominator.tolist())
    return dict(zip(tally.questions, zip(*parts, strict=True), strict=True))


def _share(counted: tuple[float, float]) -> float:
    return counted[0] / counted[1] if counted[1] else float(np.nan)


def _page(run: Run, beside: Path) -> str | None:
    if run.folder is None or not (run.folder / REPORT).is_file():
        return None
    return Path(os.path.relpath((run.folder / REPORT).resolve(), beside.resolve())).as_posix()
