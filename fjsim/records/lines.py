"""One line of the event log: its version, its type, its values, and the checksum of its bytes.

The checksum is the CRC-32 of all bytes of the line before it. It finds a line that changed by
accident and is JSON all the same. It has no key: whoever changes a line on purpose can make it fit,
or call the line one of version 1, which had none. Keys that this version does not know are ignored,
since a newer minor version may add some; what changes the meaning of a line gets a new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from fjsim.errors import StorageError
from fjsim.serial.json import read, read_strictly, written

SCHEMA = 2
"""Version of the lines that are written; 1 had no checksum."""

_CHECKSUM = b',"crc":'


class DamagedLineError(ValueError):
    """A line of a log says what cannot be; the message says what that is."""


class NewerSchemaError(StorageError):
    """The log was written by a newer fjsim."""


def line_of(kind: str, event: Mapping[str, Any]) -> bytes:
    """Return one event as a line of the log, with its checksum.

    Parameters
    ----------
    kind : str
        Its type.
    event : mapping
        Plain values.
    """
    body = written({"v": SCHEMA, "type": kind, **event})[:-1]
    return b"%b%b%d}\n" % (body, _CHECKSUM, crc32(body))


def event_of(line: bytes) -> tuple[str, dict[str, Any]]:
    """Return the type and the values of a line.

    Parameters
    ----------
    line : bytes
        Untrusted.

    Raises
    ------
    DamagedLineError
        If it is no event, or does not fit its checksum.
    NewerSchemaError
        If a newer version wrote it.
    """
    try:
        event = read_strictly(line)
    except ValueError:
        event = _leniently_read(line)
    if type(event) is not dict:
        raise DamagedLineError("not a JSON object")
    checksum = event.pop("crc", None)
    version, kind = event.pop("v", None), event.pop("type", None)
    if type(version) is not int or version < 1 or type(kind) is not str:
        raise DamagedLineError("not an event of a run")
    if checksum is None:
        if version == SCHEMA:
            raise DamagedLineError("its checksum is missing")
    elif checksum != crc32(line.rpartition(_CHECKSUM)[0]):
        raise DamagedLineError("changed after it was written: its checksum does not fit")
    if version > SCHEMA:
        raise NewerSchemaError(
            f"written with schema {version}, this fjsim reads up to {SCHEMA}; use the version of "
            "fjsim that wrote it"
        )
    return kind, event


def _leniently_read(line: bytes) -> Any:
    try:
        return read(line)
    except ValueError:
        raise DamagedLineError("blank" if not line.strip() else "not JSON") from None
