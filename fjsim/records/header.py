"""What a log says of its run: the values of its ``run`` line, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from fjsim.arms import ARMS
from fjsim.beliefs import Array
from fjsim.contracts import Arm
from fjsim.records.lines import DamagedLineError
from fjsim.records.played import PlayedLaw, law_of, plain_law
from fjsim.records.values import listed, matrix, numbers, texts, within

RESIDUALS = frozenset({"innate", "self", "renormalise"})
PEERS_READ = frozenset({"belief", "confidence", "words", "answer", "nothing"})
LARGEST = 2**31
"""Beyond it no replica, round or number of options is believed."""
REQUIRED = ("rounds", "agents", "seats", "influence", "questions", "residual", "peers_read")
FIXED = ("rounds", "agents", "seats", "influence", "arms", "imported")
"""What all ``run`` lines of a log agree on, however it was extended and by what version."""


@dataclass(frozen=True)
class RunHeader:
    """What run a log holds.

    Parameters
    ----------
    rounds : int
        Rounds after round 0.
    agents : tuple of str
        Names of the seats.
    seats : tuple of int
        The adversary's.
    influence : tuple of rows
        W of the graph; ``graph`` is the same as an array.
    questions : tuple of str
        Ids, in the order of the question set.
    residual : {'innate', 'self', 'renormalise'}
        Where the weight goes that gates take away.
    peers_read : {'belief', 'confidence', 'words', 'answer', 'nothing'}
        What peers can read a belief off.
    words : tuple of float or None
        How far each seat's reasons convey its confidence, in [0, 1]; where peers read ``words``.
    hash : str
        The ten digits that name the run; empty where it is not said.
    options : tuple of int or None
        How many each question has; None where it is not said.
    subjects : tuple of str
        What each question is about; empty where no question says so.
    arms : tuple of str or None
        The arms to be played; None where it is not said.
    replicas : int or None
        How often each question is played; None where it is not said.
    law : PlayedLaw or None
        How weights and gates act in both arms; None where it is not said.
    unread : mapping of arm to str
        Why no law can be read off an arm; empty where one can.
    imported : bool
        Whether the log was made of a foreign one, whose beliefs may be rounded and padded.
    exchangeable, opinions, abstention
        As in `Transcript`; a run of ours never sets them.
    control : tuple of str
        Questions of an imported log's control arm.
    unit : mapping or None
        In what an imported log's opinions are measured: ``kind``, ``low`` and ``high``.
    given_influence : bool
        Whether an imported log gives each speaker's share of attention, turn by turn.
    """

    rounds: int
    agents: tuple[str, ...]
    seats: tuple[int, ...]
    influence: tuple[tuple[float, ...], ...]
    questions: tuple[str, ...]
    residual: Literal["innate", "self", "renormalise"]
    peers_read: Literal["belief", "confidence", "words", "answer", "nothing"]
    hash: str = ""
    options: tuple[int, ...] | None = None
    subjects: tuple[str, ...] = ()
    arms: tuple[Arm, ...] | None = None
    replicas: int | None = None
    law: PlayedLaw | None = None
    unread: Mapping[Arm, str] = field(default_factory=dict, hash=False)
    imported: bool = False
    exchangeable: bool = False
    opinions: bool = False
    abstention: int | None = None
    control: tuple[str, ...] = ()
    unit: Mapping[str, Any] | None = field(default=None, hash=False)
    given_influence: bool = False
    words: tuple[float, ...] | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunHeader:
        """Return the header that a ``run`` line holds; unknown keys are ignored.

        Parameters
        ----------
        values : mapping
            Untrusted.

        Raises
        ------
        DamagedLineError
            If a key is missing, or its value is impossible.
        """
        _check(values)
        agents = values["agents"]
        made = {name: values[name] for name in _NAMES if values.get(name) is not None}
        made |= {name: tuple(made[name]) for name in _LISTS if name in made}
        made["influence"] = tuple(tuple(map(float, row)) for row in values["influence"])
        if "law" in made:
            made["law"], made["unread"] = law_of(values["law"], len(agents))
        return cls(**made)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for the ``run`` line; what is at its default is left out."""
        values: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name not in ("law", "unread") and value != one.default:
                values[one.name] = list(value) if isinstance(value, tuple) else value
        values["influence"] = [list(row) for row in self.influence]
        if self.law is not None:
            values["law"] = plain_law(self.law, self.unread)
        return values

    @cached_property
    def graph(self) -> Array:
        """W, shape (n_agents, n_agents); read-only."""
        made = np.array(self.influence, dtype=float)
        made.setflags(write=False)
        return made

    @property
    def n_agents(self) -> int:
        """How many seats there are."""
        return len(self.agents)

    @property
    def extent(self) -> tuple[int, int]:
        """How far the run had been extended when this was written: questions, replicas."""
        return len(self.questions), self.replicas or 0

    def played(self, arm: Arm) -> PlayedLaw | None:
        """Return how weights and gates act in one arm; None where it is not said.

        Parameters
        ----------
        arm : {'attacked', 'clean'}
        """
        return None if self.law is None else replace(self.law, unread=self.unread.get(arm, ""))

    def differs(self, known: RunHeader, *apart: str) -> str:
        """Say in what this is of another run than a known one; empty if in nothing.

        Parameters
        ----------
        known : RunHeader
        apart : str
            Names that are not compared.
        """
        for name in FIXED:
            mine, theirs = getattr(self, name), getattr(known, name)
            if name not in apart and mine != theirs and None not in (mine, theirs):
                return f"its {name} is not that of this run"
        shorter, longer = sorted((self.questions, known.questions), key=len)
        same = longer[: len(shorter)] == shorter
        return "" if same else "its questions are not those of this run"


