"""One question in one replica, at its place in the order."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.questions import Question


@dataclass(frozen=True, slots=True)
class Item:
    """One question in one replica.

    Parameters
    ----------
    question : Question
    replica : int
    order : int
        Its place in the seeded order, warm-up included.
    warmup : int
        How many questions of that order are warm-up: round 0 only, outside all metrics.
    """

    question: Question
    replica: int = 0
    order: int = 0
    warmup: int = 0

    @property
    def is_warmup(self) -> bool:
        """Whether it plays round 0 only."""
        return self.order < self.warmup

    def rounds(self, n_rounds: int) -> int:
        """Return how many rounds it plays after round 0, of as many as the run has."""
        return 0 if self.is_warmup else n_rounds
