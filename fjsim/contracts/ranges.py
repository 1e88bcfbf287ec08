"""Ranges of parameters: declared on a class, checked wherever one of it is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from fjsim.errors import ConfigError

Ranges = Mapping[str, str]
"""What a class allows: parameter -> ``"[0, 1]"``, ``"(0, 1]"``, ``">= 0"`` or ``"> 0"``."""

_INTERVAL = re.compile(r"([\[(])(\S+), (\S+)([\])])")


def check_ranges(kind: str, plugin: object) -> None:
    """Refuse a plug-in with a parameter outside what its classes allow.

    Parameters
    ----------
    kind : str
        What a scenario calls its block, for messages.
    plugin : object
        The class attributes ``ranges`` of its class and of all bases are checked; a parameter that
        is None is left out.

    Raises
    ------
    ConfigError
        With the parameter, what was given and what is allowed.

    Examples
    --------
    >>> class Rated:
    ...     ranges = {"rate": "(0, 1]"}
    ...     rate = 2.0
    >>> check_ranges("defense", Rated())
    Traceback (most recent call last):
        ...
    fjsim.errors.ConfigError: defense.rate is 2; it must lie in (0, 1]
    """
    allowed: dict[str, str] = {}
    for base in reversed(type(plugin).__mro__):
        allowed.update(vars(base).get("ranges", {}))
    for name, interval in allowed.items():
        value = getattr(plugin, name)
        if value is not None:
            require(f"{kind}.{name}", value, interval)


def require(name: str, value: float, allowed: str) -> None:
    """Refuse a number outside its range.

    Parameters
    ----------
    name : str
        As it stands in the scenario.
    value : float
        What was given; NaN lies in no range.
    allowed : str
        ``"[0, 1]"`` with round brackets for an end that is excluded, ``">= 0"`` or ``"> 0"``.

    Raises
    ------
    ConfigError
        If the value is outside.
    """
    low, with_low, high, with_high = _ends(allowed)
    inside = (low <= value <= high) and (with_low or value != low) and (with_high or value != high)
    if not inside:
        verb = "lie in" if allowed[0] in "[(" else "be"
        raise ConfigError(f"{name} is {value:g}; it must {verb} {allowed}")


@lru_cache
def _ends(allowed: str) -> tuple[float, bool, float, bool]:
    """Return both ends of a range, and whether each belongs to it."""
    if allowed.startswith(">"):
        sign, low = allowed.split(" ")
        return float(low), sign == ">=", float("inf"), True
    found = _INTERVAL.fullmatch(allowed)
    assert found is not None, f"no range: {allowed}"
    return float(found[2]), found[1] == "[", float(found[3]), found[4] == "]"
