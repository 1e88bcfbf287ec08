"""No attack."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Attack, Stance, View
from fjsim.questions import Question
from fjsim.registry import register


@register("attack", "none")
@dataclass(frozen=True)
class NoAttack(Attack):
    """Nobody attacks: no seats, no stance, nothing rewritten.

    Notes
    -----
    It gives the absence of an attack a name in scenarios; inside a run that absence is ``None``.
    """

    def take_seats(self, influence: Array, rng: np.random.Generator) -> tuple[int, ...]:
        """Hold no seat."""
        return ()

    def pick_target(
        self, question: Question, benign: Array | None, rng: np.random.Generator
    ) -> int:
        """Be after nothing."""
        return -1

    def stance(self, seat: int, view: View) -> Stance | None:
        """Take no stance."""
        return None
