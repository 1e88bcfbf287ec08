"""The settings of a sweep: their seeds pooled, each beside its undefended twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from fjsim.contracts import Arm
from fjsim.metrics import NOTHING, Estimate, Measured, MetricKey, Tally
from fjsim.metrics.kept import KeptCounts
from fjsim.metrics.metric import Metric
from fjsim.sweeps.cell import CellResult
from fjsim.sweeps.cells import Cell


class Played(NamedTuple):
    """A cell and what it counted."""

    cell: Cell
    result: CellResult


@dataclass(frozen=True, eq=False)
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

    @property
    def attacked(self) -> bool:
        """Whether anybody attacks."""
        return self.played[0].cell.scenario.attack.kind != "none"

    @property
    def main(self) -> Arm:
        """The attacked arm, or the clean one where nobody attacks."""
        return self.counts.main

    @property
    def defense(self) -> str:
        """Label of the defense."""
        return self.labels["defense"]

    @cached_property
    def counts(self) -> KeptCounts:
        """What every metric counted, pooled over seeds."""
        return pooled(self.played)

    @cached_property
    def bare(self) -> KeptCounts | None:
        """The same of the undefended twin; None where there is none."""
        return pooled(self.partners) if self.partners else None

    def measured(self, metrics: Mapping[str, Metric], seed: int = 0) -> Measured:
        """Return the typed view of the pooled counts.

        Parameters
        ----------
        metrics : mapping of str to Metric
        seed : int
            Seed of the bootstrap.
        """
        return self.counts.measured(metrics, seed)

    def estimate(self, name: str, arm: Arm | None, seed: int = 0) -> Estimate:
        """Return one number at the last round.

        Parameters
        ----------
        name : str
            Name of a metric.
        arm : {'attacked', 'clean'} or None
            None for a number of the whole run.
        seed : int
            Seed of the bootstrap.
        """
        counted = self.counts.counts.get(MetricKey(name, arm))
        return NOTHING if counted is None else counted.estimate(seed)


def pooled(played: Sequence[Played]) -> KeptCounts:
    """Return the counts of several cells as one; a question stays one cluster."""
    return KeptCounts.pooled(one.result.counts for one in played)


def tally_of(counts: KeptCounts | None, name: str, arm: Arm) -> Tally | None:
    """Return the tally of one metric on one arm, or None."""
    counted = None if counts is None else counts.counts.get(MetricKey(name, arm))
    return counted if isinstance(counted, Tally) else None


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
