"""Estimators whose intervals come from resampling questions."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.beliefs import Array
from fjsim.fitting.estimators.contract import RowEstimator
from fjsim.fitting.findings.bootstrap import bootstrap_rows
from fjsim.fitting.rows.grams import Grams
from fjsim.records.transcript import Transcript

DEFAULT_RESAMPLES = 2000


@dataclass(eq=False)
class Resampled(RowEstimator):
    """An estimator with bootstrap intervals.

    Parameters
    ----------
    resamples : int
        Bootstrap resamples over questions; 0 for no intervals.
    level : float
        Level of the intervals.
    seed : int
        Seed of the resampling.
    """

    resamples: int = DEFAULT_RESAMPLES
    level: float = 0.95
    seed: int = 0

    def _draws(self, transcript: Transcript, per_item: Grams, rows: Array) -> Array | None:
        """Return resampled rows around fitted ones; None without resamples."""
        if not self.resamples:
            return None
        return bootstrap_rows(per_item, transcript.question_ids, self.resamples, self.seed, rows)
