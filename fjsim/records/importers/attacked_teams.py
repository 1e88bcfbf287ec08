"""Attacked teams as the public G-safeguard code records them: graphs, attackers, and free text."""

from __future__ import annotations

import lzma
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from fjsim.errors import LogFormatError
from fjsim.records.importers.imported import ImportedLog
from fjsim.records.importers.long_format import MOST_ROUNDS, read_long
from fjsim.records.importers.row_files import Row, Rows
from fjsim.serial.json import read
from fjsim.unpacking import Limited, TooLargeError, size

LARGEST_JSON = 2**30
"""Bytes of a file, unpacked: it is read whole."""
MOST_AGENTS = 1000
MOST_TEAMS = 1_000_000
LONGEST_NAME = 200
"""Characters of a question that serve as its name."""

ELSE = "(something else)"
"""Category of every statement that says neither the key nor the lie, or both."""

BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{")
ANSWER = re.compile(r"<\s*(?:UPDATED_)?ANSWER\s*>\s*:?", re.IGNORECASE)
LETTER = re.compile(r"\b[A-Z]\b")
NEEDED = ("adj_matrix", "attacker_idxes", "correct_answer", "communication_data")

DAMAGED = (OSError, EOFError, ValueError, RecursionError, zlib.error, lzma.LZMAError)


def is_attacked_teams(path: Path) -> bool:
    """Say whether a JSON file begins like one of these: a list of objects."""
    try:
        with _open(path, 4096) as file:
            return BEGINNING.match(file.read(256)) is not None
    except DAMAGED:
        return False


def read_attacked_teams(path: Path) -> ImportedLog:
    """Read a file of attacked teams.

    Parameters
    ----------
    path : Path
        JSON, also ``.gz``: a list of teams, each with ``adj_matrix`` (``adj[j][i] = 1``: i hears
        j), ``attacker_idxes``, ``correct_answer``, ``communication_data`` (rounds of pairs of agent
        and text), and, where there is one, ``incorrect_answer`` and ``query``.

    Returns
    -------
    ImportedLog
        Answers over the key, the lie and `ELSE`; attackers have the role ``hostile``, the lie is
        their target. Teams of one query are replicas of a question.

    Raises
    ------
    LogFormatError
        With the team that is broken.

    Notes
    -----
    A statement's answer is what stands after its last ``<ANSWER>`` or ``<UPDATED_ANSWER>``, all of
    it without one. Of it, of the key and of the lie only letters, digits and spaces are kept, in
    lower case; an answer says what it then contains. A key that is one letter is looked for as a
    capital that stands alone.
    """
    reader = _Teams(path)
    log = read_long(path, reader.rows())
    dropped = log.dropped + reader.dropped
    transcript = replace(
        log.transcript,
        question_ids=tuple(reader.names),
        replicas=np.array(_replicas(reader.names), dtype=np.int64),
    )
    note = (
        f"answers are read off texts: the key, the lie, or '{ELSE}' "
        f"({reader.dropped[BOTH]} name both, {reader.dropped[NEITHER]} neither)"
    )
    return replace(log, transcript=transcript, dropped=+dropped, warnings=(note, *log.warnings))


BOTH = "statements that name key and lie, taken as something else"
NEITHER = "statements that name neither key nor lie"
EMPTY = "empty statements, taken as abstentions"


@dataclass
class _Teams:
    """Gives the statements of all teams as rows of the long format."""

    path: Path
    names: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)

    def rows(self) -> Rows:
        """Return every statement with its number; row 0 names the columns."""
        columns = ("item_id", "agent_id", "round", "answer", "neighbours", "role", "target")
        yield 0, dict.fromkeys((*columns, "correct_answer", "text"))
        number = 0
        for at, given in enumerate(_teams(self.path), start=1):
            team = _Team(f"{self.path}, team {at}", given)
            self.names.append(team.name or f"team {at}")
            for row in team.rows(str(at), self.dropped):
                number += 1
                yield number, row


