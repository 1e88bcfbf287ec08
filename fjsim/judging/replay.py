"""A defense's gates on what was recorded, round by round, as it would have given them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Defense, Message, Record
from fjsim.deliberation import Item, learned
from fjsim.deliberation.hearing import Gating
from fjsim.deliberation.likeness import likeness
from fjsim.errors import PluginError
from fjsim.judging.source import PlayedArm, PlayStep
from fjsim.questions import Question
from fjsim.records import ABSENT, Transcript


@dataclass(frozen=True, eq=False)
class Replay:
    """Gates that a defense gives to recorded messages.

    Parameters
    ----------
    transcript : Transcript
        What was judged.
    gates : ndarray of shape (n_items, n_rounds + 1, n_agents, n_agents)
        ``[item, round, listener, speaker]``; the mean where gates differ by option, NaN where no
        message was sent.
    by_option : ndarray of shape (*gates.shape, n_options), or None
        Gates that differ by option, NaN elsewhere; None where none do.
    """

    transcript: Transcript
    gates: Array
    by_option: Array | None = None

    @cached_property
    def trust(self) -> Array:
        """Mean gate of each speaker over its listeners, (n_items, n_rounds + 1, n_agents)."""
        counts = (~np.isnan(self.gates)).sum(axis=2)
        total = np.nansum(self.gates, axis=2)
        return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def replay(arm: PlayedArm, defense: Defense, labels: bool = False, seed: int = 0) -> Replay:
    """Judge every recorded message by a defense.

    Parameters
    ----------
    arm : PlayedArm
        Its tracks say in which order a defense with memory learns.
    defense : Defense
    labels : bool, default False
        Whether the defense is shown keys as its own ``labels`` ask; else it sees none.
    seed : int, default 0
        Seed of the audits.

    Returns
    -------
    Replay

    Raises
    ------
    PluginError
        If its gates have another shape than its contract says.

    Notes
    -----
    Before each round the defense is given all that was said before it. A statement that stands
    elsewhere in the record than in its last round, as where speakers take turns, is judged for
    itself.
    """
    judging = _Judging(arm, defense)
    for track in arm.tracks:
        state = defense.initial_state(arm.transcript.n_agents)
        for step in track:
            said = judging.said(step)
            if not step.warmup:
                judging.judge(step.item, said, state)
            item = _item(said, step, labels)
            state = learned(defense, said.before(said.n_rounds + 1), state, item, seed)
    return Replay(arm.transcript, judging.gates, judging.by_option)


def _item(said: _Said, step: PlayStep, labels: bool) -> Item:
    key = int(said.transcript.keys[said.item])
    shown = key if labels and key >= 0 else None
    question = Question(said.name, "", ("",) * said.n_options, shown)
    return Item(question, int(said.transcript.replicas[said.item]), 0, int(step.warmup))


class _Judging:
    """Fills the gates of one arm."""

    def __init__(self, arm: PlayedArm, defense: Defense) -> None:
        self.arm, self.defense = arm, defense
        transcript = arm.transcript
        heard = transcript.heard_round >= 0
        self.sent = (heard | ~np.isnan(transcript.gates)) & ~np.eye(transcript.n_agents, dtype=bool)
        self.gates = np.full(transcript.gates.shape, np.nan)
        self.by_option: Array | None = None

    def said(self, step: PlayStep) -> _Said:
        arm = self.arm
        if step.warmup:
            assert arm.warmup is not None, "a warm-up step stands in the warm-up"
            graph = arm.graph[0] if len(arm.graph) else None
            return _Said(arm.warmup, step.item, graph, 0, words=self.defense.reads_words)
        graph = arm.graph[step.item]
        return _Said(arm.transcript, step.item, graph, words=self.defense.reads_words)

    def judge(self, item: int, said: _Said, state: Any) -> None:
        """Judge the messages of one item."""
        for at in range(1, said.n_rounds + 1):
            sent = self.sent[item, at]
            if not sent.any():
                continue
            record = said.before(at)
            gates = self._checked(self.defense.gates(record, state), said)
            late = sent & (said.heard[at] >= 0) & (said.heard[at] != at - 1)
            self._put(item, at, np.where(_wide(sent, gates), gates, np.nan))
            gating = Gating(self.defense, record, state)
            for listener, speaker in np.argwhere(late).tolist():
                gate = gates[listener, speaker]
                given = said.message(speaker, int(said.heard[at, listener, speaker]), gate)
                judged = gating.judged(given, listener, speaker)
                self._put_one((item, at, listener, speaker), judged)

    def _checked(self, gates: Array, said: _Said) -> Array:
        n_agents = said.transcript.n_agents
        shapes = ((n_agents, n_agents), (n_agents, n_agents, said.n_options))
        found = np.asarray(gates, dtype=float)
        if found.shape not in shapes:
            raise PluginError(
                f"{type(self.defense).__name__} gave gates of shape {found.shape}; its contract "
                "says (listener, speaker), or (listener, speaker, option)"
            )
        return found

    def _put(self, item: int, at: int, gates: Array) -> None:
        if gates.ndim == 2:
            self.gates[item, at] = gates
            return
        self.gates[item, at] = gates.mean(axis=-1)
        self._options()[item, at, :, :, : gates.shape[-1]] = gates

    def _put_one(self, place: tuple[int, int, int, int], judged: Message) -> None:
        self.gates[place] = judged.gate
        if judged.option_gates is not None:
            self._options()[place][: len(judged.option_gates)] = judged.option_gates

    def _options(self) -> Array:
        if self.by_option is None:
            self.by_option = np.full((*self.gates.shape, self.arm.transcript.n_options), np.nan)
        return self.by_option


def _wide(flags: NDArray[np.bool_], like: Array) -> NDArray[np.bool_]:
    return flags if like.ndim == 2 else flags[..., None]


class _Said:
    """What was said on one item, as a defense is shown it."""

    def __init__(
        self,
        transcript: Transcript,
        item: int,
        graph: Array | None,
        n_rounds: int | None = None,
        words: bool = False,
    ) -> None:
        self.transcript, self.item = transcript, item
        self.name = transcript.question_ids[item]
        there = ~np.isnan(transcript.beliefs[item]).all(axis=(0, 1))
        self.n_options = int(np.flatnonzero(there).max(initial=-1)) + 1 or transcript.n_options
        spoke = (transcript.validity[item] != ABSENT).any(axis=-1)
        self.n_rounds = int(np.flatnonzero(spoke).max(initial=0)) if n_rounds is None else n_rounds
        self.heard = transcript.heard_round[item]
        accepted = self._whole_beliefs(transcript.beliefs)
        stated = transcript.stated_beliefs
        none = np.full(transcript.answers[item].shape, np.nan)
        sure = transcript.confidence
        self._whole = Record(
            question_id=self.name,
            influence=np.zeros((transcript.n_agents,) * 2) if graph is None else graph,
            stated=accepted if stated is None else self._whole_beliefs(stated),
            accepted=accepted,
            answers=transcript.answers[item],
            confidence=none if sure is None else sure[item],
            perceived=None if transcript.perceived is None else transcript.perceived[item],
            casting=None if transcript.casting is None else transcript.casting[item],
            alike=likeness(transcript.openings[item]) if words and transcript.openings else None,
        )

    def _whole_beliefs(self, beliefs: Array) -> Array:
        """Return the item's beliefs over its options; one that nobody could name has none of it."""
        own = beliefs[self.item, ..., : self.n_options]
        missing = np.isnan(own).all(axis=-1, keepdims=True)
        return np.asarray(np.where(missing, np.nan, np.nan_to_num(own)))

    def before(self, at: int) -> Record:
        """Return the record that a defense has before round ``at``."""
        whole = self._whole
        return replace(
            whole,
            stated=whole.stated[:at],
            accepted=whole.accepted[:at],
            answers=whole.answers[:at],
            confidence=whole.confidence[:at],
        )

    def message(self, speaker: int, number: int, gate: Array) -> Message:
        """Return one statement as a message; a blended one speaks by its accepted belief."""
        whole = self._whole
        belief, answer = whole.accepted[number, speaker], int(whole.answers[number, speaker])
        if not np.array_equal(belief, whole.stated[number, speaker], equal_nan=True):
            answer = int(top_option(belief))
        sure = whole.confidence[number, speaker]
        return Message(
            speaker=speaker,
            round=number,
            answer=answer if answer >= 0 else None,
            belief=None if np.isnan(belief).all() else belief,
            confidence=None if np.isnan(sure) else float(sure),
            gate=float(np.mean(gate)),
            option_gates=gate if gate.ndim else None,
        )
