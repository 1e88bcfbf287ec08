"""An agent that tosses a coin."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.beliefs import certain
from fjsim.contracts import Situation, SpeakingAgent, Statement
from fjsim.registry import register
from fjsim.seeds import stream


@register("agent", "coin")
@dataclass(frozen=True)
class Coin(SpeakingAgent):
    """Answer at random, afresh every round, whatever the others say.

    Parameters
    ----------
    certainty : float, default 0.6
        Stated belief in the drawn option, in [0, 1].
    """

    certainty: float = 0.6

    def speak(self, situation: Situation) -> Statement:
        """Draw an option."""
        question = situation.question
        rng = stream(
            situation.seed, "coin", question.id, situation.replica, situation.seat, situation.round
        )
        answer = int(rng.integers(question.n_options))
        return Statement(answer=answer, belief=certain(answer, question.n_options, self.certainty))
