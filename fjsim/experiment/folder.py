"""A run folder: whose it is, and what is written into it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from fjsim.csv_file import csv_text
from fjsim.errors import ConfigError, StorageError
from fjsim.experiment.setup import Setup, questions_digest, versions
from fjsim.foreign_text import shown
from fjsim.records import EVENTS, SCENARIO, EventLog
from fjsim.scenario import identity
from fjsim.yaml_file import read_yaml

METRICS = "metrics.json"
TURNS = "turns.csv"
GROWING = {"replicas", "questions"}
"""Keys that may grow when a run is extended."""


def open_folder(folder: Path, setup: Setup) -> EventLog:
    """Open a run folder for writing, a new one or one of the same run.

    Parameters
    ----------
    folder : Path
    setup : Setup
        What is to be run.

    Returns
    -------
    EventLog

    Raises
    ------
    ConfigError
        If the folder holds another scenario's run; names the key that differs.
    StorageError
        If it cannot be written, or another process writes it.
    """
    recorded = folder / SCENARIO
    if recorded.is_file():
        _check_same(read_yaml(recorded), setup, folder)
    elif (folder / EVENTS).is_file() and (folder / EVENTS).stat().st_size:
        raise StorageError(f"{folder}: holds a run without its {SCENARIO}; choose another --out")
    log = EventLog(folder)
    try:
        _check_graph(log.contents.header, setup, folder)
        if not recorded.is_file():
            write_file(recorded, scenario_text(setup))
        log.write("run", setup.header())
    except BaseException:
        log.close()
        raise
    log.contents.header = setup.header()
    return log


def scenario_text(setup: Setup, models: Sequence[str] = ()) -> str:
    """Return the resolved scenario as YAML, with the versions and models of what made it."""
    values = {**setup.resolved, "versions": versions(), "models": list(models)}
    head = "# Resolved by fjsim: every default is spelled out; `fjsim run` takes this file too.\n"
    return head + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def _check_same(recorded: Mapping[str, Any], setup: Setup, folder: Path) -> None:
    old, new = identity(recorded), identity(setup.resolved)
    for key in new:
        if key == "questions_digest":
            _check_questions(recorded, setup, folder)
        elif old.get(key) != new[key] and not (key in GROWING and _grows(key, old, new)):
            raise ConfigError(
                f"{folder}: holds a run with {key} = {shown(old.get(key))}, and this one has "
                f"{shown(new[key])}; choose another --out, or leave it out"
            )


def _check_questions(recorded: Mapping[str, Any], setup: Setup, folder: Path) -> None:
    """Refuse a question set that changed; one that only grew at its end is the same."""
    limit = recorded.get("questions", {}).get("limit")
    if recorded.get("questions_digest") != questions_digest(setup.questions[:limit]):
        raise ConfigError(
            f"{folder}: the questions of {setup.scenario.questions.source} have changed since "
            "this run was made; choose another --out, or bring the old ones back"
        )


def _check_graph(header: Mapping[str, Any], setup: Setup, folder: Path) -> None:
    """Refuse a graph that changed, as a file of edges may."""
    if header and header["influence"] != setup.influence.tolist():
        raise ConfigError(
            f"{folder}: the graph of {setup.scenario.topology.kind} has changed since this run "
            "was made; choose another --out, or bring the old one back"
        )


def _grows(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    if key == "replicas":
        return int(old[key]) <= int(new[key])
    before, after = old[key], new[key]
    if before.get("source") != after["source"] or before.get("limit") is None:
        return False
    return after["limit"] is None or int(before["limit"]) < int(after["limit"])


def write_results(
    folder: Path, setup: Setup, metrics: Mapping[str, Any], turns: pd.DataFrame
) -> None:
    """Write ``metrics.json`` and ``turns.csv``, and ``turns.parquet`` where pyarrow is there.

    Parameters
    ----------
    folder : Path
    setup : Setup
        What was run.
    metrics : mapping
        JSON-ready.
    turns : DataFrame
        One row per turn.
    """
    models = sorted(set(turns["model"]) - {""})
    write_file(folder / SCENARIO, scenario_text(setup, models))
    write_file(folder / METRICS, json.dumps(metrics, indent=2, allow_nan=False) + "\n")
    write_file(folder / TURNS, csv_text(turns))
    _write_parquet(folder, turns)


def _write_parquet(folder: Path, turns: pd.DataFrame) -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return
    path = folder / "turns.parquet"
    if path.is_symlink():  # pyarrow would follow it, out of a folder that somebody else made.
        path.unlink()
    turns.to_parquet(path, index=False)


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    StorageError
        If the disk does not take it.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path.parent}: cannot be written ({error.strerror}); choose another folder with --out"
        ) from error


def own_text(path: Path) -> str:
    """Return the text of a file that lies in its folder, and is no link to one elsewhere.

    A folder may come from somebody else, and what is read may go into a report that is passed on.

    Raises
    ------
    StorageError
        If it is a link.
    OSError, ValueError
        If it cannot be read.
    """
    if path.is_symlink():
        raise StorageError(f"{path}: is a link out of its folder, which is not followed")
    return path.read_text(encoding="utf-8")
