"""The adversary at work on one item: exactly the view its threat model allows, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import (
    Attack,
    Heard,
    Message,
    Power,
    Record,
    Sight,
    SpeakingAgent,
    Stance,
    View,
)
from fjsim.contracts.attacks import OPERATOR, Opening
from fjsim.deliberation.hearing import cut, message_of, without_words
from fjsim.deliberation.item import Item
from fjsim.deliberation.team import Team
from fjsim.records import Turn
from fjsim.seeds import stream


@dataclass(frozen=True, slots=True)
class TurnContext:
    """Where in a deliberation something happens.

    Parameters
    ----------
    number : int
        The round that is being played.
    said : mapping of int to Turn
        What each seat said last.
    record : Record
        All that was said before this round.
    gates : ndarray or None
        The defense's gates of this round.
    """

    number: int
    said: Mapping[int, Turn]
    record: Record
    gates: Array | None = None


class Adversary:
    """One attack on one item.

    Parameters
    ----------
    team : Team
    item : Item
    """

    def __init__(self, team: Team, item: Item) -> None:
        assert team.attack is not None, "the clean arm has no adversary"
        self.attack: Attack = team.attack
        self.seats = team.adversary_seats
        self.target = -1
        self.active: tuple[int, ...] | None = None
        self._team = team
        self._item = item
        threat = self.attack.threat
        self._sees, self._may = threat.sees, threat.may
        # Asking an attack that leaves a hook alone would cost a view per message.
        self._tampers = type(self.attack).tamper is not Attack.tamper
        self._recruits = Power.RECRUIT in self._may
        self._read: dict[tuple[int, int], Message | None] = {}

    @property
    def attacking(self) -> tuple[int, ...]:
        """The seats that attack on this item, once there is a plan."""
        if not self.attack.attacks_on(self._item.order, self._item.warmup):
            return ()
        return self.seats if self.active is None else self.active

    def make_plan(self, innate: Mapping[int, Array]) -> None:
        """Fix what it does on this item.

        Parameters
        ----------
        innate : mapping of int to ndarray of shape (n_options,)
            Round-0 beliefs of benign seats; empty unless the attack waits for them, and while
            first statements are sealed.
        """
        team, item = self._team, self._item
        plan = self.attack.plan(
            Opening(
                question=item.question,
                order=item.order,
                warmup=item.warmup,
                replica=item.replica,
                n_rounds=team.rules.n_rounds,
                seats=self.seats,
                innate=self._opinions(innate),
                influence=team.influence if Sight.GRAPH in self._sees else None,
            ),
            stream(team.rules.seed, "target", item.question.id, item.replica),
        )
        self.target, self.active = plan.target, plan.active

    def stance(self, seat: int, context: TurnContext) -> Stance | None:
        """Return what a seat has to say for the adversary; None for an honest turn."""
        if seat in self.seats:
            return self.attack.stance(seat, self._turn_view(seat, context))
        if self._recruits and isinstance(self._team.agents[seat], SpeakingAgent):
            return self.attack.recruit(seat, self._turn_view(seat, context))
        return None

    def tampered(self, message: Message, listener: int, context: TurnContext) -> Message:
        """Return a message as it reaches the listener."""
        if not self._may_change(message):
            return message
        return self.attack.tamper(message, listener, self._wire_view(message, listener, context))

    def forged(self, message: Message, listener: int, context: TurnContext) -> tuple[Message, ...]:
        """Return what reaches a listener beside a message, under names that nobody has."""
        may = Power.FORGE_IDENTITIES in self._may
        if not may or message.speaker not in self.seats or listener in self.seats:
            return ()
        copies = self.attack.forge(message, listener, self._wire_view(message, listener, context))
        return tuple(
            replace(
                copy,
                speaker=self._invented(message.speaker, number),
                round=message.round,
                gate=message.gate,
                weight=message.weight,
                option_gates=message.option_gates,
                tampered=True,
            )
            for number, copy in enumerate(copies)
        )

    def recorded(self, heard: tuple[Heard, ...]) -> tuple[Heard, ...]:
        """Return what was heard with invented speakers counted to the seat behind them."""
        n_agents = self._team.n_agents
        if all(one.speaker < n_agents for one in heard):
            return heard
        extra: dict[int, float] = {}
        for one in heard:
            if one.speaker >= n_agents:
                seat = self.seats[(one.speaker - n_agents) % len(self.seats)]
                extra[seat] = extra.get(seat, 0.0) + one.weight
        return tuple(
            replace(one, weight=round(one.weight + extra[one.speaker], 12), tampered=True)
            if one.speaker in extra
            else one
            for one in heard
            if one.speaker < n_agents
        )

    def rewritten(self, record: Record) -> Record:
        """Return the operator's record, which stands at the end of the same wires.

        What an agent believes before it hears anybody is its own: ``accepted`` keeps its first
        row, so that a listener's own round-0 view can still be read there.
        """
        if Power.REWRITE not in self._may or not self._tampers:
            return record
        stated, accepted = record.stated.copy(), record.accepted.copy()
        answers, confidence = record.answers.copy(), record.confidence.copy()
        forged = []
        for number, seat in np.argwhere(~np.isnan(record.stated).any(axis=2)).tolist():
            read = self._as_recorded(record, number, seat)
            if read is None or read.belief is None or read.answer is None:
                continue
            stated[number, seat], answers[number, seat] = read.belief, read.answer
            confidence[number, seat] = np.nan if read.confidence is None else read.confidence
            if number > 0:
                accepted[number, seat] = read.belief
            else:
                forged.append(seat)
        return replace(
            record,
            stated=stated,
            accepted=accepted,
            answers=answers,
            confidence=confidence,
            alike=without_words(record.alike, forged),
        )

    def _as_recorded(self, record: Record, number: int, seat: int) -> Message | None:
        """Return a statement as the operator reads it; None where it is not forged."""
        # A statement of a finished round never changes, so it is asked about once.
        if (number, seat) not in self._read:
            said = said_in(record, number, seat)
            view = self._wire_view(said, OPERATOR, TurnContext(number, {}, record))
            read = self.attack.tamper(said, OPERATOR, view)
            self._read[number, seat] = None if read is said else read
        return self._read[number, seat]

    def _opinions(self, innate: Mapping[int, Array]) -> Array | None:
        waits = self.attack.waits_for_round0
        if not innate or Sight.BELIEFS not in self._sees or not waits:
            return None
        opinions = np.full((self._team.n_agents, self._item.question.n_options), np.nan)
        for seat, belief in innate.items():
            opinions[seat] = belief
        return opinions

    def _may_change(self, message: Message) -> bool:
        """Say whether a message is on its wires: its own words are its own."""
        return self._tampers and (message.speaker in self.seats or Power.REWRITE in self._may)

    def _invented(self, seat: int, number: int) -> int:
        """Return a stable id outside the real seats for a seat's forged messages."""
        place = self.seats.index(seat)
        return self._team.n_agents + number * len(self.seats) + place

    def _turn_view(self, seat: int, context: TurnContext) -> View:
        heard = self._heard(seat, context) if Sight.MESSAGES in self._sees else ()
        return self._view(context, "attack", seat, context.number, heard=heard)

    def _wire_view(self, message: Message, listener: int, context: TurnContext) -> View:
        return self._view(context, "wire", message.speaker, message.round, listener)

    def _heard(self, seat: int, context: TurnContext) -> tuple[Message, ...]:
        team = self._team
        return tuple(
            cut(
                message_of(context.said[speaker], float(team.influence[seat, speaker]), 1.0),
                team.rules.peers_see,
            )
            for speaker in team.speakers[seat]
            if speaker in context.said
        )

    def _view(
        self, context: TurnContext, purpose: str, *key: int, heard: tuple[Message, ...] = ()
    ) -> View:
        team, item, sees = self._team, self._item, self._sees
        known = item.question if Sight.KEY in sees else replace(item.question, key=None)
        stated = context.record.stated[: context.number] if Sight.BELIEFS in sees else None
        return View(
            question=known,
            order=item.order,
            warmup=item.warmup,
            replica=item.replica,
            round=context.number,
            n_rounds=team.rules.n_rounds,
            seats=self.seats,
            target=self.target,
            rng=stream(team.rules.seed, purpose, item.question.id, item.replica, *key),
            influence=team.influence if Sight.GRAPH in sees else None,
            stated=stated,
            messages=heard,
            gates=context.gates if Sight.TRUST in sees else None,
            active=self.active,
        )


def said_in(record: Record, number: int, seat: int) -> Message:
    """Return one statement of the record as a message."""
    answer, confidence = int(record.answers[number, seat]), record.confidence[number, seat]
    return Message(
        speaker=seat,
        round=number,
        answer=answer if answer >= 0 else None,
        belief=record.stated[number, seat],
        confidence=None if np.isnan(confidence) else float(confidence),
    )
