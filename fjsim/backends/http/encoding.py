"""Schemas as they travel: encoded and hashed once, though each request has one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from fjsim.serial.json import written

Made = TypeVar("Made")


class Encoded(NamedTuple):
    """An object, ready to be sent and to be told from others."""

    json: bytes
    digest: bytes


class Lasting(Generic[Made]):
    """What is made once of an object that many requests share and nobody changes.

    Parameters
    ----------
    make : callable
        From the object to what is kept.
    room : int
        How many are kept.
    """

    def __init__(self, make: Callable[[Mapping[str, Any]], Made], room: int = 256) -> None:
        self._make = make
        self._room = room
        self._kept: dict[int, tuple[Mapping[str, Any], Made]] = {}

    def of(self, shared: Mapping[str, Any]) -> Made:
        """Return what is made of an object; it is told from others by identity."""
        found = self._kept.get(id(shared))
        if found is None:
            if len(self._kept) >= self._room:
                self._kept.clear()
            # Kept together: an object that lives on has its identity to itself.
            found = self._kept[id(shared)] = (shared, self._make(shared))
        return found[1]


def _encoded(value: Mapping[str, Any]) -> Encoded:
    content = written(value)
    return Encoded(content, hashlib.blake2b(content, digest_size=16).digest())


encoded = Lasting(_encoded).of
