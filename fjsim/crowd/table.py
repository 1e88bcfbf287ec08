"""What was said on a batch of items in one arm, round by round, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts.crowd import Flags, Integers, Statements
from fjsim.crowd.batch import Batch, SeatGroup
from fjsim.crowd.hearing import CrowdHearing
from fjsim.crowd.words import Words
from fjsim.errors import PluginError
from fjsim.records.transcript import NOT_HEARD

SUM_TOLERANCE = 1e-6
"""How far the probabilities that an agent states may miss 1 together."""

_SAID = ("beliefs", "answers", "confidence", "sounding", "missing", "abstained")
_ALWAYS = (*_SAID, "heard_round", "gates", "weights")
_SELDOM = ("option_gates", "tampered")
_PUBLIC = ("public_stated", "public_accepted", "public_answers", "public_confidence")


@dataclass(eq=False)
class TurnTable:
    """The turns of one arm of a batch; arrays begin with the axes (round, item, seat).

    Parameters
    ----------
    beliefs, answers, confidence, sounding, missing, abstained
        What was said; see ``Words``.
    heard_round : ndarray of int, shape (n_rounds + 1, n_items, n_agents, n_agents)
        Round of what each listener was given of each speaker; -1 for nothing.
    gates, weights : ndarray like ``heard_round``
        What each message had; NaN where there was none.
    option_gates : ndarray of shape (..., n_options), or None
        Gates that differ by option; None where none does.
    tampered : ndarray of bool like ``heard_round``, or None
        None where nothing was.
    """

    batch: Batch
    beliefs: Array
    answers: Integers
    confidence: Array
    sounding: Array
    missing: Flags
    abstained: Flags
    heard_round: Integers
    gates: Array
    weights: Array
    option_gates: Array | None = None
    tampered: Flags | None = None
    problems: dict[int, str] = field(default_factory=dict)
    public_stated: Array = field(init=False)
    public_accepted: Array = field(init=False)
    public_answers: Integers = field(init=False)
    public_confidence: Array = field(init=False)

    def __post_init__(self) -> None:
        """Let the record be what was said."""
        self.public_stated = self.public_accepted = self.beliefs
        self.public_answers, self.public_confidence = self.answers, self.confidence

    @classmethod
    def empty(cls, batch: Batch) -> TurnTable:
        """Return a table in which nobody has spoken yet."""
        shape = batch.n_rounds + 1, batch.n_items, batch.team.n_agents
        square = (*shape, shape[-1])
        return cls(
            batch,
            beliefs=np.full((*shape, batch.n_options), np.nan),
            answers=np.full(shape, -1, dtype=np.int64),
            confidence=np.full(shape, np.nan),
            sounding=np.full(shape, np.nan),
            missing=np.zeros(shape, dtype=bool),
            abstained=np.zeros(shape, dtype=bool),
            heard_round=np.full(square, NOT_HEARD, dtype=np.int64),
            gates=np.full(square, np.nan),
            weights=np.full(square, np.nan),
        )

    def open_as(self, other: TurnTable, chosen: Integers) -> None:
        """Take over round 0 of some items of another table."""
        for name in _SAID:
            getattr(self, name)[0] = getattr(other, name)[0][chosen]
        if other.public_stated is not other.beliefs:
            self.publish()
            for name in _PUBLIC:
                getattr(self, name)[0] = getattr(other, name)[0][chosen]

    def select(self, batch: Batch, chosen: Integers) -> TurnTable:
        """Return the turns of some items, which make up a batch of their own."""
        found = TurnTable(batch, **{name: getattr(self, name)[:, chosen] for name in _ALWAYS})
        for name in _SELDOM:
            values = getattr(self, name)
            setattr(found, name, None if values is None else values[:, chosen])
        found.problems = self.problems
        return found

    def put(self, part: TurnTable, chosen: Integers) -> None:
        """Take over the turns of some items."""
        for name in _ALWAYS:
            getattr(self, name)[:, chosen] = getattr(part, name)
        for name in _SELDOM:
            values, own = getattr(part, name), getattr(self, name)
            if values is None and own is None:
                continue
            empty = np.nan if name == "option_gates" else False
            if own is None:
                shape = (*self.heard_round.shape, *values.shape[4:])
                own = np.full(shape, empty, values.dtype)
                setattr(self, name, own)
            own[:, chosen] = empty if values is None else values
        if part.public_stated is not part.beliefs:
            self.publish()
            for name in _PUBLIC:
                getattr(self, name)[:, chosen] = getattr(part, name)

    def words(self, number: int) -> Words:
        """Return what everybody said in one round."""
        return Words(
            self.beliefs[number],
            self.answers[number],
            self.confidence[number],
            self.sounding[number],
            self.missing[number],
            np.zeros(self.missing[number].shape, dtype=bool),
        )

    def last(self, number: int) -> Array:
        """Return everybody's last belief before a round; who is silent keeps the one before."""
        found: Array = self.beliefs[number - 1]
        for earlier in range(number - 2, -1, -1):
            gone = np.isnan(found)
            if not gone.any():
                break
            found = np.where(gone, self.beliefs[earlier], found)
        return found

    def keep(self, number: int, group: SeatGroup, said: Statements, turns: Flags | None) -> None:
        """Keep what the seats of one group state.

        Parameters
        ----------
        number : int
            The round.
        group : SeatGroup
        said : Statements
        turns : ndarray of bool, shape (n_items, n_seats), or None
            Whose turn it is; None for all of them.
        """
        self._check(said, group)
        nobody = np.zeros(said.answers.shape, dtype=bool)
        new = {
            "beliefs": said.beliefs,
            "answers": said.answers,
            "confidence": said.confidence,
            "sounding": group.sounding(said.confidence),
            "missing": nobody if said.missing is None else said.missing,
            "abstained": nobody if said.abstained is None else said.abstained,
        }
        seats = group.seats
        for name, values in new.items():
            kept = getattr(self, name)[number]
            if turns is not None:
                mask = turns[..., None] if values.ndim > turns.ndim else turns
                values = np.where(mask, values, kept[:, seats])
            kept[:, seats] = values
        if said.problem:
            self.problems.update(dict.fromkeys(seats, said.problem))

    def _check(self, said: Statements, group: SeatGroup) -> None:
        """Refuse statements that no log could hold."""
        beliefs = said.beliefs
        there = ~np.isnan(beliefs[..., 0])
        wrong = there & ~(
            (beliefs.min(axis=-1) >= 0) & (np.abs(beliefs.sum(axis=-1) - 1) < SUM_TOLERANCE)
        )
        wrong |= (said.answers < -1) | (said.answers >= beliefs.shape[-1])
        wrong |= (said.confidence < 0) | (said.confidence > 1 + SUM_TOLERANCE)
        if wrong.any():
            at, seat = (int(found[0]) for found in np.nonzero(wrong))
            raise PluginError(
                f"question '{self.batch.items[at].question.id}', agent {group.seats[seat]}: states "
                "what is no belief; the agent or attack that made this breaks its contract"
            )

    def hear(self, number: int, hearing: CrowdHearing, spoken: Integers, turns: Flags) -> None:
        """Keep what some seats were given before their turn."""
        heard = hearing.heard & turns[..., None]
        said_in = np.broadcast_to(spoken[:, None, :], heard.shape)
        np.copyto(self.heard_round[number], said_in, where=heard)
        np.copyto(self.weights[number], hearing.told_weights, where=heard)
        gates = hearing.own_gates
        if gates is None:
            np.copyto(self.gates[number], 1.0, where=heard)
        elif gates.ndim == heard.ndim:
            np.copyto(self.gates[number], gates, where=heard)
        else:
            self._hear_by_option(number, gates, heard)
        if hearing.tampered is not None and (hearing.tampered & heard).any():
            if self.tampered is None:
                self.tampered = np.zeros(self.heard_round.shape, dtype=bool)
            np.copyto(self.tampered[number], hearing.tampered, where=heard)

    def _hear_by_option(self, number: int, gates: Array, heard: Flags) -> None:
        np.copyto(self.gates[number], gates.mean(axis=-1), where=heard)
        differs = heard & (np.ptp(gates, axis=-1) > 0)
        if differs.any():
            if self.option_gates is None:
                shape = (*self.heard_round.shape, gates.shape[-1])
                self.option_gates = np.full(shape, np.nan)
            np.copyto(self.option_gates[number], gates, where=differs[..., None])

    def publish(self) -> None:
        """Give the record arrays of its own, before it is made to differ from what was said."""
        if self.public_stated is self.beliefs:
            self.public_stated, self.public_accepted = self.beliefs.copy(), self.beliefs.copy()
            self.public_answers = self.answers.copy()
            self.public_confidence = self.confidence.copy()

    def record_round(self, number: int) -> None:
        """Put a round into a record of its own as it was said."""
        if self.public_stated is not self.beliefs:
            self.public_stated[number] = self.public_accepted[number] = self.beliefs[number]
            self.public_answers[number] = self.answers[number]
            self.public_confidence[number] = self.confidence[number]

    def rewrite(self, number: int, seat: int, read: Words) -> None:
        """Write what the operator reads of one seat; its own first belief stays its own."""
        forged = ~np.isnan(read.beliefs[:, 0]) & (read.answers >= 0)
        at = np.flatnonzero(forged)
        self.public_stated[number, at, seat] = read.beliefs[at]
        self.public_answers[number, at, seat] = read.answers[at]
        self.public_confidence[number, at, seat] = read.confidence[at]
        if number:
            self.public_accepted[number, at, seat] = read.beliefs[at]
