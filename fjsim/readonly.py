"""What results are made of: mappings and arrays that nobody changes by accident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar, cast

import numpy as np

Key = TypeVar("Key")
Value = TypeVar("Value", covariant=True)
Made = TypeVar("Made")


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


class ReadOnlyArrays:
    """Base of frozen dataclasses whose arrays are read-only, also after pickling and copying.

    Notes
    -----
    Arrays are replaced by views, so that whoever made them may go on writing to them.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        for one in fields(cast(Any, self)):
            given = getattr(self, one.name)
            if isinstance(given, np.ndarray) and given.flags.writeable:
                kept = given.view()
                kept.setflags(write=False)
                object.__setattr__(self, one.name, kept)

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled arrays come back writable; making the result again closes them.
        values = {one.name: getattr(self, one.name) for one in fields(cast(Any, self))}
        return _made, (type(self), values)


def _made(kind: type[Made], values: Mapping[str, Any]) -> Made:
    return kind(**values)
