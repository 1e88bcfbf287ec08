"""What reaches a listener: routed, gated, tampered with, and cut to what peers may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Channel, Defense, Heard, Message, Record, Router
from fjsim.records import Turn, shared_heard

DELIVERED = 1e-12
ALL_SHOWN = ("answer", "reason", "confidence", "belief")
_SPEAKER = attrgetter("speaker")


@dataclass(frozen=True, slots=True)
class Hearing:
    """What one listener is given before one turn.

    Parameters
    ----------
    heard : tuple of Message
        In the order shown.
    silent : tuple of Message
        Neighbours that were missing or withheld; their weight stays with the own last belief.
    kept_back : tuple of Message
        Those of the silent ones that the defense's channel did not deliver.
    in_full : bool
        Whether that channel lets what it delivers act in full, whatever its gate.
    gates : ndarray of shape (n_agents,) or (n_agents, n_options), or None
        The listener's gates, each for the words that reached it; None without a defense.
    """

    heard: tuple[Message, ...] = ()
    silent: tuple[Message, ...] = ()
    kept_back: tuple[Message, ...] = ()
    in_full: bool = False
    gates: Array | None = None

    @property
    def record(self) -> tuple[Heard, ...]:
        """What is recorded of it, by speaker."""
        if not self.heard and not self.kept_back:
            return ()
        sent = [
            _recorded(message, 1.0 if self.in_full and message.gate != 1 else None)
            for message in self.heard
        ]
        sent += [_recorded(message, 0.0) for message in self.kept_back]
        if len(sent) > 1:
            sent.sort(key=_SPEAKER)
        return tuple(sent)


def _recorded(message: Message, acting: float | None) -> Heard:
    by_option = message.option_gates
    if by_option is not None and float(np.ptp(by_option)) == 0:
        by_option = None
    return shared_heard(
        message.speaker,
        message.round,
        message.gate if message.gate == 1 else round(message.gate, 12),
        round(message.weight, 12),
        message.tampered,
        acting,
        None if by_option is None else tuple(np.round(by_option, 12).tolist()),
    )


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
    by_option = isinstance(gate, np.ndarray) and gate.ndim > 0
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
        gate=float(np.mean(gate)) if by_option else float(gate),
        weight=weight,
        option_gates=np.asarray(gate) if by_option else None,
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


@dataclass(frozen=True, slots=True)
class Gating:
    """One round's gates, and the gate of words that are not those on record.

    A gate judges what a speaker says. Words forged on one edge, spoken under an invented name
    or, where speakers take turns, said since the record was made, are judged for themselves.

    Parameters
    ----------
    defense : Defense
    record : Record
        What the policies saw before the round.
    state : object
        The defense's state before the question.
    """

    defense: Defense
    record: Record
    state: Any

    def judged(self, message: Message, listener: int, seat: int) -> Message:
        """Apply the defense to this message's own content.

        A message that says what is on record keeps the gate it has.

        Parameters
        ----------
        message : Message
            As it reaches the listener, before it is cut to what peers may see.
        listener, seat : int
            Who reads it, and the seat that it came from, whatever name it bears.
        """
        if self._is_on_record(message, seat):
            return message
        read = as_read(self.record, message, seat)
        gate = self.defense.gates(read, self.state)[listener, seat]
        wide = np.asarray(gate) if np.ndim(gate) else None
        return replace(message, gate=float(np.mean(gate)), option_gates=wide)

    def _is_on_record(self, message: Message, seat: int) -> bool:
        record, belief = self.record, message.belief
        if belief is None or message.answer is None:
            return belief is None and message.answer is None
        if not np.array_equal(record.accepted[-1, seat], belief):
            return False
        blended = not np.array_equal(record.stated[-1, seat], belief)
        return blended or int(record.answers[-1, seat]) == message.answer


def as_read(record: Record, message: Message, seat: int) -> Record:
    """Return the record as one who was given a message in place of a seat's last statement.

    Parameters
    ----------
    record : Record
    message : Message
        Its belief is read off answer and confidence where it has none.
    seat : int
        Whose statement it takes the place of.
    """
    stated, accepted = record.stated.copy(), record.accepted.copy()
    answers, confidence = record.answers.copy(), record.confidence.copy()
    belief = message.expressed(record.stated.shape[-1])
    stated[-1, seat] = accepted[-1, seat] = np.nan if belief is None else belief
    answers[-1, seat] = -1 if message.answer is None else message.answer
    confidence[-1, seat] = np.nan if message.confidence is None else message.confidence
    alike = record.alike if record.round else without_words(record.alike, [seat])
    return replace(
        record,
        stated=stated,
        accepted=accepted,
        answers=answers,
        confidence=confidence,
        alike=alike,
    )


def without_words(alike: Array | None, seats: Sequence[int]) -> Array | None:
    """Return the likeness of words without seats whose statement is another one than they used."""
    if alike is None or not seats:
        return alike
    left = alike.copy()
    left[list(seats)] = left[:, list(seats)] = np.nan
    return left


def through_router(
    messages: Sequence[Message], router: Router, shares: Array, rng: np.random.Generator
) -> Hearing:
    """Apply a router's channel to the messages of one model-driven listener.

    Parameters
    ----------
    messages : sequence of Message
        In the order shown, with their routed weights.
    router : Router
        ``withhold`` drops messages below its threshold, as a share of the largest routed
        weight; ``sample`` delivers with that share's probability; ``blend`` delivers all. None
        of the three shows the routed weight, which acts outside the model.
    shares : ndarray of shape (n_agents,)
        The listener's row of the graph's W, which is shown instead.
    rng : numpy.random.Generator
        Random stream of ``sample``.
    """
    if router.channel == "label":
        return Hearing(tuple(messages))
    largest = max((message.weight for message in messages), default=0.0)
    draws = rng.random(len(messages))
    heard: list[Message] = []
    silent: list[Message] = []
    for message, draw in zip(messages, draws, strict=True):
        share = message.weight / largest if largest > 0 else 1.0
        passes = router.channel == "blend" or (
            share >= router.threshold if router.channel == "withhold" else draw < share
        )
        known = message.speaker < len(shares)
        shown = float(shares[message.speaker]) if known else message.weight
        (heard if passes else silent).append(replace(message, weight=shown))
    return Hearing(tuple(heard), tuple(silent))


def through_defense(
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
        Smallest gate that ``withhold`` delivers.
    rng : numpy.random.Generator
        Random stream of ``sample``.
    """
    if channel in ("label", "blend"):
        return Hearing(heard=tuple(messages))
    draws = rng.random(len(messages))
    heard: list[Message] = []
    silent: list[Message] = []
    for message, draw in zip(messages, draws, strict=True):
        passes = message.gate >= threshold if channel == "withhold" else draw < message.gate
        (heard if passes else silent).append(message)
    return Hearing(tuple(heard), tuple(silent), kept_back=tuple(silent), in_full=True)
