"""One turn: what an agent said, what it had heard, and what the asking cost.

Records are named tuples: nobody changes one, and a long log of them is built in half the time that
frozen dataclasses take.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from fjsim.contracts import Arm, Heard, Validity

_OPTIONAL = (
    "answer",
    "belief",
    "stated_belief",
    "confidence",
    "text",
    "reason",
    "problem",
    "mass",
    "kept",
    "prompt_hash",
    "shared",
    "at",
)


_VALIDITIES = {str(validity): validity for validity in Validity}


class TurnKey(NamedTuple):
    """Which turn it is; a run holds exactly one per key."""

    arm: Arm
    question: str
    replica: int
    round: int
    agent: int


class Cost(NamedTuple):
    """What the asking took, attempts and repairs together."""

    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    calls: int = 0
    cached_calls: int = 0
    attempts: int = 0
    latency: float = 0.0
    finish_reason: str = ""


class Turn(NamedTuple):
    """One turn of one agent.

    Parameters
    ----------
    arm, question, replica, round, agent
        Which turn it is.
    text : str
        The raw accepted reply; empty for agents without a model.
    reason : str
        The argument in it.
    answer : int or None
        The stated answer.
    belief : tuple of float or None
        The accepted belief: what metrics and fits use.
    stated_belief : tuple of float or None
        What was stated; differs from ``belief`` in the ``blend`` channel only.
    confidence : float or None
        Stated confidence.
    validity : Validity
        Whether there is a belief.
    problem : str
        Why it is missing, or what was repaired.
    mass : float or None
        Probability on option letters, where the belief was read off log-probabilities.
    kept : tuple of float or None
        Share of the stated belief that a defense's ``blend`` channel accepted, one number or one
        per option; None where all of it was.
    heard : tuple of Heard
        What was sent to the agent before it spoke; `reached` leaves out what was kept back.
    prompt_hash : str
        Of the whole chat that was sent.
    shared : bool
        Whether it was asked once for both arms and stands here as a copy: costs nothing.
    cost : Cost
        What the asking took.
    at : float
        Unix time at which it was accepted; for people, never for logic.
    """

    arm: Arm
    question: str
    replica: int
    round: int
    agent: int
    validity: Validity
    answer: int | None = None
    belief: tuple[float, ...] | None = None
    stated_belief: tuple[float, ...] | None = None
    confidence: float | None = None
    text: str = ""
    reason: str = ""
    problem: str = ""
    mass: float | None = None
    kept: tuple[float, ...] | None = None
    heard: tuple[Heard, ...] = ()
    prompt_hash: str = ""
    shared: bool = False
    cost: Cost = Cost()
    at: float = 0.0

    @property
    def key(self) -> TurnKey:
        """Which turn it is."""
        return TurnKey(self.arm, self.question, self.replica, self.round, self.agent)

    @property
    def reached(self) -> tuple[Heard, ...]:
        """What was delivered to the agent before it spoke."""
        return tuple(heard for heard in self.heard if heard.acting != 0)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for one line of the event log; what is at its default is left out."""
        values: dict[str, Any] = {"arm": self.arm, "question": self.question}
        values |= {"replica": self.replica, "round": self.round, "agent": self.agent}
        values["validity"] = str(self.validity)
        for name in _OPTIONAL:
            value = getattr(self, name)
            if not (value is None or value is False or value == ""):
                values[name] = value
        if self.heard:
            values["heard"] = [_heard(heard) for heard in self.heard]
        values["cost"] = plain_cost(self.cost)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Turn:
        """Return the turn of one line of the event log."""
        plain = dict(values)
        belief, stated = plain.get("belief"), plain.get("stated_belief")
        if belief is not None:
            plain["belief"] = tuple(belief)
        if stated is not None:
            # One object for both, where they are equal: a long log holds few others.
            plain["stated_belief"] = plain["belief"] if stated == belief else tuple(stated)
        if plain.get("kept") is not None:
            plain["kept"] = tuple(plain["kept"])
        plain["question"] = sys.intern(plain["question"])
        plain["validity"] = _VALIDITIES[plain["validity"]]
        plain["heard"] = tuple([_heard_from(heard) for heard in plain.get("heard", ())])
        plain["cost"] = Cost(**plain.get("cost", {}))
        return cls(**plain)

    def essence(self) -> tuple[Any, ...]:
        """Return what two equal runs share: no attempts, latency, times, cached flag."""
        return (
            self.key,
            self.validity,
            self.answer,
            self.belief,
            self.stated_belief,
            self.kept,
            self.confidence,
            self.text,
            self.heard,
            self.prompt_hash,
        )


shared_heard = lru_cache(maxsize=65536, typed=True)(Heard)
"""Make a ``Heard``, the same one again for the same fields: every turn holds several alike."""


def _heard(heard: Heard) -> dict[str, Any]:
    values: dict[str, Any] = {"speaker": heard.speaker, "round": heard.round}
    if heard.gate != 1.0:
        values["gate"] = heard.gate
    if heard.weight != 1.0:
        values["weight"] = heard.weight
    if heard.tampered:
        values["tampered"] = True
    if heard.acting is not None:
        values["acting"] = heard.acting
    if heard.option_gates is not None:
        values["option_gates"] = heard.option_gates
    return values


def _heard_from(values: Mapping[str, Any]) -> Heard:
    get = values.get
    by_option = get("option_gates")
    return shared_heard(
        values["speaker"],
        values["round"],
        get("gate", 1.0),
        get("weight", 1.0),
        get("tampered", False),
        get("acting"),
        None if by_option is None else tuple(by_option),
    )


def plain_cost(cost: Cost) -> dict[str, Any]:
    """Return the fields of a cost that are not at their default."""
    return {name: given for name, default in _FREE if (given := getattr(cost, name)) != default}


_FREE = tuple(Cost._field_defaults.items())
