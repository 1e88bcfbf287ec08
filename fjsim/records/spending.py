"""What models were asked and what that took, written down before it is asked.

``spending.jsonl`` stands beside the event log. A request has one line before it leaves, with the
most that it may take, and one when it is over::

    {"ask": 17, "model": "gpt-x", "in": 812, "out": 1024}
    {"got": 17, "in": 790, "out": 61, "cached": 512}

The second line is ``{"failed": 17}`` where the server said no before it did any work, and
``{"lost": 17}`` where it may have worked though no reply came. A ``got`` with ``estimated`` has
tokens of our own reckoning. A line is one write without an fsync, which survives the end of the
process however it ends. A request without a second line was in flight when its process ended: like
a lost one it counts with the most that it may have taken.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fjsim.contracts import Usage
from fjsim.errors import StorageError
from fjsim.serial.json import read, written

SPENDING = "spending.jsonl"
LAYOUT = 1
LARGEST = 10**12
"""No count in a line is believed beyond it."""


@dataclass
class Account:
    """What one model was asked and what that took.

    Parameters
    ----------
    calls : int
        Requests sent, whatever came of them; cached replies are none.
    failed_calls : int
        Those among them that brought no reply.
    estimated_calls : int
        Those among them whose tokens are an estimate, because the server gave no number that is
        possible, or no reply.
    tokens_in, tokens_out, tokens_cached : int
        Tokens of all of them, estimates included.
    """

    calls: int = 0
    failed_calls: int = 0
    estimated_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0

    @property
    def usage(self) -> Usage:
        """The tokens alone."""
        return Usage(self.tokens_in, self.tokens_out, self.tokens_cached)

    def add(self, usage: Usage) -> None:
        """Count tokens."""
        self.tokens_in += usage.tokens_in
        self.tokens_out += usage.tokens_out
        self.tokens_cached += usage.tokens_cached

    def add_lost(self, most: Usage) -> None:
        """Count a request without a reply, whose server may have worked for it."""
        self.failed_calls += 1
        self.estimated_calls += 1
        self.add(most)


class SpendingLog:
    """What all sessions of a run asked for; this class keeps it in memory alone.

    Parameters
    ----------
    carried : mapping of str to Account, optional
        What was counted before by other means, by model.
    """

    def __init__(self, carried: Mapping[str, Account] | None = None) -> None:
        self._accounts = dict(carried or {})
        self._open: dict[int, tuple[Account, Usage]] = {}
        self._next = 0

    def ask(self, model: str, most: Usage) -> int:
        """Write a request down before it leaves.

        Parameters
        ----------
        model : str
            Who is asked, as the price file has it.
        most : Usage
            The most tokens that it may take.

        Returns
        -------
        int
            What its end is written down under.

        Raises
        ------
        StorageError
            If the disk does not take it; then it must not leave.
        """
        number = self._next
        self._next = number + 1
        account = self._accounts.get(model)
        if account is None:
            account = self._accounts[model] = Account()
        account.calls += 1
        self._open[number] = (account, most)
        return number

    def got(self, number: int, usage: Usage, estimated: bool = False) -> None:
        """Write down what a request took whose reply is there.

        Parameters
        ----------
        number : int
            From `ask`.
        usage : Usage
            Tokens, >= 0.
        estimated : bool
            Whether they are our own reckoning.
        """
        account, _ = self._open.pop(number)
        account.add(usage)
        account.estimated_calls += estimated

    def failed(self, number: int) -> None:
        """Write down that the server refused a request before it did any work."""
        account, _ = self._open.pop(number)
        account.failed_calls += 1

    def lost(self, number: int) -> None:
        """Write down that no reply came, though the server may have worked for it."""
        account, most = self._open.pop(number)
        account.add_lost(most)

    @property
    def in_flight(self) -> int:
        """How many requests have left and are not over."""
        return len(self._open)

    def accounts(self) -> Mapping[str, Account]:
        """Return what was spent by model; what is in flight counts as lost."""
        lost: dict[int, Account] = {}
        for account, most in self._open.values():
            lost.setdefault(id(account), replace(account)).add_lost(most)
        return {
            model: lost.get(id(account)) or replace(account)
            for model, account in self._accounts.items()
        }

    def close(self) -> None:
        """Do nothing."""


class _RecordedSpending(SpendingLog):
    """The same as far as a file tells it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def _read(self, descriptor: int) -> int:
        """Take in all lines; return where the last whole one ends."""
        end = unreadable = 0
        for line in _lines(descriptor):
            if not line.endswith(b"\n"):
                break
            try:
                self._take(read(line), first=end == 0)
            except (ValueError, KeyError, TypeError, AttributeError):
                unreadable += 1
            end += len(line)
        for number in list(self._open):
            SpendingLog.lost(self, number)
        if unreadable:
            warnings.warn(
                f"{self.path}: {unreadable} unreadable lines are left out of what was spent",
                stacklevel=2,
            )
        return end

    def _take(self, event: dict[str, Any], first: bool) -> None:
        if first:
            self._begin(event)
        elif "ask" in event:
            number, model = _count(event["ask"]), event["model"]
            if number < self._next or not isinstance(model, str):
                raise ValueError(f"no new request: {number}")
            most = Usage(_count(event["in"]), _count(event["out"]))
            self._next = number
            SpendingLog.ask(self, model, most)
        elif "got" in event:
            usage = Usage(_count(event["in"]), _count(event["out"]), _count(event["cached"]))
            SpendingLog.got(self, _count(event["got"]), usage, bool(event.get("estimated")))
        elif "failed" in event:
            SpendingLog.failed(self, _count(event["failed"]))
        else:
            SpendingLog.lost(self, _count(event["lost"]))

    def _begin(self, event: dict[str, Any]) -> None:
        if event["v"] != LAYOUT:
            raise StorageError(
                f"{self.path}: written with layout {event['v']}, this fjsim reads {LAYOUT}; use "
                "the version of fjsim that wrote it"
            )
        for model, counts in event["carried"].items():
            names = asdict(Account())
            self._accounts[model] = Account(**{name: _count(counts[name]) for name in names})


