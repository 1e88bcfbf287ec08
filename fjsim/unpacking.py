"""Files of others, read within limits: what little a packed file shows may unfold to anything."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, AnyStr

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

LARGEST_UNPACKED = 4 * 2**30
"""Bytes that a packed file may unfold to; the same file unpacked by hand may have more."""

LONGEST_LINE = 16 * 2**20
"""Characters of one line of text."""

PIECE = 64 * 2**10
SMALL_PIECE = 4 * 2**10
"""Bytes taken at a time from packings that unfold a piece whole, however far."""

BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
MOST_DEFLATED = 1032
"""How many times its size a deflated member can unfold to."""


class TooLargeError(ValueError):
    """Something in a file is larger than what is read; says what, how large, and the limit."""


def size(n_bytes: float) -> str:
    """Return a number of bytes in words.

    Examples
    --------
    >>> size(3 * 2**30), size(5 * 2**20), size(17)
    ('3.0 GiB', '5.0 MiB', '17 bytes')
    """
    if n_bytes >= 2**30:
        return f"{n_bytes / 2**30:.1f} GiB"
    return f"{n_bytes / 2**20:.1f} MiB" if n_bytes >= 2**20 else f"{n_bytes:g} bytes"


def refuse_member(info: zipfile.ZipInfo, limit: int = LARGEST_UNPACKED) -> None:
    """Refuse a member of a zip archive that says it is too large, or cannot be what it says.

    Parameters
    ----------
    info : zipfile.ZipInfo
        From the archive's list of members; untrusted.
    limit : int
        Bytes that it may have where it is packed.

    Raises
    ------
    TooLargeError
        If it may not be read.
    """
    stored = info.compress_type == zipfile.ZIP_STORED
    if info.file_size > limit and not stored:
        raise TooLargeError(
            f"its member '{info.filename[:80]}' unfolds to {size(info.file_size)}; "
            f"at most {size(limit)} are read of a packed one"
        )
    most = info.compress_size * (1 if stored else MOST_DEFLATED)
    if info.compress_type in BOUNDED and info.file_size > most:
        raise TooLargeError(
            f"its member '{info.filename[:80]}' is said to have {size(info.file_size)}, and "
            f"{size(info.compress_size)} in the archive cannot hold them"
        )


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """Return a member of a zip archive, or stop as soon as it is too large.

    Parameters
    ----------
    archive : zipfile.ZipFile
    info : zipfile.ZipInfo
        The member; what it says of its size is not believed.
    limit : int
        Bytes that it may have.

    Raises
    ------
    TooLargeError
        If it has more.
    """
    refuse_member(info, limit)
    piece = PIECE if info.compress_type in BOUNDED else SMALL_PIECE
    read = bytearray()
    with archive.open(info) as member:
        while part := member.read(piece):
            read += part
            if len(read) > limit:
                raise TooLargeError(
                    f"its member '{info.filename[:80]}' has more than {size(limit)}, "
                    "which is all that is read of one"
                )
    return bytes(read)


class Limited(io.RawIOBase):
    """The bytes of a packed file, which end in an error where they are too many.

    Parameters
    ----------
    path : Path
        ``.gz``.
    limit : int
        Bytes that it may unfold to; more is a `TooLargeError`.
    """

    def __init__(self, path: Path, limit: int = LARGEST_UNPACKED) -> None:
        self._unpacked = gzip.open(path)  # noqa: SIM115 - closed with this one
        self._limit = self._left = limit

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read what fits the buffer."""
        taken = self._unpacked.read(len(memoryview(buffer)))
        self._left -= len(taken)
        if self._left < 0:
            raise TooLargeError(f"it unfolds to more than {size(self._limit)}; unpack it first")
        memoryview(buffer)[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        """Close the file."""
        self._unpacked.close()
        super().close()


def lines(handle: IO[AnyStr], limit: float = float("inf")) -> Iterator[AnyStr]:
    """Return the lines of an open file one by one.

    Parameters
    ----------
    handle : file
        Text or bytes, unpacked as they are read.
    limit : float
        Characters or bytes in all; for packed files.

    Yields
    ------
    str or bytes
        With their ends.

    Raises
    ------
    TooLargeError
        With the number of a line longer than `LONGEST_LINE`, or that exceeds the limit.
    """
    number, taken = 0, 0
    while line := handle.readline(LONGEST_LINE + 1):
        number += 1
        taken += len(line)
        if len(line) > LONGEST_LINE:
            raise TooLargeError(f"line {number} has more than {size(LONGEST_LINE)}")
        if taken > limit:
            raise TooLargeError(f"it unfolds to more than {size(limit)}, reached at line {number}")
        yield line
