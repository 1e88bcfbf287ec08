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


def letter(option: int | None) -> str:
    """Return the letter of an option in the order of its question file; empty where there is none.

    Parameters
    ----------
    option : int or None
        0-based index in the file's order; -1 stands for none too.

    Examples
    --------
    >>> letter(0), letter(4), letter(None)
    ('A', 'E', '')
    """
    return LETTERS[option] if option is not None and 0 <= option < len(LETTERS) else ""


def as_shown(order: Sequence[int]) -> str:
    """Say which letter of the question file is meant by each letter in an agent's own words.

    Parameters
    ----------
    order : sequence of int
        ``order[shown]`` is the option's index in the file.

    Examples
    --------
    >>> as_shown([2, 0, 1])
    'A is C, B is A, C is B'
    """
    pairs = enumerate(order[: len(LETTERS)])
    return ", ".join(f"{letter(shown)} is {letter(option)}" for shown, option in pairs)


def load_questions(source: str | Path, limit: int | None = None) -> tuple[Question, ...]:
    """Read a question set.

    Parameters
    ----------
    source : str or Path
        ``"builtin"``, ``"builtin:general"``, ``"builtin:tools"``, or a ``.jsonl`` or ``.csv``
        file with the fields ``id`` (optional), ``question``, ``options`` and ``answer``
        (text of an option, letter, or 0-based index; optional) and ``subject`` (optional).
        In CSV, ``options`` is a JSON list or separated by ``|``, or the columns are
        ``option_a``, ``option_b``, …, or ``A``, ``B``, …
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


_COLUMN = re.compile(r"(?:option[_ ])?([a-z])", re.IGNORECASE)
"""A CSV column that holds one option: ``option_a``, ``Option A`` or ``A``."""
CSV_OPTIONS = (
    "write them in one column 'options' as red|green|blue or as a JSON list, or in columns "
    "option_a, option_b, … (A, B, … will do)"
)


def _csv_file(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        names = [name.strip() for name in reader.fieldnames or ()]
        _check_header(names, path)
        reader.fieldnames = names
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row:
                raise QuestionError(
                    f"{where}: more columns than the header has; put a text with commas in quotes"
                )
            record: dict[str, Any] = {
                key: value for key, value in row.items() if value not in (None, "")
            }
            if re.fullmatch(r"-?[0-9]{1,9}", record.get("answer", "")):
                record["answer"] = int(record["answer"])
            record["options"] = _csv_options(record, where)
            yield where, record


def _check_header(names: Sequence[str], path: Path) -> None:
    """Refuse a table without the columns of a question file, and say what looks wrong."""
    has_options = "options" in names or any(_COLUMN.fullmatch(name) for name in names)
    if not names or ("question" in names and has_options):
        return
    if len(names) == 1 and (found := [mark for mark in ";\t" if mark in names[0]]):
        raise QuestionError(
            f"{path}: its columns are separated by {shown(found[0])}; separate them by commas"
        )
    if "question" not in names:
        raise QuestionError(
            f"{path}: there is no column 'question' among {shown(', '.join(names))}; name it so"
        )
    raise QuestionError(
        f"{path}: there are no options among the columns {shown(', '.join(names))}; {CSV_OPTIONS}"
    )


def _csv_options(record: Mapping[str, Any], where: str) -> Any:
    text = str(record.get("options", "")).strip()
    if not text:
        return _csv_columns(record, where)
    if not text.startswith("["):
        options = text.split("|")
        if len(options) == 1:
            raise QuestionError(f"{where}: 'options' {shown(text)} is one option; {CSV_OPTIONS}")
        return options
    try:
        return read(text)
    except json.JSONDecodeError as error:
        raise QuestionError(f"{where}: options are not a JSON list ({error.msg})") from error


def _csv_columns(record: Mapping[str, Any], where: str) -> list[str]:
    """Return the options that stand in columns of their own; none may be left out between."""
    found = {match[1].lower(): name for name in record if (match := _COLUMN.fullmatch(name))}
    letters = sorted(found)
    expected = LETTERS[: len(letters)].lower()
    if "".join(letters) != expected:
        missing = next(one for one in LETTERS.lower() if one not in letters)
        raise QuestionError(
            f"{where}: option {missing.upper()} is empty and {letters[-1].upper()} is not, so that "
            "letters would move; leave no gap between options"
        )
    return [str(record[found[one]]) for one in letters]


def _question(record: Mapping[str, Any], where: str, seen: dict[str, str]) -> Question:
    text = record.get("question")
    if not isinstance(text, str) or not text.strip():
        raise QuestionError(f"{where}: 'question' is missing; give it as text")
    options = record.get("options")
    if not isinstance(options, list) or not 2 <= len(options) <= len(LETTERS):
        how = f" (a CSV may also {CSV_OPTIONS})" if ".csv" in where.lower() else ""
        raise QuestionError(f"{where}: 'options' must be a list of 2 to {len(LETTERS)} texts{how}")
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
        return _number(given, options, where, allowed)
    if isinstance(given, str):
        text = given.strip()
        if options.count(text) > 1:
            raise QuestionError(f"{where}: two options read '{text}'; give the answer as a letter")
        if text in options:
            return options.index(text)
        if len(text) == 1 and text.upper() in LETTERS[: len(options)]:
            return LETTERS.index(text.upper())
    raise QuestionError(f"{where}: answer {shown(given)} matches no option; give {allowed}")


def _number(given: int, options: list[str], where: str, allowed: str) -> int:
    """Return the option that a number stands for: its text, or else its index."""
    text, inside = str(given), 0 <= given < len(options)
    places = [at for at, option in enumerate(options) if option == text]
    if len(places) > 1:
        raise QuestionError(f"{where}: two options read '{text}'; give the answer as a letter")
    if not places and not inside:
        raise QuestionError(f"{where}: answer {given} is out of range; give {allowed}")
    if places and inside and places[0] != given:
        by_text, by_index = letter(places[0]), letter(given)
        raise QuestionError(
            f"{where}: answer {given} is the text of option {by_text} ({shown(text)}) and the "
            f"0-based index of option {by_index} ({shown(options[given])}); write {by_text} or "
            f"{by_index}"
        )
    return places[0] if places else given
