"""What is judged: the arms of a recorded deliberation, in the order in which they were played."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from fjsim.arms import main_arm
from fjsim.beliefs import Array
from fjsim.contracts import Arm
from fjsim.deliberation import seeded_order
from fjsim.errors import FjsimError, StorageError, UsageError
from fjsim.questions import Question
from fjsim.records import SCENARIO, LogContents, Transcript, read_run
from fjsim.records.building import build_transcript
from fjsim.records.importers.imported import ImportedLog
from fjsim.records.reading import EVENTS
from fjsim.records.source import HasArms, recorded
from fjsim.scenario import load_scenario

Order = tuple[tuple[str, int], ...]
"""Questions and replicas, in the order in which they were played."""


@runtime_checkable
class HasContents(Protocol):
    """A run: what its log holds, and where it lies."""

    @property
    def contents(self) -> LogContents:
        """What the log holds."""

    @property
    def run_dir(self) -> Path | None:
        """Its folder; None for a run in memory."""


@dataclass(frozen=True)
class PlayStep:
    """One item at its place in the order.

    Parameters
    ----------
    item : int
        Its place in the transcript, or in the warm-up.
    warmup : bool
        Whether it stands in the warm-up.
    """

    item: int
    warmup: bool = False


@dataclass(frozen=True, eq=False)
class PlayedArm:
    """One arm, and the order in which a policy with memory sees it.

    Parameters
    ----------
    transcript : Transcript
    graph : ndarray of shape (n_items, n_agents, n_agents)
        Influence before routing and gates, row-stochastic; of a foreign log, even shares of
        those who were ever heard, or the shares that it gives.
    tracks : tuple of tuple of PlayStep
        Items that share a memory, in order.
    warmup : Transcript or None
        Items that played round 0 only, from which a policy learns.
    """

    transcript: Transcript
    graph: Array
    tracks: tuple[tuple[PlayStep, ...], ...]
    warmup: Transcript | None = None


@dataclass(frozen=True, eq=False)
class JudgedLog:
    """A recorded deliberation, ready to be judged.

    Parameters
    ----------
    main : PlayedArm
        The attacked arm, or the only one.
    clean : PlayedArm or None
        The arm without an attack, where the log has both.
    seed : int or None
        Seed of the run; None where it is not known.
    notes : tuple of str
        What a reader must know.
    """

    main: PlayedArm
    clean: PlayedArm | None
    seed: int | None = None
    notes: tuple[str, ...] = ()


def judged_log(source: Transcript | HasArms | ImportedLog | str | Path) -> JudgedLog:
    """Return what is to be judged.

    Parameters
    ----------
    source : Run, Transcript, ImportedLog, str or Path
        A recorded deliberation, or the path of a run folder or of a foreign log.

    Raises
    ------
    ConfigError
        If it is none of these.
    StorageError
        If nothing of the run is finished, or its folder cannot be read.
    LogFormatError
        If a foreign log cannot be read.
    """
    if isinstance(source, (str, Path)):
        path = Path(source)
        if (path / EVENTS).is_file():
            return _of_contents(read_run(path), path, _seed_in(path))
        from fjsim.records.importers import read_log

        source = read_log(path)
    if isinstance(source, ImportedLog):
        clean = None if source.clean is None else _undisturbed(_foreign(source.clean))
        return JudgedLog(_foreign(source.transcript), clean, notes=source.warnings)
    if isinstance(source, HasContents):
        return _of_contents(source.contents, source.run_dir, _seed_of(source))
    if isinstance(source, HasArms) and source.arms:
        arms = source.arms
        second = _undisturbed(_foreign(arms["clean"])) if len(arms) > 1 else None
        return JudgedLog(_foreign(arms[main_arm(arms)]), second)
    return JudgedLog(_foreign(recorded(source)[0]), None)


def _of_contents(contents: LogContents, folder: Path | None, seed: int | None) -> JudgedLog:
    header = contents.known_header
    if not contents.arms:
        place = "this run" if folder is None else str(folder)
        raise StorageError(f"{place}: no question of this run is finished; run it further first")
    order = _order(contents, seed)
    arms = {arm: _played(contents, arm, order) for arm in contents.arms}
    if header.imported:
        arms = {arm: _foreign(played.transcript) for arm, played in arms.items()}
    main = main_arm(arms)
    clean = _undisturbed(arms["clean"]) if main == "attacked" and "clean" in arms else None
    forged = any(
        heard.tampered for turn in contents.single_turns.values() for heard in turn.heard
    ) or any(block.tampered is not None and block.tampered.any() for block in contents.blocks)
    return JudgedLog(arms[main], clean, seed, (FORGED,) if forged else ())


FORGED = "an adversary rewrote messages in this run: gates judge what was said, not what arrived"


def _seed_of(run: HasContents) -> int | None:
    """Return the seed of a run; None for an imported one."""
    try:
        return int(run.scenario.seed)  # type: ignore[attr-defined]
    except FjsimError:
        return None


def _seed_in(folder: Path) -> int | None:
    """Return the seed that a folder's scenario names; None where that cannot be read."""
    file = folder / SCENARIO
    if file.is_symlink() or not file.is_file():
        return None
    try:
        return load_scenario(file).seed
    except UsageError:
        return None


