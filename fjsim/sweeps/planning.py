"""A sweep before it is played: its cells, their runs, what is left, and in which order to go."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fjsim.runs.estimate import estimate
from fjsim.runs.journal import Watcher
from fjsim.runs.resolve import Setup, resolve
from fjsim.scenario import Scenario
from fjsim.sweeps.cell import CellJob, CellResult, finished
from fjsim.sweeps.cells import Cell, expand
from fjsim.sweeps.executors import PlayAll
from fjsim.sweeps.grid import Sweep
from fjsim.sweeps.groups import Played

ROUND0 = ("questions", "replicas", "agents", "backend", "elicitation", "sampling", "seed")
"""What the answers of round 0 depend on."""


@dataclass(frozen=True)
class SweepPlan:
    """The cells of a sweep and the runs they take.

    Parameters
    ----------
    sweep : Sweep
    cells : tuple of Cell
    jobs : mapping of str to CellJob
        By run hash; settings that mean the same scenario share one.
    hashes : tuple of str
        Run of each cell.
    out : Path or None
    """

    sweep: Sweep
    cells: tuple[Cell, ...]
    jobs: dict[str, CellJob]
    hashes: tuple[str, ...]
    setups: dict[str, Setup]
    out: Path | None

    @property
    def left_out(self) -> int:
        """How many questions of the order leave every metric."""
        return max(cell.scenario.warmup for cell in self.cells)

    def done(self) -> dict[str, CellResult]:
        """Return what earlier sessions finished, by run hash."""
        found = {name: finished(job, name) for name, job in self.jobs.items()}
        return {name: result for name, result in found.items() if result is not None}

    def expected(self) -> dict[str, Any]:
        """Return what is left to do, without asking anybody."""
        done = self.done()
        left = [name for name in self.jobs if name not in done]
        estimates = [
            estimate(self.setups[name], self.jobs[name].folder or Path("/nonexistent"))
            for name in left
        ]
        costs = [one.cost for one in estimates if one.cost is not None]
        return {
            "cells": len(self.cells),
            "runs": len(self.jobs),
            "runs_done": len(done),
            "turns": sum(one.turns - one.turns_done for one in estimates),
            "calls": sum(one.calls for one in estimates),
            "tokens_in": sum(one.tokens_in for one in estimates),
            "tokens_out": sum(one.tokens_out for one in estimates),
            "cost": sum(costs) if costs else None,
            "left_out_questions": self.left_out,
            "folder": None if self.out is None else str(self.out),
            "needs_trust": list(dict.fromkeys(a for one in estimates for a in one.needs_trust)),
        }


def plan(sweep: Sweep, out: str | Path | None = None) -> SweepPlan:
    """Expand a sweep and check every cell, so that a typo fails before anything is asked.

    Parameters
    ----------
    sweep : Sweep
    out : str or Path, optional
        Its folder; None keeps everything in memory.

    Returns
    -------
    SweepPlan

    Raises
    ------
    UsageError
        If a name, a parameter or a combination is wrong in any cell.
    """
    cells, folder = expand(sweep), None if out is None else Path(out)
    return plan_cells(sweep, cells, folder, max(cell.scenario.warmup for cell in cells))


def plan_cells(sweep: Sweep, cells: tuple[Cell, ...], out: Path | None, left_out: int) -> SweepPlan:
    """Plan given cells; see `plan`."""
    setups: dict[str, Setup] = {}
    jobs: dict[str, CellJob] = {}
    hashes = []
    for cell in cells:
        setup = resolve(cell.scenario)
        folder = None if out is None else out / "cells" / f"{cell.scenario.name}-{setup.hash}"
        setups.setdefault(setup.hash, setup)
        jobs.setdefault(setup.hash, CellJob(setup.as_asked(cell.scenario), folder, left_out))
        hashes.append(setup.hash)
    return SweepPlan(sweep, cells, jobs, tuple(hashes), setups, out)


def play_plan(
    planned: SweepPlan, play_all: PlayAll, watch: Watcher | None = None
) -> tuple[Played, ...]:
    """Play what is left of a plan, and return all of its cells.

    Parameters
    ----------
    planned : SweepPlan
    play_all : callable
        From ``open_executor``.
    watch : callable, optional
        As in ``run_sweep``.
    """
    results = planned.done()
    total = len(planned.jobs)
    tell = watch or _unwatched
    tell(len(results), total)
    for batch in _batches(planned, [name for name in planned.jobs if name not in results]):

        def done(at: int, result: CellResult, batch: list[str] = batch) -> None:
            results[batch[at]] = result
            tell(len(results), total)

        play_all([planned.jobs[name] for name in batch], done)
    return tuple(
        Played(cell, results[name])
        for cell, name in zip(planned.cells, planned.hashes, strict=True)
    )


def _unwatched(done: int, total: int) -> None:
    """Watch nothing."""


def _batches(planned: SweepPlan, left: list[str]) -> Iterable[list[str]]:
    """Return the runs in an order in which no round 0 of a real model is asked twice.

    Cells are paired by their answers of round 0. A model repeats them from the response cache
    only, so one cell of each kind has to be through before the others start.
    """
    openers: dict[str, str] = {}
    # A cell with a clean arm asks every seat, so it opens for all.
    for name in sorted(left, key=lambda name: "clean" not in planned.jobs[name].scenario.arms):
        if not _repeats_itself(planned.setups[name]):
            openers.setdefault(_opening(planned.jobs[name].scenario), name)
    first = set(openers.values())
    batches = [
        [name for name in left if name in first],
        [name for name in left if name not in first],
    ]
    return [batch for batch in batches if batch]


def _repeats_itself(setup: Setup) -> bool:
    blocks = [setup.scenario.seats[seat].backend for seat in setup.model_seats]
    return all((block or setup.scenario.backend).kind == "simulated" for block in blocks)


def _opening(scenario: Scenario) -> str:
    values = scenario.as_dict()
    return json.dumps([values[name] for name in ROUND0], sort_keys=True)
