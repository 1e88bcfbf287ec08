"""An agent that is the law itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Message, Situation, SpeakingAgent, Statement
from fjsim.contracts.population import Population
from fjsim.questions import Question
from fjsim.registry import register


@register("agent", "numeric")
@dataclass(frozen=True)
class NumericAgent(Population, SpeakingAgent):
    """The Friedkin-Johnsen law as an agent: no text, no model; simulated.

    Parameters
    ----------
    competence, shared_distractor, stubbornness, stubbornness_concentration, self_weight,
    lowest_confidence, confidence_alpha, confidence_beta, calibration, words,
    persuasiveness_spread, readiness : float
        See ``fjsim.contracts.population.Population``.

    Notes
    -----
    ``b(t+1) = gamma s + (1-gamma) [alpha b(t) + (1-alpha) sum_j w_j (phi_j b_j + (1-phi_j) r)]``
    with ``r`` the residual of the defense; a speaker that is missing has ``phi = 0`` and
    ``r`` the own last belief. What ``words``, ``persuasiveness_spread`` and ``readiness`` change
    stands in ``Population``.

    References
    ----------
    .. [1] N. E. Friedkin and E. C. Johnsen, "Social influence and opinions", Journal of
       Mathematical Sociology 15, 1990, doi:10.1080/0022250X.1990.9990069.
    """

    def speak(self, situation: Situation) -> Statement:
        """State the belief that the law gives, or the assigned one."""
        if situation.stance is not None:
            return self._stated(situation.stance.belief)
        member = self.member(situation.question, situation.replica, situation.seat, situation.seed)
        if situation.innate is None or situation.own is None:
            return self._stated(member.innate)
        heard = _heard(situation, situation.innate, situation.own)
        drift = member.self_weight * situation.own + (1 - member.self_weight) * heard
        held = self.swayed(member.stubbornness, situation.reasons_shown)
        return self._stated(held * situation.innate + (1 - held) * drift)

    def declared(
        self, question: Question, replica: int, seat: int, seed: int
    ) -> tuple[float, float] | None:
        """Return the member's true stubbornness and self-weight."""
        member = self.member(question, replica, seat, seed)
        return member.stubbornness, member.self_weight

    def persuasiveness(self, question: Question, replica: int, seat: int, seed: int) -> float:
        """Return what multiplies the member's weight with those that hear its reasons."""
        return self.member(question, replica, seat, seed).persuasiveness

    def _stated(self, belief: Array) -> Statement:
        sure = float(belief.max())
        return Statement(int(np.argmax(belief)), belief, sure, self.voiced(sure))


def _heard(situation: Situation, innate: Array, own: Array) -> Array:
    """Mix what was heard; what is not heard, or gated away, is replaced by a residual."""
    messages = [(message, message.expressed(len(own))) for message in situation.heard]
    if sum(m.weight for m in (*situation.heard, *situation.silent)) <= 0:
        return own
    if situation.residual == "renormalise":
        return _renormalised(messages, own)
    rest = innate if situation.residual == "innate" else own
    mixed = sum(message.weight for message in situation.silent) * own
    for message, belief in messages:
        if belief is None:
            mixed = mixed + message.weight * own
            continue
        gate = message.gate if message.option_gates is None else message.option_gates
        mixed = mixed + message.weight * (gate * belief + (1 - gate) * rest)
    # Gates that differ by option take away more from one than from another.
    return _normalised(mixed, rest)


def _renormalised(messages: list[tuple[Message, Array | None]], own: Array) -> Array:
    weights = np.array([m.weight * m.gate for m, belief in messages if belief is not None])
    beliefs = [belief for _, belief in messages if belief is not None]
    if weights.sum() <= 0:
        return own
    return np.asarray(weights @ np.array(beliefs) / weights.sum())


def _normalised(mixed: Array, rest: Array) -> Array:
    total = float(mixed.sum())
    return mixed / total if total > 0 else rest
