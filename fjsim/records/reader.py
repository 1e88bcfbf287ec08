"""The contents of a log while its lines are taken in, one after the other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from fjsim.errors import StorageError
from fjsim.records.batches import all_fit
from fjsim.records.bounds import OPEN, Bounds, bounds_of
from fjsim.records.casting import CastVote
from fjsim.records.checks import check_casting, check_item, check_probe, check_time, check_turn
from fjsim.records.columns import Columns
from fjsim.records.contents import DamagedLine, ItemEnd, LogContents
from fjsim.records.header import RunHeader
from fjsim.records.lines import DamagedLineError, NewerSchemaError, event_of
from fjsim.records.probe import Probe
from fjsim.records.turn import Turn, TurnKey
from fjsim.records.values import short

WRONG_KIND = (ValueError, KeyError, TypeError, AttributeError, OverflowError)
"""What Python says of values that are missing or of another kind."""
NEED_HEADER = frozenset({"turn", "probe", "casting", "item", "block"})
REMEMBERED = 65536
"""Messages that were heard of which the next one alike becomes the same object."""
_LINE_END = ord("\n")
BATCH = 512
"""Turns that are checked together."""


class _Refused(NamedTuple):
    """A line that did not fit the bounds of its time; ``bounds`` is None if it had to wait."""

    number: int
    line: bytes
    problem: str
    bounds: Bounds | None


class LogReader:
    """Takes in the lines of one log.

    Parameters
    ----------
    path : Path
        Path of the log, for messages.
    expected : RunHeader, optional
        Header of the run that it ought to hold.
    """

    def __init__(self, path: Path, expected: RunHeader | None) -> None:
        self._path, self._expected = path, expected
        self._contents = LogContents()
        self._other_run = ""
        self._refused: list[_Refused] = []
        self._batch: list[Turn] = []
        self._batch_lines: list[tuple[int, bytes]] = []
        self._turn_lines: list[int] = []
        self._blocks: list[Columns] = []
        self._held: set[tuple[str, str, int]] = set()
        self._item_lines: dict[tuple[str, str, int], int] = {}
        self._waits = expected is None
        self._set_bounds(OPEN if expected is None else bounds_of(expected))

    def _set_bounds(self, bounds: Bounds) -> None:
        self._bounds, self._hear = bounds, bounds.hearing()

    def read(self, handle: BinaryIO) -> LogContents:
        """Return what a log holds.

        Parameters
        ----------
        handle : binary file
            At its start.

        Raises
        ------
        StorageError
            If a newer version wrote it, or it says that it holds another run.
        """
        contents, number = self._contents, 0
        for number, line in enumerate(handle, start=1):
            if line[-1] != _LINE_END:
                contents.torn = len(line)
                break
            self._take(number, line)
        contents.n_lines = number - (contents.torn > 0)
        self._check_batch()
        self._take_refused()
        self._check_is_this_run()
        if 0 in self._bounds.options.values() or not self._bounds.closed:
            self._check_options()
        for block in self._blocks:
            contents.keep_block(block)
        contents.damaged.sort()
        return contents

    def _take(self, number: int, line: bytes) -> None:
        try:
            kind, event = event_of(line)
            if self._waits and kind in NEED_HEADER:
                self._refused.append(_Refused(number, line, "", None))
            elif kind == "turn":
                self._batch.append(Turn.from_dict(event, self._hear))
                self._batch_lines.append((number, line))
                if len(self._batch) >= BATCH:
                    self._check_batch()
            else:
                self._take_other(number, kind, event)
        except NewerSchemaError as error:
            raise StorageError(f"{self._path}: {error}") from error
        except WRONG_KIND as error:
            self._refuse(number, line, error)

    def _refuse(self, number: int, line: bytes, error: Exception) -> None:
        self._refused.append(_Refused(number, line, _problem(error), self._bounds))

    def _check_batch(self) -> None:
        """Keep the turns that were read since the last time, as far as they can be."""
        turns, self._batch = self._batch, []
        lines, self._batch_lines = self._batch_lines, []
        if not turns:
            return
        if self._hear.cache_info().currsize > REMEMBERED:
            self._hear.cache_clear()
        if self._keep_all(turns, lines):
            return
        for turn, (number, line) in zip(turns, lines, strict=True):
            try:
                check_turn(turn, self._bounds)
                self._keep(number, turn)
            except WRONG_KIND as error:
                self._refuse(number, line, error)

    def _keep_all(self, turns: list[Turn], lines: list[tuple[int, bytes]]) -> bool:
        """Keep many turns at once; return whether that could be, and none is there twice."""
        kept = self._contents.turns
        if not all_fit(turns, self._bounds):
            return False
        new = {turn.key: turn for turn in turns}
        if len(new) < len(turns) or not kept.keys().isdisjoint(new):
            return False
        kept.update(new)
        self._turn_lines.extend([number for number, _ in lines])
        self._contents.elapsed.see(max([turn.at for turn in turns]))
        return True

    def _keep(self, number: int, turn: Turn) -> None:
        if self._bounds.imported:
            turn = _without_nulls(turn)
        key = turn.key
        if self._contents.turns.setdefault(key, turn) is turn:
            self._turn_lines.append(number)
        elif self._contents.turns[key] != turn:
            raise DamagedLineError("another line of the same turn says otherwise")
        self._contents.elapsed.see(turn.at)

    def _take_other(self, number: int, kind: str, event: dict[str, Any]) -> None:
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
        elif kind == "casting":
            vote = CastVote.from_dict(event)
            check_casting(vote, self._bounds)
            contents.casting[vote.key] = vote
        elif kind == "block":
            self._take_block(Columns.from_dict(event, self._bounds))
        elif kind == "session":
            self._check_batch()
            contents.elapsed.begin(at)
        contents.elapsed.see(at)

    def _take_block(self, block: Columns) -> None:
        """Keep a block whose items no other block holds; they are told to the contents last."""
        held = {(block.arm, *place) for place in block.places}
        if len(held) < block.n_items or not self._held.isdisjoint(held):
            raise DamagedLineError("a block of items that are there already")
        self._held |= held
        self._blocks.append(block)

    def _take_header(self, number: int, event: dict[str, Any]) -> None:
        header, known = RunHeader.from_dict(event), self._contents.header
        if self._expected is not None:
            differs = header.differs(self._expected, "influence")
            if differs:
                self._other_run = f"line {number}: {differs}"
        else:
            differs = header.differs(known) if known else ""
        if differs:
            raise DamagedLineError(differs)
        if known and header.extent < known.extent:
            return
        self._contents.header = header
        if self._expected is None:
            self._check_batch()
            self._set_bounds(bounds_of(header))
            self._waits = False

    def _take_refused(self) -> None:
        """Look again at the lines that came before the header they need."""
        self._waits = False
        refused, self._refused = self._refused, []
        for one in refused:
            if one.bounds is self._bounds:
                self._damage(one.number, one.problem)
            else:
                self._take(one.number, one.line)
        self._check_batch()
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

    def _check_options(self) -> None:
        """Where the header does not say how many options there are, hold all to what most say."""
        contents = self._contents
        said = [
            (turn.question, len(turn.belief) if turn.belief else None, turn.answer)
            for turn in contents.turns.values()
        ]
        votes = Counter((question, size) for question, size, _ in said if size)
        votes.update((end.question, end.n_options) for end in contents.items.values())
        # What most say comes last, and stays.
        sizes = dict(sorted(votes, key=votes.__getitem__))
        wrong = {one for one in set(said) if not _is_within(one[1], one[2], sizes.get(one[0], 0))}
        problems = {
            key: f"belief or answer does not fit {sizes[key.question]} options"
            for key, one in zip(contents.turns, said, strict=True)
            if wrong and one in wrong
        }
        self._drop_turns(problems)
        for identity, end in list(contents.items.items()):
            if end.n_options != sizes[end.question]:
                problem = f"n_options is {end.n_options}, and beliefs have {sizes[end.question]}"
                self._damage(self._item_lines[identity], problem)
                del contents.items[identity]


def _is_within(length: int | None, answer: int | None, size: int) -> bool:
    """Return whether a belief of that length and an answer fit so many options; 0 if unknown."""
    return not size or ((length or size) == size and (answer or 0) < size)


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
        return f"{short(error.args[0])} is missing or unknown"
    return "a value is missing, or of the wrong kind"
