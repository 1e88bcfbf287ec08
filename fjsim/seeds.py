"""One random stream per purpose, so that adding a draw in one place never shifts another."""

from __future__ import annotations

import hashlib

import numpy as np


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
    text = "\x1f".join([purpose, *map(str, key)])
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    words = tuple(int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=words)))
