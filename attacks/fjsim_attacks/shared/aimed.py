"""What attacks have in common that are after one option per question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Attack, Power, Sight, ThreatModel
from fjsim.contracts.attacks import Opening, Plan, Trial
from fjsim.contracts.ranges import Ranges, check_ranges
from fjsim.questions import Question
from fjsim_attacks.shared.law import Assumed
from fjsim_attacks.shared.search_space import propose
from fjsim_attacks.shared.targets import (
    AFTER_ROUND0,
    TargetChoice,
    choose_target,
    most_flipped,
    wrong_options,
)


@dataclass(frozen=True)
class Aimed(Attack):
    """An adversary that is after one option on each question.

    Parameters
    ----------
    target : {'random-wrong', 'second-best', 'best', 'most-flips'}, int, letter or text
        Which option it is after.
    certainty : float, default 0.97
        Probability that is stated for the target, in (0, 1].
    assumed : Assumed
        What it takes the benign agents for where it reasons with the law.
    """

    ranges: ClassVar[Ranges] = {"certainty": "(0, 1]"}

    target: TargetChoice = "random-wrong"
    certainty: float = 0.97
    assumed: Assumed = field(default_factory=Assumed)

    def __post_init__(self) -> None:
        """Refuse parameters outside their ranges, those of subclasses included."""
        check_ranges("attack", self)

    @property
    def threat(self) -> ThreatModel:
        """What the idea needs, and what its target needs besides."""
        sees, may = self._sees, self._may
        if self.waits_for_round0:
            sees, may = sees | {Sight.BELIEFS}, may | {Power.OUT_OF_TURN}
        if self.target == "most-flips":
            sees = sees | {Sight.GRAPH}
        return ThreatModel(sees, may)

    @property
    def _sees(self) -> frozenset[Sight]:
        """What the idea itself has to see."""
        return frozenset()

    @property
    def _may(self) -> frozenset[Power]:
        """What the idea itself has to be allowed."""
        return frozenset()

    @property
    def waits_for_round0(self) -> bool:
        """Whether the target depends on the benign agents' first beliefs."""
        return self.target in AFTER_ROUND0

    def pick_target(
        self, question: Question, benign: Array | None, rng: np.random.Generator
    ) -> int:
        """Return the option that ``target`` means on this question."""
        return choose_target(self.target, question, benign, rng)

    def plan(self, opening: Opening, rng: np.random.Generator) -> Plan:
        """Go for the target; where the one given is right, there is nothing to attack."""
        if self.target == "most-flips" and opening.innate is not None:
            best = most_flipped(
                opening,
                self._speakers(opening),
                self.certainty,
                self.assumed,
                wrong_options(opening.question),
            )
            return Plan(best.target)
        target = self.pick_target(opening.question, opening.benign, rng)
        return Plan(target, active=() if target == opening.question.key else None)

    def _speakers(self, opening: Opening) -> Sequence[int]:
        """Return the seats whose statements it decides."""
        return opening.seats

    @classmethod
    def respond(
        cls, tried: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> tuple[Mapping[str, object], ...]:
        """Return parameters worth trying next, out of what the attack declares as searched."""
        return propose(cls.searched, tried, count, rng)
