"""Words that others wrote, made fit for a terminal and for a message of one line."""

from __future__ import annotations

import reprlib
import unicodedata
from collections.abc import Mapping

from fjsim.confidential import HIDDEN, hide_keys, is_secret_name

LONGEST_VALUE = 120
"""How many characters of a value a message repeats."""


def printable(text: str) -> str:
    r"""Return a text without control, format and direction characters; line feeds stay.

    Parameters
    ----------
    text : str
        Untrusted. Unusual blanks and tabs become blanks, everything else that does not show is
        taken out, so that the text can neither steer a terminal nor stand in another order.

    Examples
    --------
    >>> printable("a\x1b[2J\u202eb")
    'a[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character == "\n" or character.isprintable():
        return character
    return " " if character.isspace() and unicodedata.category(character) in ("Zs", "Cc") else ""


def shortened(text: str, most: int) -> str:
    """Return a text cut to so many characters, with an ellipsis where something is missing."""
    return text if len(text) <= most else text[: most - 1] + "…"


def shown(value: object) -> str:
    """Return a value as a message repeats it: short, printable, on one line, without keys.

    Parameters
    ----------
    value : object
        What somebody gave; any size and depth.

    Examples
    --------
    >>> shown({"seat": "hub"}), shown({"password": "open"})
    ("{'seat': 'hub'}", "{'password': '[hidden]'}")
    """
    return shortened(hide_keys(printable(_SHORT.repr(_without_secrets(value)))), LONGEST_VALUE)


def _without_secrets(value: object, depth: int = 0) -> object:
    if isinstance(value, Mapping) and depth < _SHORT.maxlevel:
        few = list(value.items())[: _SHORT.maxdict + 1]
        return {
            name: HIDDEN if is_secret_name(str(name)) else _without_secrets(inner, depth + 1)
            for name, inner in few
        }
    if isinstance(value, (list, tuple)) and depth < _SHORT.maxlevel:
        kept = [_without_secrets(inner, depth + 1) for inner in value[: _SHORT.maxlist + 1]]
        return kept if isinstance(value, list) else tuple(kept)
    if isinstance(value, str):
        # Hidden before it is cut: the rest of a key that was cut would not look like one.
        return hide_keys(value[:2000])
    return value


class _Short(reprlib.Repr):
    """A repr whose cost does not grow with the value."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = 8
        self.maxstring = self.maxother = LONGEST_VALUE

    def repr_int(self, x: int, level: int) -> str:
        """Return a number, or only its size where it is absurd."""
        bits = x.bit_length()
        return repr(x) if bits < 200 else f"<a number of about {bits * 3 // 10} digits>"


_SHORT = _Short()
