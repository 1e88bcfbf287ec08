"""A casting vote: what a voter from outside the team answered, asked once for all arms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fjsim.records.turn import Cost, cost_of, plain_cost

CASTING_SEAT = 1_000_000
"""Stands for the first casting voter wherever seats are numbered: no team is so large."""


class CastingKey(NamedTuple):
    """Which casting vote it is; a run holds at most one per key."""

    question: str
    replica: int
    voter: int


@dataclass(frozen=True, slots=True)
class CastVote:
    """What one voter from outside the team answered, alone.

    It knows nothing of the team, so that both arms use the same vote; there is one only where an
    arm asked for it.

    Parameters
    ----------
    question, replica, voter
        Which vote it is.
    answer : int or None
        The option voted for; None where no valid reply came, or it favoured none.
    text : str
        The raw accepted reply; empty for a voter that was drawn.
    problem : str
        Why it is missing, or what was repaired.
    prompt_hash : str
        Hash of the whole chat that was sent.
    cost : Cost
        What the asking took.
    """

    question: str
    replica: int
    voter: int
    answer: int | None
    text: str = ""
    problem: str = ""
    prompt_hash: str = ""
    cost: Cost = field(default_factory=Cost)

    @property
    def key(self) -> CastingKey:
        """Which casting vote it is."""
        return CastingKey(self.question, self.replica, self.voter)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for one line of the event log; empty texts are left out."""
        values: dict[str, Any] = {"question": self.question, "replica": self.replica}
        values |= {"voter": self.voter, "answer": self.answer}
        texts = {"text": self.text, "problem": self.problem, "prompt_hash": self.prompt_hash}
        values |= {name: text for name, text in texts.items() if text}
        return {**values, "cost": plain_cost(self.cost)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CastVote:
        """Return the vote of one line of the event log; unknown keys are ignored."""
        return cls(
            question=values["question"],
            replica=values["replica"],
            voter=values["voter"],
            answer=values["answer"],
            text=values.get("text", ""),
            problem=values.get("problem", ""),
            prompt_hash=values.get("prompt_hash", ""),
            cost=cost_of(values.get("cost")),
        )
