"""JSON as it is sent and kept: written and read fast, and nothing lost that is not standard."""

from __future__ import annotations

import json
from typing import Any

import orjson

_LENIENT = json.JSONDecoder(strict=False)


def written(value: object) -> bytes:
    """Return a value as one line of JSON.

    Parameters
    ----------
    value : object
        Plain values; NumPy's count as such, NaN becomes null.

    Returns
    -------
    bytes
        UTF-8; ASCII where a string holds half a character, as hostile text may.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


def read(text: str | bytes) -> Any:
    """Return what a JSON text holds, control characters in strings and NaN allowed.

    Parameters
    ----------
    text : str or bytes
        Untrusted.

    Raises
    ------
    ValueError
        If it is no JSON; ``json.JSONDecodeError``, with the place, unless it is no UTF-8 either.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _read_leniently(text if isinstance(text, str) else text.decode())


def _read_leniently(text: str) -> Any:
    try:
        return _LENIENT.decode(text)
    except RecursionError:
        raise json.JSONDecodeError("nested too deeply", text, 0) from None
