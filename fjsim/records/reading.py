"""Read an event log: what can be believed is kept, what cannot is skipped, counted and named."""

from __future__ import annotations

import gc
import math
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from fjsim.errors import DamagedLogWarning, StorageError
from fjsim.records.bounds import GROWING, OPEN, Bounds, bounds_of
from fjsim.records.checks import check_item, check_probe, check_time, check_turn
from fjsim.records.contents import DamagedLine, ItemEnd, LogContents
from fjsim.records.lines import DamagedLineError, NewerSchemaError, event_of
from fjsim.records.probe import Probe
from fjsim.records.turn import Turn, TurnKey

EVENTS = "events.jsonl"
WRONG_KIND = (ValueError, KeyError, TypeError, AttributeError, OverflowError)
"""What Python says of values that are missing or of another kind."""


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
        with path.open("rb") as handle:
            return read_events(handle, path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror})") from error


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
    if not contents.header:
        damage = f" ({contents.described_damage()})" if contents.damaged else ""
        raise StorageError(
            f"{path}: no line of it says what run it holds{damage}; run the same command again, "
            "which writes that line anew"
        )
    warn_of_damage(contents, path)
    return contents


def warn_of_damage(contents: LogContents, path: Path) -> None:
    """Say which lines were skipped, and what that leaves open.

    Parameters
    ----------
    contents : LogContents
    path : Path
        The log, for the message.
    """
    if not contents.damaged:
        return
    lacking = sum(contents.turns_lacking().values())
    left = (
        f"finished questions lack {lacking} turns, which the same fjsim run asks again"
        if lacking
        else "no finished question lacks a turn"
    )
    told = f"{path}: {contents.described_damage()}; {left}"
    warnings.warn(told, DamagedLogWarning, stacklevel=3)


def read_events(
    handle: BinaryIO, path: Path, expected: Mapping[str, Any] | None = None
) -> LogContents:
    """Read an event log from an open file; parameters and errors as in `read_log`.

    Parameters
    ----------
    handle : binary file
        At its start.
    path : Path
        For messages.
    expected : mapping, optional
        The ``run`` event of the run that it ought to hold. Lines that do not fit it are damaged.
    """
    with _without_collections():
        return _Reader(path, expected).read(handle)


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


class _Refused(NamedTuple):
    """A line that did not fit the bounds of its time; ``bounds`` is None if it had to wait."""

    number: int
    line: bytes
    problem: str
    bounds: Bounds | None


