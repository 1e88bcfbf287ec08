"""When an adversary is hostile: always, late, in phases, or little by little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from fjsim.beliefs import Array, certain
from fjsim.contracts import Sight, Stance, View
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_attacks.shared.search_space import SCHEDULE
from fjsim_attacks.shared.seated import Seated

HonestAs = Literal["key", "ordinary"]


@register("attack", "schedule")
@dataclass(frozen=True)
class Schedule(Seated):
    """Be honest on some questions and in some rounds, and hostile on the rest.

    ``sleeper``, ``on-off``, ``duty-cycle`` and ``slow-drift`` are presets of it; its own
    defaults are hostile always.

    Parameters
    ----------
    seat, n_seats, target, certainty, stubbornness, persuasiveness, assumed
        See `Stubborn`.
    honest_questions : int or None, default None
        How many questions of the seeded order come first, in which it is honest; None for the
        run's warm-up.
    honest_phase, hostile_phase : int, default 0 and 1
        From then on, so many questions honest, then so many hostile, and again.
    honest_rounds : int, default 0
        Rounds of a hostile question in which it is still honest, round 0 counted.
    drift_rounds : int, default 0
        Rounds over which it then moves from the honest belief to its target in equal steps.
    honest_as : {'key', 'ordinary'}, default 'key'
        What honest means: states the right option, or plays the turn that an ordinary agent in
        that seat would play (and drifts from an even belief, as it knows no better).
    honest_certainty : float, default 0.6
        What it states for the right option, in (0, 1].

    Notes
    -----
    Sees the key where honest means right; on a question without key it plays ordinary turns
    then. Changes nothing but what it says itself. Numeric and scripted seats do all of it.

    References
    ----------
    .. [1] Y. Sun, Z. Han and K. J. R. Liu, "Defense of Trust Management Vulnerabilities in
       Distributed Networks", IEEE Communications Magazine 46(2), 2008,
       doi:10.1109/MCOM.2008.4473092 (conflicting and on-off behaviour against trust).
    .. [2] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (the adaptive attack).
    """

    ranges: ClassVar[Ranges] = {
        "honest_phase": ">= 0",
        "honest_rounds": ">= 0",
        "drift_rounds": ">= 0",
        "hostile_phase": ">= 1",
        "honest_questions": ">= 0",
        "honest_certainty": "(0, 1]",
    }

    searched = SCHEDULE

    honest_questions: int | None = None
    honest_phase: int = 0
    hostile_phase: int = 1
    honest_rounds: int = 0
    drift_rounds: int = 0
    honest_as: HonestAs = "key"
    honest_certainty: float = 0.6

    @property
    def _sees(self) -> frozenset[Sight]:
        return frozenset({Sight.KEY}) if self.honest_as == "key" else frozenset()

    def attacks_on(self, order: int, warmup: int) -> bool:
        """Return whether the question at that place falls into a hostile phase."""
        first = warmup if self.honest_questions is None else self.honest_questions
        place = order - first
        return place >= 0 and place % (self.honest_phase + self.hostile_phase) >= self.honest_phase

    def position(self, seat: int, view: View) -> Stance | None:
        """Return the honest turn, the hostile one, or a step between them."""
        share = self._hostile_share(view)
        if share <= 0:
            return self._honest(view)
        if share >= 1:
            return self.hostile(view)
        hostile = certain(view.target, view.question.n_options, self.certainty)
        belief = (1 - share) * self._honest_belief(view) + share * hostile
        return Stance(int(np.argmax(belief)), belief, "medium")

    def _hostile_share(self, view: View) -> float:
        if not self.attacks_on(view.order, view.warmup) or view.round < self.honest_rounds:
            return 0.0
        if self.drift_rounds == 0:
            return 1.0
        return min(1.0, (view.round - self.honest_rounds) / self.drift_rounds)

    def _honest(self, view: View) -> Stance | None:
        key = view.question.key
        if key is None or self.honest_as == "ordinary":
            return None
        return Stance(key, self._honest_belief(view), "medium")

    def _honest_belief(self, view: View) -> Array:
        key, n_options = view.question.key, view.question.n_options
        if key is None:
            return np.full(n_options, 1 / n_options)
        return certain(key, n_options, self.honest_certainty)
