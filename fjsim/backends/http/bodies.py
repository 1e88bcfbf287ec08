"""Bodies of a server's responses: read piece by piece, unpacked, and never beyond a limit."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

LARGEST_BODY = 8 * 2**20
"""Bytes of a body, unpacked, that are read: log-probabilities of a long reply take some MiB."""

PLAIN = "identity"
"""What servers are asked for: bodies are small, and packed ones may unfold to anything."""

_FORMATS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class BodyError(Exception):
    """A body is too large, or packed in a way that cannot be read; the message says which."""


def is_plain(encoding: str | None) -> bool:
    """Say whether a ``Content-Encoding`` leaves a body as it is."""
    return not encoding or encoding.strip().lower() == PLAIN


async def read_body(
    pieces: AsyncIterable[bytes], encoding: str | None = None, limit: int = LARGEST_BODY
) -> bytes:
    """Return a body, or give up as soon as it is too large.

    Parameters
    ----------
    pieces : async iterable of bytes
        As received, packed or not.
    encoding : str, optional
        The response's ``Content-Encoding``: ``identity``, ``gzip`` or ``deflate``.
    limit : int
        Bytes that the unpacked body may have.

    Raises
    ------
    BodyError
        If it has more, or cannot be unpacked.
    """
    packing = None if is_plain(encoding) else _Packing(str(encoding))
    body = bytearray()
    async for piece in pieces:
        room = limit + 1 - len(body)
        body += piece[:room] if packing is None else packing.unpack(piece, room)
        if len(body) > limit:
            raise BodyError(f"the body has more than {limit / 2**20:g} MiB")
    if packing is not None:
        packing.finish()
    return bytes(body)


class _Packing:
    """Unpacks a body piece by piece, no more at a time than there is room for."""

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        if name not in _FORMATS:
            raise BodyError(f"the body is packed as '{name[:40]}', which was not asked for")
        self._name = name
        self._stream = zlib.decompressobj(_FORMATS[name])

    def unpack(self, piece: bytes, room: int) -> bytes:
        try:
            return self._stream.decompress(piece, room)
        except zlib.error as error:
            raise BodyError(f"the body is no {self._name} ({error})") from error

    def finish(self) -> None:
        if not self._stream.eof:
            raise BodyError(f"the body's {self._name} is cut off")
