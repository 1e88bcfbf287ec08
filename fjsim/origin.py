"""Where the values of a scenario come from: a file, and what the user typed over it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """A file that values were read from.

    Parameters
    ----------
    file : str
        Its path.
    typed : frozenset of str
        Dotted keys that the user gave beside the file; these are the user's own words.
    allowed : frozenset of str
        Hashes of the plug-in files whose code the user allowed to run.
    """

    file: str
    typed: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()

    def owns(self, keys: Iterable[str]) -> bool:
        """Say whether any of these dotted keys has its value from the file."""
        return not all(self._is_typed(key) for key in keys)

    def _is_typed(self, key: str) -> bool:
        parts = key.split(".")
        return any(".".join(parts[:depth]) in self.typed for depth in range(1, len(parts) + 1))