def _order(contents: LogContents, seed: int | None) -> Order:
    """Return the order of play; that of the log where the seed is not known."""
    if seed is None:
        return tuple(dict.fromkeys((end.question, end.replica) for end in contents.items.values()))
    names = contents.known_header.questions
    replicas = 1 + max(end.replica for end in contents.items.values())
    stubs = [Question(name, "", ("", ""), None) for name in names]
    return tuple(
        (item.question.id, item.replica) for item in seeded_order(stubs, replicas, 0, seed)
    )


def _played(contents: LogContents, arm: Arm, order: Order) -> PlayedArm:
    transcript = build_transcript(contents, arm)
    warmup = build_transcript(contents, arm, warmup=True)
    steps: dict[tuple[str, int], PlayStep] = {}
    for part, is_warmup in ((transcript, False), (warmup, True)):
        for item, name in enumerate(_identities(part)):
            steps[name] = PlayStep(item, is_warmup)
    tracks: dict[int, list[PlayStep]] = {}
    for name in order:
        if name in steps:
            tracks.setdefault(name[1], []).append(steps[name])
    graph = contents.known_header.graph
    wide = np.broadcast_to(graph, (transcript.n_items, *graph.shape))
    return PlayedArm(transcript, wide, tuple(map(tuple, tracks.values())), warmup)


def _identities(transcript: Transcript) -> list[tuple[str, int]]:
    return list(zip(transcript.question_ids, transcript.replicas.tolist(), strict=True))


def _foreign(transcript: Transcript) -> PlayedArm:
    """Return an arm whose items follow each other as they stand."""
    return PlayedArm(
        transcript, _heard_graph(transcript), (tuple(map(PlayStep, range(transcript.n_items))),)
    )


def _undisturbed(arm: PlayedArm) -> PlayedArm:
    """Return a clean arm without roles: whoever sits in the adversary's seats is honest there."""
    return replace(arm, transcript=replace(arm.transcript, roles=()))


def _heard_graph(transcript: Transcript) -> Array:
    """Return W item by item: as the transcript has it, or even shares of those ever heard."""
    n_agents = transcript.n_agents
    if transcript.influence is not None:
        shape = (transcript.n_items, n_agents, n_agents)
        return np.broadcast_to(transcript.influence, shape)
    ever = (transcript.heard_round >= 0).any(axis=1) & ~np.eye(n_agents, dtype=bool)
    total = np.maximum(ever.sum(axis=-1, keepdims=True), 1)
    return np.asarray(ever / total)
