"""One random stream per purpose, so that adding a draw in one place never shifts another."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def stream(seed: int, purpose: str, *key: object) -> np.random.Generator:
    """Return the random stream that belongs to one purpose.

    Parameters
    ----------
    seed : int
        The run's seed, >= 0.
    purpose : str
        What the numbers are for, e.g. ``"innate"``.
    *key : object
        What the stream belongs to: question, replica, seat, round. Compared by ``str``.

    Returns
    -------
    numpy.random.Generator
        The same for the same arguments, independent of any other stream.

    Notes
    -----
    ``SeedSequence(seed, spawn_key=hash(purpose, key))``; nothing is counted, so no stream
    depends on how many others were made.
    """
    digest = _digest(purpose, key)
    words = tuple(int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=words)))


def shuffled(items: Sequence[Item], seed: int, purpose: str, *key: object) -> list[Item]:
    """Return the items in an order drawn from a stream of its own.

    Parameters
    ----------
    items : sequence
        What is put in order.
    seed, purpose, *key
        As in `stream`.
    """
    drawn = list(items)
    # A small generator: shuffling a handful of peers must not cost a full stream.
    random.Random(_digest(f"{seed}\x1f{purpose}", key)).shuffle(drawn)
    return drawn


def _digest(purpose: str, key: tuple[object, ...]) -> bytes:
    text = "\x1f".join([purpose, *map(str, key)])
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
