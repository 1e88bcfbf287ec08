"""What can go wrong with one request, told apart by what to do about it."""

from __future__ import annotations

from enum import StrEnum

from fjsim.confidential import hide_keys
from fjsim.errors import BackendError, BackendRefusedError
from fjsim.foreign_text import shortened

MAX_WORDS = 500
"""How many characters of a server's words an error repeats."""


class FaultKind(StrEnum):
    """Why one request has no reply, though another may have."""

    RATE_LIMIT = "rate limit"
    SERVER_ERROR = "server error"
    DISCONNECT = "disconnect"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    GARBAGE = "garbage"
    RENEGOTIATED = "renegotiated"


class TransientError(BackendError):
    """One request went wrong in a way that the next may not.

    A backend raises it to be asked again by the retry wrapper; it never leaves the wrappers.

    Parameters
    ----------
    kind : FaultKind
        What went wrong.
    message : str
        One line for people.
    retry_after : float or None
        Seconds that the server asked to wait; None where it did not say.
    """

    def __init__(self, kind: FaultKind, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after


class RefusalError(BackendRefusedError):
    """The server said no to one request.

    Parameters
    ----------
    status : int
        HTTP status, 400 to 499.
    message : str
        The server's words.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def server_words(text: object, secret: str = "") -> str:
    """Return what a server said as one short printable line without the key.

    Parameters
    ----------
    text : object
        As received; untrusted.
    secret : str
        Key to blot out wherever the server repeats it.
    """
    try:
        words = str(text)
    except RecursionError:
        words = "(nested too deeply to be shown)"
    if secret:
        words = words.replace(secret, "[key]")
    # Cut only after the key is out, or a half of it might stay; whole pages are not searched.
    plain = (letter if letter.isprintable() else " " for letter in words[: 8 * MAX_WORDS])
    words = " ".join("".join(plain).split())
    return shortened(hide_keys(words), MAX_WORDS)
