"""One flat table of a sweep: a row per setting, seeds pooled, each number with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from fjsim.analysis.comparison import (
    NO_DIFFERENCE,
    Difference,
    Tally,
    add_up,
    difference,
    holm,
)
from fjsim.analysis.detection import TrustScores, pool_scores
from fjsim.analysis.intervals import NOTHING, Estimate
from fjsim.experiment.sweeps.cell import CLEAN, SUMMED, CellResult
from fjsim.experiment.sweeps.cells import Cell

METRICS = {
    "attack_success_rate": "lower is safer",
    "attack_success_hostile": "lower is safer",
    "targeted_attack_success_rate": "lower is safer",
    "no_attack_flip_rate": "the base of attack success",
    "takeover_observed": "lower is safer",
    "takeover_predicted": "by the law, beside the observed one",
    "flips_observed": "lower is safer",
    "flips_predicted": "by the law, beside the observed ones",
    "displacement": "lower is safer",
    "accuracy_initial": "higher is better",
    "accuracy_final": "higher is better",
    "clean_accuracy_final": "higher is better: without attack",
    "group_accuracy_majority": "higher is better",
    "group_accuracy_mean_belief": "higher is better",
    "clean_group_accuracy_majority": "higher is better: without attack",
    "polarization": "neither",
    "detected": "higher is better",
    "rounds_to_detect": "lower is better",
    "false_isolation": "lower is better",
    "clean_false_isolation": "lower is better: without attack",
}
"""Metric with its direction; each has a value, a lower and an upper bound."""

DIRECTIONS = METRICS | {
    "detection_auc": "higher is better",
    "asr_change": "lower is safer: against the same cells with defense none",
    "price": "lower is better: accuracy lost without attack, against defense none",
    "attack_effect": "lower is safer: attack success minus flip rate without attack",
    "questions_to_detect": "lower is better",
}

TESTS = ("asr_change", "price", "attack_effect")
"""Families of paired tests; Holm's control is within each."""


class Played(NamedTuple):
    """A cell and what it counted."""

    cell: Cell
    result: CellResult


@dataclass(frozen=True)
class Group:
    """The seeds of one setting.

    Parameters
    ----------
    labels : mapping of str to str
    played : tuple of Played
        One per seed.
    partners : tuple of Played
        The same seeds with defense none, where the sweep has them all.
    """

    labels: Mapping[str, str]
    played: tuple[Played, ...]
    partners: tuple[Played, ...] = ()

    def tally(self, name: str) -> Tally | None:
        """Return one count pooled over seeds; None where no seed has it."""
        return pooled(self.played, name)

    def clean(self, name: str) -> Tally | None:
        """Return one count of the arm without attack."""
        return pooled(self.played, _clean_name(self.played, name))

    @property
    def attacked(self) -> bool:
        """Whether anybody attacks."""
        return self.played[0].cell.scenario.attack.kind != "none"

    @property
    def defense(self) -> str:
        """Label of the defense."""
        return self.labels["defense"]


def pooled(played: Sequence[Played], name: str) -> Tally | None:
    """Return one count of several cells, added up by question."""
    found = [one.result.tallies[name] for one in played if name in one.result.tallies]
    return add_up(found) if found else None


def _clean_name(played: Sequence[Played], name: str) -> str:
    attacked = any(one.cell.scenario.attack.kind != "none" for one in played)
    return f"{CLEAN}{name}" if attacked else name


def groups(played: Sequence[Played]) -> tuple[Group, ...]:
    """Return the settings of a sweep in order, each with its undefended twin.

    Parameters
    ----------
    played : sequence of Played
        Finished cells.
    """
    bare = {
        one.cell.key_without("defense"): one
        for one in played
        if one.cell.scenario.defense.kind == "none"
    }
    sorted_out: dict[tuple[tuple[str, str], ...], list[Played]] = {}
    for one in played:
        sorted_out.setdefault(one.cell.group, []).append(one)
    return tuple(_group(members, bare) for members in sorted_out.values())


def _group(members: list[Played], bare: Mapping[str, Played]) -> Group:
    labels = members[0].cell.labels
    if members[0].cell.scenario.defense.kind == "none":
        return Group(labels, tuple(members))
    partners = [bare.get(one.cell.key_without("defense")) for one in members]
    found = tuple(one for one in partners if one is not None)
    return Group(labels, tuple(members), found if len(found) == len(members) else ())


