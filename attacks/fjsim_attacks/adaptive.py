"""An adversary that reasons with the law, anew on every question."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice
from typing import ClassVar

import numpy as np

from fjsim.contracts import Sight
from fjsim.contracts.attacks import Opening, Plan
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_attacks.shared.search_space import ADAPTIVE
from fjsim_attacks.shared.seated import Seated
from fjsim_attacks.shared.seating import SeatChoice
from fjsim_attacks.shared.targets import Prospect, TargetChoice, most_flipped, wrong_options

MOST_SUBSETS = 500
"""Sets of active seats that are tried per question."""


@register("attack", "adaptive")
@dataclass(frozen=True)
class Adaptive(Seated):
    """Choose seats and target from the theory: most flips for a budget, planned anew each question.

    Parameters
    ----------
    seat : {'hub', 'leaf', 'random', 'optimal'}, int or list of int, default 'optimal'
        Which seats it holds; by default those from which the law says that it moves most.
    n_seats : int, default 1
        How many seats it holds.
    budget : int or None, default None
        How many of them attack on one question, the others being honest: the set is chosen per
        question; None for all.
    least_flips : int, default 0
        It attacks only where the law expects at least so many flips, and is honest on the other
        questions, which keeps its reputation for those that are worth it.
    target : {'most-flips', 'best', 'second-best', ...}, default 'most-flips'
        Which option it is after, see `Stubborn`.
    certainty, stubbornness, persuasiveness, assumed
        See `Stubborn`.

    Notes
    -----
    Sees the graph and the others' round-0 beliefs, after which it speaks. For every set of seats
    within the budget and every wrong option it plays the law out over the rounds of the run, with
    the stubbornness and self-weight that it assumes, and takes the pair with most benign agents
    brought to the target, by summed belief among equals. The number of flips is not submodular,
    so the sets are tried one by one (at most 500). What a defense will do is not part of its
    theory. Numeric and scripted seats do all of it.

    References
    ----------
    .. [1] J. Gaitonde, J. Kleinberg and E. Tardos, "Adversarial Perturbations of Opinion Dynamics
       in Networks", EC 2020, arXiv:2003.07010 (an adversary that optimises against
       Friedkin-Johnsen dynamics).
    .. [2] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809.
    """

    ranges: ClassVar[Ranges] = {"budget": ">= 1", "least_flips": ">= 0"}

    searched = ADAPTIVE

    seat: SeatChoice = "optimal"
    target: TargetChoice = "most-flips"
    budget: int | None = None
    least_flips: int = 0

    @property
    def _sees(self) -> frozenset[Sight]:
        return frozenset({Sight.GRAPH, Sight.BELIEFS})

    @property
    def waits_for_round0(self) -> bool:
        """Always: it plans from the others' first beliefs."""
        return True

    def plan(self, opening: Opening, rng: np.random.Generator) -> Plan:
        """Try every set of seats within the budget, and keep quiet where it is not worth it."""
        if opening.innate is None or opening.influence is None or not opening.seats:
            return super().plan(opening, rng)
        size = min(self.budget or len(opening.seats), len(opening.seats))
        sets = islice(combinations(opening.seats, size), MOST_SUBSETS)
        only = self._only(opening, rng)
        prospects = {active: self._prospect(opening, active, only) for active in sets}
        active = max(prospects, key=lambda some: (prospects[some].flips, prospects[some].belief))
        best = prospects[active]
        worthwhile = best.flips >= self.least_flips and best.target != opening.question.key
        return Plan(best.target, active if worthwhile else ())

    def _only(self, opening: Opening, rng: np.random.Generator) -> int | None:
        """Return the one option that it may be after, where the theory does not choose it."""
        if self.target == "most-flips":
            return None
        return self.pick_target(opening.question, opening.benign, rng)

    def _prospect(self, opening: Opening, active: tuple[int, ...], only: int | None) -> Prospect:
        targets = wrong_options(opening.question) if only is None else [only]
        return most_flipped(opening, active, self.certainty, self.assumed, targets)
