"""What the values of a run's lines may be, as its ``run`` event says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from fjsim.arms import ARMS
from fjsim.contracts import Heard
from fjsim.records.header import LARGEST, RunHeader
from fjsim.records.lines import DamagedLineError
from fjsim.records.values import listed, positive, share, within


@dataclass(frozen=True)
class Bounds:
    """The ranges of the values in a log.

    Parameters
    ----------
    arms : frozenset of str
    options : mapping of str to int
        By question, how many options it has; 0 where the log alone does not say.
    n_agents, n_rounds, n_replicas : int
        Seats, rounds after round 0, and replicas.
    imported : bool
        Whether the log was made of a foreign one, whose beliefs may be rounded and padded.
    closed : bool
        Whether other questions than these are refused.
    """

    arms: frozenset[str] = frozenset(ARMS)
    options: Mapping[str, int] = field(default_factory=dict)
    n_agents: int = LARGEST
    n_rounds: int = LARGEST
    n_replicas: int = LARGEST
    imported: bool = False
    closed: bool = True

    def hearing(self) -> Any:
        """Return what makes a checked ``Heard`` of its fields, the same one for the same ones.

        Returns
        -------
        callable
            With the memory of ``functools.cache``, which grows until it is cleared.
        """

        def heard_in(
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
            by_option = None if option_gates is None else tuple(listed("gates", option_gates))
            heard = Heard(speaker, round, gate, weight, tampered, acting, by_option)
            self.check_heard(heard, number)
            return heard

        return lru_cache(maxsize=None, typed=True)(heard_in)

    def check_heard(self, heard: Heard, number: int) -> None:
        """Refuse what cannot have been heard in a round.

        Parameters
        ----------
        heard : Heard
            One message.
        number : int
            Round of the listener's turn.
        """
        if self._is_usual(heard, number):
            return
        within("round", number, self.n_rounds)
        within("speaker", heard.speaker, self.n_agents - 1)
        within("round of a message", heard.round, number)
        share("gate", heard.gate)
        positive("weight", heard.weight)
        if heard.acting is not None:
            share("acting gate", heard.acting)
        if len(heard.option_gates or ()) > max(self.options.values(), default=0):
            raise DamagedLineError("more gates by option than options")
        for gate in heard.option_gates or ():
            share("gate of an option", gate)
        if type(heard.tampered) is not bool:
            raise DamagedLineError("tampered is neither true nor false")

    def _is_usual(self, heard: Heard, number: int) -> bool:
        """Say at one look whether nothing is wrong with a message under one gate."""
        return (
            type(heard.speaker) is type(heard.round) is type(number) is int
            and 0 <= heard.speaker < self.n_agents
            and 0 <= heard.round <= number <= self.n_rounds
            and type(heard.gate) is type(heard.weight) is float
            and 0 <= heard.gate <= 1
            and 0 <= heard.weight < math.inf
            and heard.acting is None
            and heard.option_gates is None
            and type(heard.tampered) is bool
        )


OPEN = Bounds(closed=False)
"""What holds for a log that does not say what run it holds."""


def bounds_of(header: RunHeader) -> Bounds:
    """Return the ranges that a run sets for the values of its lines."""
    sizes = header.options or (0,) * len(header.questions)
    return Bounds(
        arms=frozenset(header.arms or ARMS),
        options=dict(zip(header.questions, sizes, strict=True)),
        n_agents=len(header.agents),
        n_rounds=header.rounds,
        n_replicas=LARGEST if header.replicas is None else header.replicas,
        imported=header.imported,
    )