class SpendingFile(_RecordedSpending):
    """The same, kept in the run folder, which this process has locked.

    Parameters
    ----------
    folder : Path
    before : callable
        Returns what a folder without such a file spent by model, as far as its event log tells.

    Raises
    ------
    StorageError
        If the file cannot be opened, is no plain file, or is of a newer version.
    """

    def __init__(self, folder: Path, before: Callable[[], Mapping[str, Account]]) -> None:
        super().__init__(folder / SPENDING)
        self._descriptor = _opened(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            self._size = self._read(self._descriptor)
            os.ftruncate(self._descriptor, self._size)
            if not self._size:
                self._accounts = dict(before())
                carried = {model: asdict(a) for model, a in self._accounts.items()}
                self._write(written({"v": LAYOUT, "carried": carried}) + b"\n")
        except OSError as error:
            os.close(self._descriptor)
            raise self._problem(error.strerror or str(error)) from error
        except BaseException:
            os.close(self._descriptor)
            raise
        self._names: dict[str, bytes] = {}

    def ask(self, model: str, most: Usage) -> int:
        """Write a request down; raises where that fails."""
        name = self._names.get(model)
        if name is None:
            name = self._names[model] = written(model)
        line = b'{"ask":%d,"model":%b,"in":%d,"out":%d}\n'
        self._write(line % (self._next, name, most.tokens_in, most.tokens_out))
        return super().ask(model, most)

    def got(self, number: int, usage: Usage, estimated: bool = False) -> None:
        """Write down what a request took."""
        more = b',"estimated":true' if estimated else b""
        line = b'{"got":%d,"in":%d,"out":%d,"cached":%d%b}\n'
        numbers = (number, usage.tokens_in, usage.tokens_out, usage.tokens_cached, more)
        self._settle(line % numbers)
        super().got(number, usage, estimated)

    def failed(self, number: int) -> None:
        """Write down that the server refused."""
        self._settle(b'{"failed":%d}\n' % number)
        super().failed(number)

    def lost(self, number: int) -> None:
        """Write down that no reply came."""
        self._settle(b'{"lost":%d}\n' % number)
        super().lost(number)

    def close(self) -> None:
        """Put everything on disk; twice does no harm."""
        if self._descriptor >= 0:
            with suppress(OSError):
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _settle(self, line: bytes) -> None:
        try:
            self._write(line)
        except StorageError:
            # A reply that is there must not be lost because its line is not: without one the
            # request counts with the most that it may have taken; the next says what is wrong.
            return

    def _write(self, line: bytes) -> None:
        try:
            taken = os.write(self._descriptor, line)
        except OSError as error:
            raise self._problem(error.strerror or str(error)) from error
        if taken < len(line):
            os.ftruncate(self._descriptor, self._size)
            raise self._problem("the disk is full")
        self._size += taken

    def _problem(self, what: str) -> StorageError:
        return StorageError(
            f"{self.path}: cannot be written ({what}); no request is sent that is not written "
            "down, so make room or permit it, and run the same command again"
        )


def read_spending(folder: Path, before: Callable[[], Mapping[str, Account]]) -> SpendingLog:
    """Read what all sessions of a run asked for, and write nothing.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    before : callable
        As in `SpendingFile`; asked where there is no such file.

    Raises
    ------
    StorageError
        If the file cannot be read, is no plain file, or is of a newer version.
    """
    log = _RecordedSpending(folder / SPENDING)
    if not log.path.exists() and not log.path.is_symlink():
        return SpendingLog(before())
    descriptor = _opened(log.path, os.O_RDONLY)
    try:
        log._read(descriptor)
    except OSError as error:
        raise StorageError(f"{log.path}: cannot be read ({error.strerror})") from error
    finally:
        os.close(descriptor)
    return log


def _opened(path: Path, flags: int) -> int:
    # A folder may come from somebody else: a link in it must not lead us to another file.
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be opened ({error.strerror}); move it away or choose another folder "
            "with --out"
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StorageError(f"{path}: is no plain file; move it away")
    return descriptor


def _lines(descriptor: int) -> Iterator[bytes]:
    with open(os.dup(descriptor), "rb") as handle:
        handle.seek(0)
        yield from handle


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise ValueError(f"no count: {value!r}")
    return value