class _Reader:
    """The contents of a log while its lines are taken in."""

    def __init__(self, path: Path, expected: Mapping[str, Any] | None) -> None:
        self._path, self._expected = path, expected
        self._contents = LogContents()
        self._other_run = ""
        self._refused: list[_Refused] = []
        self._turn_lines: list[int] = []
        self._item_lines: dict[tuple[str, str, int], int] = {}
        self._waits = expected is None
        self._set_bounds(OPEN if expected is None else bounds_of(expected))
        self._started = self._latest = 0.0

    def _set_bounds(self, bounds: Bounds) -> None:
        self._bounds, self._hear = bounds, bounds.hearing()

    def read(self, handle: BinaryIO) -> LogContents:
        contents, number = self._contents, 0
        for number, line in enumerate(handle, start=1):
            if not line.endswith(b"\n"):
                contents.torn = len(line)
                number -= 1
                break
            self._take(number, line)
        contents.n_lines = number
        contents.seconds += max(0.0, self._latest - self._started)
        self._take_refused()
        self._check_is_this_run()
        self._check_kinds()
        if 0 in self._bounds.options.values() or not self._bounds.closed:
            self._check_options()
        contents.damaged.sort()
        return contents

    def _take(self, number: int, line: bytes) -> None:
        try:
            kind, event = event_of(line)
            if kind == "turn" and not self._waits:
                at = self._take_turn(number, event)
            elif kind in ("turn", "probe", "item") and self._waits:
                self._refused.append(_Refused(number, line, "", None))
                return
            else:
                at = self._take_other(number, kind, event)
        except NewerSchemaError as error:
            raise StorageError(f"{self._path}: {error}") from error
        except WRONG_KIND as error:
            self._refused.append(_Refused(number, line, _problem(error), self._bounds))
            return
        if at > self._latest:
            self._latest = at

    def _take_turn(self, number: int, event: dict[str, Any]) -> float:
        turn = Turn.from_dict(event, self._hear)
        check_turn(turn, self._bounds)
        at = check_time(turn.at)
        if self._bounds.imported:
            turn = _without_nulls(turn)
        key = turn.key
        if self._contents.turns.setdefault(key, turn) is turn:
            self._turn_lines.append(number)
        elif self._contents.turns[key] != turn:
            raise DamagedLineError("another line of the same turn says otherwise")
        return at

    def _take_other(self, number: int, kind: str, event: dict[str, Any]) -> float:
        contents, at = self._contents, check_time(event.get("at", 0.0))
        if kind == "run":
            self._take_header(number, event)
        elif kind == "item":
            end = ItemEnd.from_dict(event)
            check_item(end, self._bounds)
            contents.items[end.identity] = end
            self._item_lines[end.identity] = number
        elif kind == "probe":
            probe = Probe.from_dict(event)
            check_probe(probe, self._bounds)
            contents.probes[probe.key] = probe
        elif kind == "session":
            contents.seconds += max(0.0, self._latest - self._started)
            self._started = self._latest = at
        return at

    def _take_header(self, number: int, event: dict[str, Any]) -> None:
        bounds, known = bounds_of(event), self._contents.header
        if self._expected is not None:
            differs = _difference(event, self._expected, {"influence"})
            if differs:
                self._other_run = f"line {number}: {differs}"
        else:
            differs = _difference(event, known) if known else ""
        if differs:
            raise DamagedLineError(differs)
        if self._expected is None and len(event["questions"]) >= len(known.get("questions", ())):
            self._set_bounds(bounds)
            self._waits = False
        self._contents.header = event

    def _take_refused(self) -> None:
        """Look again at the lines that came before the header they need."""
        self._waits = False
        refused, self._refused = self._refused, []
        for one in refused:
            if one.bounds is self._bounds:
                self._damage(one.number, one.problem)
            else:
                self._take(one.number, one.line)
        for one in self._refused:
            self._damage(one.number, one.problem)

    def _damage(self, number: int, problem: str) -> None:
        self._contents.damaged.append(DamagedLine(number, problem))

    def _check_is_this_run(self) -> None:
        """Refuse a log that says of itself, and only, that it holds another run."""
        if self._other_run and not self._contents.header:
            raise StorageError(
                f"{self._path}, {self._other_run}; choose another --out, or take that line out of "
                "the log if you know that it is wrong"
            )

    def _drop_turns(self, problems: Mapping[TurnKey, str]) -> None:
        lines = dict(zip(self._contents.turns, self._turn_lines, strict=True))
        for key, problem in problems.items():
            self._damage(lines[key], problem)
            del self._contents.turns[key]
        self._turn_lines = [lines[key] for key in self._contents.turns]

    def _check_kinds(self) -> None:
        """Refuse true and false in a belief, which Python adds up like numbers."""
        turns = self._contents.turns
        given = [turn.belief for turn in turns.values() if turn.belief is not None]
        stated = [turn.stated_belief for turn in turns.values() if turn.stated_belief is not None]
        if {*map(type, chain.from_iterable(given)), *map(type, chain.from_iterable(stated))} <= {
            float,
            int,
        }:
            return
        self._drop_turns(
            {
                key: "a belief holds true or false"
                for key, turn in turns.items()
                if bool in {*map(type, turn.belief or ()), *map(type, turn.stated_belief or ())}
            }
        )

    def _check_options(self) -> None:
        """Where the header does not say how many options there are, hold all to what most say."""
        contents = self._contents
        votes: dict[str, Counter[int]] = {}
        for turn in contents.turns.values():
            if turn.belief is not None:
                votes.setdefault(turn.question, Counter())[len(turn.belief)] += 1
        for end in contents.items.values():
            votes.setdefault(end.question, Counter())[end.n_options] += 1
        sizes = {question: counts.most_common(1)[0][0] for question, counts in votes.items()}
        problems = {
            key: f"belief or answer does not fit {size} options"
            for key, turn in contents.turns.items()
            if (size := sizes.get(turn.question))
            and (len(turn.belief or range(size)) != size or (turn.answer or 0) >= size)
        }
        self._drop_turns(problems)
        for identity, end in list(contents.items.items()):
            if end.n_options != sizes[end.question]:
                problem = f"n_options is {end.n_options}, and beliefs have {sizes[end.question]}"
                self._damage(self._item_lines[identity], problem)
                del contents.items[identity]


def _difference(
    event: Mapping[str, Any], known: Mapping[str, Any], apart: Set[str] = frozenset()
) -> str:
    """Return in what a ``run`` event is of another run than a known one; nothing if in nothing."""
    for name in sorted(event.keys() & known.keys() - GROWING - apart):
        if event[name] != known[name]:
            return f"its {name} is not that of this run"
    shorter, longer = sorted((event["questions"], known["questions"]), key=len)
    same = longer[: len(shorter)] == shorter
    return "" if same else "its questions are not those of this run"


def _without_nulls(turn: Turn) -> Turn:
    """Return an imported turn with NaN for the options that its question does not have."""
    if turn.belief is None or None not in turn.belief:
        return turn
    padded = tuple(math.nan if value is None else value for value in turn.belief)
    return turn._replace(belief=padded, stated_belief=padded)


def _problem(error: Exception) -> str:
    if isinstance(error, DamagedLineError):
        return str(error)
    if isinstance(error, KeyError):
        return f"{error} is missing or unknown"
    return "a value is missing, or of the wrong kind"
