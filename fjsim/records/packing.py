"""Arrays as text in a line of the log, and back; what repeats along an axis is kept once."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fjsim.records.lines import DamagedLineError

Numbers = NDArray[Any]


def packed(values: Numbers, axes: Sequence[int] = (), kind: str = "<f8") -> dict[str, Any]:
    """Return an array as plain values.

    Parameters
    ----------
    values : ndarray
    axes : sequence of int
        Along which of its axes it is kept once, where all its entries repeat along them.
    kind : str, default ``'<f8'``
        In which type of numbers it is kept.
    """
    kept = values
    for axis in axes:
        first = kept.take([0], axis=axis) if kept.shape[axis] else kept
        if kept.shape[axis] > 1 and _repeats(kept, first, axis):
            kept = first
    data = kept.astype(kind, copy=False).tobytes()
    return {"shape": list(kept.shape), "data": b64encode(data).decode("ascii")}


def _repeats(values: Numbers, first: Numbers, axis: int) -> bool:
    if values.strides[axis] == 0:
        return True
    # Most arrays that differ do so at once: a look at two entries spares one at all.
    second = values.take([1], axis=axis)
    with np.errstate(invalid="ignore"):
        equal_nan = values.dtype.kind == "f"
        return np.array_equal(first, second, equal_nan=equal_nan) and np.array_equal(
            np.broadcast_to(first, values.shape), values, equal_nan=equal_nan
        )


def unpacked(
    name: str, values: Any, shape: Sequence[int], axes: Sequence[int] = (), kind: str = "<f8"
) -> Numbers:
    """Return the array that `packed` made plain, not yet repeated along the axes it is kept once.

    Parameters
    ----------
    name : str
        Its name, for messages.
    values : object
        Untrusted.
    shape : sequence of int
        Shape of the whole array.
    axes, kind
        As in `packed`.

    Raises
    ------
    DamagedLineError
        If it is no such array.
    """
    if not isinstance(values, Mapping) or type(values.get("data")) is not str:
        raise DamagedLineError(f"{name} is no packed array")
    found = values.get("shape")
    allowed = [({1, size} if axis in axes else {size}) for axis, size in enumerate(shape)]
    if type(found) is not list or len(found) != len(shape):
        raise DamagedLineError(f"{name} has another number of axes")
    if not all(type(one) is int and one in some for one, some in zip(found, allowed, strict=True)):
        raise DamagedLineError(f"{name} is packed in a shape that does not fit its block")
    try:
        data = b64decode(values["data"], validate=True)
    except (binascii.Error, ValueError):
        raise DamagedLineError(f"{name} is no packed array") from None
    if len(data) != prod(found) * np.dtype(kind).itemsize:
        raise DamagedLineError(f"{name} has another number of entries than its shape")
    return np.frombuffer(data, dtype=kind).reshape(found)
