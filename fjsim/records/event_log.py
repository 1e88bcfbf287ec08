"""The append-only log of a run: what is in it is never asked again.

One JSON object a line, each with the schema version ``v``, a ``type`` and a checksum ``crc``:
``run`` (what the run is, once a session), ``session`` and ``end`` (one process at work), ``turn``,
``probe`` (what a listener thinks of its speakers), ``casting`` (what a voter from outside the team
answered), ``item`` (one question of one arm is finished) and ``block`` (many finished questions of
one arm, as arrays). One writer; a line is one write. A
torn last line is cut off; a line that the disk did not take whole is cut off at once, and nothing
is written after it.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fjsim.errors import PluginError, RunFolderBusyError, StorageError
from fjsim.records.bounds import OPEN, bounds_of
from fjsim.records.casting import CastingKey, CastVote
from fjsim.records.checks import check_turn
from fjsim.records.columns import Columns
from fjsim.records.contents import ItemEnd, LogContents
from fjsim.records.header import RunHeader
from fjsim.records.lines import DamagedLineError, line_of
from fjsim.records.probe import Probe, ProbeKey
from fjsim.records.reading import EVENTS, open_own, read_events, warn_of_damage
from fjsim.records.turn import Turn, TurnKey

SCENARIO = "scenario.yaml"
"""Beside the log: what the run is, every default spelled out."""
QUICK = 0.001
"""Seconds below which the last fsync cost less than the thread that would wait for the next."""


class EventLog:
    """The log of one run, open for writing by this process alone.

    Parameters
    ----------
    folder : Path
        The run folder; made if it is not there.
    expected : RunHeader, optional
        Header of the run to be written; what is there and does not fit it is damaged.

    Raises
    ------
    RunFolderBusyError
        If another process has it open.
    StorageError
        If the folder cannot be written, the log is a link or no file, holds another run, or was
        written by a newer version.

    Warns
    -----
    DamagedLogWarning
        If lines of it are damaged. What they held counts as not asked.
    """

    def __init__(self, folder: Path, expected: RunHeader | None = None) -> None:
        self.path = folder / EVENTS
        self._descriptor = _open(self.path)
        try:
            self._lock()
            self.contents = self._read(expected)
            warn_of_damage(self.contents, self.path, "what they held counts as not asked")
            if expected is not None:
                self.contents.reopen(expected)
            self._length = os.fstat(self._descriptor).st_size - self.contents.torn
            os.ftruncate(self._descriptor, self._length)
        except OSError as error:
            os.close(self._descriptor)
            raise self._failed(error) from error
        except BaseException:
            os.close(self._descriptor)
            raise
        self._bounds = OPEN
        self._broken: StorageError | None = None
        self._dirty = False
        self._fsync_seconds = QUICK
        self._syncing = asyncio.Lock()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN):
                raise RunFolderBusyError(
                    f"{self.path.parent}: another process writes this run; wait for it, or choose "
                    "another folder with --out"
                ) from error
            raise StorageError(
                f"{self.path}: cannot be locked ({error.strerror}), so that a second process could "
                "write it too; choose a folder on another disk with --out"
            ) from error

    def _read(self, expected: RunHeader | None) -> LogContents:
        """Read what is there through the open file: its name may be another's by now."""
        with open(os.dup(self._descriptor), "rb") as handle:
            return read_events(handle, self.path, expected)

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
            If the disk does not take it, or did not take an earlier one.
        """
        if self._broken is not None:
            # A line behind a half one would make one damaged line of both.
            raise self._broken
        data = line_of(kind, event)
        try:
            taken = os.write(self._descriptor, data)
        except OSError as error:
            raise self._broken_by(self._failed(error)) from error
        if taken < len(data):
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._length)
            raise self._broken_by(
                StorageError(
                    f"{self.path}: the disk is full; free some space and run the same command again"
                )
            )
        self._length += taken
        self._dirty = True

    def say_what_it_is(self, header: RunHeader) -> None:
        """Append what run the log holds, and hold what comes after to it."""
        self.write("run", header.as_dict())
        self._bounds, self.contents.header = bounds_of(header), header

    def begin_session(self, versions: Mapping[str, str]) -> None:
        """Append that a process begins to work on the run, and what it is made of."""
        at = time.time()
        self.write("session", {"at": at, "versions": versions})
        self.contents.elapsed.begin(at)

    def end_session(self) -> None:
        """Append that the process has stopped working on the run."""
        at = time.time()
        self.write("end", {"at": at})
        self.contents.elapsed.see(at)

    def _broken_by(self, error: StorageError) -> StorageError:
        self._broken = error
        return error

    def recorded(self, key: TurnKey) -> Turn | None:
        """Return the turn of an earlier session, if there is one."""
        return self.contents.turns.get(key)

    def accept(self, turn: Turn) -> None:
        """Append one turn and keep it; refuse one that could not be read again."""
        self._check(turn)
        self.write("turn", turn.as_dict())
        self.contents.turns[turn.key] = turn
        self.contents.elapsed.see(turn.at)

    def _check(self, turn: Turn) -> None:
        try:
            check_turn(turn, self._bounds)
            for heard in turn.heard:
                self._bounds.check_heard(heard, turn.round)
        except DamagedLineError as error:
            raise PluginError(
                f"question '{turn.question}', round {turn.round}, agent {turn.agent}: {error}; "
                "the agent, attack, defense or router that made this breaks its contract"
            ) from error

    def probed(self, key: ProbeKey) -> Probe | None:
        """Return the probe of an earlier session, if there is one."""
        return self.contents.probes.get(key)

    def keep_probe(self, probe: Probe) -> None:
        """Append one probe and keep it."""
        self.write("probe", probe.as_dict())
        self.contents.probes[probe.key] = probe

    def cast(self, key: CastingKey) -> CastVote | None:
        """Return the casting vote of an earlier session, if there is one."""
        return self.contents.casting.get(key)

    def keep_cast(self, vote: CastVote) -> None:
        """Append one casting vote and keep it."""
        self.write("casting", vote.as_dict())
        self.contents.casting[vote.key] = vote

    def finish_item(self, end: ItemEnd) -> None:
        """Append the end of one item and keep it."""
        self.write("item", end.as_dict())
        self.contents.items[end.identity] = end

    def keep_block(self, block: Columns) -> None:
        """Append many finished items, keep them, and return when they are on disk."""
        self.write("block", block.as_dict())
        self.contents.keep_block(block)
        self._dirty = False
        self._fsync()

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
            raise self._broken_by(self._failed(error)) from error
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


def _open(path: Path) -> int:
    """Open a log for reading and appending; make it if it is not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open_own(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    except OSError as error:
        raise StorageError(
            f"{path.parent}: cannot be written ({error.strerror}); choose another folder with --out"
        ) from error


class MemoryLog:
    """A log that keeps everything in memory, for runs without a folder."""

    def __init__(self) -> None:
        self.contents = LogContents()

    def say_what_it_is(self, header: RunHeader) -> None:
        """Keep what run the log holds."""
        self.contents.header = header

    def begin_session(self, versions: Mapping[str, str]) -> None:
        """Note the time."""
        self.contents.elapsed.begin(time.time())

    def end_session(self) -> None:
        """Note the time."""
        self.contents.elapsed.see(time.time())

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

    def cast(self, key: CastingKey) -> CastVote | None:
        """Return the casting vote, if there is one."""
        return self.contents.casting.get(key)

    def keep_cast(self, vote: CastVote) -> None:
        """Keep one casting vote."""
        self.contents.casting[vote.key] = vote

    def finish_item(self, end: ItemEnd) -> None:
        """Keep the end of one item."""
        self.contents.items[end.identity] = end

    def keep_block(self, block: Columns) -> None:
        """Keep many finished items."""
        self.contents.keep_block(block)

    async def sync(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
