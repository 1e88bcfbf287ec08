"""Whether a value from outside is an integer, a share, a list or a matrix; else what is wrong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fjsim.records.lines import DamagedLineError

ROUNDING = 1e-6
"""By how much the sum of a recorded belief, or of a row of W, may miss 1."""

LARGEST_FACTOR = 1e12
"""A factor from there on is none: sums of such could overflow."""


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


def factors(name: str, value: Any, n_agents: int) -> None:
    """Refuse what is no square of finite numbers > 0, a row and a column per seat."""
    if len(listed(name, value)) != n_agents:
        raise DamagedLineError(f"{name} has {len(value)} rows, not {n_agents}")
    for row in value:
        if len(listed(name, row)) != n_agents:
            raise DamagedLineError(f"{name} has a row of {len(row)} numbers, not {n_agents}")
        for one in row:
            if type(one) not in (float, int) or not 0 < one < LARGEST_FACTOR:
                raise DamagedLineError(f"{name} holds {short(one)}, not a finite number > 0")


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
