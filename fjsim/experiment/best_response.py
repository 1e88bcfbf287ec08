"""The strongest attack against each defense: a budgeted search over attack parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fjsim.contracts.attacks import Trial
from fjsim.experiment.executors import ExecutorName, play_all
from fjsim.experiment.grid import BestResponse
from fjsim.experiment.grid_cells import Cell
from fjsim.experiment.leaderboard import RATE
from fjsim.experiment.setup import resolve
from fjsim.experiment.sweep import Plan
from fjsim.experiment.sweep_cell import CellJob, CellResult
from fjsim.experiment.sweep_table import Group, Played, pooled, sweep_table
from fjsim.registry import Entry, find
from fjsim.scenario import Block
from fjsim.seeds import stream

LEAST_SHARE = 0.25
"""An attack that strikes on a smaller share of the questions is rated as if it struck on this."""


@dataclass(frozen=True)
class _Duel:
    """One attack searched against one setting.

    Parameters
    ----------
    cell : Cell
        Of the sweep, with any attack; gives everything but the attack's parameters.
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
    planned: Plan, executor: ExecutorName = "local", workers: int = 1
) -> pd.DataFrame:
    """Search, for every defense of a sweep, the attack parameters that do most damage.

    Parameters
    ----------
    planned : Plan
        Its sweep's ``best_response`` gives the budget.
    executor, workers
        As of ``run_sweep``.

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
    rows: list[dict[str, Any]] = []
    for duel in _duels(planned, search):
        trials = _search(duel, planned, search, executor, workers)
        best = max(trials, key=lambda trial: trial.damage)
        rows.append(_confirmed(duel, best, trials, planned, executor, workers))
    return pd.DataFrame(rows)


def _duels(planned: Plan, search: BestResponse) -> list[_Duel]:
    attacked = [cell for cell in planned.cells if cell.scenario.attack.kind != "none"]
    kinds = search.attacks or tuple(dict.fromkeys(c.scenario.attack.kind for c in attacked))
    duels: dict[tuple[str, ...], _Duel] = {}
    for kind in kinds:
        # The cell of the same attack first: it sets the parameters that are not searched.
        for cell in sorted(attacked, key=lambda cell: cell.scenario.attack.kind != kind):
            labels = {name: label for name, label in cell.labels.items() if name != "attack"}
            duels.setdefault((kind, *labels.values()), _Duel(cell, find("attack", kind)))
    return list(duels.values())


def _search(
    duel: _Duel, planned: Plan, search: BestResponse, executor: ExecutorName, workers: int
) -> list[Trial]:
    trials: list[Trial] = []
    respond = getattr(duel.entry.factory, "respond", None)
    place = json.dumps([duel.entry.name, *duel.cell.labels.values()])
    while len(trials) < search.budget:
        left = min(max(workers, 1), search.budget - len(trials))
        rng = stream(planned.sweep.base.seed, "best response", place, len(trials))
        candidates: Sequence[Mapping[str, object]] = ({},) if not trials else ()
        if respond is not None:
            candidates = respond(tuple(trials), left, rng)
        if not candidates:
            break
        seed = planned.sweep.seed_list[0]
        cells = [duel.variant(candidate, seed, search.limit) for candidate in candidates]
        played = _play(cells, planned, executor, workers)
        trials += [
            Trial(candidate, _damage(one))
            for candidate, one in zip(candidates, played, strict=True)
        ]
    return trials


def _play(
    cells: Sequence[Cell], planned: Plan, executor: ExecutorName, workers: int
) -> list[Played]:
    jobs = [_job(cell, planned) for cell in cells]
    results: dict[int, CellResult] = {}
    play_all(jobs, executor, workers, results.__setitem__)
    return [Played(cell, results[at]) for at, cell in enumerate(cells)]


def _job(cell: Cell, planned: Plan) -> CellJob:
    folder = None
    if planned.out is not None:
        folder = planned.out / "search" / f"{cell.scenario.name}-{resolve(cell.scenario).hash}"
    return CellJob(cell.scenario, folder, planned.left_out)


def _damage(played: Played) -> float:
    """Return attack success on hostile questions, less where there were few of them."""
    tally, every = pooled([played], RATE), pooled([played], "attack_success_rate")
    if tally is None or every is None:
        return 0.0
    base = max(float(tally.denominator.sum()), LEAST_SHARE * float(every.denominator.sum()))
    return float(tally.numerator.sum()) / base if base > 0 else 0.0


def _confirmed(
    duel: _Duel,
    best: Trial,
    trials: Sequence[Trial],
    planned: Plan,
    executor: ExecutorName,
    workers: int,
) -> dict[str, Any]:
    search = planned.sweep.best_response
    assert search is not None, "asked for by the caller"
    first = max(planned.sweep.seed_list) + 1
    cells = [duel.variant(best.parameters, first + at, None) for at in range(search.confirm)]
    played = _play(cells, planned, executor, workers)
    group = Group(cells[0].labels, tuple(played))
    row = sweep_table([group], planned.sweep.base.seed).iloc[0].to_dict()
    return {
        **row,
        "attack_parameters": json.dumps(dict(best.parameters), sort_keys=True),
        "tried": len(trials),
        "damage_default": trials[0].damage,
        "damage_searched": best.damage,
    }
