"""Texts as they travel: encoded and hashed once, though a chat sends its past again each round."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

KEPT_CHARACTERS = 16_000_000
"""How much text is kept encoded: what a thousand chats of a dozen rounds hold."""


class Encoded(NamedTuple):
    """One text, ready to be sent and to be told from others."""

    json: bytes
    digest: bytes


class Encodings:
    """Encoded texts, the oldest forgotten first.

    Parameters
    ----------
    room : int
        How many characters are kept.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.used = 0
        self._kept: dict[str, Encoded] = {}

    def of(self, text: str) -> Encoded:
        """Return a text, encoded."""
        found = self._kept.get(text)
        if found is None:
            content = json.dumps(text).encode()
            found = Encoded(content, hashlib.blake2b(content, digest_size=16).digest())
            self._kept[text] = found
            self.used += len(text)
            while self.used > self.room:
                oldest = next(iter(self._kept))
                del self._kept[oldest]
                self.used -= len(oldest)
        return found


encoded = Encodings(KEPT_CHARACTERS).of
