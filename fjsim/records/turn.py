"""One turn: what an agent said, what it had heard, and what the asking cost.

Records are named tuples: nobody changes one, and a long log of them is built in half the time that
frozen dataclasses take.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
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
    "exposure",
    "unreadable",
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
        Hash of the whole chat that was sent.
    shared : bool
        Whether it was asked once for both arms and stands here as a copy: costs nothing.
    cost : Cost
        What the asking took.
    at : float
        Unix time at which it was accepted; for people, never for logic.
    exposure : tuple of float or None
        In an imported log: the mean of what the agent had heard, where that is what it records.
    unreadable : tuple of str
        The beginnings of replies that could not be read, whether or not a repair helped; untrusted,
        and in no prompt.
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
    exposure: tuple[float, ...] | None = None
    unreadable: tuple[str, ...] = ()

    @property
    def key(self) -> TurnKey:
        """Which turn it is."""
        return tuple.__new__(TurnKey, self[:5])

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
            if not (value is None or value is False or value == "" or value == ()):
                values[name] = value
        if self.heard:
            values["heard"] = [_heard(heard) for heard in self.heard]
        values["cost"] = plain_cost(self.cost)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], hear: Callable[..., Heard] | None = None) -> Turn:
        """Return the turn of one line of the event log; unknown keys are ignored.

        Parameters
        ----------
        values : mapping
            As they stand in the line; no value is checked here but the validity.
        hear : callable, optional
            Called with the round and the fields of each message; makes a ``Heard`` of them.
        """
        get, number = values.get, values["round"]
        belief, stated = get("belief"), get("stated_belief")
        if belief is not None:
            # One object for both, where they are equal: a long log holds few others.
            same = stated == belief
            belief = tuple(belief)
            stated = belief if same else stated
        kept, exposure = get("kept"), get("exposure")
        # A named tuple's own constructor would take a fifth of the time that reading takes.
        return tuple.__new__(
            cls,
            (
                values["arm"],
                sys.intern(values["question"]),
                values["replica"],
                number,
                values["agent"],
                _VALIDITIES[values["validity"]],
                get("answer"),
                belief,
                stated if stated is None or stated is belief else tuple(stated),
                get("confidence"),
                get("text", ""),
                get("reason", ""),
                get("problem", ""),
                get("mass"),
                None if kept is None else tuple(kept),
                _all_heard(number, get("heard"), hear or heard_in),
                get("prompt_hash", ""),
                get("shared", False),
                cost_of(get("cost")),
                get("at", 0.0),
                None if exposure is None else tuple(exposure),
                tuple(get("unreadable", ())),
            ),
        )

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
            self.exposure,
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


def _all_heard(number: int, given: Any, hear: Callable[..., Heard]) -> tuple[Heard, ...]:
    if not given:
        return ()
    try:
        return tuple([hear(number, **values) for values in given])
    except TypeError:
        # A list inside, as gates by option are, has no place in the memory of `hear`.
        plain = getattr(hear, "__wrapped__", hear)
        return tuple([plain(number, **values) for values in given])


def _heard_in(
    number: int,
    /,
    speaker: int,
    round: int,
    gate: float = 1.0,
    weight: float = 1.0,
    tampered: bool = False,
    acting: float | None = None,
    option_gates: list[float] | None = None,
    **newer: Any,
) -> Heard:
    """Make the record of one message from its fields in a line; unknown keys are ignored."""
    by_option = None if option_gates is None else tuple(option_gates)
    return Heard(speaker, round, gate, weight, tampered, acting, by_option)


heard_in = lru_cache(maxsize=65536, typed=True)(_heard_in)


def cost_of(values: Mapping[str, Any] | None) -> Cost:
    """Return the cost that stands in a line; unknown keys are ignored."""
    if not values:
        return _NOTHING
    get = values.get
    return tuple.__new__(
        Cost,
        (
            get("model", ""),
            get("tokens_in", 0),
            get("tokens_out", 0),
            get("tokens_cached", 0),
            get("calls", 0),
            get("cached_calls", 0),
            get("attempts", 0),
            get("latency", 0.0),
            get("finish_reason", ""),
        ),
    )


def plain_cost(cost: Cost) -> dict[str, Any]:
    """Return the fields of a cost that are not at their default."""
    return {name: given for name, default in _FREE if (given := getattr(cost, name)) != default}


_FREE = tuple(Cost._field_defaults.items())
_NOTHING = Cost()
