"""What an adversary makes of messages on their way, for many items at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fjsim.contracts import Attack, Message, Power
from fjsim.contracts.argument import sureness_in
from fjsim.contracts.attacks import OPERATOR
from fjsim.contracts.crowd import Flags, Integers
from fjsim.crowd.adversary import SEALED, CrowdAdversary, Drawn, Moment
from fjsim.crowd.words import Words
from fjsim.questions import Question


@dataclass(frozen=True, eq=False, slots=True)
class Wire:
    """Words on their way.

    Parameters
    ----------
    speaker, listener : int
        Seats; the listener may be the operator.
    words : Words
        What that speaker said, (n_items,).
    spoken : ndarray of int, shape (n_items,)
        In which round they were said.
    """

    speaker: int
    listener: int
    words: Words
    spoken: Integers


@dataclass(frozen=True, eq=False)
class Wires:
    """The wires that an adversary may tap.

    Parameters
    ----------
    adversary : CrowdAdversary
    """

    adversary: CrowdAdversary

    @property
    def taps(self) -> bool:
        """Whether its attack rewrites or forges anything at all."""
        attack = self.adversary.attack
        rewrites = type(attack).tamper is not Attack.tamper
        return rewrites or Power.FORGE_IDENTITIES in attack.threat.may

    @property
    def rewrites_record(self) -> bool:
        """Whether the operator's record stands at the end of such wires."""
        attack = self.adversary.attack
        return Power.REWRITE in attack.threat.may and type(attack).tamper is not Attack.tamper

    def tampered(self, edge: Wire, moment: Moment, wanted: Flags) -> Words:
        """Return words as they reach the listener.

        Parameters
        ----------
        edge : Wire
        moment : Moment
            When.
        wanted : ndarray of bool, shape (n_items,)
            On which items they are on their way.

        Returns
        -------
        Words
            The edge's own where nothing is changed.
        """
        adversary, attack = self.adversary, self.adversary.attack
        tapped = edge.speaker in adversary.seats or Power.REWRITE in attack.threat.may
        if type(attack).tamper is Attack.tamper or not tapped or not wanted.any():
            return edge.words
        whole = ~np.isnan(edge.words.beliefs[:, 0]) & ~np.isnan(edge.words.confidence)
        whole &= edge.words.answers >= 0
        asked: dict[int, Message] = {}

        def sealed(at: int, question: Question) -> Message:
            asked[at] = message = self._sealed(edge, at)
            view = adversary.view(at, moment, question, SEALED, ())
            return attack.tamper(message, edge.listener, view)

        def alone(at: int, rng: np.random.Generator) -> Message:
            asked[at] = message = self._message(edge, at)
            return attack.tamper(message, edge.listener, adversary.view(at, moment, None, rng, ()))

        drawn = _drawn(edge)
        found = adversary.each(np.flatnonzero(wanted & whole), sealed, alone, drawn)
        found += adversary.each_alone(np.flatnonzero(wanted & ~whole).tolist(), alone, drawn)
        return _rewritten(edge.words, [(at, asked[int(at[0])], read) for at, read in found])

    def forged(self, edge: Wire, moment: Moment, wanted: Flags) -> tuple[tuple[Words, Flags], ...]:
        """Return what reaches the listener beside words, under names that nobody has.

        Parameters
        ----------
        edge : Wire
            With the words as they reach the listener.
        moment, wanted
            As in `tampered`.

        Returns
        -------
        tuple of (Words, ndarray of bool)
            Per invented name: what it says, and on which items it says anything.
        """
        adversary, attack = self.adversary, self.adversary.attack
        may = Power.FORGE_IDENTITIES in attack.threat.may
        if not may or edge.speaker not in adversary.seats or edge.listener in adversary.seats:
            return ()
        made: dict[int, list[tuple[int, Message]]] = {}

        def alone(at: int, rng: np.random.Generator) -> tuple[Message, ...]:
            view = adversary.view(at, moment, None, rng, ())
            return attack.forge(self._message(edge, at), edge.listener, view)

        items = np.flatnonzero(wanted).tolist()
        told = adversary.each_alone(items, alone, _drawn(edge))
        for at, (_, copies) in zip(items, told, strict=True):
            for number, copy in enumerate(copies):
                made.setdefault(number, []).append((at, replace(copy, tampered=True)))
        found = []
        for number in sorted(made):
            words, there = edge.words.copy(), np.zeros(len(wanted), dtype=bool)
            for at, copy in made[number]:
                _put(words, np.array([at]), copy, None)
                there[at] = True
            found.append((words, there))
        return tuple(found)

    def _message(self, edge: Wire, at: int) -> Message:
        words, batch = edge.words, self.adversary.batch
        answer, sure, belief = int(words.answers[at]), words.confidence[at], words.beliefs[at]
        at_record = edge.listener == OPERATOR
        weight = 1.0 if at_record else float(batch.team.influence[edge.listener, edge.speaker])
        said = "" if at_record else batch.reason(edge.speaker, float(words.sounding[at]))
        return Message(
            speaker=edge.speaker,
            round=int(edge.spoken[at]),
            answer=answer if answer >= 0 else None,
            belief=None if np.isnan(belief[0]) else belief.copy(),
            confidence=None if np.isnan(sure) else float(sure),
            reason=said,
            weight=weight,
            tampered=bool(words.tampered[at]),
        )

    def _sealed(self, edge: Wire, at: int) -> Message:
        group = self.adversary.batch.by_seat[edge.speaker]
        reason = SEALED if group.varies else group.agent.argument
        if edge.listener == OPERATOR:
            reason = ""
        return Message(
            edge.speaker, SEALED, SEALED, SEALED, SEALED, reason, SEALED, SEALED, SEALED, False
        )


def _drawn(edge: Wire) -> Drawn:
    return Drawn("wire", lambda at: (edge.speaker, int(edge.spoken[at]), edge.listener))


def _rewritten(words: Words, read: list[tuple[Integers, Message, Message]]) -> Words:
    """Return words with what an adversary made of some of them."""
    changed = [(at, before, after) for at, before, after in read if after is not before]
    if not changed:
        return words
    found = words.copy()
    for at, before, after in changed:
        _put(found, at, after, before)
    return found


def _put(words: Words, at: Integers, message: Message, before: Message | None) -> None:
    """Write a message into the words of some items; what it still has of `before` stays."""

    def new(name: str) -> bool:
        return before is None or getattr(message, name) is not getattr(before, name)

    if new("belief"):
        words.beliefs[at] = np.nan if message.belief is None else message.belief
    if new("answer"):
        words.answers[at] = -1 if message.answer is None else message.answer
    if new("confidence"):
        words.confidence[at] = np.nan if message.confidence is None else message.confidence
    if new("reason"):
        said = sureness_in(message.reason)
        words.sounding[at] = np.nan if said is None else said
    words.tampered[at] = message.tampered
