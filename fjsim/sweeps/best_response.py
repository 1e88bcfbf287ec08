"""The strongest attack against each defense: a budgeted search over attack parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fjsim.contracts.attacks import Trial
from fjsim.registry import Entry, find
from fjsim.runs.journal import Watcher
from fjsim.runs.resolve import resolve
from fjsim.scenario import Block
from fjsim.seeds import stream
from fjsim.sweeps.cell import CellJob, CellResult
from fjsim.sweeps.cells import Cell
from fjsim.sweeps.executors import PlayAll
from fjsim.sweeps.grid import BestResponse
from fjsim.sweeps.groups import Group, Played, tally_of
from fjsim.sweeps.leaderboard import RATE
from fjsim.sweeps.planning import SweepPlan
from fjsim.sweeps.table import sweep_table

LEAST_SHARE = 0.25
"""An attack that strikes on a smaller share of the questions is rated as if it struck on this."""


@dataclass(frozen=True)
class _Pairing:
    """One attack searched against one setting.

    Parameters
    ----------
    cell : Cell
        A cell of the sweep, with any attack; gives everything but the attack's parameters.
    entry : Entry
        The attack.
    """

    cell: Cell
    entry: Entry

    def block(self, parameters: Mapping[str, object]) -> Block:
        """Return the attack's block: what the cell sets and it knows, then the candidate's."""
        known = {parameter.name for parameter in self.entry.parameters}
        own = self.cell.scenario.attack.parameters
        kept = {name: value for name, value in own.items() if name in known}
        if self.cell.scenario.attack.kind != self.entry.name:
            kept = {name: kept[name] for name in ("seat", "seats") if name in kept}
        return Block(**{"kind": self.entry.name, **kept, **parameters})

    def variant(self, parameters: Mapping[str, object], seed: int, limit: int | None) -> Cell:
        """Return the cell with other parameters, on one seed."""
        scenario = self.cell.scenario
        questions = scenario.questions
        if limit is not None:
            # Warm-up questions are not counted, so they come on top of the limit.
            wanted = limit + scenario.warmup
            known = questions.resolved_limit
            fewer = wanted if known is None else min(wanted, known)
            questions = questions.model_copy(update={"limit": fewer})
        changed = scenario.with_values(
            attack=self.block(parameters).as_dict(),
            questions=questions.model_dump(),
            baseline=True,
            seed=seed,
            name=f"{self.entry.name}-{scenario.name}"[:70].strip("-"),
        )
        return Cell({**self.cell.labels, "attack": self.entry.name}, changed)


def search_best_responses(
    planned: SweepPlan, play_all: PlayAll, batch: int = 1, watch: Watcher | None = None
) -> pd.DataFrame:
    """Search, for every defense of a sweep, the attack parameters that do most damage.

    Parameters
    ----------
    planned : SweepPlan
        Its sweep's ``best_response`` gives the budget.
    play_all : callable
        From ``open_executor``.
    batch : int
        Candidates proposed at a time for each defense, >= 1.
    watch : callable, optional
        Called with (runs played, runs at most).

    Returns
    -------
    DataFrame
        One row per setting and attack: parameters found, how many were tried, the damage while
        searching, and everything that ``sweep_table`` reports, measured on fresh seeds.

    Notes
    -----
    Candidates come from the attack itself (``searched`` and ``respond``); one without them is
    tried as it stands. Damage is attack success on hostile questions. What is reported was
    measured on seeds that the search never saw, so the choice of the best of many tries does
    not flatter the attack.
    """
    search = planned.sweep.best_response
    assert search is not None, "asked for by the caller"
    pairings = _pairings(planned, search)
    trials: list[list[Trial]] = [[] for _ in pairings]
    play = _Player(planned, play_all, most_runs(planned), watch)
    while _try_next(pairings, trials, planned, search, play, batch):
        pass
    best = [max(tried, key=lambda trial: trial.damage) for tried in trials]
    first = max(planned.sweep.seed_list) + 1
    seeds = range(first, first + search.confirm)
    cells = [
        pairing.variant(found.parameters, seed, None)
        for pairing, found in zip(pairings, best, strict=True)
        for seed in seeds
    ]
    played = play(cells)
    rows = [
        _row(tried, played[at * len(seeds) : (at + 1) * len(seeds)], planned.sweep.base.seed)
        for at, tried in enumerate(trials)
    ]
    return pd.DataFrame(rows)


def _try_next(
    pairings: Sequence[_Pairing],
    trials: Sequence[list[Trial]],
    planned: SweepPlan,
    search: BestResponse,
    play: _Player,
    batch: int,
) -> bool:
    """Try the next candidates of all pairings at once; say whether there were any."""
    asked: list[tuple[int, Mapping[str, object]]] = []
    for at, pairing in enumerate(pairings):
        left = min(max(batch, 1), search.budget - len(trials[at]))
        asked += [(at, candidate) for candidate in _candidates(pairing, trials[at], left, planned)]
    seed = planned.sweep.seed_list[0]
    cells = [pairings[at].variant(candidate, seed, search.limit) for at, candidate in asked]
    for (at, candidate), played in zip(asked, play(cells), strict=True):
        trials[at].append(Trial(candidate, _damage(played)))
    return bool(asked)


def _candidates(
    pairing: _Pairing, tried: Sequence[Trial], count: int, planned: SweepPlan
) -> Sequence[Mapping[str, object]]:
    if count < 1:
        return ()
    respond = getattr(pairing.entry.factory, "respond", None)
    if respond is None:
        return () if tried else ({},)
    place = json.dumps([pairing.entry.name, *pairing.cell.labels.values()])
    rng = stream(planned.sweep.base.seed, "best response", place, len(tried))
    found: Sequence[Mapping[str, object]] = respond(tuple(tried), count, rng)
    return found if found or tried else ({},)


def _pairings(planned: SweepPlan, search: BestResponse) -> list[_Pairing]:
    attacked = [cell for cell in planned.cells if cell.scenario.attack.kind != "none"]
    kinds = search.attacks or tuple(dict.fromkeys(c.scenario.attack.kind for c in attacked))
    pairings: dict[tuple[str, ...], _Pairing] = {}
    for kind in kinds:
        # The cell of the same attack first: it sets the parameters that are not searched.
        for cell in sorted(attacked, key=lambda cell: cell.scenario.attack.kind != kind):
            labels = {name: label for name, label in cell.labels.items() if name != "attack"}
            pairings.setdefault((kind, *labels.values()), _Pairing(cell, find("attack", kind)))
    return list(pairings.values())


@dataclass
class _Player:
    """Plays runs of the search, and tells how many there were."""

    planned: SweepPlan
    play_all: PlayAll
    most: int
    watch: Watcher | None
    done: int = 0

    def __call__(self, cells: Sequence[Cell]) -> list[Played]:
        results: dict[int, CellResult] = {}

        def finished(at: int, result: CellResult) -> None:
            results[at] = result
            self.done += 1
            if self.watch is not None:
                self.watch(self.done, max(self.most, self.done))

        self.play_all([_job(cell, self.planned) for cell in cells], finished)
        return [Played(cell, results[at]) for at, cell in enumerate(cells)]


def most_runs(planned: SweepPlan) -> int:
    """Return how many runs a search plays at most; 0 where none is asked for.

    Parameters
    ----------
    planned : SweepPlan
    """
    search = planned.sweep.best_response
    if search is None:
        return 0
    tries = [
        search.budget if hasattr(pairing.entry.factory, "respond") else 1
        for pairing in _pairings(planned, search)
    ]
    return sum(tries) + search.confirm * len(tries)


def _job(cell: Cell, planned: SweepPlan) -> CellJob:
    setup, folder = resolve(cell.scenario), None
    if planned.out is not None:
        folder = planned.out / "search" / f"{cell.scenario.name}-{setup.hash}"
    asked = setup.as_asked(cell.scenario)
    return CellJob(asked, folder, planned.left_out, keeps_run=False)


def _damage(played: Played) -> float:
    """Return attack success on hostile questions, less where there were few of them."""
    counts = played.result.counts
    tally = tally_of(counts, RATE, "attacked")
    every = tally_of(counts, "attack_success_rate", "attacked")
    if tally is None or every is None:
        return 0.0
    base = max(float(tally.denominator.sum()), LEAST_SHARE * float(every.denominator.sum()))
    return float(tally.numerator.sum()) / base if base > 0 else 0.0


def _row(trials: Sequence[Trial], played: Sequence[Played], seed: int) -> dict[str, Any]:
    best = max(trials, key=lambda trial: trial.damage)
    group = Group(played[0].cell.labels, tuple(played))
    row = sweep_table([group], seed).iloc[0].to_dict()
    return {
        **{str(name): value for name, value in row.items()},
        "attack_parameters": json.dumps(dict(best.parameters), sort_keys=True),
        "tried": len(trials),
        "damage_default": trials[0].damage,
        "damage_searched": best.damage,
    }
