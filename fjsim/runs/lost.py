"""Why turns went missing, and what to do about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from fjsim.records import Turn

FIRST = 20
"""Turns that are missing for one reason before anything else came: then it is said at once."""

CHOOSE = "this model cannot state distributions: try --elicitation choice"

_KINDS: tuple[tuple[str, str, str], ...] = (
    ("cut off at the length limit", "it was cut off at the length limit", "max_tokens"),
    ("log-probability|label of an option", "labels lack log-probabilities", "labels"),
    ("probabilit|belief needs|a belief ", "the belief is no distribution", "choice"),
    (
        "JSON|the field |several|answer is|must be|too many braces|be shorter|it is nested",
        "it is not in the form asked for",
        "choice",
    ),
)
_ADVICE = {
    "max_tokens": "raise it: --set sampling.max_tokens=2048",
    "labels": "use a server that names more alternatives, fewer options, or --elicitation stated",
    "choice": CHOOSE,
    "server": "fjsim doctor --base-url URL says what the server does",
}
_UNREACHED = re.compile(r"no reply|timed? ?out|attempt|HTTP|status|connect|server", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lost:
    """Turns that are missing for one reason.

    Parameters
    ----------
    why : str
        The reason, in our words.
    turns : int
        How many turns.
    advice : str
        What to do; empty where nothing is known to help.
    """

    why: str
    turns: int
    advice: str


def reason_of(problem: str, channel: str = "stated") -> tuple[str, str]:
    """Return why one turn is missing, and what to do.

    Parameters
    ----------
    problem : str
        From the turn; the last attempt counts.
    channel : str
        How beliefs were asked for.
    """
    last = problem.rpartition("; then ")[2]
    if _UNREACHED.match(last):
        return "the server gave no reply", _ADVICE["server"]
    for pattern, why, key in _KINDS:
        if re.search(pattern, last):
            useless = key == "choice" and channel == "choice"
            return why, "" if useless else _ADVICE[key]
    return "the server gave no reply", _ADVICE["server"]


def lost(turns: Iterable[Turn], channel: str) -> list[Lost]:
    """Return why turns are missing, the commonest reason first.

    Parameters
    ----------
    turns : iterable of Turn
        All of a run; copies of the other arm's round 0 count once more, as in its share.
    channel : str
        How beliefs were asked for.
    """
    counted = Counter(
        reason_of(turn.problem, channel) for turn in turns if turn.validity == "missing"
    )
    return [Lost(why, n, advice) for (why, advice), n in counted.most_common()]


class EarlyWarning:
    """Tells when the first turns of a session are all missing for one reason.

    Parameters
    ----------
    channel : str
        How beliefs are asked for.
    """

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._seen: list[tuple[str, str]] | None = []

    def see(self, turn: Turn) -> str:
        """Take a new turn; return what to say of it, empty almost always."""
        if self._seen is None or turn.shared:
            return ""
        if turn.validity != "missing":
            self._seen = None
            return ""
        self._seen.append(reason_of(turn.problem, self._channel))
        if len(set(self._seen)) > 1:
            self._seen = None
            return ""
        if len(self._seen) < FIRST:
            return ""
        why, advice = self._seen[0]
        self._seen = None
        return f"the first {FIRST} turns are all missing: {why}" + (f"; {advice}" if advice else "")
