"""What policies remember, of many items at once: states as they are, stacked, and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np


def stacked(states: Sequence[Any]) -> Any:
    """Return the states of many items as one, arrays and numbers stacked along a first axis.

    Parameters
    ----------
    states : sequence of object
        Arrays, numbers, tuples and dataclasses of those, or anything that is the same for all.
    """
    first = states[0]
    if all(state is first for state in states) and not _has_arrays(first):
        return first
    if is_dataclass(first) and not isinstance(first, type):
        names = [one.name for one in fields(first)]
        return replace(first, **{n: stacked([getattr(s, n) for s in states]) for n in names})
    if isinstance(first, tuple):
        parts = [stacked(part) for part in zip(*states, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    if isinstance(first, (int, float, np.ndarray, np.generic)):
        return np.stack([np.asarray(state) for state in states])
    return first


def _has_arrays(state: Any) -> bool:
    if isinstance(state, (int, float, np.ndarray, np.generic)):
        return True
    if is_dataclass(state) and not isinstance(state, type):
        return any(_has_arrays(getattr(state, one.name)) for one in fields(state))
    return isinstance(state, tuple) and any(map(_has_arrays, state))


def is_stackable(state: Any) -> bool:
    """Say whether states of a kind can be stacked and compared."""
    if state is None or isinstance(state, (int, float, str, np.ndarray, np.generic)):
        return True
    if is_dataclass(state) and not isinstance(state, type):
        return all(is_stackable(getattr(state, one.name)) for one in fields(state))
    return isinstance(state, tuple) and all(map(is_stackable, state))


def same(one: Any, other: Any) -> bool:
    """Say whether two states are the same to the last digit."""
    if one is other:
        return True
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=True)
    if is_dataclass(one) and not isinstance(one, type):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
