"""What reaches the listeners of many items: said, tampered with, judged, weighed and read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Defense, Record
from fjsim.contracts.argument import persuaded
from fjsim.contracts.crowd import Flags
from fjsim.crowd.adversary import Moment
from fjsim.crowd.batch import Batch
from fjsim.crowd.wires import Wire, Wires
from fjsim.crowd.words import Words


@dataclass(frozen=True, eq=False, slots=True)
class CrowdHearing:
    """What every listener is given before one turn.

    Parameters
    ----------
    weights, gates, silent, beliefs
        As in ``Situations``; every seat listens.
    heard : ndarray of bool, shape (n_items, n_agents, n_agents)
        ``[item, listener, speaker]``: whose words arrived.
    own_gates : ndarray of shape (n_items, n_agents, n_agents[, n_options]), or None
        The gate of each message.
    told_weights : ndarray of shape (n_items, n_agents, n_agents)
        Weight of each message, invented speakers counted to the seat behind them.
    tampered : ndarray of bool, shape (n_items, n_agents, n_agents), or None
        Whether it was rewritten; None where none was.
    """

    weights: Array
    gates: Array | None
    silent: Array
    beliefs: Array
    heard: Flags
    own_gates: Array | None
    told_weights: Array
    tampered: Flags | None


@dataclass(frozen=True, eq=False)
class CrowdGating:
    """One round's gates, and those of words that are not the ones on record.

    Parameters
    ----------
    defense : Defense
    record : Record
        What policies saw before the round, items in the second axis.
    state : object
        The defense's states before each question, stacked.
    gates : ndarray of shape (n_items, n_agents, n_agents[, n_options])
    """

    defense: Defense
    record: Record
    state: Any
    gates: Array

    @classmethod
    def by(cls, defense: Defense, record: Record, state: Any) -> CrowdGating:
        """Return the gates of one round."""
        return cls(defense, record, state, _gates(defense, record, state))

    def on_record(self, words: Words, seat: int) -> Flags:
        """Say on which items words are those on record, shape (n_items,).

        Parameters
        ----------
        words : Words
            What one speaker said, (n_items,).
        seat : int
            The seat that they came from, whatever name they bear.
        """
        record = self.record
        stated, accepted = record.stated[-1, :, seat], record.accepted[-1, :, seat]
        nothing = np.isnan(words.beliefs[:, 0]) | (words.answers < 0)
        same = (accepted == words.beliefs).all(axis=-1)
        blended = ~(stated == words.beliefs).all(axis=-1)
        same &= blended | (record.answers[-1, :, seat] == words.answers)
        empty = np.isnan(words.beliefs[:, 0]) & (words.answers < 0)
        return np.where(nothing, empty, same)

    def judged(self, words: Words, seat: int) -> Array:
        """Return the gates of all where these words take the place of a seat's last statement."""
        record = self.record
        stated, accepted = record.stated.copy(), record.accepted.copy()
        answers, confidence = record.answers.copy(), record.confidence.copy()
        read = words.read({"answer", "reason", "confidence", "belief"})
        stated[-1, :, seat] = accepted[-1, :, seat] = read
        answers[-1, :, seat], confidence[-1, :, seat] = words.answers, words.confidence
        said = replace(
            record, stated=stated, accepted=accepted, answers=answers, confidence=confidence
        )
        return _gates(self.defense, said, self.state)


def _gates(defense: Defense, record: Record, state: Any) -> Array:
    gates = np.array(defense.gates(record, state), dtype=float)
    shape = record.influence.shape
    if gates.ndim > len(shape) or gates.shape[-1] != gates.shape[-2]:
        shape = (*shape, record.stated.shape[-1])
    return np.array(np.broadcast_to(gates, shape))


class Ears:
    """The ears of a batch in one arm.

    Parameters
    ----------
    batch : Batch
    weights : ndarray of shape (n_items, n_agents, n_agents)
        W(q).
    persuasion : ndarray of shape (n_items, n_agents, n_agents), or None
        What multiplies the weights by which listeners mix.
    wires : Wires or None
        What an adversary taps; None where it taps nothing.
    """

    def __init__(
        self, batch: Batch, weights: Array, persuasion: Array | None, wires: Wires | None
    ) -> None:
        self._batch, self._weights, self._persuasion = batch, weights, persuasion
        self._wires = wires
        self._edges = batch.team.influence > 0

    def hearing(
        self, said: Words, moment: Moment, gating: CrowdGating | None, wanted: Flags
    ) -> CrowdHearing:
        """Return what listeners are given.

        Parameters
        ----------
        said : Words
            What each seat said last, (n_items, n_agents).
        moment : Moment
        gating : CrowdGating or None
        wanted : ndarray of bool, shape (n_items, n_agents)
            Who listens; what the others would be given may be anything.
        """
        heard = self._edges & ~said.missing[:, None, :]
        # Without turns in between, what is said is what is on record.
        in_turn = self._batch.team.rules.sequential
        if self._wires is None and (gating is None or not in_turn):
            beliefs = said.read(self._batch.team.rules.peers_see)[:, None]
            gates = None if gating is None else gating.gates
            return self._weighed(beliefs, gates, gates, heard, None, np.zeros((0, 0, 0, 0)))
        return self._over_wires(said, moment, gating, heard, wanted)

    def _over_wires(
        self, said: Words, moment: Moment, gating: CrowdGating | None, heard: Flags, wanted: Flags
    ) -> CrowdHearing:
        paths = _Paths(self._batch, said, moment, gating, self._wires)
        for speaker in range(self._batch.team.n_agents):
            for listener in np.flatnonzero(self._edges[:, speaker]).tolist():
                paths.add(speaker, listener, heard[:, listener, speaker] & wanted[:, listener])
        beliefs, gates, there = paths.all_voices()
        return self._weighed(beliefs, gates, paths.gates, heard, paths.tampered, there)

    def _weighed(
        self,
        beliefs: Array,
        gates: Array | None,
        own_gates: Array | None,
        heard: Flags,
        tampered: Flags | None,
        invented: Array,
    ) -> CrowdHearing:
        """Share weights out; ``invented`` has each invented voice's seat's weight as a mask."""
        n_agents, weights = self._batch.team.n_agents, self._weights
        if invented.size:
            forged = (invented * weights[..., None, :]).sum(axis=-1)
            weights = np.concatenate([weights, forged], axis=-1)
        if self._persuasion is not None:
            factors = np.ones(weights.shape)
            factors[..., :n_agents] = self._persuasion
            weights = persuaded(weights, factors)
        own = weights[..., :n_agents]
        silent = np.where(heard, 0.0, own)
        loud = np.where(heard, own, 0.0)
        told = loud
        if invented.size:
            extra = weights[..., n_agents:, None] * (invented > 0)
            told = loud + extra.sum(axis=-2)
            loud = np.concatenate([loud, weights[..., n_agents:]], axis=-1)
        return CrowdHearing(
            loud, gates, silent.sum(axis=-1), beliefs, heard, own_gates, told, tampered
        )


