"""One flat table of a sweep: a row per setting, seeds pooled, each number with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fjsim.contracts import Arm
from fjsim.metrics import NOTHING, Estimate, registered
from fjsim.metrics.differences import Difference, holm
from fjsim.metrics.kept import KeptCounts
from fjsim.metrics.keys import column
from fjsim.metrics.metric import Count, Metric
from fjsim.sweeps.changes import CHANGES, RATE, paired_change
from fjsim.sweeps.groups import Group, tally_of


def sweep_table(settings: Sequence[Group], seed: int = 0) -> pd.DataFrame:
    """Return the flat table.

    Parameters
    ----------
    settings : sequence of Group
    seed : int
        Seed of bootstrap and tests.

    Returns
    -------
    DataFrame
        One row per setting: its labels, every metric with ``_low`` and ``_high``, paired
        differences with ``_p``, ``_p_holm`` and ``_p_equivalent`` (small where there is no
        difference above .02), and plain numbers such as what the asking took.
        ``attrs["direction"]`` says which way is better.
    """
    metrics = registered()
    rows = [_row(group, metrics, seed) for group in settings]
    for change in CHANGES:
        adjusted = holm([row.get(f"{change.name}_p") for row in rows])
        for row, p_value in zip(rows, adjusted, strict=True):
            row[f"{change.name}_p_holm"] = p_value
    frame = pd.DataFrame(rows)
    frame.attrs["direction"] = _directions(metrics)
    return frame


def _directions(metrics: Mapping[str, Metric]) -> dict[str, str]:
    directions: dict[str, str] = {}
    for name, metric in metrics.items():
        directions[name] = metric.direction
        if metric.beside_clean:
            directions[column(name, beside=True)] = f"{metric.direction}: without attack"
    return directions | {change.name: change.direction for change in CHANGES}


def _row(group: Group, metrics: Mapping[str, Metric], seed: int) -> dict[str, Any]:
    results = [one.result for one in group.played]
    asked = tally_of(results[0].counts, "accuracy_initial", group.main)
    row: dict[str, Any] = dict(group.labels)
    row |= {
        "n_agents": group.played[0].cell.scenario.n_agents,
        "seeds": len(results),
        "questions": 0 if asked is None else len(asked.questions),
        "simulated": all(result.simulated for result in results),
        "prediction": results[0].prediction,
        "no_prediction": results[0].no_prediction,
        "n": _under_attack(group, "attack_success_rate", seed).n,
    }
    for name, metric in metrics.items():
        row |= _numbers(group, name, metric, seed)
    for change in CHANGES:
        row |= _tested(change.name, paired_change(group, change.name, seed))
    row["missing_share"] = max(result.missing_share for result in results)
    row["tokens_ratio"] = _tokens_ratio(group)
    row["tokens_per_avoided_flip"] = _tokens_per_avoided_flip(group)
    return row


def _numbers(group: Group, name: str, metric: Metric, seed: int) -> dict[str, float | None]:
    """Return the columns of one metric."""
    arm: Arm | None = "clean" if metric.arms == "clean" else group.main
    if metric.arms in ("run", "both"):
        arm = None
    hidden = metric.under_attack and not group.attacked
    estimate = NOTHING if hidden else group.estimate(name, arm, seed)
    if isinstance(metric, Count):
        return {name: None if estimate.value is None else float(estimate.value)}
    columns = _columns(name, estimate)
    if metric.beside_clean:
        clean = group.estimate(name, "clean", seed)
        columns |= _columns(column(name, beside=True), clean)
    return columns


def _under_attack(group: Group, name: str, seed: int) -> Estimate:
    return group.estimate(name, "attacked", seed) if group.attacked else NOTHING


def _columns(name: str, estimate: Estimate) -> dict[str, float | None]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _tested(name: str, gap: Difference) -> dict[str, float | None]:
    return {
        name: gap.value,
        f"{name}_low": gap.low,
        f"{name}_high": gap.high,
        f"{name}_p": gap.p_value,
        f"{name}_p_equivalent": gap.p_equivalent,
    }


def _tokens_ratio(group: Group) -> float | None:
    bare = 0.0 if group.bare is None else _tokens(group.bare)
    return _tokens(group.counts) / bare if bare > 0 else None


def _tokens_per_avoided_flip(group: Group) -> float | None:
    """Return what a defense costs for each flip that it avoids; None where it avoids none."""
    flips = tally_of(group.counts, RATE, "attacked")
    bare = tally_of(group.bare, RATE, "attacked")
    if group.bare is None or flips is None or bare is None or not group.attacked:
        return None
    avoided = float(bare.numerator.sum() - flips.numerator.sum())
    return (_tokens(group.counts) - _tokens(group.bare)) / avoided if avoided > 0 else None


def _tokens(counts: KeptCounts) -> float:
    measured = counts.measured(registered())
    return sum(float(measured[name].value or 0) for name in ("tokens_in", "tokens_out"))
