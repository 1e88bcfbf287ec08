"""From the events of a run to the arrays of a transcript."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fjsim.arms import chosen_arm
from fjsim.beliefs import Array
from fjsim.contracts import Arm
from fjsim.contracts.argument import persuaded
from fjsim.errors import StorageError
from fjsim.records.casting import CastingKey
from fjsim.records.columns import DECIMALS, Columns
from fjsim.records.contents import ItemEnd, LogContents
from fjsim.records.header import RunHeader
from fjsim.records.played import PlayedLaw
from fjsim.records.reading import read_run
from fjsim.records.transcript import (
    ABSENT,
    LONGEST_OPENING,
    NOT_HEARD,
    VALIDITY_CODES,
    Transcript,
)
from fjsim.records.turn import Turn
from fjsim.records.units import OpinionUnit

LARGEST_EMPTY = 2**30
"""Bytes that the arrays of a log may take if most of their turns are not there."""


def load_transcript(folder: str | Path, arm: Arm | None = None) -> Transcript:
    """Read one arm of a run folder.

    Parameters
    ----------
    folder : str or Path
        A run folder.
    arm : {'attacked', 'clean'}, optional
        By default the attacked arm, or the clean one where nobody attacks.

    Returns
    -------
    Transcript
        Its finished items.

    Raises
    ------
    StorageError
        If there is no run in it, or not that arm, or nothing of it is finished.
    ConfigError
        If there is no arm of that name.

    Warns
    -----
    DamagedLogWarning
        If lines of its log are damaged; their turns are masked.
    """
    return one_arm(Path(folder), arm)


def one_arm(folder: Path, arm: str | None = None, undisturbed: bool = False) -> Transcript:
    """Read one arm of a run folder, by default that of `main_arm` or of `undisturbed_arm`.

    Parameters
    ----------
    folder, arm
        As in `load_transcript`, which also tells errors and warnings.
    undisturbed : bool
        Whether the default is that of a fit.
    """
    contents = read_run(folder)
    return build_transcript(contents, chosen_arm(contents.arms, arm, folder, undisturbed))


def build_transcript(contents: LogContents, arm: Arm, warmup: bool = False) -> Transcript:
    """Return one arm's finished items as arrays, warm-up left out.

    Parameters
    ----------
    contents : LogContents
        What a log holds; with its header.
    arm : {'attacked', 'clean'}
        Which arm.
    warmup : bool, default False
        Whether it is the warm-up that is wanted, and all else left out.
    """
    header = contents.known_header
    influence = header.graph
    ends = [end for end in contents.items.values() if (end.arm, end.warmup) == (arm, warmup)]
    order = {question: at for at, question in enumerate(header.questions)}
    ends.sort(key=lambda end: (order[end.question], end.replica))
    place = {(end.question, end.replica): at for at, end in enumerate(ends)}
    shape = _Shape(len(ends), header.rounds + 1, len(influence), _widest(ends))
    shape.check(len(contents.turns))
    arrays = _Arrays(*shape, shares=header.given_influence)
    for turn in contents.single_turns.values():
        at = place.get((turn.question, turn.replica))
        if turn.arm == arm and at is not None:
            arrays.put(at, turn)
    for block in contents.blocks:
        if (block.arm, block.warmup) == (arm, warmup):
            arrays.put_block([place[one] for one in block.places], block)
    played, routed = header.played(arm), _routed(ends, influence)
    return Transcript(
        question_ids=tuple(end.question for end in ends),
        replicas=np.array([end.replica for end in ends], dtype=np.int64),
        keys=_integers([end.key for end in ends]),
        beliefs=arrays.beliefs,
        answers=arrays.answers,
        validity=arrays.validity,
        heard_round=arrays.heard_round,
        gates=arrays.gates,
        influence=_persuaded(_mixed_by(influence, routed, played), ends),
        stated_beliefs=arrays.stated,
        confidence=arrays.confidence,
        stubbornness=_declared([end.stubbornness for end in ends]),
        self_weight=_declared([end.self_weight for end in ends]),
        seats=header.seats,
        targets=_integers([end.target for end in ends]),
        agents=header.agents,
        arm=arm,
        residual=header.residual,
        peers_read=header.peers_read,
        words=None if header.words is None else np.array(header.words, dtype=float),
        opinions=header.opinions,
        exchangeable=header.exchangeable,
        abstention=header.abstention,
        perceived=_perceived(contents, arm, place, len(influence)),
        casting=_casting(contents, ends),
        told_again=_told_again(ends),
        control=_control(header, ends),
        simulated=contents.simulated,
        acting=arrays.acting,
        option_gates=arrays.option_gates,
        kept=arrays.kept,
        routed=routed,
        played=played,
        openings=_openings(contents, arm, place, len(influence)),
        subjects=_subjects(header, ends),
        **_imported(header, ends, arrays),
    )


class _Shape(NamedTuple):
    """How large the arrays of a transcript are to be."""

    n_items: int
    n_turns: int
    n_agents: int
    n_options: int

    def check(self, n_recorded: int) -> None:
        """Refuse large arrays that would be mostly empty: a damaged log asks for such."""
        turns = self.n_items * self.n_turns * self.n_agents
        needed = turns * (16 * self.n_options + 16 * self.n_agents + 32)
        if needed > LARGEST_EMPTY and n_recorded < turns / 4:
            raise StorageError(
                f"the log says {self.n_items} items x {self.n_turns} turns x {self.n_agents} "
                f"agents x {self.n_options} options, {needed / 2**30:.1f} GiB, and holds "
                f"{n_recorded} turns; it is damaged, or the run has hardly begun"
            )


class _Arrays:
    """The arrays of a transcript while turns are put into them."""

    def __init__(
        self, n_items: int, n_turns: int, n_agents: int, n_options: int, shares: bool
    ) -> None:
        shape = (n_items, n_turns, n_agents)
        self.beliefs = np.full((*shape, n_options), np.nan)
        self.stated = np.full((*shape, n_options), np.nan)
        self.answers = np.full(shape, -1, dtype=np.int64)
        self.confidence = np.full(shape, np.nan)
        self.validity = np.full(shape, ABSENT, dtype=np.int64)
        self.heard_round = np.full((*shape, n_agents), NOT_HEARD, dtype=np.int64)
        self.gates = np.full((*shape, n_agents), np.nan)
        # Most logs hold none of these.
        self.acting: Array | None = None
        self.option_gates: Array | None = None
        self.kept: Array | None = None
        self.exposure: Array | None = None
        self.shares = np.zeros((*shape, n_agents)) if shares else None

    def put(self, item: int, turn: Turn) -> None:
        at = (item, turn.round, turn.agent)
        if turn.belief is not None and turn.stated_belief is not None:
            self.beliefs[at][: len(turn.belief)] = turn.belief
            self.stated[at][: len(turn.belief)] = turn.stated_belief
        self.answers[at] = -1 if turn.answer is None else turn.answer
        self.confidence[at] = np.nan if turn.confidence is None else turn.confidence
        self.validity[at] = VALIDITY_CODES[turn.validity]
        if turn.kept is not None:
            self._put_kept(at, turn.kept)
        if turn.exposure is not None:
            self._put_exposure(at, turn.exposure)
        for heard in turn.heard:
            if self.shares is not None:
                self.shares[(*at, heard.speaker)] = heard.weight
            self.gates[(*at, heard.speaker)] = heard.gate
            if heard.acting is not None:
                self._put_acting((*at, heard.speaker), heard.acting)
            if heard.acting != 0:
                self.heard_round[(*at, heard.speaker)] = heard.round
            if heard.option_gates is not None:
                self._put_options((*at, heard.speaker), heard.option_gates)

    def put_block(self, items: Sequence[int], block: Columns) -> None:
        """Put the turns of many items at once."""
        at, width = np.array(items), block.n_options

        def turned(values: Array) -> Array:
            return np.moveaxis(values, 0, 1)

        self.beliefs[at, :, :, :width] = turned(block.beliefs)
        self.stated[at, :, :, :width] = turned(block.beliefs)
        self.answers[at] = turned(block.answers)
        self.confidence[at] = turned(block.confidence)
        self.validity[at] = turned(block.validity)
        self.heard_round[at] = turned(block.heard_round)
        self.gates[at] = turned(np.round(block.gates, DECIMALS))
        if block.option_gates is not None:
            if self.option_gates is None:
                self.option_gates = np.full((*self.gates.shape, self.beliefs.shape[-1]), np.nan)
            by_option = np.round(block.option_gates, DECIMALS)
            self.option_gates[at, :, :, :, :width] = turned(by_option)

    def _put_kept(self, at: tuple[int, int, int], kept: tuple[float, ...]) -> None:
        if self.kept is None:
            self.kept = np.ones_like(self.beliefs)
        self.kept[at][: len(kept) if len(kept) > 1 else None] = kept

    def _put_exposure(self, at: tuple[int, int, int], mean: tuple[float, ...]) -> None:
        if self.exposure is None:
            self.exposure = np.full_like(self.beliefs, np.nan)
        self.exposure[at][: len(mean)] = mean

    def _put_acting(self, at: tuple[int, int, int, int], acting: float) -> None:
        if self.acting is None:
            self.acting = np.full_like(self.gates, np.nan)
        self.acting[at] = acting

    def _put_options(self, at: tuple[int, int, int, int], gates: tuple[float, ...]) -> None:
        if self.option_gates is None:
            self.option_gates = np.full((*self.gates.shape, self.beliefs.shape[-1]), np.nan)
        self.option_gates[at][: len(gates)] = gates


def _perceived(
    contents: LogContents, arm: Arm, place: Mapping[tuple[str, int], int], n_agents: int
) -> Array | None:
    """Return the probes of an arm; None where there was no probe."""
    asked = [probe for probe in contents.probes.values() if probe.arm == arm]
    if not asked:
        return None
    perceived = np.full((len(place), n_agents, n_agents), np.nan)
    for probe in asked:
        at = place.get((probe.question, probe.replica))
        if at is not None:
            for speaker, sure in probe.perceived.items():
                perceived[at, probe.agent, speaker] = sure
    return perceived


def _casting(
    contents: LogContents, ends: Sequence[ItemEnd]
) -> np.ndarray[Any, np.dtype[np.int64]] | None:
    """Return the casting votes of each item, -1 for none; None where no item had any."""
    widest = max((end.casting or 0 for end in ends), default=0)
    if not widest:
        return None
    casting = np.full((len(ends), widest), -1, dtype=np.int64)
    for at, end in enumerate(ends):
        for voter in range(end.casting or 0):
            vote = contents.casting.get(CastingKey(end.question, end.replica, voter))
            if vote is not None and vote.answer is not None:
                casting[at, voter] = vote.answer
    return casting


def _told_again(ends: Sequence[ItemEnd]) -> np.ndarray[Any, np.dtype[np.int64]] | None:
    """Return how many turns of each item were told again; None where no item had any."""
    turns = np.array([end.told_again or 0 for end in ends], dtype=np.int64)
    return turns if turns.any() else None


def _openings(
    contents: LogContents, arm: Arm, place: Mapping[tuple[str, int], int], n_agents: int
) -> tuple[tuple[str, ...], ...]:
    """Return what was said in round 0, in words; nothing where no seat used any."""
    said = [[""] * n_agents for _ in place]
    for turn in contents.single_turns.values():
        at = place.get((turn.question, turn.replica))
        if turn.arm == arm and turn.round == 0 and at is not None:
            said[at][turn.agent] = (turn.reason or turn.text)[:LONGEST_OPENING]
    for block in contents.blocks:
        for turn in block.openings() if block.arm == arm else ():
            at = place.get((turn.question, turn.replica))
            if at is not None:
                said[at][turn.agent] = turn.reason[:LONGEST_OPENING]
    return tuple(map(tuple, said)) if any(map(any, said)) else ()


def _subjects(header: RunHeader, ends: Sequence[ItemEnd]) -> tuple[str, ...]:
    """Return what each item's question is about; nothing where the log does not say."""
    if not header.subjects:
        return ()
    known = dict(zip(header.questions, header.subjects, strict=True))
    return tuple(known[end.question] for end in ends)


