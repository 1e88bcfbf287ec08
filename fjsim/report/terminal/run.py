"""Results as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from fjsim.metrics import Measured, Metric
from fjsim.metrics.metric import Count
from fjsim.report.caveat import CAVEAT
from fjsim.report.terminal.durations import in_time

if TYPE_CHECKING:
    from fjsim.runs import Run
    from fjsim.runs.estimate import Estimated
    from fjsim.runs.timing import ExpectedTime


def run_table(run: Run) -> Table:
    """Return the table of one run: metric, attacked, clean, n.

    Parameters
    ----------
    run : Run
    """
    scenario = run.scenario
    label = "simulated · " if run.simulated else ""
    table = Table(
        title=f"{label}{scenario.topology.kind} · attack {scenario.attack.kind} · defense "
        f"{scenario.defense.kind} · {scenario.n_agents} agents · {scenario.rounds} rounds",
        caption=_caption(run),
        caption_justify="left",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    attacked = run.measured.source.main == "attacked"
    table.add_column("metric")
    table.add_column("attacked" if attacked else "clean", justify="right")
    if run.baseline_metrics is not None:
        table.add_column("clean", justify="right")
    table.add_column("n", justify="right")
    numbers, base = run.metrics, run.baseline_metrics
    for name, metric in shown_in_run(run.measured).items():
        cells = [indented(metric), numbers[name].text]
        if base is not None:
            apart = metric.under_attack or name not in base
            cells.append("" if apart else base[name].text)
        table.add_row(*cells, str(numbers[name].n))
        if name == "takeover_predicted":
            _add_fitted(table, run)
    return table


def shown_in_run(measured: Measured) -> Mapping[str, Metric]:
    """Return the metrics that a run's table shows, in order.

    Parameters
    ----------
    measured : Measured
        The run's numbers; what it does not have is left out, as is what means nothing where
        nobody attacks.
    """
    present, attacked = measured.as_dict(), measured.source.main == "attacked"
    return {
        name: metric
        for name, metric in measured.metrics.items()
        if present[name] is not None
        and (attacked or not metric.under_attack)
        and (
            metric.place == "summary" or (metric.place == "page" and not isinstance(metric, Count))
        )
    }


def indented(metric: Metric) -> str:
    """Return what a run's table calls a metric; one that belongs to another stands below it."""
    return f" {metric.title}" if metric.under else metric.title


def _add_fitted(table: Table, run: Run) -> None:
    fitted = run.outcome.prediction["fitted_clean"]
    if fitted is not None and run.outcome.prediction["declared"] is not None:
        label = " takeover by a clean fit"
        table.add_row(label, fitted.takeover.text, "", str(fitted.takeover.n))


def _caption(run: Run) -> str:
    numbers = run.metrics
    failed = numbers["failed_calls"]
    lost = f", {failed.text} failed" if failed.value else ""
    spent = (
        f"{numbers['calls'].text} calls ({numbers['cached_calls'].text} cached{lost}), "
        f"{numbers['tokens_in'].text} tokens in, {numbers['tokens_out'].text} out, "
        f"{numbers['missing_turns'].text} missing turns, "
        f"{numbers['wall_seconds'].text} s of play in all"
    )
    notes = (
        "value and 95 % interval, bootstrap over questions; ↓ lower is safer, ↑ higher is better"
        f"\n{spent}"
    )
    notes += "".join(f"\n{line}" for line in _unpredicted(run))
    if run.simulated:
        notes += f"\n{CAVEAT}"
    return notes


def _unpredicted(run: Run) -> list[str]:
    """Say why the law predicts nothing for an attack, where it does not."""
    because = run.outcome.because
    if run.baseline_metrics is None:
        return []
    if run.outcome.metrics.get("takeover_predicted") is None:
        best = "declared" if run.outcome.assumes.startswith("no prediction") else "fitted_clean"
        return [f"no prediction by the law: {escape(because[best])}"]
    if "fitted_clean" in because:
        return [f"no prediction by a fit of the clean arm: {escape(because['fitted_clean'])}"]
    return []


def estimate_table(expected: Estimated, time: ExpectedTime) -> Table:
    """Return the table of a dry run."""
    table = Table(title="dry run: nothing is asked, nothing is written", title_justify="left")
    table.add_column("what")
    table.add_column("estimate", justify="right")
    rows: list[tuple[str, Any]] = [
        ("turns in all", expected.turns),
        ("turns done already", expected.turns_done),
        ("calls still to make", expected.calls),
        *(
            [("… of these casting votes, at most", expected.casting_calls)]
            if expected.casting_calls
            else []
        ),
        ("tokens in (about)", expected.tokens_in),
        ("tokens out (about)", expected.tokens_out),
        ("cost by the price file", "no price file" if expected.cost is None else expected.cost),
        ("time", _in_words(time)),
        ("warm-up questions, round 0 only", expected.warmup),
        ("questions in turn", "yes" if expected.questions_in_turn else "no"),
        ("questions are played", expected.engine),
        ("run folder", expected.folder),
        *(("needs --trust", asked) for asked in expected.needs_trust),
    ]
    for name, value in rows:
        table.add_row(name, f"{value:,}" if isinstance(value, int) else escape(str(value)))
    return table


def _in_words(time: ExpectedTime) -> str:
    if time.seconds is None:
        return time.known_from
    return f"about {in_time(time.seconds)}, by {time.known_from}"
