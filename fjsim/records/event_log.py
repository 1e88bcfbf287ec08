"""The append-only log of a run: what is in it is never asked again.

One JSON object a line, each with the schema version ``v`` and a ``type``: ``run`` (once, what the
run is), ``session`` and ``end`` (one process at work), ``turn``, ``probe`` (asked aside), and
``item`` (one question of one arm is finished). One writer; a line is one write; a torn last line is
cut off and said so.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fjsim.contracts import SIMULATED_MODEL, Arm
from fjsim.errors import RunFolderBusyError, StorageError
from fjsim.records.probe import Probe, ProbeKey
from fjsim.records.turn import Cost, Turn, TurnKey
from fjsim.wire import read, written

SCHEMA = 1
EVENTS = "events.jsonl"
SCENARIO = "scenario.yaml"
"""Beside the log: what the run is, every default spelled out."""
QUICK = 0.001
"""Seconds below which the last fsync cost less than the thread that would wait for the next."""


@dataclass(frozen=True, slots=True)
class ItemEnd:
    """One question of one arm and replica is finished.

    Parameters
    ----------
    arm, question, replica
        Which item it is.
    key : int or None
        The right option.
    n_options : int
        How many options it has.
    target : int or None
        What the adversary was after.
    warmup : bool
        Whether it left every metric.
    weights : list of list of float or None
        W(q), where a router changed it.
    stubbornness, self_weight : list of float or None
        True parameters of the seats, where they are declared.
    order : list of int or None
        ``order[shown]`` is the index in the set of the option shown in that place.
    """

    arm: Arm
    question: str
    replica: int
    key: int | None
    n_options: int
    target: int | None = None
    warmup: bool = False
    weights: list[list[float]] | None = None
    stubbornness: list[float] | None = None
    self_weight: list[float] | None = None
    order: list[int] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for one line of the event log; what is not there is left out."""
        values = {name: getattr(self, name) for name in self.__slots__}
        kept = {name: value for name, value in values.items() if value is not None}
        return {**kept, "key": self.key}

    @property
    def identity(self) -> tuple[str, str, int]:
        """Arm, question and replica."""
        return self.arm, self.question, self.replica


@dataclass
class LogContents:
    """What a log holds.

    Parameters
    ----------
    header : mapping
        The ``run`` event; empty for a new log.
    turns : dict of TurnKey to Turn
    items : dict of (arm, question, replica) to ItemEnd
    probes : dict of ProbeKey to Probe
    seconds : float
        Wall time of all earlier sessions.
    torn : int
        Bytes of a torn last line; 0 for none.
    """

    header: Mapping[str, Any] = field(default_factory=dict)
    turns: dict[TurnKey, Turn] = field(default_factory=dict)
    items: dict[tuple[str, str, int], ItemEnd] = field(default_factory=dict)
    probes: dict[ProbeKey, Probe] = field(default_factory=dict)
    seconds: float = 0.0
    torn: int = 0

    @property
    def simulated(self) -> bool:
        """Whether no language model took part: numeric agents, or the embedded model."""
        asked = {cost.model for _, cost in self.costs() if cost.attempts or cost.cached_calls}
        return not self.header.get("imported") and asked <= {SIMULATED_MODEL}

    def costs(self) -> Iterator[tuple[int, Cost]]:
        """Yield what each asking took, with the seat that was asked."""
        for turn in self.turns.values():
            yield turn.agent, turn.cost
        for probe in self.probes.values():
            yield probe.agent, probe.cost


def read_log(path: Path) -> LogContents:
    """Read an event log; a torn last line is left out and counted.

    Parameters
    ----------
    path : Path
        The ``events.jsonl``.

    Raises
    ------
    StorageError
        If a line other than the last is damaged, or the schema is a newer one.
    """
    with _without_collections():
        return _read(path)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Hold the garbage collector: all that is read stays, and looking for garbage costs a third."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(path: Path) -> LogContents:
    contents = LogContents()
    started = latest = 0.0
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            if not line.endswith(b"\n"):
                contents.torn = len(line)
                break
            try:
                kind, at = _take(contents, read(line), path)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise StorageError(
                    f"{path}, line {number}: damaged; move the run folder away and start again"
                ) from error
            if kind == "session":
                contents.seconds += latest - started
                started = latest = at
            latest = max(latest, at)
    contents.seconds += latest - started
    return contents


