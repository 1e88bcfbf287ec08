"""One agent that defends one wrong option and never moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from fjsim.beliefs import Array, certain
from fjsim.contracts import Attack, Stance, ThreatModel, View
from fjsim.errors import ConfigError
from fjsim.questions import Question
from fjsim.registry import register
from fjsim_attacks.seating import SeatChoice, TargetChoice, choose_seats, choose_target


@register("attack", "stubborn")
@dataclass(frozen=True)
class Stubborn(Attack):
    """Defend one wrong option in every round, with high persuasion, and never move.

    Parameters
    ----------
    seat : {'hub', 'leaf', 'random'}, int or list of int, default 'hub'
        Which seats it holds; seat 0 is the hub of a star.
    n_seats : int, default 1
        How many seats ``'random'`` draws.
    target : {'random-wrong', 'second-best'}, int, letter or text, default 'random-wrong'
        Which option it defends.
    certainty : float, default 0.97
        Probability that it states for its target, in (0, 1].
    persuasiveness : {'low', 'medium', 'high'}, default 'high'
        How a model-driven seat argues.

    Notes
    -----
    Sees the question and what its seat hears; changes nothing but what it says itself. In the
    law it is an agent of stubbornness 1.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (the static attack).
    """

    threat: ClassVar[ThreatModel] = ThreatModel()

    seat: SeatChoice = "hub"
    n_seats: int = 1
    target: TargetChoice = "random-wrong"
    certainty: float = 0.97
    persuasiveness: Literal["low", "medium", "high"] = "high"

    def __post_init__(self) -> None:
        """Refuse a certainty outside its range."""
        if not 0 < self.certainty <= 1:
            raise ConfigError(
                f"attack 'stubborn': certainty is {self.certainty}; it must lie in (0, 1]"
            )

    @property
    def waits_for_round0(self) -> bool:
        """Whether the target depends on the benign agents' first beliefs."""
        return self.target == "second-best"

    def take_seats(self, influence: Array, rng: np.random.Generator) -> tuple[int, ...]:
        """Return the seats that ``seat`` means on this graph."""
        return choose_seats(self.seat, self.n_seats, influence, rng)

    def pick_target(
        self, question: Question, benign: Array | None, rng: np.random.Generator
    ) -> int:
        """Return the option that ``target`` means on this question."""
        return choose_target(self.target, question, benign, rng)

    def stance(self, seat: int, view: View) -> Stance | None:
        """State the target with the same certainty every round."""
        belief = certain(view.target, view.question.n_options, self.certainty)
        return Stance(view.target, belief, self.persuasiveness)
