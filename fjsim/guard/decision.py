"""What a guard decided about one message, why, and how a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

IN_FULL = 1 - 1e-9
NOT_AT_ALL = 1e-9
PLACES = 2


@dataclass(frozen=True, slots=True)
class Decision:
    """How much one member should listen to another, and the facts behind it.

    Parameters
    ----------
    question : str
    listener, speaker : str
        By the team's names.
    round : int
        Round of the statement that was judged.
    gate : float
        What the defense multiplies the speaker's weight by, in [0, 1].
    applied : float
        What the team was told to apply: the gate, or 1 in shadow mode.
    reason : str
        What was on record: the two answers and how many first answers backed each.
    """

    question: str
    listener: str
    speaker: str
    round: int
    gate: float
    applied: float
    reason: str

    @property
    def verdict(self) -> str:
        """``'heard'``, ``'held back'`` (in part) or ``'shut out'``."""
        if self.gate >= IN_FULL:
            return "heard"
        return "held back" if self.gate > NOT_AT_ALL else "shut out"

    def __str__(self) -> str:
        shadow = "" if self.applied == self.gate else ", observed only"
        return (
            f"{self.speaker} -> {self.listener}: {self.verdict} "
            f"(weight {self.gate:.{PLACES}f}{shadow}); {self.reason}"
        )


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a guard makes of a question; prints as sentences.

    Parameters
    ----------
    question : str
    defense : str
        Name of the defense.
    shadow : bool
        Whether the guard only observes.
    decisions : tuple of Decision
        One for each listener and speaker whose last statement is on record.
    """

    question: str
    defense: str
    shadow: bool
    decisions: tuple[Decision, ...]

    def __iter__(self) -> Iterator[Decision]:
        return iter(self.decisions)

    def __len__(self) -> int:
        return len(self.decisions)

    @property
    def held_back(self) -> tuple[Decision, ...]:
        """Decisions other than to listen in full."""
        return tuple(one for one in self.decisions if one.verdict != "heard")

    def __str__(self) -> str:
        name = f"question {self.question!r}, " if self.question else ""
        mode = " (shadow: nothing is changed)" if self.shadow else ""
        if not self.held_back:
            return f"{name}{self.defense}{mode}: everybody is heard in full."
        head = (
            f"{name}{self.defense}{mode}: {len(self.held_back)} of {len(self.decisions)} "
            "messages are not heard in full."
        )
        return "\n".join([head, *(f"  {one}" for one in self.held_back)])