_NAMES = tuple(one.name for one in fields(RunHeader) if one.name != "unread")
_LISTS = ("agents", "seats", "questions", "options", "subjects", "arms", "control", "words")


def _check(values: Mapping[str, Any]) -> None:
    """Refuse values that are missing or cannot be."""
    lacking = [name for name in REQUIRED if name not in values]
    if lacking:
        raise DamagedLineError(f"'{lacking[0]}' is missing")
    agents, questions = texts("agents", values["agents"]), texts("questions", values["questions"])
    n_agents = len(agents)
    within("rounds", values["rounds"], LARGEST)
    for seat in listed("seats", values["seats"]):
        within("seat", seat, n_agents - 1)
    _check_words(values)
    _check_speech(values, n_agents)
    matrix("influence", values["influence"], n_agents, values.get("imported", False))
    if values.get("arms") is not None and not set(texts("arms", values["arms"])) <= set(ARMS):
        raise DamagedLineError("arms are not attacked and clean")
    for name in ("replicas", "abstention"):
        if values.get(name) is not None:
            within(name, values[name], LARGEST)
    if values.get("options") is not None:
        _check_options(questions, values["options"])
    if values.get("subjects") is not None:
        _check_subjects(questions, values["subjects"])


def _check_words(values: Mapping[str, Any]) -> None:
    if values["residual"] not in RESIDUALS or values["peers_read"] not in PEERS_READ:
        raise DamagedLineError("residual or peers_read is no word of ours")
    for name in ("imported", "opinions", "exchangeable", "given_influence"):
        if type(values.get(name, False)) is not bool:
            raise DamagedLineError(f"{name} is neither true nor false")
    if type(values.get("hash", "")) is not str:
        raise DamagedLineError("hash is not text")
    if values.get("control") is not None:
        texts("control", values["control"])
    if values.get("unit") is not None:
        _check_unit(values["unit"])


def _check_speech(values: Mapping[str, Any], n_agents: int) -> None:
    """Refuse peers that read words of which it is not said what they convey."""
    words = values.get("words")
    if words is None and values["peers_read"] == "words":
        raise DamagedLineError("peers read words, and 'words' is missing")
    if words is not None:
        numbers("words", words, n_agents)


def _check_unit(unit: Any) -> None:
    """Refuse what is no unit of opinions: a kind, and two ends in order."""
    kinds = ("bounded", "log", "standardised")
    if type(unit) is not dict or unit.get("kind") not in kinds:
        raise DamagedLineError("unit is none of ours")
    low: Any = unit.get("low")
    high: Any = unit.get("high")
    if not {type(low), type(high)} <= {int, float} or not -math.inf < low < high < math.inf:
        raise DamagedLineError("the ends of the unit are no numbers in order")


def _check_subjects(questions: Sequence[str], given: Any) -> None:
    subjects = listed("subjects", given)
    if not all(type(one) is str for one in subjects):
        raise DamagedLineError("subjects are no texts")
    if subjects and len(subjects) != len(questions):
        raise DamagedLineError(f"{len(subjects)} subjects, {len(questions)} questions")


def _check_options(questions: Sequence[str], given: Any) -> None:
    sizes = listed("options", given)
    if len(sizes) != len(questions):
        raise DamagedLineError(f"{len(sizes)} numbers of options, {len(questions)} questions")
    for size in sizes:
        within("options", size, LARGEST, low=1)