class _Team:
    """One team, checked."""

    def __init__(self, where: str, given: Any) -> None:
        if not isinstance(given, dict):
            raise LogFormatError(f"{where}: a JSON object is needed")
        missing = [name for name in NEEDED if name not in given]
        if missing:
            raise LogFormatError(
                f"{where}: {', '.join(missing)} missing; there are {', '.join(given)[:400]}"
            )
        self._where = where
        self.name = _text(given.get("query"))[:LONGEST_NAME]
        self._key, self._lie = _text(given["correct_answer"]), _text(given.get("incorrect_answer"))
        if not normal(self._key):
            raise LogFormatError(f"{where}: correct_answer is empty")
        if normal(self._key) == normal(self._lie):
            raise LogFormatError(f"{where}: correct_answer and incorrect_answer are the same")
        self._hears = self._graph(given["adj_matrix"])
        self._hostile = self._attackers(given["attacker_idxes"])
        self._rounds = given["communication_data"]
        if not (isinstance(self._rounds, list) and 1 <= len(self._rounds) <= MOST_ROUNDS):
            raise LogFormatError(f"{where}: communication_data must be a list of rounds")

    def _graph(self, given: Any) -> list[list[str]]:
        """Return whom each agent hears."""
        n = len(given) if isinstance(given, list) else 0
        rows = given if isinstance(given, list) else []
        square = all(isinstance(row, list) and len(row) == n for row in rows)
        if not (1 <= n <= MOST_AGENTS and square):
            raise LogFormatError(
                f"{self._where}: adj_matrix must be a square of 1 to {MOST_AGENTS} rows"
            )
        if any(type(cell) not in (int, float, bool) for row in rows for cell in row):
            raise LogFormatError(f"{self._where}: adj_matrix must hold numbers")
        return [[_name(j) for j in range(n) if j != i and rows[j][i] > 0] for i in range(n)]

    def _attackers(self, given: Any) -> set[int]:
        n = len(self._hears)
        if not (isinstance(given, list) and all(type(a) is int and 0 <= a < n for a in given)):
            raise LogFormatError(f"{self._where}: attacker_idxes must be a list out of 0..{n - 1}")
        return set(given)

    def rows(self, item: str, dropped: Counter[str]) -> list[Row]:
        """Return the rows of the long format."""
        rows = []
        for at, statements in enumerate(self._rounds):
            if not isinstance(statements, list):
                raise LogFormatError(f"{self._where}: round {at} is no list of [agent, text]")
            for statement in statements:
                agent, text = self._statement(at, statement)
                rows.append(
                    {
                        "item_id": item,
                        "agent_id": _name(agent),
                        "round": at,
                        "answer": self._answer(text, dropped),
                        "neighbours": self._hears[agent],
                        "role": "hostile" if agent in self._hostile else "benign",
                        "target": self._lie,
                        "correct_answer": self._key,
                        "text": text,
                    }
                )
        return rows

    def _statement(self, at: int, given: Any) -> tuple[int, str]:
        if isinstance(given, list) and len(given) == 2:
            agent, text = given
            if (
                type(agent) is int
                and 0 <= agent < len(self._hears)
                and isinstance(text, str | None)
            ):
                return agent, text or ""
        raise LogFormatError(
            f"{self._where}: round {at} holds something that is no pair of an agent's number in "
            f"0..{len(self._hears) - 1} and a text"
        )

    def _answer(self, text: str, dropped: Counter[str]) -> str:
        """Return the key, the lie, `ELSE`, or nothing for an empty statement."""
        if not text.strip():
            dropped[EMPTY] += 1
            return ""
        said = stated_answer(text)
        key, lie = (
            names_option(said, self._key, self._lie),
            names_option(said, self._lie, self._key),
        )
        if key != lie:
            return self._key if key else self._lie
        dropped[BOTH if key else NEITHER] += 1
        return ELSE


def stated_answer(text: str) -> str:
    """Return what stands after the last answer tag of a statement, all of it without one."""
    tags = list(ANSWER.finditer(text))
    return text[tags[-1].end() :].partition("<")[0] if tags else text


def normal(text: str) -> str:
    """Return a text in lower case with letters, digits and spaces only."""
    return "".join(c for c in text.lower() if c.isalnum() or c == " ").strip()


def names_option(said: str, option: str, other: str) -> bool:
    """Say whether an answer names an option, however else it is phrased.

    Parameters
    ----------
    said : str
        The answer, as it was given.
    option : str
        What is looked for; an empty text is never named.
    other : str
        The other option: where ``option`` is only part of that one's name, it does not count.
    """
    if len(option.strip()) == 1 and option.strip().isalpha():
        letter = LETTER.search(said)
        return letter is not None and letter[0] == option.strip().upper()
    words, wanted, rival = normal(said), normal(option), normal(other)
    if wanted and rival and wanted in rival:
        words = words.replace(rival, "\n")
    return bool(wanted) and wanted in words


def _name(agent: int) -> str:
    return f"agent_{agent}"


def _text(given: Any) -> str:
    """Return a text on one line; nothing for what is neither text nor number."""
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    return " ".join(str(given).split()) if isinstance(given, (str, int, float)) else ""


def _replicas(names: list[str]) -> list[int]:
    """Count the teams of each question, from 0."""
    seen: Counter[str] = Counter()
    numbers = []
    for name in names:
        numbers.append(seen[name])
        seen[name] += 1
    return numbers


def _open(path: Path, limit: int) -> Any:
    return Limited(path, limit) if path.suffix.lower() == ".gz" else path.open("rb")


def _teams(path: Path) -> list[Any]:
    """Read the whole file within its limit."""
    try:
        with _open(path, LARGEST_JSON) as file:
            content = file.read(LARGEST_JSON + 1) if path.suffix.lower() != ".gz" else file.read()
        if len(content) > LARGEST_JSON:
            raise TooLargeError(f"it has more than {size(LARGEST_JSON)}, and is read whole")
        teams = read(content)
    except DAMAGED as error:
        raise LogFormatError(f"{path}: no file of attacked teams ({error})") from error
    if not (isinstance(teams, list) and teams and len(teams) <= MOST_TEAMS):
        raise LogFormatError(f"{path}: a list of 1 to {MOST_TEAMS} teams is needed")
    return teams
