"""Numbers that were measured before and written down, where they cannot be measured again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from fjsim.contracts import Arm
from fjsim.errors import ParameterError
from fjsim.metrics.counting import Counted
from fjsim.metrics.evidence import Evidence
from fjsim.metrics.intervals import Estimate
from fjsim.metrics.keys import MetricKey
from fjsim.metrics.metric import Metric

Numbers = Mapping[str, Estimate | None]


@dataclass(frozen=True)
class RecordedCount:
    """An estimate without the counts behind it."""

    recorded: Estimate

    def estimate(self, seed: int = 0) -> Estimate:
        """Return the number as it was written down."""
        return self.recorded

    @classmethod
    def pooled(cls, counted: Iterable[Self]) -> Self:
        """Refuse: intervals cannot be pooled without the counts behind them."""
        raise ParameterError("recorded numbers have no counts, so that they cannot be pooled")


@dataclass(frozen=True, eq=False)
class RecordedNumbers:
    """What a run wrote down of itself; what it did not is counted on its log.

    Parameters
    ----------
    evidence : Evidence
        What the log holds.
    run : mapping of str to Estimate or None
        The numbers of the run; None where it had none.
    clean : mapping of str to Estimate or None
        Those of the clean arm beside an attacked one.
    """

    evidence: Evidence
    run: Numbers
    clean: Numbers

    @property
    def main(self) -> Arm:
        """The attacked arm, or the clean one where nobody attacks."""
        return self.evidence.main

    @property
    def arms(self) -> Mapping[Arm, object]:
        """The arms there are."""
        return self.evidence.arms

    @property
    def n_rounds(self) -> int:
        """Rounds after round 0."""
        return self.evidence.n_rounds

    def counted(self, key: MetricKey, metric: Metric) -> Counted | None:
        """Return what was written down, or else what the log shows."""
        shelf = self._shelf(key, metric) if key.round is None else {}
        if key.name not in shelf:
            return self.evidence.counted(key, metric)
        found = shelf[key.name]
        return None if found is None else RecordedCount(found)

    def _shelf(self, key: MetricKey, metric: Metric) -> Numbers:
        of_run = metric.arms in ("attacked", "clean") or key.arm in (None, self.main)
        if metric.arms == "both" and key.arm is not None:
            of_run = False
        if of_run:
            return self.run
        return self.clean if key.arm == "clean" and self.main == "attacked" else {}