def _take(contents: LogContents, event: dict[str, Any], path: Path) -> tuple[str, float]:
    _check_version(event.pop("v"), path)
    kind, at = event.pop("type"), float(event.get("at", 0.0))
    if kind == "turn":
        turn = Turn.from_dict(event)
        contents.turns[turn.key] = turn
    elif kind == "probe":
        probe = Probe.from_dict(event)
        contents.probes[probe.key] = probe
    elif kind == "item":
        end = ItemEnd(**event)
        contents.items[end.identity] = end
    elif kind == "run":
        contents.header = event
    return kind, at


def _check_version(version: object, path: Path) -> None:
    if version != SCHEMA:
        raise StorageError(
            f"{path}: written with schema {version}, this fjsim reads {SCHEMA}; use the version "
            "of fjsim that wrote it"
        )


class EventLog:
    """The log of one run, open for writing by this process alone.

    Parameters
    ----------
    folder : Path
        The run folder; made if it is not there.

    Raises
    ------
    RunFolderBusyError
        If another process has it open.
    StorageError
        If the folder cannot be written, or the log is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / EVENTS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise StorageError(
                f"{folder}: cannot be written ({error.strerror}); choose another folder with --out"
            ) from error
        try:
            self._lock()
            self.contents = read_log(self.path)
            if self.contents.torn:
                size = os.fstat(self._descriptor).st_size
                os.ftruncate(self._descriptor, size - self.contents.torn)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._dirty = False
        self._fsync_seconds = QUICK
        self._syncing = asyncio.Lock()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunFolderBusyError(
                f"{self.path.parent}: another process writes this run; wait for it, or choose "
                "another folder with --out"
            ) from error

    def write(self, kind: str, event: Mapping[str, Any]) -> None:
        """Append one event.

        Parameters
        ----------
        kind : str
            Its type.
        event : mapping
            Plain values.

        Raises
        ------
        StorageError
            If the disk does not take it.
        """
        data = written({"v": SCHEMA, "type": kind, **event}) + b"\n"
        try:
            taken = os.write(self._descriptor, data)
        except OSError as error:
            raise self._failed(error) from error
        if taken < len(data):
            raise StorageError(
                f"{self.path}: the disk is full; free some space and run the same command again"
            )
        self._dirty = True

    def recorded(self, key: TurnKey) -> Turn | None:
        """Return the turn of an earlier session, if there is one."""
        return self.contents.turns.get(key)

    def accept(self, turn: Turn) -> None:
        """Append one turn and keep it."""
        self.write("turn", turn.as_dict())
        self.contents.turns[turn.key] = turn

    def probed(self, key: ProbeKey) -> Probe | None:
        """Return the probe of an earlier session, if there is one."""
        return self.contents.probes.get(key)

    def keep_probe(self, probe: Probe) -> None:
        """Append one probe and keep it."""
        self.write("probe", probe.as_dict())
        self.contents.probes[probe.key] = probe

    def finish_item(self, end: ItemEnd) -> None:
        """Append the end of one item and keep it."""
        self.write("item", end.as_dict())
        self.contents.items[end.identity] = end

    async def sync(self) -> None:
        """Return when all that was written is on disk; callers of one moment share one fsync."""
        async with self._syncing:
            if self._dirty:
                self._dirty = False
                if self._fsync_seconds < QUICK:
                    self._fsync()
                else:
                    await asyncio.to_thread(self._fsync)

    def _fsync(self) -> None:
        started = time.monotonic()
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._failed(error) from error
        self._fsync_seconds = time.monotonic() - started

    def _failed(self, error: OSError) -> StorageError:
        return StorageError(
            f"{self.path}: cannot be written ({error.strerror}); what is there is kept, run the "
            "same command again once it can"
        )

    def close(self) -> None:
        """Put everything on disk and let other processes in."""
        if self._descriptor >= 0:
            with suppress(OSError):
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


class MemoryLog:
    """A log that keeps everything in memory, for runs without a folder."""

    def __init__(self) -> None:
        self.contents = LogContents()

    def write(self, kind: str, event: Mapping[str, Any]) -> None:
        """Keep the header; everything else has no use in memory."""
        if kind == "run":
            self.contents.header = dict(event)

    def recorded(self, key: TurnKey) -> Turn | None:
        """Return the turn, if there is one."""
        return self.contents.turns.get(key)

    def accept(self, turn: Turn) -> None:
        """Keep one turn."""
        self.contents.turns[turn.key] = turn

    def probed(self, key: ProbeKey) -> Probe | None:
        """Return the probe, if there is one."""
        return self.contents.probes.get(key)

    def keep_probe(self, probe: Probe) -> None:
        """Keep one probe."""
        self.contents.probes[probe.key] = probe

    def finish_item(self, end: ItemEnd) -> None:
        """Keep the end of one item."""
        self.contents.items[end.identity] = end

    async def sync(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
