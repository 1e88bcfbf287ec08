"""The measured numbers of a run on its page: bars, curves by round, the law, what it took."""

from __future__ import annotations

from collections.abc import Iterator

from fjsim.contracts import Arm
from fjsim.metrics import Estimate, Measured, Metric
from fjsim.metrics.metric import Count
from fjsim.report.html.document import paragraph, table, text
from fjsim.report.html.svg import Line, Mark, bars, curves, dots, numbers, short
from fjsim.report.terminal.run import shown_in_run
from fjsim.runs import Run

NUMBER = ' class="number"'
SOURCES = {
    "declared": "law as declared",
    "fitted_clean": "law fitted on the clean arm",
    "fitted_first_rounds": "law fitted on the first rounds",
}


def bars_table(run: Run) -> str:
    """Return the main metrics as bars with their numbers; the clean arm stands in the same row.

    Parameters
    ----------
    run : Run
    """
    base = run.baseline_metrics
    first = "value" if base is None else "attacked"
    heads = ["metric", "", first, *([] if base is None else ["clean"]), "n"]
    rows = "".join(_bar_row(run, name, metric) for name, metric in _barred(run.measured))
    head = "".join(
        f'<th scope="col"{"" if at < 2 else NUMBER}>{text(name)}</th>'
        for at, name in enumerate(heads)
    )
    return (
        '<section id="numbers"><h2>Numbers</h2><div class="wide" tabindex="0">'
        '<table data-csv="metrics" class="barred"><caption>Shares; solid attacked, dashed clean, '
        f"hollow by the law</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"</div>{_others(run)}</section>"
    )


def _barred(measured: Measured) -> Iterator[tuple[str, Metric]]:
    """Yield the metrics of a run's table that are shares of something."""
    for name, metric in shown_in_run(measured).items():
        if metric.bounds[1] == 1.0 and not isinstance(metric, Count):
            yield name, metric


def _bar_row(run: Run, name: str, metric: Metric) -> str:
    main, clean = run.metrics[name], _clean(run, name, metric)
    law = metric.needs == "a prediction"
    only = "clean" if metric.arms == "clean" else "law" if law else run.measured.source.main
    marks = [Mark(metric.label, only, main)]
    if clean is not None:
        marks.append(Mark(metric.label, "clean", clean))
    ends = [v for mark in marks for v in (mark.estimate.low, mark.estimate.value) if v is not None]
    drawn = bars(marks, low=min([0.0, *ends]))
    cells = [numbers(main)]
    if run.baseline_metrics is not None:
        cells.append("" if clean is None else numbers(clean))
    inner = "".join(
        f'<td class="number">{text(_unbroken(cell))}</td>' for cell in (*cells, short(main.n))
    )
    under = ' class="under"' if metric.under else ""
    title = f'<th scope="row" title="{text(metric.definition)}">{text(metric.title)}</th>'
    return f"<tr{under}>{title}<td>{drawn}</td>{inner}</tr>"


def _unbroken(cell: str) -> str:
    """Return a number whose interval stays on one line of a narrow screen."""
    return cell.replace(", ", ",\u00a0")


def _clean(run: Run, name: str, metric: Metric) -> Estimate | None:
    base = run.baseline_metrics
    if base is None or metric.under_attack or name not in base or base[name].value is None:
        return None
    return base[name]


def _others(run: Run) -> str:
    """Return the metrics that are no shares, as a table; empty where there are none."""
    barred = {name for name, _ in _barred(run.measured)}
    base = run.baseline_metrics or {}
    rows = [
        (
            metric.title,
            numbers(run.metrics[name]),
            numbers(base[name]) if name in base and not metric.under_attack else "",
            metric.unit,
        )
        for name, metric in shown_in_run(run.measured).items()
        if name not in barred
    ]
    return table(("metric", "value", "clean", "unit"), rows) if rows else ""


def by_round(run: Run) -> str:
    """Return the curves of the metrics that are drawn after every round.

    Parameters
    ----------
    run : Run
    """
    measured = run.measured
    drawn = []
    for name, metric in measured.metrics.items():
        lines = _curves(measured, name, metric) if metric.rounds == "drawn" else []
        if lines:
            drawn.append(curves(metric.title, metric.unit, lines))
    if not drawn:
        return ""
    return f'<section><h2>Round by round</h2><div class="charts">{"".join(drawn)}</div></section>'


def _curves(measured: Measured, name: str, metric: Metric) -> list[Line]:
    arms: list[Arm] = [arm for arm in _arms(measured) if metric.arms in ("each", arm)]
    found = [Line(arm, arm, measured.by_round(name, arm)) for arm in arms]
    return [line for line in found if any(e.value is not None for e in line.estimates)]


def _arms(measured: Measured) -> list[Arm]:
    return [arm for arm in ("attacked", "clean") if arm in measured.source.arms]


def law_part(run: Run) -> str:
    """Return what the law predicts beside what was observed, and why it is silent where it is.

    Parameters
    ----------
    run : Run
    """
    if run.baseline is None:
        return ""
    groups = [(name, marks) for name in ("takeover", "flips") if (marks := _against(run, name))]
    drawn = dots("Predicted against observed", groups) if groups else ""
    rows = [
        (
            SOURCES.get(source, source),
            numbers(made.takeover),
            numbers(made.flips),
            short(made.error),
        )
        for source, made in run.prediction.items()
        if made is not None
    ]
    heads = ("parameters", "takeover", "flips", "error of last beliefs")
    made = table(heads, rows, "What the law predicts", "predictions") if rows else ""
    notes = "".join(paragraph(note, "note") for note in _law_notes(run))
    return (
        "<section><h2>The law against what was seen</h2>"
        f'<div class="charts">{drawn}<div>{made}{notes}</div></div></section>'
    )


def _against(run: Run, name: str) -> list[Mark]:
    observed = run.metrics[f"{name}_observed"]
    predicted = [
        Mark(SOURCES.get(source, source), "law", getattr(made, name))
        for source, made in run.prediction.items()
        if made is not None and getattr(made, name).value is not None
    ]
    if observed.value is None or not predicted:
        return []
    return [Mark("observed", "attacked", observed), *predicted]


def _law_notes(run: Run) -> list[str]:
    assumes = run.outcome.assumes
    if assumes and not assumes.startswith("no prediction"):
        assumes = f"assumes that {assumes}"
    notes = [f"{assumes[:1].upper()}{assumes[1:]}."] if assumes else []
    return notes + [
        f"Nothing is predicted by the {SOURCES.get(source, source)}: {reason}."
        for source, reason in run.outcome.because.items()
        if not assumes.endswith(reason)
    ]


def spent(run: Run) -> str:
    """Return what the asking took, with labels and units of the metric registry.

    Parameters
    ----------
    run : Run
    """
    rows = [
        (metric.label, short(run.metrics[name].value), metric.unit)
        for name, metric in run.measured.metrics.items()
        if isinstance(metric, Count) and (metric.arms == "run" or name == "missing_turns")
        if run.metrics[name].value is not None
    ]
    if not rows:
        return "<section><h2>Cost</h2><p>What the asking took is not known.</p></section>"
    return (
        f"<section><h2>Cost</h2>{table(('what', 'how much', 'unit'), rows, '', 'cost')}</section>"
    )
