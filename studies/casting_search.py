"""The strongest attack found on the defenses against colluders that strike on close votes.

    python -m studies.casting_search                       the defenses, a row of the table each
    python -m studies.casting_search --rows hard           the same where questions differ, and more
    python -m studies.casting_search --quick casting       a small search, rows that hold a word

Two colluders see every answer of round 0 before they speak, unless statements are sealed. On a
complete graph and at a star's hub 240 attacks are tried for each defense, by either goal; the best
of either, and some that a look at the defenses suggests, are judged on teams that the search never
saw, on five places. A search gives a lower bound on the worst attack; ``fjsim theory --colluders``
prints the upper one. Lower is safer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts.attacks import Choice, Range, Trial
from fjsim.metrics.intervals import Estimate
from fjsim_attacks.shared.search_space import propose
from studies.attack_search import SPACE, trial_counts
from studies.defense_grid import estimate, made
from studies.numeric_teams import PLACES, Counts, Setting, play

BUDGET, BATCH, KEPT = 240, 20, 3
FEW = 0.02
"""Where an attack strikes on fewer of the chances, it is rated as if it had struck on so many."""
COUNTED = 0.015
"""Strikes on fewer of the chances are not judged by where they struck."""
LARGE, FEWER_TEAMS = 8, 8
"""Larger places are judged on fewer teams."""
SEARCHED = ("complete", "star-hub")
SEARCH = Setting(n_teams=4, n_questions=200, seed=1000)
JUDGE = Setting(n_teams=20, n_questions=200, seed=2000)
CLEAN = Setting(n_teams=40, n_questions=200, seed=3000, arms=("none",))

WIDER: Mapping[str, Range | Choice] = MappingProxyType(
    {
        **SPACE,
        "honest_questions": Choice((0, 0, 0, 20, 60)),
        "honest_phase": Choice((0, 0, 0, 1, 3)),
        "hostile_phase": Choice((1, 3)),
        "honest_rounds": Choice((0, 0, 0, 1, 3)),
        "drift_rounds": Choice((0, 0, 0, 3)),
        "target": Choice(("popular", "popular", "given")),
        "lead": Choice((-1, 0, 1, 2, 4)),
        "least_lead": Choice((-9, -1, 0, 1)),
        "rate": Range(0.1, 1.0),
        "honest_competence": Range(0.6, 1.0),
        "honest_at_last": Choice((0, 0, 1)),
        "replans": Choice((0, 1)),
    }
)

_POPULAR = {"target": "popular"}
STARTS: tuple[Mapping[str, object], ...] = (
    *(
        {**_POPULAR, "lead": lead, "least_lead": least, "honest_competence": right}
        for lead, least in ((1, -9), (0, -9), (0, 0), (1, 0), (2, -9), (1, 1))
        for right in (1.0, 0.8)
    ),
    {**_POPULAR, "lead": 2, "wobble": "alternating"},
    {**_POPULAR, "lead": 1, "wobble": "alternating", "rate": 0.6},
    {**_POPULAR, "lead": 1, "rate": 0.66, "honest_competence": 0.8},
    {**_POPULAR, "lead": 0, "rate": 0.66, "honest_competence": 0.8},
    {**_POPULAR, "lead": 1, "rate": 0.1},
    {**_POPULAR, "lead": 1, "replans": 1},
)
"""What a look at the defenses suggests."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    name : str
    block : mapping or str
        The defense.
    change : mapping
        What is different from the settings above.
    n_colluders : int
    places : tuple of str
        Where it is judged; the first one that `SEARCHED` names is searched, too.
    """

    name: str
    block: Any
    change: Mapping[str, Any] = field(default_factory=dict)
    n_colluders: int = 2
    places: tuple[str, ...] = tuple(PLACES)


ONE = {"kind": "casting-vote", "competence": 0.8, "votes": 1}
TWO = {"kind": "casting-vote", "competence": 0.8, "votes": 2}
EIGHT = ("complete-8",)
DEFENSES = (
    Row("`trust-adaptive`", "trust-adaptive"),
    Row("`pair-test`", "pair-test"),
    Row("`trust-adaptive`, sealed", "trust-adaptive", {"foresight": 0.0}),
    Row("… half of the votes foreseen", "trust-adaptive", {"foresight": 0.5}),
    Row("`casting-vote`, `votes: 1`", ONE, {"n_casting": 1}),
    Row("`casting-vote`", TWO),
    Row("`committee`", {"kind": "committee", "competence": 0.8}),
)
HARD, SURE = {"hard": True}, {"margin": "informative"}
HARDER = (
    Row("hard questions: `trust-adaptive`", "trust-adaptive", HARD),
    Row("… `casting-vote`, `votes: 1`", ONE, {**HARD, "n_casting": 1}),
    Row("… `casting-vote`", TWO, HARD),
    Row(".3 of the casting votes copied, `votes: 1`", ONE, {"copies": 0.3, "n_casting": 1}),
    Row("… `votes: 2`", TWO, {"copies": 0.3}),
    Row("confidence that informs: `casting-vote`, `votes: 1`", ONE, {**SURE, "n_casting": 1}),
    Row("… `casting-vote`", TWO, SURE),
    Row("competence .6: `casting-vote`, `votes: 1`", ONE, {"accuracy": 0.6, "n_casting": 1}),
    Row("competence .7: `casting-vote`, `votes: 1`", ONE, {"accuracy": 0.7, "n_casting": 1}),
    Row("8 agents: `trust-adaptive`", "trust-adaptive", {}, 2, EIGHT),
    Row("… `casting-vote`, `votes: 1`", ONE, {"n_casting": 1}, 2, EIGHT),
    Row("… `casting-vote`", TWO, {}, 2, EIGHT),
)


@dataclass(frozen=True)
class Judged:
    """What the strongest attacks on a defense do to teams that the search never saw.

    Parameters
    ----------
    every, struck : Estimate
        Attack success of the worst over all questions, and of the worst where it struck and the
        benign votes did not favour a wrong option by themselves.
    where : tuple of str
        The places of the two.
    lost : tuple of float
        Accuracy lost where nobody attacks, place by place; negative means gained.
    calls, forced : float
        Casting votes a question where nobody attacks, and under the attack that forces most.
    tried : int
    """

    every: Estimate
    struck: Estimate
    where: tuple[str, str]
    lost: tuple[float, ...]
    calls: float
    forced: float
    tried: int

    def line(self, name: str) -> str:
        """Return a row of a Markdown table."""
        lost = " ".join(f"{loss:.3f}".replace("0.", ".") for loss in self.lost)
        calls = f"{self.calls:.2f} / {self.forced:.2f}" if self.calls else "–"
        rates = [
            f"{rate.text.replace('0.', '.')} ({place})"
            for rate, place in zip((self.every, self.struck), self.where, strict=True)
        ]
        return f"| {name} | {rates[0]} | {rates[1]} | {lost} | {calls} |"


def searched(row: Row, budget: int, setting: Setting) -> tuple[list[Mapping[str, object]], int]:
    """Return the attacks worth judging, and how many were tried."""
    places = [place for place in SEARCHED if place in row.places] or row.places[:1]
    kept, n_tried = list[Mapping[str, object]](), 0
    for place in places:
        tried = _tried(row, replace(setting, place=place, **row.change), budget)
        n_tried += len(tried)
        for goal in range(2):
            best = sorted(tried, key=lambda trial: -trial[1][goal])
            kept += [parameters for parameters, _ in best[:KEPT]]
    unlike = {str(sorted(one.items())): one for one in (*kept, *_starts(row)[:4])}
    return list(unlike.values()), n_tried


def _starts(row: Row) -> list[Mapping[str, object]]:
    return [{"seats": f"own {row.n_colluders}", **start} for start in STARTS]


def _tried(
    row: Row, setting: Setting, budget: int
) -> list[tuple[Mapping[str, object], tuple[float, float]]]:
    """Try attacks on one place, and rate each by both goals."""
    space = {**WIDER, "seats": Choice((f"own {row.n_colluders}",))}
    rng, tried = np.random.default_rng(11), list[tuple[Mapping[str, object], tuple[float, float]]]()
    candidates: Sequence[Mapping[str, object]] = _starts(row)[:budget]
    while candidates:
        counts = trial_counts(setting, made(row.block), candidates)
        tried += [(one, rated(counts, f"try {at}")) for at, one in enumerate(candidates)]
        # Each half of a batch refines what did best by one of the goals.
        halves = [
            propose(space, [Trial(one, rates[goal]) for one, rates in tried], BATCH // 2, rng)
            for goal in range(2)
        ]
        unlike = {str(sorted(one.items())): one for half in halves for one in half}
        candidates = list(unlike.values())[: budget - len(tried)]
    return tried


def rated(counts: Counts, arm: str) -> tuple[float, float]:
    """Return flips per chance, on every question and on close ones on which it struck."""
    flips, chances = counts.success_on_every(arm)
    hits, base = counts.success_on_close(arm)
    return (
        float(flips.sum() / chances.sum()),
        float(hits.sum() / max(base.sum(), FEW * chances.sum())),
    )


def judge(row: Row, budget: int, share: float = 1.0) -> Judged:
    """Search, and judge what was found.

    Parameters
    ----------
    row : Row
    budget : int
        How many attacks are tried on each searched place.
    share : float
        Share of the teams on which it is searched and judged.
    """
    attacks, n_tried = searched(row, budget, _fewer(SEARCH, share))
    every, struck = list[_Rated](), list[_Rated]()
    lost, calls, forced = list[float](), list[float](), list[float]()
    for place in row.places:
        setting = replace(_fewer(JUDGE, share), place=place, **row.change)
        if setting.where.n_agents > LARGE:
            setting = replace(setting, n_teams=min(setting.n_teams, FEWER_TEAMS))
        counts = trial_counts(setting, made(row.block), attacks)
        for arm in counts.arms[1:]:
            every.append(_Rated(place, *counts.success_on_every(arm)))
            hits = _Rated(place, *counts.success_on_close(arm))
            if hits.chances.sum() >= COUNTED * every[-1].chances.sum():
                struck.append(hits)
        clean = [
            play(replace(_fewer(CLEAN, share), place=place, **row.change), defense)
            for defense in (None, made(row.block))
        ]
        accuracies = [float(one.accuracy()[0].sum() / one.accuracy()[1].sum()) for one in clean]
        lost.append(accuracies[0] - accuracies[1])
        n_votes = setting.n_casting
        calls.append(n_votes * float(clean[1].asked.mean()))
        forced.append(n_votes * float(counts.asked.mean(axis=(0, 2)).max()))
    worst = max(every, key=lambda one: one.rate)
    worst_struck = max(struck, key=lambda one: one.rate)
    return Judged(
        estimate((worst.flips, worst.chances)),
        estimate((worst_struck.flips, worst_struck.chances)),
        (worst.place, worst_struck.place),
        tuple(lost),
        max(calls),
        max(forced),
        n_tried,
    )


@dataclass(frozen=True)
class _Rated:
    """One attack on one place: flips and chances, question by question."""

    place: str
    flips: Array
    chances: Array

    @property
    def rate(self) -> float:
        return float(self.flips.sum() / self.chances.sum())


def _fewer(setting: Setting, share: float) -> Setting:
    return replace(
        setting,
        n_teams=max(2, round(setting.n_teams * share)),
        n_questions=max(20, round(setting.n_questions * share)),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("words", nargs="*", help="rows whose name holds one of them")
    parser.add_argument("--rows", choices=("defenses", "hard"), default="defenses")
    parser.add_argument("--budget", type=int, default=BUDGET, help="attacks per searched place")
    parser.add_argument("--quick", action="store_true", help="a tenth of budget and teams")
    options = parser.parse_args(arguments)
    share = 0.25 if options.quick else 1.0
    budget = max(1, options.budget // 10) if options.quick else options.budget
    print(
        f"seeds: search {SEARCH.seed}, judged {JUDGE.seed}, nobody attacks {CLEAN.seed}; "
        f"{budget} attacks tried per defense and place\n"
    )
    print("| defense | all questions | close questions it struck | accuracy lost | votes |")
    print("|---|---|---|---|---|")
    started = time.perf_counter()
    for row in DEFENSES if options.rows == "defenses" else HARDER:
        if not options.words or any(word in row.name for word in options.words):
            print(judge(row, budget, share).line(row.name), flush=True)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