def _control(
    header: RunHeader, ends: Sequence[ItemEnd]
) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
    """Return which items belong to an imported log's control arm."""
    names = frozenset(header.control)
    return np.array([end.question in names for end in ends]) if names else None


def _imported(header: RunHeader, ends: Sequence[ItemEnd], arrays: _Arrays) -> dict[str, Any]:
    """Return what only foreign logs have: names, roles, units, means and shares."""
    if not header.imported:
        return {}
    return {
        "options": _names([end.options for end in ends]),
        "people": _names([end.people for end in ends]),
        "roles": _names([end.roles for end in ends]),
        "unit": unit_of(header, ends),
        "exposure": arrays.exposure,
        "given_influence": arrays.shares,
    }


def _names(given: Sequence[list[str] | None]) -> tuple[tuple[str, ...], ...]:
    if all(names is None for names in given):
        return ()
    return tuple(tuple(names or ()) for names in given)


def unit_of(header: RunHeader, ends: Sequence[ItemEnd]) -> OpinionUnit | None:
    """Return the unit of an imported log's opinions, for some of its items.

    Parameters
    ----------
    header : RunHeader
        Header of the log.
    ends : sequence of ItemEnd
        The items, which the unit then numbers from 0.
    """
    given = header.unit
    if given is None:
        return None
    ends_of_scale = float(given["low"]), float(given["high"])
    if given["kind"] == "bounded":
        return OpinionUnit("bounded", *ends_of_scale)
    location = np.array([0.0 if end.location is None else end.location for end in ends])
    spread = np.array([1.0 if end.spread is None else end.spread for end in ends])
    return OpinionUnit(given["kind"], *ends_of_scale, location, spread)


