"""Read an event log: what can be believed is kept, what cannot is skipped, counted and named."""

from __future__ import annotations

import errno
import gc
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fjsim.errors import DamagedLogWarning, StorageError
from fjsim.records.contents import LogContents
from fjsim.records.header import RunHeader
from fjsim.records.reader import LogReader

EVENTS = "events.jsonl"


def read_log(path: Path) -> LogContents:
    """Read an event log; a torn last line is left out, damaged ones are skipped and listed.

    Parameters
    ----------
    path : Path
        The ``events.jsonl``.

    Returns
    -------
    LogContents
        With ``damaged`` naming what was skipped.

    Raises
    ------
    StorageError
        If it cannot be read, or a newer version wrote it.
    """
    try:
        with open(open_own(path, os.O_RDONLY), "rb") as handle:
            return read_events(handle, path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror})") from error


def open_own(path: Path, flags: int) -> int:
    """Open a file that lies in its folder itself: no link to one elsewhere, no pipe, no device.

    A run folder may come from somebody else. Through a link in it, a file of ours would be taken
    for a log, and cut and written as one.

    Parameters
    ----------
    path : Path
    flags : int
        As in ``os.open``.

    Returns
    -------
    int
        A file descriptor.

    Raises
    ------
    StorageError
        If it is no such file.
    OSError
        If it cannot be opened.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for its other end.
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise StorageError(
            f"{path}: is a link, which is not followed; put the log itself in the folder, or "
            "choose another folder"
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StorageError(f"{path}: is no file; choose another folder")
    return descriptor


def read_run(folder: Path) -> LogContents:
    """Read the log of a run folder for somebody who wants to see the run.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    LogContents
        With a header.

    Raises
    ------
    StorageError
        If there is no run in it, or it does not say what run it is.

    Warns
    -----
    DamagedLogWarning
        If lines of it are damaged.
    """
    path = folder / EVENTS
    if not path.is_file():
        raise StorageError(f"{folder}: no run in this folder ({EVENTS} is missing)")
    contents = read_log(path)
    if not contents.n_lines:
        raise StorageError(f"{path}: nothing is recorded in it yet; run the same command again")
    if contents.header is None:
        damage = f" ({contents.described_damage()})" if contents.damaged else ""
        raise StorageError(
            f"{path}: no line of it says what run it holds{damage}; run the same command again, "
            "which writes that line anew"
        )
    lacking = sum(contents.turns_lacking(contents.header).values())
    warn_of_damage(
        contents,
        path,
        f"finished questions lack {lacking} turns, which the same fjsim run asks again"
        if lacking
        else "no finished question lacks a turn",
    )
    return contents


def warn_of_damage(contents: LogContents, path: Path, left: str) -> None:
    """Say which lines were skipped, if any were.

    Parameters
    ----------
    contents : LogContents
    path : Path
        The log, for the message.
    left : str
        What that leaves open, for its end.
    """
    if contents.damaged:
        warning = f"{path}: {contents.described_damage()}; {left}"
        warnings.warn(warning, DamagedLogWarning, stacklevel=3)


def read_events(handle: BinaryIO, path: Path, expected: RunHeader | None = None) -> LogContents:
    """Read an event log from an open file; parameters and errors as in `read_log`.

    Parameters
    ----------
    handle : binary file
        At its start.
    path : Path
        For messages.
    expected : RunHeader, optional
        Header of the run that it ought to hold. Lines that do not fit it are damaged.
    """
    with without_collections():
        return LogReader(path, expected).read(handle)


@contextmanager
def without_collections() -> Iterator[None]:
    """Hold the garbage collector while much is made that stays.

    Looking for garbage among a long log's turns costs a third of what reading them does.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
