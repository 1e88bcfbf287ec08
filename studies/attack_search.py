"""The strongest attack that a budget finds against a defense of numeric teams.

    python -m studies.attack_search                         the default defense, every place
    python -m studies.attack_search --defense ballot --budget 60 ring

An adversary may choose its seats (one, or two that collude), its target, when it strikes (in
phases, with colluders in turn, or only where the others' votes nearly balance), when in a question
it shows its hand, and how certain it claims to be. The winner is judged on teams that the search
never saw. Lower attack success is safer.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from fjsim.contracts import Defense
from fjsim.contracts.attacks import Choice, Range, Trial
from fjsim.metrics.intervals import Estimate
from fjsim_attacks.shared.search_space import propose
from studies.attack_scripts import Script
from studies.defense_grid import estimate, made
from studies.numeric_teams import PLACES, Counts, Setting, play

SEATS: Mapping[int, Choice] = {1: Choice(("0", "1")), 2: Choice(("0+1", "0+3", "1+2"))}
"""The seats that one adversary, or two colluders, may take."""
SPACE: Mapping[str, Range | Choice] = {
    "target": Choice(("given", "popular")),
    "honest_questions": Range(0, 40),
    "honest_phase": Range(0, 9),
    "hostile_phase": Range(1, 9),
    "honest_rounds": Range(0, 9),
    "drift_rounds": Range(0, 9),
    "certainty": Range(0.3, 1.0),
    "honest_certainty": Range(0.25, 1.0),
    "wobble": Choice(("none", "random", "alternating")),
    "lead": Choice((None, -1, 0, 1, 2)),
    "takes_turns": Choice((0, 1)),
}
"""Where is searched. A lead of None strikes wherever its phase lets it."""
FLAGS = ("takes_turns", "honest_at_last", "replans")
"""Searched parameters that are yes or no."""

Goal = Literal["struck", "every"]
LEAST_SHARE = 0.25
"""An attack that strikes at a smaller share of its chances is rated as if it struck at this."""
BATCH = 12
SEARCH = Setting(n_teams=5, n_questions=100, seed=1000)
JUDGE = Setting(n_teams=20, n_questions=200, seed=2000)

STARTS: tuple[Mapping[str, object], ...] = (
    {},
    {"target": "popular"},
    {"target": "popular", "lead": 0},
    {"target": "popular", "lead": 1},
    {"target": "popular", "lead": 1, "honest_phase": 3},
    {"target": "popular", "lead": 1, "honest_questions": 40},
    {"target": "popular", "takes_turns": 1},
)
"""What is tried first: what a look at the defense suggests."""


@dataclass(frozen=True)
class Found:
    """The strongest attack on one place.

    Parameters
    ----------
    place : str
    parameters : mapping
        Parameters of the script, as searched.
    tried : int
    every, struck : Estimate
        Attack success over all questions, and over those on which it struck.
    anyway : Estimate
        What the same agents lose there when nobody attacks.
    share : float
        How many of the chances lie on those.
    """

    place: str
    parameters: Mapping[str, object]
    tried: int
    every: Estimate
    struck: Estimate
    anyway: Estimate
    share: float

    @property
    def text(self) -> str:
        """One line."""
        given = json.dumps(dict(self.parameters), sort_keys=True)
        return (
            f"  {self.place:<12} all questions {self.every.text}   where it struck "
            f"({self.share:.2f} of the chances) {self.struck.text}, without attack "
            f"{self.anyway.text}   {self.tried} tried: {given}"
        )


def script_of(parameters: Mapping[str, object]) -> Script:
    """Return the script that searched parameters mean.

    Parameters
    ----------
    parameters : mapping
        The script's; its seats as ``"0+1"``, or as ``"own 2"`` for two of the place's own.
    """
    given: dict[str, Any] = dict(parameters)
    seats = str(given.pop("seats", "0"))
    given |= {name: bool(given[name]) for name in FLAGS if name in given}
    if seats.startswith("own "):
        return Script(n_seats=int(seats.removeprefix("own ")), **given)
    return Script(seats=tuple(map(int, seats.split("+"))), **given)


def search(
    place: str,
    block: Any,
    goal: Goal,
    budget: int,
    n_seats: int = 2,
    setting: Setting = SEARCH,
) -> tuple[Trial, ...]:
    """Try attacks on one place, the most damaging first.

    Parameters
    ----------
    place : str
        A name from ``numeric_teams.PLACES``.
    block : mapping, str or None
        The defense.
    goal : {'struck', 'every'}
        Whether damage is attack success where it strikes, or over all questions.
    budget : int
        How many attacks are tried.
    n_seats : int
        How many seats the adversary has: 1 or 2.
    setting : Setting
        On which teams and questions.
    """
    rng, tried = np.random.default_rng(setting.seed), list[Trial]()
    seats, rate = SEATS[n_seats], damage_of(goal)
    starts = tuple({"seats": seats.options[0], **start} for start in STARTS)
    while len(tried) < budget:
        wanted = min(BATCH, budget - len(tried))
        proposed = propose({**SPACE, "seats": seats}, tried, wanted, rng) if tried else starts
        candidates = proposed[:budget]
        if not candidates:
            break
        counts = trial_counts(replace(setting, place=place), made(block), candidates)
        tried += [Trial(candidates[at], rate(counts, name)) for at, name in _names(candidates)]
    return tuple(sorted(tried, key=lambda trial: -trial.damage))


def _names(candidates: Sequence[Mapping[str, object]]) -> list[tuple[int, str]]:
    return [(at, f"try {at}") for at in range(len(candidates))]


def trial_counts(
    setting: Setting, defense: Defense | None, candidates: Sequence[Mapping[str, object]]
) -> Counts:
    """Play several attacks beside nobody's, on the same teams."""
    scripts = {name: script_of(candidates[at]) for at, name in _names(candidates)}
    return play(replace(setting, arms=("none", *scripts), scripts=scripts), defense)


