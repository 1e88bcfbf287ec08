"""The two files of a guard: its state, and the audit log of what it was told and decided."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fjsim.errors import LogFormatError, StorageError
from fjsim.guard.decision import Decision
from fjsim.guard.question import OpenQuestion, Said
from fjsim.serial.json import read, written

FORMAT = 1
KEYS = (
    "defense", "team", "influence", "options", "shadow", "closed", "right", "known", "memory",
    "open", "audited",
)  # fmt: skip
LARGEST = 500_000_000


def write_state(path: Path, values: Mapping[str, Any]) -> None:
    """Write a state beside its file, and put it into its place whole.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(written({"fjsim_guard": FORMAT, **values}))
        beside.replace(path)
    except OSError as error:
        raise StorageError(f"the guard's state cannot be written: {error}") from error


def read_state(path: Path) -> dict[str, Any]:
    """Return a state that `write_state` wrote.

    Raises
    ------
    StorageError
        If it cannot be read.
    LogFormatError
        If it is no guard's.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise LogFormatError(f"{path} has more than {LARGEST:,} bytes; no guard's file has")
        values = read(path.read_bytes())
    except OSError as error:
        raise StorageError(f"the guard's state cannot be read: {error}") from error
    except ValueError as error:
        raise LogFormatError(f"{path}: is no guard's state ({error})") from error
    if not isinstance(values, dict) or values.get("fjsim_guard") != FORMAT:
        raise LogFormatError(f"{path}: is no guard's state of format {FORMAT}")
    missing = [key for key in KEYS if key not in values]
    if missing:
        raise LogFormatError(f"{path}: lacks {', '.join(missing)}")
    return values


class GuardJournal:
    """The audit log: one JSON object a line, only ever appended to.

    Parameters
    ----------
    state : Path
        File of the state; the log stands beside it.

    Notes
    -----
    A killed program loses nothing that it was told: what came after the state is read again from
    here. A line that was cut in the middle is dropped.
    """

    def __init__(self, state: Path) -> None:
        self.state = state
        self.path = state.with_name(f"{state.stem}.audit.jsonl")
        try:
            state.parent.mkdir(parents=True, exist_ok=True)
            self._cut_torn()
            self.path.touch()
        except OSError as error:
            raise StorageError(f"the guard's audit log cannot be written: {error}") from error

    @property
    def end(self) -> int:
        """How many bytes it holds."""
        return self.path.stat().st_size

    def since(self, start: int) -> Iterator[dict[str, Any]]:
        """Yield the lines from a place on.

        Raises
        ------
        LogFormatError
            If a line cannot be read.
        """
        with self.path.open("rb") as file:
            file.seek(start)
            for line in file:
                try:
                    values = read(line)
                    complete = isinstance(values, dict) and "type" in values
                except ValueError:
                    complete = False
                if not complete:
                    raise LogFormatError(f"{self.path}: a line cannot be read; move the file away")
                yield values

    def opened(self, question: str, options: Sequence[str] | None) -> None:
        """Log that a question was begun."""
        listed = None if options is None else list(options)
        self._append({"type": "open", "question": question, "options": listed})

    def said(self, question: OpenQuestion, seat: int, number: int, said: Said) -> None:
        """Log a statement."""
        belief = None if said.belief is None else said.belief.tolist()
        line = {
            "type": "said", "question": question.name, "seat": seat, "round": number,
            "answer": said.answer, "belief": belief, "confidence": said.confidence,
        }  # fmt: skip
        if question.options.is_open:
            line["collected"] = question.options.names
        self._append(line)

    def heard(self, question: str, ear: int, seat: int, number: int, decision: Decision) -> None:
        """Log a decision on one message."""
        self._append(
            {
                "type": "decision", "question": question, "ear": ear, "seat": seat,
                "round": number, **_facts(decision),
            }
        )  # fmt: skip

    def weighed(
        self, question: str, listener: str, n_judged: int, held_back: Sequence[Decision]
    ) -> None:
        """Log what a listener was told about its next turn: those who are not heard in full."""
        self._append(
            {
                "type": "weights", "question": question, "listener": listener,
                "judged": n_judged, "held_back": [_facts(one) for one in held_back],
            }
        )  # fmt: skip

    def closed(self, question: str, outcome: str | int | None) -> None:
        """Log that a question was ended."""
        self._append({"type": "closed", "question": question, "outcome": outcome})

    def _append(self, line: Mapping[str, Any]) -> None:
        try:
            with self.path.open("ab", buffering=0) as file:
                file.write(written(line) + b"\n")
        except OSError as error:
            raise StorageError(f"the guard's audit log cannot be written: {error}") from error

    def _cut_torn(self) -> None:
        if not self.path.exists():
            return
        with self.path.open("rb+") as file:
            size = file.seek(0, os.SEEK_END)
            while size > 0:
                file.seek(max(0, size - 4096))
                tail = file.read(min(4096, size))
                if b"\n" in tail:
                    file.truncate(size - len(tail) + tail.rindex(b"\n") + 1)
                    return
                size -= len(tail)
            file.truncate(0)


def _facts(decision: Decision) -> dict[str, Any]:
    return {
        "listener": decision.listener,
        "speaker": decision.speaker,
        "gate": decision.gate,
        "applied": decision.applied,
        "reason": decision.reason,
    }
