"""JSON as it is sent and kept: written and read fast, and nothing lost that is not standard."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

HALF = "\ufffd"
"""What stands in the place of half a character: Unicode's replacement character."""

DEEP = "nested too deeply"
"""What a refusal says of bottomless nesting."""

_HALF = re.compile("[\ud800-\udfff]")
_HALF_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
"""What no text lacks in which an escape is half a character."""
# A match runs on to the next half or to the end: it never fails, so no character is read twice
# and a backslash is always read with what it escapes.
_UP_TO_A_HALF = re.compile(
    r"""(
        (?: [^\\]++
          | \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}
          | \\(?!u[dD][89a-fA-F][0-9a-fA-F]{2}).?
        )*+
    )
    (?: (\\u[0-9a-fA-F]{4}) | \Z )
    """,
    re.DOTALL | re.VERBOSE,
)


_LONG_NUMBER = re.compile("[0-9]{19}")


def _integer(digits: str) -> int | float:
    # Python refuses to read thousands of digits, and what follows could not use them anyway.
    if len(digits) > len(str(-(2**63))):
        return float(digits)
    value = int(digits)
    return value if -(2**63) <= value < 2**64 else float(value)


_LENIENT = json.JSONDecoder(strict=False)
_CAREFUL = json.JSONDecoder(strict=False, parse_int=_integer)


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


def plain(value: Any) -> Any:
    """Return what strict JSON can hold: arrays as lists, NumPy's numbers as numbers, NaN as None.

    Parameters
    ----------
    value : object
        Mappings, sequences, sets and arrays of plain values, nested as they may be.

    Examples
    --------
    >>> plain({1: (0.5, float("nan"))})
    {'1': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def whole(text: str) -> str:
    r"""Return a text in which half a character (a lone surrogate) is U+FFFD.

    Such a half cannot be written to a file or a database; cut emoji leave some behind.

    Parameters
    ----------
    text : str
        Untrusted.

    Examples
    --------
    >>> whole("cut \ud83d") == "cut \ufffd"
    True
    """
    return text if text.isascii() else _HALF.sub(HALF, text)


def read(text: str | bytes) -> Any:
    """Return what a JSON text holds, control characters in strings and NaN allowed.

    Parameters
    ----------
    text : str or bytes
        Untrusted.

    Returns
    -------
    object
        Half a character in a string is U+FFFD; an integer beyond 64 bits is the nearest float,
        which may be infinite.

    Raises
    ------
    ValueError
        If it is no JSON; ``json.JSONDecodeError``, with the place, unless it is no UTF-8 either.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return read_mended(mended(text if isinstance(text, str) else text.decode()))


read_strictly: Callable[[str | bytes], Any] = orjson.loads
"""Return what a standard JSON text holds; ``ValueError`` for any other, which `read` may allow."""


def mended(text: str) -> str:
    """Return a JSON text in which neither characters nor escapes are half a character.

    Parameters
    ----------
    text : str
        Untrusted; what stands around the JSON may be prose.
    """
    text = whole(text)
    if _HALF_ESCAPE.search(text) is None:
        return text
    return _UP_TO_A_HALF.sub(lambda run: run[1] + HALF if run[2] else run[0], text)


def decoder(text: str) -> json.JSONDecoder:
    """Return what decodes a text as `read` does, if it stands there as `mended` has it."""
    # Integers are read many times slower where each is looked at.
    return _CAREFUL if _LONG_NUMBER.search(text) else _LENIENT


def read_mended(text: str) -> Any:
    """Return what a text holds as `read` does, if it stands there as `mended` has it.

    Raises
    ------
    json.JSONDecodeError
        If it is no JSON, or nested too deeply.
    """
    try:
        return decoder(text).decode(text)
    except RecursionError:
        raise json.JSONDecodeError(DEEP, text, 0) from None
