"""One arm of a batch of items, deliberated round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Arm, Record, Situations
from fjsim.contracts.attacks import OPERATOR
from fjsim.contracts.crowd import Assigned, Flags, Integers
from fjsim.crowd.adversary import CrowdAdversary, Moment, nothing_assigned
from fjsim.crowd.batch import Batch
from fjsim.crowd.hearing import CrowdGating, CrowdHearing, Ears
from fjsim.crowd.table import TurnTable
from fjsim.crowd.wires import Wire, Wires
from fjsim.crowd.words import Words
from fjsim.deliberation.persuasion import persuasion_factors
from fjsim.seeds import streams


class Crowd:
    """One arm of a batch.

    Parameters
    ----------
    batch : Batch
    arm : {'attacked', 'clean'}
    twin : bool
        Whether the other arm is played, too, from which benign seats' round 0 is taken.
    """

    def __init__(self, batch: Batch, arm: Arm, twin: bool = False) -> None:
        self.batch, self.arm, self.twin = batch, arm, twin
        self.table = TurnTable.empty(batch)
        self.weights = self._everywhere(batch.team.influence)
        self.adversary: CrowdAdversary | None = None
        self.perceived: Array | None = None
        self.persuasion: Array | None = None
        self._wires: Wires | None = None

    @property
    def _attacked(self) -> bool:
        return self.arm == "attacked" and self.batch.team.attack is not None

    def _everywhere(self, matrix: Array) -> Array:
        return np.broadcast_to(matrix, (self.batch.n_items, *matrix.shape))

    def open(self) -> None:
        """Play round 0: everybody alone, then the adversary."""
        batch = self.batch
        self._speak(0, None, nothing_assigned(batch), None)
        if self._attacked:
            seats = list(batch.team.adversary_seats)
            innate = self.table.beliefs[0].copy()
            innate[:, seats] = np.nan
            self.adversary = adversary = CrowdAdversary.planned(batch, innate)
            self._wires = Wires(adversary) if Wires(adversary).taps else None
            wanted = np.zeros((batch.n_items, batch.team.n_agents), dtype=bool)
            wanted[:, seats if self.twin else slice(None)] = True
            assigned = adversary.assigned(Moment(0, None, None, self.table.beliefs[:0]), wanted)
            if assigned.given.any():
                self._speak(0, None, assigned, None)
            self._read_by_operator(0)
        self.persuasion = self._persuasion()

    def select(self, chosen: Integers, played: bool = False) -> Crowd:
        """Return this arm of some of the items.

        Parameters
        ----------
        chosen : ndarray of int
            Their places.
        played : bool, default False
            Whether with all rounds, or after round 0, to be played on.
        """
        found = Crowd(self.batch.select(chosen), self.arm, self.twin)
        if played:
            found.table = self.table.select(found.batch, chosen)
            found.weights = self.weights[chosen]
            found.perceived = None if self.perceived is None else self.perceived[chosen]
        else:
            found.table.open_as(self.table, chosen)
        if self.adversary is not None:
            found.adversary = self.adversary.select(found.batch, chosen)
            found._wires = None if self._wires is None else Wires(found.adversary)
        if self.persuasion is not None:
            found.persuasion = self.persuasion[chosen]
        return found

    def put(self, part: Crowd, chosen: Integers) -> None:
        """Take over what was played of some of its items; they are those of `select`."""
        self.table.put(part.table, chosen)
        self.weights = np.array(self.weights)
        self.weights[chosen] = part.weights
        if part.perceived is not None and self.perceived is not None:
            self.perceived[chosen] = part.perceived

    def run(self, state: Any, router_state: Any) -> None:
        """Play the rounds after round 0.

        Parameters
        ----------
        state, router_state : object
            States of defense and router before each question, stacked.
        """
        batch, team = self.batch, self.batch.team
        if not batch.n_rounds:
            return
        if team.probes:
            self.perceived = self._probed()
        self.weights = self._routed(router_state)
        ears = Ears(batch, self.weights, self.persuasion, self._wires)
        for number in range(1, batch.n_rounds + 1):
            gating = None
            if team.defense is not None:
                gating = CrowdGating.by(team.defense, self.record(number), state)
            play = self._in_turn if team.rules.sequential else self._at_once
            play(number, ears, gating)
            self._read_by_operator(number)

    def record(self, n_done: int | None = None) -> Record:
        """Return all that was said so far, as policies see it, items in the second axis.

        Parameters
        ----------
        n_done : int, optional
            How many rounds; all by default.
        """
        table = self.table
        influence = self._everywhere(self.batch.team.influence)
        return Record(
            "",
            influence,
            table.public_stated[:n_done],
            table.public_accepted[:n_done],
            table.public_answers[:n_done],
            table.public_confidence[:n_done],
            self.perceived,
        )

    def record_of(self, at: int) -> Record:
        """Return all that was said on one item."""
        record = self.record()
        return Record(
            self.batch.items[at].question.id,
            self.batch.team.influence,
            record.stated[:, at],
            record.accepted[:, at],
            record.answers[:, at],
            record.confidence[:, at],
            None if self.perceived is None else self.perceived[at],
        )

    def said_of(self, at: int) -> tuple[Array, ...]:
        """Return copies of all arrays of the record of one item."""
        record = self.record_of(at)
        arrays = record.stated, record.accepted, record.answers, record.confidence
        return tuple(np.array(one) for one in (*arrays, record.perceived) if one is not None)

    def _routed(self, state: Any) -> Array:
        """Return W(q) of every item; a router that may see keys is asked alone without one."""
        router, keys = self.batch.team.router, [item.question.key for item in self.batch.items]
        record = self.record(1)
        if None not in keys:
            known: Any = np.array(keys)
            return np.asarray(router.route(record, state, known))
        if all(key is None for key in keys):
            return np.asarray(router.route(record, state, None))
        with_key = np.array([key is not None for key in keys])
        filled: Any = np.array([0 if key is None else key for key in keys])
        seen, unseen = router.route(record, state, filled), router.route(record, state, None)
        return np.where(with_key[:, None, None], seen, unseen)

    def _persuasion(self) -> Array | None:
        batch, adversary = self.batch, self.adversary
        speakers = np.ones((batch.n_items, batch.team.n_agents))
        if "reason" in batch.team.rules.peers_see:
            speakers = batch.persuasiveness.copy()
        hostile = np.zeros(speakers.shape, dtype=bool)
        if adversary is not None:
            for at in range(batch.n_items):
                hostile[at, list(adversary.attacking(at))] = True
            speakers[hostile] = adversary.attack.persuasion
        return persuasion_factors(speakers, hostile)

    def _probed(self) -> Array:
        """Return how sure every speaker seemed in round 0 to who hears it; NaN elsewhere."""
        team, said = self.batch.team, self.table.words(0)
        spoken = np.zeros(said.answers.shape, dtype=np.int64)
        moment = Moment(1, said, spoken, self.table.beliefs[:1])
        perceived = np.full(self.weights.shape, np.nan)
        for speaker in range(team.n_agents):
            for listener in np.flatnonzero(team.influence[:, speaker]).tolist():
                words, heard = said.of(speaker), ~said.missing[:, speaker]
                if self._wires is not None:
                    edge = Wire(speaker, listener, words, spoken[:, speaker])
                    words = self._wires.tampered(edge, moment, heard)
                sure = _sureness(words, team.rules.peers_see)
                perceived[:, listener, speaker] = np.where(heard, sure, np.nan)
        return perceived

    def _at_once(self, number: int, ears: Ears, gating: CrowdGating | None) -> None:
        said = self.table.words(number - 1)
        spoken = np.full(said.answers.shape, number - 1)
        everybody = np.ones(said.answers.shape, dtype=bool)
        self._turns(number, ears, gating, said, spoken, everybody)

    def _in_turn(self, number: int, ears: Ears, gating: CrowdGating | None) -> None:
        rules, items = self.batch.team.rules, self.batch.items
        keys = ((item.question.id, item.replica, number) for item in items)
        n_agents = self.batch.team.n_agents
        orders = [rng.permutation(n_agents) for rng in streams(rules.seed, "speaking", keys)]
        order = np.array(orders)
        said = self.table.words(number - 1).copy()
        spoken = np.full(said.answers.shape, number - 1)
        for place in range(n_agents):
            turns = np.arange(n_agents) == order[:, place, None]
            self._turns(number, ears, gating, said, spoken, turns)
            said = self.table.words(number).where(turns, said)
            spoken = np.where(turns, number, spoken)

    def _turns(
        self,
        number: int,
        ears: Ears,
        gating: CrowdGating | None,
        said: Words,
        spoken: Integers,
        turns: Flags,
    ) -> None:
        """Play the turns of some seats, given what each seat said last."""
        gates = None if gating is None else gating.gates
        moment = Moment(number, said, spoken, self.table.beliefs[:number], gates)
        assigned = nothing_assigned(self.batch)
        if self.adversary is not None:
            assigned = self.adversary.assigned(moment, turns)
        hearing = ears.hearing(said, moment, gating, turns)
        self._speak(number, hearing, assigned, None if turns.all() else turns)
        self.table.hear(number, hearing, spoken, turns)

    def _speak(
        self, number: int, hearing: CrowdHearing | None, assigned: Assigned, turns: Flags | None
    ) -> None:
        """Let every group state what it states, and keep the turns that it is."""
        table, team = self.table, self.batch.team
        for group in self.batch.groups:
            seats = group.seats
            told = Assigned(
                assigned.given[:, seats], assigned.beliefs[:, seats], assigned.targets[:, seats]
            )
            situations = _alone(told) if hearing is None else _given(hearing, told, seats)
            situations = replace(
                situations,
                round=number,
                innate=table.beliefs[0][:, seats] if number else None,
                own=table.last(number)[:, seats] if number else None,
                residual=team.defense.residual if team.defense is not None else "self",
                reasons_shown="reason" in team.rules.peers_see,
            )
            said = group.agent.speak_many(group.cast, group.members, situations)
            table.keep(number, group, said, None if turns is None else turns[:, seats])

    def _read_by_operator(self, number: int) -> None:
        """Let the record stand at the end of the same wires as the listeners."""
        if self._wires is None or not self._wires.rewrites_record:
            return
        said = replace(
            self.table.words(number),
            sounding=np.full(self.table.answers[number].shape, np.nan),
        )
        spoken = np.full(said.answers.shape, number)
        moment = Moment(number, None, spoken, self.table.beliefs[:number])
        self.table.publish()
        self.table.record_round(number)
        for seat in range(self.batch.team.n_agents):
            words = said.of(seat)
            there = ~np.isnan(words.beliefs[:, 0])
            edge = Wire(seat, OPERATOR, words, spoken[:, seat])
            read = self._wires.tampered(edge, moment, there)
            if read is not words:
                self.table.rewrite(number, seat, read)


def _given(hearing: CrowdHearing, assigned: Assigned, seats: Sequence[int]) -> Situations:
    beliefs, gates = hearing.beliefs, hearing.gates
    return Situations(
        round=0,
        innate=None,
        own=None,
        weights=hearing.weights[:, seats],
        beliefs=beliefs if beliefs.shape[1] == 1 else beliefs[:, seats],
        gates=None if gates is None else gates[:, seats],
        silent=hearing.silent[:, seats],
        residual="self",
        assigned=assigned,
    )


def _alone(assigned: Assigned) -> Situations:
    """Return what agents are given in round 0: nothing that anybody said."""
    n_items, n_seats, n_options = assigned.beliefs.shape
    nobody, nothing = np.zeros((n_items, n_seats, 0)), np.zeros((n_items, 1, 0, n_options))
    silent = np.zeros((n_items, n_seats))
    return Situations(0, None, None, nobody, nothing, None, silent, "self", assigned)


def _sureness(words: Words, shown: frozenset[str]) -> Array:
    """Return what agents without a model make of words: they use the stated confidence."""
    sure = np.ones(words.answers.shape)
    if "belief" in shown:
        sure = np.where(np.isnan(words.beliefs[:, 0]), sure, words.beliefs.max(axis=-1))
    if "confidence" in shown:
        sure = np.where(np.isnan(words.confidence), sure, words.confidence)
    return sure
