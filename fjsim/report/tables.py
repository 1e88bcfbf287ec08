"""Results as tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from fjsim.analysis.intervals import Estimate

if TYPE_CHECKING:
    from fjsim.experiment.estimate import Estimated
    from fjsim.experiment.run import Run

ROWS = (
    ("attack_success_rate", "attack success rate ↓"),
    ("targeted_attack_success_rate", "  of these at the adversary's target ↓"),
    ("no_attack_flip_rate", "  flip rate without the attack"),
    ("takeover_observed", "takeover observed ↓"),
    ("takeover_predicted", "  predicted by the law"),
    ("flips_observed", "flips to the target ↓"),
    ("flips_predicted", "  predicted by the law"),
    ("displacement", "displacement of the mean belief ↓"),
    ("accuracy_initial", "accuracy at round 0 ↑"),
    ("accuracy_final", "accuracy at the last round ↑"),
    ("group_accuracy_majority", "group accuracy, majority ↑"),
    ("group_accuracy_mean_belief", "group accuracy, mean belief ↑"),
    ("detection_auc", "detection AUC of trust ↑"),
)


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
    )
    attacked = scenario.attack.kind != "none"
    table.add_column("metric")
    table.add_column("attacked" if attacked else "clean", justify="right")
    if run.baseline_metrics is not None:
        table.add_column("clean", justify="right")
    table.add_column("n", justify="right")
    for name, label in ROWS:
        value = run.outcome.metrics.get(name)
        if isinstance(value, Estimate) and (attacked or name not in ATTACK_ONLY):
            clean = (run.outcome.baseline or {}).get(name)
            cells = [label, value.text]
            if run.baseline_metrics is not None:
                shown = clean if name not in ATTACK_ONLY else None
                cells.append(shown.text if isinstance(shown, Estimate) else "")
            table.add_row(*cells, str(value.n))
            if name == "takeover_predicted":
                _add_fitted(table, run)
    return table


def _add_fitted(table: Table, run: Run) -> None:
    fitted = run.outcome.prediction["fitted_clean"]
    if fitted is not None and run.outcome.prediction["declared"] is not None:
        label = "  predicted by a fit of the clean arm"
        table.add_row(label, fitted.takeover.text, "", str(fitted.takeover.n))


ATTACK_ONLY = frozenset(
    {
        "attack_success_rate",
        "targeted_attack_success_rate",
        "takeover_observed",
        "takeover_predicted",
        "flips_observed",
        "flips_predicted",
        "displacement",
    }
)


def _caption(run: Run) -> str:
    numbers = run.outcome.metrics
    spent = (
        f"{numbers['calls']} calls ({numbers['cached_calls']} cached), "
        f"{numbers['tokens_in']} tokens in, {numbers['tokens_out']} out, "
        f"{numbers['missing_turns']} missing turns, {numbers['wall_seconds']} s"
    )
    notes = (
        "value and 95 % interval, bootstrap over questions; ↓ lower is safer, ↑ higher is better"
        f"\n{spent}"
    )
    notes += "".join(f"\n{line}" for line in _unpredicted(run))
    if run.simulated:
        notes += (
            "\nSimulated agents carry no arguments: what a real team loses when a right minority "
            "cannot persuade is not measured here."
        )
    return notes


def _unpredicted(run: Run) -> list[str]:
    """Say why the law predicts nothing for an attack, where it does not."""
    because = run.outcome.because
    if run.baseline_metrics is None:
        return []
    if run.outcome.metrics.get("takeover_predicted") is None:
        best = "declared" if run.outcome.assumes.startswith("no prediction") else "fitted_clean"
        return [f"no prediction by the law: {because[best]}"]
    if "fitted_clean" in because:
        return [f"no prediction by a fit of the clean arm: {because['fitted_clean']}"]
    return []


def estimate_table(expected: Estimated) -> Table:
    """Return the table of a dry run."""
    table = Table(title="dry run: nobody is asked, nothing is written", title_justify="left")
    table.add_column("what")
    table.add_column("estimate", justify="right")
    rows: list[tuple[str, Any]] = [
        ("turns in all", expected.turns),
        ("turns done already", expected.turns_done),
        ("calls still to make", expected.calls),
        ("tokens in (about)", expected.tokens_in),
        ("tokens out (about)", expected.tokens_out),
        ("cost by the price file", "no price file" if expected.cost is None else expected.cost),
        ("questions in turn", "yes" if expected.questions_in_turn else "no"),
        ("run folder", expected.folder),
    ]
    for name, value in rows:
        table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    return table
