"""Questions with options and a key, read from JSONL or CSV, and the built-in set."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from fjsim.errors import QuestionError, nearest
from fjsim.foreign_text import shown
from fjsim.serial.json import DEEP, read
from fjsim.unpacking import size

LARGEST_FILE = 256 * 2**20
"""Bytes of a question file, which is read whole."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

BUILTIN_SETS: Mapping[str, tuple[str, ...]] = {
    "builtin": ("general", "tools"),
    "builtin:general": ("general",),
    "builtin:tools": ("tools",),
}
"""Names that stand for questions shipped with fjsim, and the halves they are made of."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its options.

    Parameters
    ----------
    id : str
        Unique within its set.
    text : str
        What is asked.
    options : tuple of str
        Two to 26 of them, in the order of the file.
    key : int or None
        0-based index of the right option; None where the set has no key. A file calls it
        ``answer``.
    subject : str
        What it is about; may be empty.
    """

    id: str
    text: str
    options: tuple[str, ...]
    key: int | None
    subject: str = ""

    @property
    def answer(self) -> int | None:
        """The key, as files call it; use `key`."""
        return self.key

    @property
    def n_options(self) -> int:
        """How many options there are."""
        return len(self.options)


def load_questions(source: str | Path, limit: int | None = None) -> tuple[Question, ...]:
    """Read a question set.

    Parameters
    ----------
    source : str or Path
        ``"builtin"``, ``"builtin:general"``, ``"builtin:tools"``, or a ``.jsonl`` or ``.csv``
        file with the fields ``id`` (optional), ``question``, ``options`` and ``answer``
        (0-based index, text of an option, or letter; optional) and ``subject`` (optional).
        In CSV, ``options`` is a JSON list or separated by ``|``, or the columns are
        ``option_a``, ``option_b``, and so on.
    limit : int, optional
        Keep the first ``limit`` questions.

    Returns
    -------
    tuple of Question

    Raises
    ------
    QuestionError
        With the file and the line that cannot be read.
    """
    if limit is not None and limit < 1:
        raise QuestionError(
            f"questions.limit is {limit}; give a whole number >= 1, or leave it out"
        )
    name = str(source)
    builtin = name.partition(":")[0] == "builtin"
    questions = _load_builtin(name) if builtin else _load_file(Path(source))
    if not questions:
        raise QuestionError(f"{name}: no questions in it; give at least one")
    return tuple(questions[:limit])


@cache
def _load_builtin(name: str) -> tuple[Question, ...]:
    if name not in BUILTIN_SETS:
        raise QuestionError(
            f"no built-in question set '{name}'; there are {', '.join(BUILTIN_SETS)}"
            + nearest(name, BUILTIN_SETS)
        )
    folder = resources.files("fjsim") / "builtin_questions"
    questions: list[Question] = []
    for half in BUILTIN_SETS[name]:
        lines = (folder / f"{half}.jsonl").read_text(encoding="utf-8").split("\n")
        questions += [
            _question(record, where, {}) for where, record in _jsonl(lines, f"builtin:{half}")
        ]
    return tuple(questions)


def _load_file(path: Path) -> list[Question]:
    reader = {".jsonl": _jsonl_file, ".csv": _csv_file}.get(path.suffix.lower())
    if reader is None:
        raise QuestionError(
            f"{shown(str(path))}: question files end in .jsonl or .csv; rename or convert it, "
            f"or give one of {', '.join(BUILTIN_SETS)}{nearest(str(path), BUILTIN_SETS)}"
        )
    try:
        length = path.stat().st_size
        if length > LARGEST_FILE:
            raise QuestionError(
                f"{path}: {size(length)}; question files are read up to {size(LARGEST_FILE)}, "
                "so split it"
            )
        rows = list(reader(path))
    except FileNotFoundError:
        raise QuestionError(
            f"{path}: no such file; give a .jsonl or .csv file, or one of {', '.join(BUILTIN_SETS)}"
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise QuestionError(f"{path}: cannot be read as UTF-8 text ({error})") from error
    seen: dict[str, str] = {}
    return [_checked(record, where, seen) for where, record in rows]


def _checked(record: Mapping[str, Any], where: str, seen: dict[str, str]) -> Question:
    try:
        return _question(record, where, seen)
    except RecursionError:
        raise QuestionError(f"{where}: a field is {DEEP}") from None


def _jsonl_file(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    # Not splitlines: JSON texts may hold U+2028 and other characters that it takes for an end.
    yield from _jsonl(path.read_text(encoding="utf-8-sig").split("\n"), str(path))


def _jsonl(lines: Sequence[str], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            record = read(line)
        except json.JSONDecodeError as error:
            raise QuestionError(
                f"{where}: not JSON ({error.msg} at column {error.colno})"
            ) from error
        if not isinstance(record, dict):
            given = type(record).__name__
            raise QuestionError(f"{where}: a JSON object is needed, got {given}")
        yield where, record


def _csv_file(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row:
                raise QuestionError(f"{where}: more columns than the header has")
            record: dict[str, Any] = {
                key: value for key, value in row.items() if value not in (None, "")
            }
            if re.fullmatch(r"-?[0-9]{1,9}", record.get("answer", "")):
                record["answer"] = int(record["answer"])
            record["options"] = _csv_options(record, where)
            yield where, record


def _csv_options(record: Mapping[str, Any], where: str) -> Any:
    columns = sorted(key for key in record if re.fullmatch(r"option_[a-z]", key))
    if columns:
        return [record[key] for key in columns]
    text = str(record.get("options", ""))
    if not text.startswith("["):
        return text.split("|")
    try:
        return read(text)
    except json.JSONDecodeError as error:
        raise QuestionError(f"{where}: options are not a JSON list ({error.msg})") from error


def _question(record: Mapping[str, Any], where: str, seen: dict[str, str]) -> Question:
    text = record.get("question")
    if not isinstance(text, str) or not text.strip():
        raise QuestionError(f"{where}: 'question' is missing; give it as text")
    options = record.get("options")
    if not isinstance(options, list) or not 2 <= len(options) <= len(LETTERS):
        raise QuestionError(f"{where}: 'options' must be a list of 2 to {len(LETTERS)} texts")
    if not all(isinstance(option, str) and option.strip() for option in options):
        raise QuestionError(f"{where}: every option must be text")
    given = record.get("id")
    identity = f"q{where.rsplit(' ', 1)[-1]}" if given in (None, "") else str(given)
    if identity in seen:
        raise QuestionError(f"{where}: id '{identity}' stands already at {seen[identity]}")
    seen[identity] = where
    return Question(
        id=identity,
        text=text.strip(),
        options=tuple(option.strip() for option in options),
        key=_key(record.get("answer"), [option.strip() for option in options], where),
        subject=str(record.get("subject", "")),
    )


def _key(given: Any, options: list[str], where: str) -> int | None:
    if given is None:
        return None
    last = len(options) - 1
    allowed = f"an index 0..{last}, a letter A..{LETTERS[last]} or an option's text"
    if isinstance(given, int) and not isinstance(given, bool):
        if 0 <= given < len(options):
            return given
        raise QuestionError(f"{where}: answer {given} is out of range; give {allowed}")
    if isinstance(given, str):
        text = given.strip()
        if options.count(text) > 1:
            raise QuestionError(f"{where}: two options read '{text}'; give the answer as an index")
        if text in options:
            return options.index(text)
        if len(text) == 1 and text.upper() in LETTERS[: len(options)]:
            return LETTERS.index(text.upper())
    raise QuestionError(f"{where}: answer {shown(given)} matches no option; give {allowed}")
