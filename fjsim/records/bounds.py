"""What the values of a run's lines may be, as its ``run`` event says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from fjsim.contracts import Heard
from fjsim.records.lines import DamagedLineError

ARMS = frozenset({"attacked", "clean"})
RESIDUALS = frozenset({"innate", "self", "renormalise"})
PEERS_READ = frozenset({"belief", "confidence", "answer", "nothing"})
LARGEST = 2**31
"""Beyond it no replica, round or number of options is believed."""
ROUNDING = 1e-6
"""By how much the sum of a recorded belief, or of a row of W, may miss 1."""
REQUIRED = ("rounds", "agents", "seats", "influence", "questions", "residual", "peers_read")
FIXED = ("rounds", "agents", "seats", "influence", "arms", "imported")
"""Keys that all ``run`` events of a log agree on, however it was extended and by what version."""


@dataclass(frozen=True)
class Bounds:
    """The ranges of the values in a log.

    Parameters
    ----------
    arms : frozenset of str
    options : mapping of str to int
        By question, how many options it has; 0 where the log alone does not say.
    n_agents, n_rounds, n_replicas : int
        Seats, rounds after round 0, and replicas.
    imported : bool
        Whether the log was made of a foreign one, whose beliefs may be rounded and padded.
    closed : bool
        Whether other questions than these are refused.
    """

    arms: frozenset[str] = ARMS
    options: Mapping[str, int] = field(default_factory=dict)
    n_agents: int = LARGEST
    n_rounds: int = LARGEST
    n_replicas: int = LARGEST
    imported: bool = False
    closed: bool = True

    def hearing(self) -> Any:
        """Return what makes a checked ``Heard`` of its fields, the same one for the same ones.

        Returns
        -------
        callable
            With the memory of ``functools.cache``, which grows until it is cleared.
        """

        def heard_in(
            number: int,
            /,
            speaker: int,
            round: int,
            gate: float = 1.0,
            weight: float = 1.0,
            tampered: bool = False,
            acting: float | None = None,
            option_gates: list[float] | None = None,
            **newer: Any,
        ) -> Heard:
            by_option = None if option_gates is None else tuple(listed("gates", option_gates))
            heard = Heard(speaker, round, gate, weight, tampered, acting, by_option)
            self.check_heard(heard, number)
            return heard

        return lru_cache(maxsize=None, typed=True)(heard_in)

    def check_heard(self, heard: Heard, number: int) -> None:
        """Refuse what cannot have been heard in a round.

        Parameters
        ----------
        heard : Heard
            One message.
        number : int
            Round of the listener's turn.
        """
        within("round", number, self.n_rounds)
        within("speaker", heard.speaker, self.n_agents - 1)
        within("round of a message", heard.round, number)
        share("gate", heard.gate)
        positive("weight", heard.weight)
        if heard.acting is not None:
            share("acting gate", heard.acting)
        if len(heard.option_gates or ()) > max(self.options.values(), default=0):
            raise DamagedLineError("more gates by option than options")
        for gate in heard.option_gates or ():
            share("gate of an option", gate)
        if type(heard.tampered) is not bool:
            raise DamagedLineError("tampered is neither true nor false")


OPEN = Bounds(closed=False)
"""Of a log that does not say what run it holds."""


def bounds_of(header: Mapping[str, Any]) -> Bounds:
    """Return the ranges that a ``run`` event sets; keys it does not need are not looked at.

    Parameters
    ----------
    header : mapping
        Untrusted.

    Raises
    ------
    DamagedLineError
        If a key is missing, or its value is impossible.
    """
    lacking = [name for name in REQUIRED if name not in header]
    if lacking:
        raise DamagedLineError(f"'{lacking[0]}' is missing")
    agents, questions = texts("agents", header["agents"]), texts("questions", header["questions"])
    n_agents = len(agents)
    within("rounds", header["rounds"], LARGEST)
    within("replicas", header.get("replicas", LARGEST), LARGEST)
    for seat in listed("seats", header["seats"]):
        within("seat", seat, n_agents - 1)
    _check_words(header)
    matrix("influence", header["influence"], n_agents, header.get("imported", False))
    arms = frozenset(texts("arms", header.get("arms", sorted(ARMS))))
    if not arms <= ARMS:
        raise DamagedLineError("arms are not attacked and clean")
    return Bounds(
        arms=arms,
        options=_options(questions, header.get("options")),
        n_agents=n_agents,
        n_rounds=header["rounds"],
        n_replicas=header.get("replicas", LARGEST),
        imported=header.get("imported", False),
    )


def _check_words(header: Mapping[str, Any]) -> None:
    if header["residual"] not in RESIDUALS or header["peers_read"] not in PEERS_READ:
        raise DamagedLineError("residual or peers_read is no word of ours")
    for name in ("imported", "opinions", "exchangeable"):
        if type(header.get(name, False)) is not bool:
            raise DamagedLineError(f"{name} is neither true nor false")
    if header.get("abstention") is not None:
        within("abstention", header["abstention"], LARGEST)
    if header.get("control") is not None:
        texts("control", header["control"])
    if header.get("unit") is not None:
        check_unit(header["unit"])


def check_unit(unit: Any) -> None:
    """Refuse what is no unit of opinions: a kind, and two ends in order."""
    kinds = ("bounded", "log", "standardised")
    if type(unit) is not dict or unit.get("kind") not in kinds:
        raise DamagedLineError("unit is none of ours")
    low: Any = unit.get("low")
    high: Any = unit.get("high")
    if not {type(low), type(high)} <= {int, float} or not -math.inf < low < high < math.inf:
        raise DamagedLineError("the ends of the unit are no numbers in order")


def _options(questions: Sequence[str], given: Any) -> Mapping[str, int]:
    if given is None:
        return dict.fromkeys(questions, 0)
    sizes = listed("options", given)
    if len(sizes) != len(questions):
        raise DamagedLineError(f"{len(sizes)} numbers of options, {len(questions)} questions")
    for size in sizes:
        within("options", size, LARGEST, low=1)
    return dict(zip(questions, sizes, strict=True))


def within(name: str, value: Any, high: int, low: int = 0) -> None:
    """Refuse what is no integer from ``low`` to ``high``."""
    if type(value) is not int:
        raise DamagedLineError(f"{name} is {short(value)}, not an integer")
    if not low <= value <= high:
        raise DamagedLineError(f"{name} is {short(value)}, outside {low}..{high}")


def share(name: str, value: Any) -> None:
    """Refuse what is no number in [0, 1]."""
    if type(value) not in (float, int) or not -1e-9 <= value <= 1 + 1e-9:
        raise DamagedLineError(f"{name} is {short(value)}, not a number in [0, 1]")


def positive(name: str, value: Any) -> None:
    """Refuse what is no finite number >= 0."""
    if type(value) not in (float, int) or not 0 <= value < math.inf:
        raise DamagedLineError(f"{name} is {short(value)}, not a finite number >= 0")


def listed(name: str, value: Any) -> list[Any]:
    """Return a list; refuse anything else."""
    if type(value) is not list:
        raise DamagedLineError(f"{name} is {short(value)}, not a list")
    return value


def texts(name: str, value: Any) -> list[str]:
    """Return a list of different texts, at least one; refuse anything else."""
    names = listed(name, value)
    if not names or not all(type(one) is str for one in names) or len(set(names)) < len(names):
        raise DamagedLineError(f"{name} is not a list of different texts")
    return names


def matrix(name: str, value: Any, n_agents: int, imported: bool) -> None:
    """Refuse what is no W: a row per seat, each of shares that sum to 1 or less if it is ours."""
    try:
        rows = np.array(value)
    except ValueError:
        rows = np.empty(0)
    # NumPy reads text as numbers where it is told the type; so it is asked for the type.
    if rows.shape != (n_agents, n_agents) or rows.dtype.kind not in "fi":
        raise DamagedLineError(f"{name} is not {n_agents} rows of {n_agents} numbers")
    most = math.inf if imported else 1 + ROUNDING
    if not (rows.min() >= 0 and rows.max() < math.inf and rows.sum(axis=1).max() <= most):
        raise DamagedLineError(f"{name} has a row that is no row of shares")


def numbers(name: str, value: Any, length: int) -> None:
    """Refuse what is no list of so many numbers in [0, 1]."""
    if len(listed(name, value)) != length:
        raise DamagedLineError(f"{name} has {len(value)} entries, not {length}")
    for one in value:
        share(name, one)


def short(value: Any) -> str:
    """Return a value as it can stand in a message: on one line, escaped, and not long."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
