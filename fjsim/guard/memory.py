"""A defense's memory as plain JSON values and back, exact to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from fjsim.errors import LogFormatError
from fjsim.foreign_text import shown


def as_values(state: Any) -> Any:
    """Return a memory as values that JSON holds.

    Parameters
    ----------
    state : object
        Arrays, frozen dataclasses, tuples, lists, mappings and plain values, nested at will.

    Raises
    ------
    LogFormatError
        If it holds anything else.
    """
    if state is None or isinstance(state, (bool, int, float, str)):
        return state
    if isinstance(state, np.generic):
        return as_values(state.item())
    if isinstance(state, np.ndarray):
        return {"array": state.tolist(), "dtype": str(state.dtype)}
    if is_dataclass(state) and not isinstance(state, type):
        return {"fields": {f.name: as_values(getattr(state, f.name)) for f in fields(state)}}
    if isinstance(state, (tuple, list)):
        return {"items": [as_values(one) for one in state]}
    if isinstance(state, Mapping):
        return {"pairs": [[as_values(key), as_values(value)] for key, value in state.items()]}
    raise LogFormatError(
        f"the defense remembers a {type(state).__name__}, which no file of a guard can hold"
    )


def from_values(values: Any, like: Any) -> Any:
    """Return the memory that ``values`` hold.

    Parameters
    ----------
    values : object
        From `as_values`.
    like : object
        A memory of the same defense, from which classes are taken.

    Raises
    ------
    LogFormatError
        If the values do not fit the defense.
    """
    try:
        return _restored(values, like)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LogFormatError(f"the memory does not fit the defense ({shown(error)})") from error


def _restored(values: Any, like: Any) -> Any:
    if not isinstance(values, dict):
        return values
    if "array" in values:
        dtype = np.dtype(values["dtype"])
        if dtype.kind not in "biuf":
            raise TypeError(f"an array of {dtype}")
        # What JSON cannot write, as NaN, stands as null.
        return np.array(values["array"], dtype=dtype)
    if "fields" in values:
        if not is_dataclass(like) or isinstance(like, type):
            raise TypeError(f"fields for a {type(like).__name__}")
        parts = {
            name: _restored(one, getattr(like, name)) for name, one in values["fields"].items()
        }
        return type(like)(**parts)
    if "items" in values:
        patterns = list(like) if isinstance(like, (tuple, list)) else []
        patterns += [None] * (len(values["items"]) - len(patterns))
        items = [_restored(one, p) for one, p in zip(values["items"], patterns, strict=False)]
        if isinstance(like, tuple) and hasattr(like, "_fields"):
            return type(like)(*items)
        return items if isinstance(like, list) else tuple(items)
    return {_restored(key, None): _restored(value, None) for key, value in values["pairs"]}