def sweep_table(settings: Sequence[Group], seed: int = 0) -> pd.DataFrame:
    """Return the flat table.

    Parameters
    ----------
    settings : sequence of Group
    seed : int
        Of bootstrap and tests.

    Returns
    -------
    DataFrame
        One row per setting: its labels, every metric with ``_low`` and ``_high``, paired
        differences with ``_p`` and ``_p_holm``, detection, and what the asking took.
        ``attrs["direction"]`` says which way is better.
    """
    rows = [_row(group, seed) for group in settings]
    for family in TESTS:
        adjusted = holm([row.get(f"{family}_p") for row in rows])
        for row, p_value in zip(rows, adjusted, strict=True):
            row[f"{family}_p_holm"] = p_value
    frame = pd.DataFrame(rows)
    frame.attrs["direction"] = dict(DIRECTIONS)
    return frame


def _row(group: Group, seed: int) -> dict[str, Any]:
    results = [one.result for one in group.played]
    row: dict[str, Any] = dict(group.labels)
    row |= {
        "n_agents": group.played[0].cell.scenario.n_agents,
        "seeds": len(results),
        "questions": len(results[0].tallies["accuracy_initial"].questions),
        "simulated": all(result.simulated for result in results),
        "prediction": results[0].prediction,
        "no_prediction": results[0].no_prediction,
    }
    for name in METRICS:
        row |= _columns(name, _estimate(group, name, seed))
        if name == "attack_success_rate":
            row["n"] = _estimate(group, name, seed).n
    row |= _columns("detection_auc", _auc(results, seed))
    row["questions_to_detect"] = _questions(results)
    for family in TESTS:
        row |= _tested(family, paired_change(group, family, seed))
    for name in (*SUMMED, "missing_turns", "wall_seconds"):
        row[name] = sum(result.numbers.get(name, 0.0) for result in results)
    row["missing_share"] = max(result.numbers.get("missing_share", 0.0) for result in results)
    row["tokens_ratio"] = _tokens_ratio(group)
    return row


def _columns(name: str, estimate: Estimate) -> dict[str, float | None]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _tested(name: str, gap: Difference) -> dict[str, float | None]:
    return {
        name: gap.value,
        f"{name}_low": gap.low,
        f"{name}_high": gap.high,
        f"{name}_p": gap.p_value,
    }


def _estimate(group: Group, name: str, seed: int) -> Estimate:
    if name == "no_attack_flip_rate":
        tally = group.clean("attack_success_rate")
    elif name.startswith("clean_"):
        tally = group.clean(name.removeprefix("clean_"))
    elif name.startswith("attack_success") and not group.attacked:
        tally = None
    else:
        tally = group.tally(name)
    return NOTHING if tally is None else tally.estimate(seed)


def paired_change(group: Group, family: str, seed: int = 0) -> Difference:
    """Return one paired difference of a setting.

    Parameters
    ----------
    group : Group
    family : {'asr_change', 'price', 'attack_effect'}
        Against the undefended twin under attack; against it without attack; or against the
        own arm without attack.
    seed : int
        Of bootstrap and test.
    """
    rate, accuracy = "attack_success_rate", "accuracy_final"
    if family == "attack_effect":
        pair = (group.tally(rate), group.clean(rate)) if group.attacked else (None, None)
    elif family == "asr_change":
        pair = (group.tally(rate), pooled(group.partners, rate)) if group.attacked else (None,) * 2
    else:
        bare = pooled(group.partners, _clean_name(group.partners, accuracy))
        pair = (bare, group.clean(accuracy))
    first, second = pair
    return NO_DIFFERENCE if first is None or second is None else difference(first, second, seed)


def _auc(results: Sequence[CellResult], seed: int) -> Estimate:
    scores: list[TrustScores] = [result.trust for result in results if result.trust is not None]
    return pool_scores(scores).estimate(seed) if scores else NOTHING


def _questions(results: Sequence[CellResult]) -> float | None:
    found = [r.questions_to_detect for r in results if r.questions_to_detect is not None]
    return sum(found) / len(found) if found else None


def _tokens_ratio(group: Group) -> float | None:
    def tokens(played: Sequence[Played]) -> float:
        return sum(
            one.result.numbers.get(name, 0.0)
            for one in played
            for name in ("tokens_in", "tokens_out")
        )

    bare = tokens(group.partners)
    return tokens(group.played) / bare if bare > 0 else None
