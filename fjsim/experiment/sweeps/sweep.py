"""A sweep from its description to its tables: planned, played, resumed, pooled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from fjsim.errors import StorageError
from fjsim.experiment.estimate import estimate
from fjsim.experiment.folder import write_file
from fjsim.experiment.run import Watcher
from fjsim.experiment.setup import Setup, resolve, versions
from fjsim.experiment.sweeps.cell import CellJob, CellResult, finished, read_result
from fjsim.experiment.sweeps.cells import Cell, expand
from fjsim.experiment.sweeps.executors import ExecutorName, PlayAll, open_executor
from fjsim.experiment.sweeps.grid import Sweep
from fjsim.experiment.sweeps.leaderboard import leaderboard
from fjsim.experiment.sweeps.table import Played, groups, sweep_table
from fjsim.scenario import Scenario

SWEEP = "sweep.yaml"
INDEX = "cells.json"
TABLE = "table"
LEADERBOARD = "leaderboard"
BEST_RESPONSE = "best_response"
ROUND0 = ("questions", "replicas", "agents", "backend", "elicitation", "sampling", "seed")
"""What the answers of round 0 depend on."""


@dataclass(frozen=True)
class Plan:
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
        }


@dataclass(frozen=True)
class SweepResult:
    """A finished sweep.

    Parameters
    ----------
    table : DataFrame
        One row per setting.
    leaderboard : DataFrame
        One row per defense, safest first.
    best_responses : DataFrame or None
        The strongest attack found against each defense, where it was searched.
    played : tuple of Played
        Every cell with its counts.
    out : Path or None
    """

    table: pd.DataFrame
    leaderboard: pd.DataFrame
    best_responses: pd.DataFrame | None
    played: tuple[Played, ...]
    out: Path | None

    @property
    def simulated(self) -> bool:
        """Whether no language model took part in any cell."""
        return all(one.result.simulated for one in self.played)

    @property
    def missing_share(self) -> float:
        """The largest share of missing turns of any cell."""
        return max(one.result.numbers["missing_share"] for one in self.played)


def plan(sweep: Sweep, out: str | Path | None = None) -> Plan:
    """Expand a sweep and check every cell, so that a typo fails before anything is asked.

    Parameters
    ----------
    sweep : Sweep
    out : str or Path, optional
        Its folder; None keeps everything in memory.

    Returns
    -------
    Plan

    Raises
    ------
    UsageError
        If a name, a parameter or a combination is wrong in any cell.
    """
    cells, folder = expand(sweep), None if out is None else Path(out)
    return plan_cells(sweep, cells, folder, max(cell.scenario.warmup for cell in cells))


def plan_cells(sweep: Sweep, cells: tuple[Cell, ...], out: Path | None, left_out: int) -> Plan:
    """Plan given cells; see `plan`."""
    setups: dict[str, Setup] = {}
    jobs: dict[str, CellJob] = {}
    hashes = []
    for cell in cells:
        setup = resolve(cell.scenario)
        folder = None if out is None else out / "cells" / f"{cell.scenario.name}-{setup.hash}"
        setups.setdefault(setup.hash, setup)
        jobs.setdefault(setup.hash, CellJob(cell.scenario, folder, left_out))
        hashes.append(setup.hash)
    return Plan(sweep, cells, jobs, tuple(hashes), setups, out)


def run_sweep(
    sweep: Sweep,
    out: str | Path | None = None,
    executor: ExecutorName = "local",
    workers: int = 1,
    watch: Watcher | None = None,
) -> SweepResult:
    """Play every cell of a sweep that is not done yet, and pool them.

    Parameters
    ----------
    sweep : Sweep
    out : str or Path, optional
        Its folder, a run folder per cell inside; the same call resumes it.
    executor : {'local', 'ray'}
    workers : int
        Cells played at a time.
    watch : callable, optional
        Called with (runs done, runs in all).

    Returns
    -------
    SweepResult

    Raises
    ------
    FjsimError
        See ``fjsim.errors``; what is done is kept in the folder.

    Examples
    --------
    >>> base = {"agents": {"kind": "numeric", "count": 4}, "questions": {"limit": 4}, "rounds": 2}
    >>> sweep = Sweep(base=base, attacks=["stubborn"], topologies=["star", "complete"])
    >>> run_sweep(sweep).table["topology"].tolist()
    ['star', 'complete']
    """
    planned = plan(sweep, out)
    if planned.out is not None:
        _write_description(planned)
    best = None
    with open_executor(executor, workers) as play_all:
        played = play_plan(planned, play_all, watch)
        if sweep.best_response is not None:
            from fjsim.experiment.sweeps.best_response import search_best_responses

            best = search_best_responses(planned, play_all, workers)
    result = pool(played, planned.out, best, sweep.base.seed)
    if planned.out is not None:
        write_tables(result, planned.out)
    return result


def play_plan(planned: Plan, play_all: PlayAll, watch: Watcher | None = None) -> tuple[Played, ...]:
    """Play what is left of a plan, and return all of its cells.

    Parameters
    ----------
    planned : Plan
    play_all : callable
        From ``open_executor``.
    watch : callable, optional
        As of ``run_sweep``.
    """
    results = planned.done()
    total = len(planned.jobs)
    tell = watch or _unwatched
    tell(len(results), total)
    for wave in _waves(planned, [name for name in planned.jobs if name not in results]):

        def done(at: int, result: CellResult, wave: list[str] = wave) -> None:
            results[wave[at]] = result
            tell(len(results), total)

        play_all([planned.jobs[name] for name in wave], done)
    return tuple(
        Played(cell, results[name])
        for cell, name in zip(planned.cells, planned.hashes, strict=True)
    )


def _unwatched(done: int, total: int) -> None:
    """Watch nothing."""


def _waves(planned: Plan, left: list[str]) -> Iterable[list[str]]:
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
    waves = [[name for name in left if name in first], [name for name in left if name not in first]]
    return [wave for wave in waves if wave]


def _repeats_itself(setup: Setup) -> bool:
    blocks = [setup.scenario.seats[seat].backend for seat in setup.model_seats]
    return all((block or setup.scenario.backend).kind == "simulated" for block in blocks)


def _opening(scenario: Scenario) -> str:
    values = scenario.as_dict()
    return json.dumps([values[name] for name in ROUND0], sort_keys=True)


def pool(
    played: Sequence[Played], out: Path | None, best: pd.DataFrame | None, seed: int
) -> SweepResult:
    """Return the tables of played cells."""
    table = sweep_table(groups(played), seed)
    return SweepResult(table, leaderboard(table, best), best, tuple(played), out)


def _write_description(planned: Plan) -> None:
    assert planned.out is not None, "checked by the caller"
    values = json.loads(planned.sweep.model_dump_json()) | {"versions": versions()}
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    write_file(planned.out / SWEEP, f"# Written by fjsim sweep.\n{text}")
    index = {
        "left_out": planned.left_out,
        "seed": planned.sweep.base.seed,
        "name": planned.sweep.name,
        "cells": [
            {
                "labels": dict(cell.labels),
                "scenario": cell.scenario.as_dict(),
                "folder": str(_folder(planned.jobs[name]).relative_to(planned.out)),
            }
            for cell, name in zip(planned.cells, planned.hashes, strict=True)
        ],
    }
    write_file(planned.out / INDEX, json.dumps(index) + "\n")


def _folder(job: CellJob) -> Path:
    assert job.folder is not None, "a sweep on disk gives every run a folder"
    return job.folder


def write_tables(result: SweepResult, out: Path) -> None:
    """Write the tables as CSV, and as parquet where pyarrow is there."""
    frames = {TABLE: result.table, LEADERBOARD: result.leaderboard}
    if result.best_responses is not None:
        frames[BEST_RESPONSE] = result.best_responses
    for name, frame in frames.items():
        write_file(out / f"{name}.csv", frame.to_csv(index=False))
        _write_parquet(out / f"{name}.parquet", frame)


def _write_parquet(path: Path, frame: pd.DataFrame) -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return
    frame.to_parquet(path, index=False)


def load_sweep_result(folder: str | Path) -> SweepResult:
    """Read a finished sweep again, without playing anything.

    Parameters
    ----------
    folder : str or Path

    Raises
    ------
    StorageError
        If it holds no sweep, or one with unfinished cells.
    """
    out = Path(folder)
    try:
        index = json.loads((out / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(f"{out}: holds no sweep ({INDEX} is missing or damaged)") from error
    played = [
        Played(Cell(one["labels"], Scenario(**one["scenario"])), read_result(out / one["folder"]))
        for one in index["cells"]
    ]
    answers = out / f"{BEST_RESPONSE}.csv"
    best = pd.read_csv(answers) if answers.is_file() else None
    return pool(played, out, best, int(index["seed"]))