class _Paths:
    """Words on all edges of one round, while they are put together."""

    def __init__(
        self,
        batch: Batch,
        said: Words,
        moment: Moment,
        gating: CrowdGating | None,
        wires: Wires | None,
    ) -> None:
        self._said, self._moment, self._gating, self._wires = said, moment, gating, wires
        self._shown = batch.team.rules.peers_see
        self._seats = batch.team.adversary_seats
        n_items, n_agents = said.answers.shape
        self._square = n_items, n_agents, n_agents
        self._read = np.full((*self._square, batch.n_options), np.nan)
        self.gates = None if gating is None else gating.gates.copy()
        self.tampered = np.zeros(self._square, dtype=bool)
        self._forged: dict[tuple[int, int], list[tuple[int, Words, Flags, Array | None]]] = {}
        self._judged: list[tuple[int, Words, Array]] = []

    def add(self, speaker: int, listener: int, wanted: Flags) -> None:
        """Send one speaker's words to one listener."""
        assert self._moment.spoken is not None, "who said something said it in a round"
        spoken = self._moment.spoken[:, speaker]
        edge = Wire(speaker, listener, self._said.of(speaker), spoken)
        if self._wires is not None:
            words = self._wires.tampered(edge, self._moment, wanted)
            edge = replace(edge, words=words)
            copies = self._wires.forged(edge, self._moment, wanted)
            for number, (copy, there) in enumerate(copies):
                gates = self._gate(copy, edge)
                self._forged.setdefault((number, speaker), []).append(
                    (listener, copy, there, gates)
                )
            self.tampered[:, listener, speaker] = words.tampered
            for _, there in copies:
                self.tampered[:, listener, speaker] |= there
        self._read[:, listener, speaker] = edge.words.read(self._shown)
        gates = self._gate(edge.words, edge)
        if gates is not None and self.gates is not None:
            self.gates[:, listener, speaker] = gates

    def _gate(self, words: Words, edge: Wire) -> Array | None:
        """Return the gate of words on an edge; those on record keep the gate they have."""
        if self._gating is None:
            return None
        known = self._gating.gates[:, edge.listener, edge.speaker]
        recorded = self._gating.on_record(words, edge.speaker)
        if recorded.all():
            return known
        judged = self._judge(words, edge.speaker)[:, edge.listener, edge.speaker]
        keep = recorded if judged.ndim == 1 else recorded[:, None]
        return np.where(keep, known, judged)

    def _judge(self, words: Words, seat: int) -> Array:
        for speaker, known, gates in self._judged:
            if speaker == seat and _alike(known, words):
                return gates
        assert self._gating is not None, "asked for by the caller"
        gates = self._gating.judged(words, seat)
        self._judged.append((seat, words, gates))
        return gates

    def all_voices(self) -> tuple[Array, Array | None, Array]:
        """Return what all voices are read to say, their gates, and who stands behind invented ones.

        The last is 1 at the seat behind an invented voice where it reaches a listener, shape
        (n_items, n_agents, n_invented, n_agents).
        """
        if not self._forged:
            return self._read, self.gates, np.zeros((0, 0, 0, 0))
        # By name: the copies of one number stand in the order of the seats behind them.
        names = sorted(self._forged, key=lambda name: (name[0], self._seats.index(name[1])))
        shape = (*self._square[:2], len(names))
        read = np.full((*shape, self._read.shape[-1]), np.nan)
        behind = np.zeros((*shape, self._square[2]))
        gates = None if self.gates is None else np.ones((*shape, *self.gates.shape[3:]))
        for voice, name in enumerate(names):
            for listener, words, there, gate in self._forged[name]:
                read[:, listener, voice] = words.read(self._shown)
                behind[:, listener, voice, name[1]] = there
                if gates is not None and gate is not None:
                    gates[:, listener, voice] = gate
        everything = np.concatenate([self._read, read], axis=2)
        if gates is not None and self.gates is not None:
            gates = np.concatenate([self.gates, gates], axis=2)
        return everything, gates, behind


def _alike(one: Words, other: Words) -> bool:
    return (
        np.array_equal(one.beliefs, other.beliefs, equal_nan=True)
        and np.array_equal(one.answers, other.answers)
        and np.array_equal(one.confidence, other.confidence, equal_nan=True)
    )
