"""What results are made of: mappings and arrays that nobody changes by accident."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

Key = TypeVar("Key")
Value = TypeVar("Value", covariant=True)


class ReadOnly(Mapping[Key, Value]):
    """A mapping that cannot be changed, and can be pickled and copied.

    Parameters
    ----------
    values : mapping
        Copied once.

    Examples
    --------
    >>> ReadOnly({"a": 1})["a"]
    1
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[Key, Value]) -> None:
        self._values = dict(values)

    def __getitem__(self, key: Key) -> Value:
        return self._values[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)


def lock_arrays(instance: Any) -> None:
    """Make the arrays of a frozen dataclass read-only; for its ``__post_init__``.

    Parameters
    ----------
    instance : dataclass instance
        Its arrays are replaced by views, so that whoever made them may go on writing to them.
    """
    for one in dataclasses.fields(instance):
        given = getattr(instance, one.name)
        if isinstance(given, np.ndarray) and given.flags.writeable:
            kept = given.view()
            kept.setflags(write=False)
            object.__setattr__(instance, one.name, kept)
