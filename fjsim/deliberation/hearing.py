"""What reaches a listener: routed, gated, tampered with, and cut to what peers may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Channel, Heard, Message
from fjsim.records import Turn

DELIVERED = 1e-12
ALL_SHOWN = ("answer", "reason", "confidence", "belief")


@dataclass(frozen=True, slots=True)
class Hearing:
    """What one listener is given before one turn.

    Parameters
    ----------
    heard : tuple of Message
        In the order shown.
    silent : tuple of Message
        Neighbours that were missing or withheld; their weight stays with the own last belief.
    """

    heard: tuple[Message, ...] = ()
    silent: tuple[Message, ...] = ()

    @property
    def record(self) -> tuple[Heard, ...]:
        """What is recorded of it, by speaker."""
        kept = (
            Heard(m.speaker, m.round, round(m.gate, 12), round(m.weight, 12), m.tampered)
            for m in self.heard
        )
        return tuple(sorted(kept, key=lambda heard: heard.speaker))


def message_of(turn: Turn, weight: float, gate: Array | float) -> Message:
    """Return what a turn says to a listener, before tampering and cutting.

    Parameters
    ----------
    turn : Turn
        The speaker's last turn; a blended one speaks by its accepted belief, and keeps its
        reason only if the answer stayed.
    weight : float
        The speaker's share of the listener's peer weight.
    gate : float or ndarray of shape (n_options,)
        The defense's gate.
    """
    belief = None if turn.belief is None else np.array(turn.belief)
    answer, reason = turn.answer, turn.reason
    if belief is not None and turn.stated_belief != turn.belief:
        accepted = int(top_option(belief))
        reason = reason if accepted == answer else ""
        answer = accepted if accepted >= 0 else None
    return Message(
        speaker=turn.agent,
        round=turn.round,
        answer=answer,
        belief=belief,
        confidence=turn.confidence,
        reason=reason,
        gate=float(np.mean(gate)) if np.ndim(gate) else float(gate),
        weight=weight,
        option_gates=np.asarray(gate) if np.ndim(gate) else None,
    )


def cut(message: Message, shown: frozenset[str]) -> Message:
    """Return the message with only what peers may see."""
    if len(shown) == len(ALL_SHOWN):
        return message
    return replace(
        message,
        answer=message.answer if "answer" in shown else None,
        belief=message.belief if "belief" in shown else None,
        confidence=message.confidence if "confidence" in shown else None,
        reason=message.reason if "reason" in shown else "",
    )


def deliver(
    messages: Sequence[Message], channel: Channel, threshold: float, rng: np.random.Generator
) -> Hearing:
    """Apply a defense's channel to the messages of one listener.

    Parameters
    ----------
    messages : sequence of Message
        In the order shown, with their gates.
    channel : {'label', 'withhold', 'sample', 'blend'}
        ``withhold`` drops messages below the threshold; ``sample`` delivers with the gate's
        probability; ``label`` (the gate is shown) and ``blend`` deliver everything.
    threshold : float
        Of ``withhold``.
    rng : numpy.random.Generator
        Of ``sample``.
    """
    if channel in ("label", "blend"):
        return Hearing(heard=tuple(messages))
    draws = rng.random(len(messages))
    heard: list[Message] = []
    silent: list[Message] = []
    for message, draw in zip(messages, draws, strict=True):
        passes = message.gate >= threshold if channel == "withhold" else draw < message.gate
        (heard if passes else silent).append(message)
    return Hearing(tuple(heard), tuple(silent))


def blended(
    stated: Array, innate: Array, own: Array, weights: Array, gates: Array, residual: str
) -> Array:
    """Return the belief that is accepted of a stated one under the ``blend`` channel.

    Parameters
    ----------
    stated, innate, own : ndarray of shape (n_options,)
        What the agent stated, its round-0 belief and its last accepted one.
    weights : ndarray of shape (n_agents,)
        The listener's row of W(q).
    gates : ndarray of shape (n_agents,) or (n_agents, n_options)
        The listener's gates.
    residual : {'innate', 'self'}
        What the rest is filled with.

    Notes
    -----
    ``g = sum_j w_j phi_j`` and ``accepted = g stated + (1 - g) residual``, option by option where
    gates differ by option, renormalised then.
    """
    kept = weights @ gates if weights.sum() > 0 else np.ones(())
    rest = innate if residual == "innate" else own
    mixed = kept * stated + (1 - kept) * rest
    total = float(mixed.sum())
    return np.asarray(mixed / total if total > DELIVERED else rest)
