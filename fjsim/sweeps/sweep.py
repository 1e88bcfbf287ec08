"""A sweep from its description to its tables: played, searched, pooled, kept and read again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from fjsim.csv_file import csv_text, read_csv
from fjsim.errors import StorageError
from fjsim.figured import Figured
from fjsim.foreign_text import shown
from fjsim.html_table import html_table
from fjsim.runs.folder import write_file, write_parquet
from fjsim.runs.journal import Begin, Watcher
from fjsim.runs.resolve import versions
from fjsim.runs.trust import require_trust
from fjsim.scenario import Scenario
from fjsim.serial.yaml import yaml_of
from fjsim.sweeps.best_response import search_best_responses
from fjsim.sweeps.cell import CellJob, read_result
from fjsim.sweeps.cells import Cell
from fjsim.sweeps.executors import ExecutorName, open_executor
from fjsim.sweeps.grid import SweepLike, sweep_of
from fjsim.sweeps.groups import Played, groups
from fjsim.sweeps.leaderboard import leaderboard
from fjsim.sweeps.planning import SweepPlan, plan, play_plan
from fjsim.sweeps.stopping import stoppable
from fjsim.sweeps.table import sweep_table

SWEEP = "sweep.yaml"
INDEX = "cells.json"
TABLE = "table"
LEADERBOARD = "leaderboard"
BEST_RESPONSE = "best_response"
SHOWN = (
    "topology", "router", "attack", "seats", "defense", "attack_success_rate", "asr_change", "price"
)  # fmt: skip
"""Columns that a notebook shows."""


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult:
    """A finished sweep, or an evaluation of defenses.

    Two results are equal only if they are the same object.

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

    figures: ClassVar[Figured] = Figured("SweepFigures")
    """What can be drawn, as matplotlib figures: ``sweep.figures.matrix()``."""

    def __repr__(self) -> str:
        place = "" if self.out is None else f", out={str(self.out)!r}"
        return f"SweepResult({len(self.table)} settings, {len(self.played)} runs{place})"

    def _repr_html_(self) -> str:
        names = [name for name in SHOWN if name in self.table]
        rows = self.table[names].astype(object).itertuples(index=False)
        label = "simulated · " if self.simulated else ""
        return html_table(names, [tuple(row) for row in rows], f"{label}{self!r}")

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table, one row per setting."""
        return self.table.copy()

    @property
    def simulated(self) -> bool:
        """Whether no language model took part in any cell."""
        return all(one.result.simulated for one in self.played)

    @property
    def missing_share(self) -> float:
        """The largest share of missing turns of any cell."""
        return max(one.result.missing_share for one in self.played)


def run_sweep(
    sweep: SweepLike,
    out: str | Path | None = None,
    executor: ExecutorName = "local",
    workers: int = 1,
    watch: Watcher | None = None,
    begin: Begin | None = None,
) -> SweepResult:
    """Play every cell of a sweep that is not done yet, and pool them.

    Parameters
    ----------
    sweep : Sweep, mapping, str or Path
        A sweep, a mapping of its fields, or the path of a YAML file.
    out : str or Path, optional
        Its folder, a run folder per cell inside; the same call resumes it.
    executor : {'local', 'ray'}
    workers : int
        Cells played at a time.
    watch : callable, optional
        Called with (runs done, runs in all).
    begin : callable, optional
        Called with the name of each phase as it begins.

    Returns
    -------
    SweepResult

    Raises
    ------
    FjsimError
        See ``fjsim.errors``; what is done is kept in the folder.

    Notes
    -----
    It also works inside a running event loop, as in a notebook, which waits meanwhile;
    `run_sweep_async` keeps it going.

    Examples
    --------
    >>> base = {"agents": {"kind": "numeric", "count": 4}, "questions": {"limit": 4}, "rounds": 2}
    >>> sweep = {"base": base, "attacks": ["stubborn"], "topologies": ["star", "complete"]}
    >>> run_sweep(sweep).table["topology"].tolist()
    ['star', 'complete']
    """
    planned = plan(sweep_of(sweep), out)
    require_trust(cell.scenario for cell in planned.cells)
    if planned.out is not None:
        for name in ("cells", "search"):
            inside(planned.out, planned.out / name)
        for job in planned.jobs.values():
            inside(planned.out, _folder(job))
    if planned.out is not None:
        _write_description(planned)
    best, tell = None, begin or _unheard
    with open_executor(executor, workers) as play_all:
        tell("cells")
        played = play_plan(planned, play_all, watch)
        if planned.sweep.best_response is not None:
            tell("best responses")
            best = search_best_responses(planned, play_all, workers, watch)
    tell("tables and intervals")
    result = pool(played, planned.out, best, planned.sweep.base.seed)
    if planned.out is not None:
        write_tables(result, planned.out)
    return result


def _unheard(_: str) -> None:
    """Tell nobody."""


async def run_sweep_async(
    sweep: SweepLike,
    out: str | Path | None = None,
    executor: ExecutorName = "local",
    workers: int = 1,
    watch: Watcher | None = None,
) -> SweepResult:
    """Run a sweep without keeping the event loop waiting; parameters and errors as in `run_sweep`.

    Notes
    -----
    It runs in another thread, where ``watch`` is called too. Once it is cancelled it begins no
    further run, and ends with the one that is under way; what is done is kept.
    """

    def work(watched: Watcher) -> SweepResult:
        return run_sweep(sweep, out, executor, workers, watched)

    return await stoppable(work, watch)


def pool(
    played: Sequence[Played], out: Path | None, best: pd.DataFrame | None, seed: int
) -> SweepResult:
    """Return the tables of played cells."""
    table = sweep_table(groups(played), seed)
    return SweepResult(table, leaderboard(table, best), best, tuple(played), out)


def _write_description(planned: SweepPlan) -> None:
    assert planned.out is not None, "checked by the caller"
    values = json.loads(planned.sweep.model_dump_json()) | {"versions": versions()}
    text = yaml_of(values)
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


def inside(out: Path, folder: Path) -> Path:
    """Return a folder of a sweep; refuse one that leads out of the sweep's folder.

    Raises
    ------
    StorageError
        If it does, by a link or by its name: the folder may come from somebody else.
    """
    if not folder.resolve().is_relative_to(out.resolve()):
        raise StorageError(f"{out}: {shown(str(folder))} leads out of it; choose another --out")
    return folder


def _folder(job: CellJob) -> Path:
    assert job.folder is not None, "a sweep on disk gives every run a folder"
    return job.folder


def write_tables(result: SweepResult, out: Path) -> None:
    """Write the tables as CSV, and as parquet where pyarrow is there."""
    frames = {TABLE: result.table, LEADERBOARD: result.leaderboard}
    if result.best_responses is not None:
        frames[BEST_RESPONSE] = result.best_responses
    for name, frame in frames.items():
        write_file(out / f"{name}.csv", csv_text(frame))
        write_parquet(out / f"{name}.parquet", frame)


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
    try:
        played = [
            Played(
                Cell(one["labels"], Scenario(**one["scenario"])),
                read_result(inside(out, out / one["folder"])),
            )
            for one in index["cells"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{out}: {INDEX} is damaged; run the sweep again") from error
    answers = out / f"{BEST_RESPONSE}.csv"
    best = read_csv(answers) if answers.is_file() else None
    return pool(played, out, best, int(index["seed"]))
