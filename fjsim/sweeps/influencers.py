"""Who becomes an influencer, over the cells of a sweep: teams, question sets and personas."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from fjsim.errors import BackendError, ConfigError, FjsimError, ParameterError, StorageError
from fjsim.ledger.influencers import Influencers, influencers
from fjsim.runs import load_run
from fjsim.sweeps.executors import worker_processes
from fjsim.sweeps.sweep import INDEX, inside

PAYS = ("Theorem 2.4", "Theorem 2.5")


@dataclass(frozen=True)
class SweepInfluencers:
    """Influencers of every cell, and one table over all of them.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per cell: its labels; ``n_items``, ``by_item``, ``p``; per proxy its effect and
        ``verdict``; ``forest_r2`` and its ``ceiling``, ``top1``, ``auc``; the gain of
        deliberation over best static weights with its ends, and what of it is ``routing``.
    cells : mapping of str to Influencers
        By the folder of the cell.
    notes : tuple of str
        Cells that say the same, and cells that cannot be analysed.
    simulated : bool
        Whether no language model took part in any cell.
    """

    table: pd.DataFrame
    cells: Mapping[str, Influencers]
    notes: tuple[str, ...]
    simulated: bool

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        from fjsim.serial.json import plain

        found = {
            "simulated": self.simulated,
            "table": self.table.to_dict("records"),
            "cells": {name: cell.as_json() for name, cell in self.cells.items()},
            "notes": list(self.notes),
        }
        return dict(plain(found))


def sweep_influencers(
    folder: str | Path, *, model: str = "auto", seed: int = 0, workers: int = 1
) -> SweepInfluencers:
    """Analyse every finished cell of a sweep.

    Parameters
    ----------
    folder : str or Path
        Folder of the sweep.
    model, seed
        As for `fjsim.influencers`.
    workers : int, default 1
        How many cells at a time, each in a process of its own; 1 stays in this process.

    Returns
    -------
    SweepInfluencers

    Raises
    ------
    ConfigError
        If the number of workers is below 1.
    StorageError
        If it holds no sweep, or no cell that can be analysed.
    """
    if workers < 1:
        raise ConfigError(f"workers is {workers}; give at least 1")
    out = Path(folder)
    places = _cells(out)
    rows: list[dict[str, Any]] = []
    cells: dict[str, Influencers] = {}
    notes: list[str] = []
    seen: dict[str, str] = {}
    jobs = [_Job(place, model, seed) for _, place in places]
    for (labels, place), one in zip(places, _analysed(jobs, workers), strict=True):
        name = place.name
        if isinstance(one, str):
            notes.append(f"{name}: {one}")
            continue
        cells[name] = one.found
        rows.append({**labels, **_row(one.found)})
        if one.digest in seen:
            notes.append(
                f"{name} and {seen[one.digest]} hold identical beliefs: these agents ignore what "
                "differs between the two"
            )
        seen.setdefault(one.digest, name)
    if not cells:
        raise StorageError(f"{out}: no cell can be analysed; {'; '.join(notes) or 'none is there'}")
    simulated = all(cell.simulated for cell in cells.values())
    return SweepInfluencers(pd.DataFrame(rows), cells, tuple(notes), simulated)


class _Job(NamedTuple):
    place: Path
    model: str
    seed: int


class _Cell(NamedTuple):
    found: Influencers
    digest: str


def _analysed(jobs: Sequence[_Job], workers: int) -> list[_Cell | str]:
    """Analyse cells, several at a time where there are workers for them."""
    if workers == 1 or len(jobs) < 2:
        return list(map(_analyse, jobs))
    with worker_processes(min(workers, len(jobs))) as pool:
        try:
            return list(pool.map(_analyse, jobs))
        except BrokenProcessPool as error:
            raise BackendError(
                "a worker process died (out of memory, or killed); run the same command again "
                "with --workers 1"
            ) from error


def _analyse(job: _Job) -> _Cell | str:
    """Analyse one cell, or say why that cannot be done."""
    try:
        run = load_run(job.place)
        found = influencers(run, model=job.model, seed=job.seed)
    except (StorageError, ParameterError) as error:
        return str(error)
    beliefs = next(iter(run.arms.values())).beliefs
    return _Cell(found, hashlib.sha256(beliefs.tobytes()).hexdigest())


def _cells(out: Path) -> list[tuple[dict[str, str], Path]]:
    """Return labels and folder of each cell."""
    try:
        index = json.loads((out / INDEX).read_text(encoding="utf-8"))
        return [(dict(one["labels"]), inside(out, out / one["folder"])) for one in index["cells"]]
    except (OSError, ValueError, KeyError, TypeError, FjsimError) as error:
        raise StorageError(f"{out}: holds no sweep ({INDEX} is missing or damaged)") from error


def _row(found: Influencers) -> dict[str, Any]:
    """Return what one cell says, in one row."""
    row: dict[str, Any] = {
        "n_items": found.n_items,
        "by_item": found.by_item,
        "p": None if found.one_law is None else found.one_law.p,
        "left_out": found.items_left_out,
    }
    for one in found.why.to_dict("records"):
        row[one["proxy"]] = one["single"]
        row[f"{one['proxy']} verdict"] = one["verdict"]
    if found.forest is not None:
        row |= {"forest_r2": found.forest.r2.value, "ceiling": found.ceiling.r2}
        row["top1"] = found.forest.top1.value
    if found.mixture is not None:
        pairs = found.mixture.pairs
        gain = pairs[(pairs["rule"] == "actual deliberation") & (pairs["about"] == PAYS[1])].iloc[0]
        parts = found.mixture.sources.set_index("part")["value"]
        signs = found.mixture.signs.set_index("theorem")["sign"]
        row |= {
            "auc": found.mixture.ranking["auc"].iloc[0],
            "gain_over_static": gain["value"],
            "gain_low": gain["low"],
            "gain_high": gain["high"],
            "routing": parts["routing"],
            "sharpening": parts["sharpening"],
            **{name: int(signs[name]) for name in PAYS},
        }
    return row
