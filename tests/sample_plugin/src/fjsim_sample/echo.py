"""An adversary that repeats itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array, certain
from fjsim.contracts import Attack, Stance, View
from fjsim.questions import Question
from fjsim.registry import register


@register("attack", "echo")
@dataclass(frozen=True)
class Echo(Attack):
    """Say the same wrong answer every round, in the same words.

    Parameters
    ----------
    seat : int, default 0
        Seat of the adversary.
    certainty : float, default 0.97
        Stated belief in the target, in [0, 1].

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (its static attack).
    """

    seat: int = 0
    certainty: float = 0.97

    def take_seats(self, influence: Array, rng: np.random.Generator) -> tuple[int, ...]:
        """Return the one seat."""
        return (self.seat,)

    def pick_target(
        self, question: Question, benign: Array | None, rng: np.random.Generator
    ) -> int:
        """Return the first option that is wrong."""
        return next(option for option in range(question.n_options) if option != question.key)

    def stance(self, seat: int, view: View) -> Stance:
        """Argue for the target."""
        belief = certain(view.target, view.question.n_options, self.certainty)
        return Stance(target=view.target, belief=belief, brief="Repeat your last message.")