def _widest(ends: Sequence[ItemEnd]) -> int:
    return max((end.n_options for end in ends), default=0)


def _integers(values: Sequence[int | None]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([-1 if value is None else value for value in values], dtype=np.int64)


def _declared(rows: Sequence[list[float] | None]) -> Array | None:
    if not rows or any(row is None for row in rows):
        return None
    return np.array(rows, dtype=float)


def _routed(ends: Sequence[ItemEnd], influence: Array) -> Array | None:
    """Return W(q) of every item; None where no router gave one."""
    if not any(end.weights is not None for end in ends):
        return None
    return np.array([influence if end.weights is None else end.weights for end in ends])


def _mixed_by(graph: Array, routed: Array | None, played: PlayedLaw | None) -> Array:
    """Return the weights by which the agents themselves mix.

    A router that withholds, samples or blends acts on models from outside: they are shown the
    graph's weights.
    """
    if routed is None or played is None or played.shows_routed_weights:
        return graph if routed is None else routed
    seats = np.arange(len(graph))
    models = np.isin(seats, played.models)
    if models.all():
        return graph
    return np.where(models[:, None], graph, routed)


def _persuaded(weights: Array, ends: Sequence[ItemEnd]) -> Array:
    """Return the weights as speakers' persuasiveness changed them, item by item where it did."""
    if all(end.persuasion is None for end in ends):
        return weights
    same = np.ones(weights.shape[-2:])
    factors = np.array([same if end.persuasion is None else end.persuasion for end in ends])
    return persuaded(np.broadcast_to(weights, factors.shape), factors)


def counted(contents: LogContents) -> Mapping[str, int]:
    """Return calls, cached calls, attempts and tokens, summed over all sessions.

    Parameters
    ----------
    contents : LogContents
        What a log holds.
    """
    names = ("calls", "cached_calls", "attempts", "tokens_in", "tokens_out", "tokens_cached")
    return {name: sum(getattr(cost, name) for _, cost in contents.costs()) for name in names}