def damage_of(goal: Goal) -> Callable[[Counts, str], float]:
    """Return what an attack is rated by: flips per chance, on every question or where it struck."""

    def rate(counts: Counts, arm: str) -> float:
        flips, chances = counts.success_on_every(arm)
        if goal == "every":
            return float(flips.sum() / chances.sum())
        hits, base = counts.success(arm)
        return float(hits.sum() / max(base.sum(), LEAST_SHARE * chances.sum()))

    return rate


def judged(place: str, block: Any, best: Trial, tried: int, setting: Setting = JUDGE) -> Found:
    """Return what an attack does on teams of its own."""
    counts = trial_counts(replace(setting, place=place), made(block), [best.parameters])
    (_, name), *_ = _names([best.parameters])
    chances = counts.success_on_every(name)[1].sum()
    return Found(
        place=place,
        parameters=best.parameters,
        tried=tried,
        every=estimate(counts.success_on_every(name)),
        struck=estimate(counts.success(name)),
        anyway=estimate(counts.lost_anyway(name)),
        share=float(counts.success(name)[1].sum() / chances),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the strongest attack found on every place, by either goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="*", default=list(PLACES))
    parser.add_argument("--defense", default="trust-adaptive", help="a name, or a block as JSON")
    parser.add_argument("--budget", type=int, default=84)
    parser.add_argument("--seats", type=int, default=2, choices=sorted(SEATS))
    options = parser.parse_args(arguments)
    block = json.loads(options.defense) if options.defense[0] == "{" else options.defense
    goals: tuple[Goal, ...] = ("every", "struck")
    for goal in goals:
        who = "one adversary" if options.seats == 1 else "two colluders"
        where = "all questions" if goal == "every" else "the questions on which it struck"
        print(f"\n{options.defense}, {who}, damage counted over {where}")
        for place in options.places:
            trials = search(place, block, goal, options.budget, options.seats)
            print(judged(place, block, trials[0], len(trials)).text, flush=True)


if __name__ == "__main__":
    main()
