"""Data inside a page: JSON that cannot end its element, and compressed blocks of it."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from fjsim.foreign_text import printable, shortened

LONGEST_TEXT = 20_000
"""Characters of one text that a page holds; the log holds all of it."""
UNSAFE = "<>&\u2028\u2029"


def said(text: object, most: int = LONGEST_TEXT) -> str:
    """Return a text that others wrote as a page shows it: printable, and not without end.

    Parameters
    ----------
    text : object
        Untrusted; None becomes an empty string.
    most : int
        How many characters are kept.
    """
    words = "" if text is None else str(text)
    kept = printable(words[: most + 1])
    if len(words) <= most:
        return kept
    return f"{shortened(kept, most)} [cut: {len(words)} characters in the log]"


def plain_json(values: Any) -> str:
    r"""Return values as JSON that cannot end the element that it stands in.

    Parameters
    ----------
    values : object
        What `json.dumps` takes; no NaN.

    Examples
    --------
    >>> plain_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    written = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in UNSAFE:
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return written


def block(name: str, values: Any) -> str:
    """Return an element with compressed JSON; the browser reads it when it is asked for.

    Parameters
    ----------
    name : str
        Its id; ours, never a text of others.
    values : object
        As in `plain_json`.
    """
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    raw = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    packed = packer.compress(raw.encode("utf-8", "replace")) + packer.flush()
    written = base64.b64encode(packed).decode()
    return f'<script type="application/octet-stream" id="{name}">{written}</script>\n'


def unpacked(written: str) -> Any:
    """Return the values of a block's text; what the browser does, for tests and for people."""
    return json.loads(zlib.decompress(base64.b64decode(written), -zlib.MAX_WBITS))
