"""An agent that is the law itself."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import (
    Cast,
    Members,
    Message,
    Situation,
    Situations,
    SpeakingAgent,
    Statement,
    Statements,
)
from fjsim.contracts.population import Population
from fjsim.questions import Question
from fjsim.registry import register

_SPEAKER = attrgetter("speaker")


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

    batched: ClassVar[bool] = True

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

    def cast(self, cast: Cast) -> Members:
        """Return the members in some seats of many items."""
        return self.members(cast)

    def speak_many(self, cast: Cast, members: Members | None, situations: Situations) -> Statements:
        """State what `speak` states, for many items at once."""
        assert members is not None, "what cast gave"
        if situations.innate is None or situations.own is None:
            belief = members.innate
        else:
            heard = _heard_by_many(situations, situations.innate, situations.own)
            own_share = members.self_weight[..., None]
            drift = own_share * situations.own + (1 - own_share) * heard
            held = members.stubbornness
            if situations.reasons_shown:
                held = (1 - self.readiness) * held
            held = held[..., None]
            belief = held * situations.innate + (1 - held) * drift
        assigned = situations.assigned
        belief = np.where(assigned.given[..., None], assigned.beliefs, belief)
        return Statements(belief, belief.argmax(axis=-1), belief.max(axis=-1))

    def _stated(self, belief: Array) -> Statement:
        sure = float(belief.max())
        return Statement(int(np.argmax(belief)), belief, sure, self.voiced(sure))


def _heard(situation: Situation, innate: Array, own: Array) -> Array:
    """Mix what was heard; what is not heard, or gated away, is replaced by a residual."""
    # In one order, whatever the order shown: sums of floats differ by it in their last digits.
    loud = sorted(situation.heard, key=_SPEAKER)
    silent = sorted(situation.silent, key=_SPEAKER)
    messages = [(message, message.expressed(len(own))) for message in loud]
    if sum(m.weight for m in (*loud, *silent)) <= 0:
        return own
    if situation.residual == "renormalise":
        return _renormalised(messages, own)
    rest = innate if situation.residual == "innate" else own
    mixed = sum(message.weight for message in silent) * own
    for message, belief in messages:
        if belief is None:
            mixed = mixed + message.weight * own
            continue
        gate = message.gate if message.option_gates is None else message.option_gates
        mixed = mixed + message.weight * (gate * belief + (1 - gate) * rest)
    # Gates that differ by option take away more from one than from another.
    return _normalised(mixed, rest)


def _heard_by_many(situations: Situations, innate: Array, own: Array) -> Array:
    """Mix what was heard as `_heard` does, voice by voice, for many items at once."""
    weights, beliefs = situations.weights, situations.beliefs
    rest = innate if situations.residual == "innate" else own
    silent = situations.silent[..., None]
    mixed, mass = silent * own, silent
    for voice in range(weights.shape[-1]):
        weight, belief = weights[..., voice, None], beliefs[..., voice, :]
        mass = mass + weight
        if situations.gates is not None:
            gate = _gate(situations.gates, voice, weights.ndim)
            belief = gate * belief + (1 - gate) * rest
        mixed = mixed + weight * np.where(np.isnan(belief), own, belief)
    if situations.residual == "renormalise":
        return _renormalised_by_many(situations, own, mass)
    return np.where(mass > 0, _normalised_by_many(mixed, rest), own)


def _gate(gates: Array, voice: int, width: int) -> Array:
    """Return one voice's gates with an axis of options, which may be of length 1."""
    return gates[..., voice, None] if gates.ndim == width else gates[..., voice, :]


def _normalised_by_many(mixed: Array, rest: Array) -> Array:
    total = mixed.sum(axis=-1, keepdims=True)
    return np.where(total > 0, mixed / np.where(total > 0, total, 1.0), rest)


def _renormalised_by_many(situations: Situations, own: Array, mass: Array) -> Array:
    weights, beliefs, gates = situations.weights, situations.beliefs, situations.gates
    if gates is not None:
        weights = weights * (gates if gates.ndim == weights.ndim else gates.mean(axis=-1))
    known = np.asarray(~np.isnan(beliefs).any(axis=-1))
    weights = np.where(known, weights, 0.0)
    total = weights.sum(axis=-1, keepdims=True)
    read = np.where(known[..., None], beliefs, 0.0)
    mixed = (weights[..., None] * read).sum(axis=-2)
    heard = mixed / np.where(total > 0, total, 1.0)
    return np.where((total > 0) & (mass > 0), heard, own)


def _renormalised(messages: list[tuple[Message, Array | None]], own: Array) -> Array:
    weights = np.array([m.weight * m.gate for m, belief in messages if belief is not None])
    beliefs = [belief for _, belief in messages if belief is not None]
    if weights.sum() <= 0:
        return own
    return np.asarray(weights @ np.array(beliefs) / weights.sum())


def _normalised(mixed: Array, rest: Array) -> Array:
    total = float(mixed.sum())
    return mixed / total if total > 0 else rest
