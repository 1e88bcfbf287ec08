"""How confident a listener found the speakers, from a separate probe that no agent hears of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fjsim.contracts import Arm
from fjsim.records.turn import Cost, cost_of, plain_cost


class ProbeKey(NamedTuple):
    """Which probe it is; a run holds exactly one per key."""

    arm: Arm
    question: str
    replica: int
    agent: int


@dataclass(frozen=True, slots=True)
class Probe:
    """How sure one listener found each speaker after round 0.

    Parameters
    ----------
    arm, question, replica, agent
        Which probe it is.
    perceived : mapping of int to float
        By speaker, in [0, 1]; empty where no valid reply came.
    problem : str
        Why it is missing, or what was repaired.
    cost : Cost
        What the asking took.
    """

    arm: Arm
    question: str
    replica: int
    agent: int
    perceived: Mapping[int, float]
    problem: str = ""
    cost: Cost = field(default_factory=Cost)

    @property
    def key(self) -> ProbeKey:
        """Which probe it is."""
        return ProbeKey(self.arm, self.question, self.replica, self.agent)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for one line of the event log."""
        values: dict[str, Any] = {"arm": self.arm, "question": self.question}
        values |= {"replica": self.replica, "agent": self.agent}
        values["perceived"] = {str(speaker): sure for speaker, sure in self.perceived.items()}
        if self.problem:
            values["problem"] = self.problem
        return {**values, "cost": plain_cost(self.cost)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Probe:
        """Return the probe of one line of the event log; unknown keys are ignored."""
        return cls(
            arm=values["arm"],
            question=values["question"],
            replica=values["replica"],
            agent=values["agent"],
            perceived={int(name): sure for name, sure in values["perceived"].items()},
            problem=values.get("problem", ""),
            cost=cost_of(values.get("cost")),
        )
