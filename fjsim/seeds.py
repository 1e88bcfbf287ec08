"""One random stream per purpose, so that adding a draw in one place never shifts another."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")

_POOL = 4
_A, _A_STEP = 0x43B0D7E5, 0x931E8875
_B, _B_STEP = 0x8B51F9DD, 0x58F38DED
_LEFT, _RIGHT = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
_PCG_STEP = 0x2360ED051FC65DA44385DF649FCCF645
FEW = 24
"""Streams that cost less one by one than side by side."""
_WORD, _WIDE = 2**32 - 1, 2**128 - 1


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
    return _stream_of(seed, _digest(purpose, key))


def _stream_of(seed: int, digest: bytes) -> np.random.Generator:
    words = tuple(int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=words)))


def streams(
    seed: int, purpose: str, keys: Iterable[tuple[object, ...]]
) -> Iterator[np.random.Generator]:
    """Yield the streams of many keys, one after the other, for a fraction of what they cost alone.

    Parameters
    ----------
    seed : int
        The run's seed, >= 0.
    purpose : str
        As in `stream`.
    keys : iterable of tuple
        What each stream belongs to.

    Yields
    ------
    numpy.random.Generator
        May be one generator that is set anew each time, to where `stream` starts: draw from it
        before the next one is taken.
    """
    digests = [_digest(purpose, key) for key in keys]
    if len(digests) < FEW:
        yield from (_stream_of(seed, digest) for digest in digests)
        return
    own = np.frombuffer(b"".join(digests), dtype="<u4").reshape(len(digests), 4).T
    starts = _seeded(seed, own.astype(np.uint32))
    bits = np.random.PCG64(0)
    drawing = np.random.Generator(bits)
    place = {"state": 0, "inc": 0}
    state: Any = {"bit_generator": "PCG64", "state": place, "has_uint32": 0, "uinteger": 0}
    for a, b, c, d in starts.tolist():
        step = ((c << 64 | d) << 1 | 1) & _WIDE
        place["state"] = ((step + (a << 64 | b)) * _PCG_STEP + step) & _WIDE
        place["inc"] = step
        bits.state = state
        yield drawing


def _seeded(seed: int, words: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return what ``SeedSequence(seed, spawn_key=words[:, i])`` makes of each column, (n, 4)."""
    given = [np.uint32(seed >> at & _WORD) for at in range(0, max(seed.bit_length(), 1), 32)]
    given += [np.uint32(0)] * (_POOL - len(given))
    entropy = [np.full(words.shape[1], word) for word in given] + list(words)
    constant = _A

    def hashed(value: NDArray[np.uint32]) -> NDArray[np.uint32]:
        nonlocal constant
        value = value ^ np.uint32(constant)
        constant = constant * _A_STEP & _WORD
        value = value * np.uint32(constant)
        return value ^ value >> np.uint32(16)

    def mixed(value: NDArray[np.uint32], other: NDArray[np.uint32]) -> NDArray[np.uint32]:
        value = _LEFT * value - _RIGHT * hashed(other)
        return value ^ value >> np.uint32(16)

    pool = [hashed(word) for word in entropy[:_POOL]]
    for source in range(_POOL):
        for at in range(_POOL):
            if at != source:
                pool[at] = mixed(pool[at], pool[source])
    for word in entropy[_POOL:]:
        pool = [mixed(value, word) for value in pool]
    return _spread(pool)


def _spread(pool: list[NDArray[np.uint32]]) -> NDArray[np.uint64]:
    """Return the first four words of 64 bits that a mixed pool gives, shape (n, 4)."""
    constant, halves = _B, []
    for at in range(2 * _POOL):
        value = pool[at % _POOL] ^ np.uint32(constant)
        constant = constant * _B_STEP & _WORD
        value = value * np.uint32(constant)
        halves.append((value ^ value >> np.uint32(16)).astype(np.uint64))
    pairs = zip(halves[::2], halves[1::2], strict=True)
    return np.stack([low | high << np.uint64(32) for low, high in pairs], axis=-1)


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
