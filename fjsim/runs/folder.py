"""A run folder: whose it is, and what is written into it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from fjsim.csv_file import csv_of_rows
from fjsim.errors import ConfigError, StorageError
from fjsim.foreign_text import shown
from fjsim.records import SCENARIO, EventLog, LogContents, RunHeader
from fjsim.records.frames import COLUMNS, Row, turns_frame
from fjsim.runs.extending import moved_by_growth
from fjsim.runs.resolve import Setup, questions_digest, versions
from fjsim.scenario import identity
from fjsim.serial.yaml import read_yaml, yaml_of

if TYPE_CHECKING:
    import pandas as pd


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
        If the folder holds another scenario's run; names the key that differs. Also if it holds
        a shorter one whose questions the longer one would play otherwise.
    StorageError
        If it cannot be written, or another process writes it.
    """
    recorded = check_folder(folder, setup)
    log = EventLog(folder, setup.header())
    try:
        if recorded is None and log.contents.n_lines:
            _check_hash(log.contents, setup, folder)
        _check_graph(log.contents.header, setup, folder)
        if recorded is None or identity(recorded) != identity(setup.resolved):
            # Before anything is played: half of a longer run is not to pass for the shorter one.
            models = (recorded or {}).get("models") or ()
            write_file(folder / SCENARIO, scenario_text(setup, models))
        log.say_what_it_is(setup.header())
    except BaseException:
        log.close()
        raise
    return log


def check_folder(folder: Path, setup: Setup) -> Mapping[str, Any] | None:
    """Return the scenario of the run that a folder holds, which is this one or grows into it.

    Parameters
    ----------
    folder : Path
    setup : Setup
        What is to be run.

    Returns
    -------
    mapping or None
        As it stands in the folder; None where there is none, or not a whole one.

    Raises
    ------
    ConfigError
        As in `open_folder`.
    """
    recorded = _recorded(folder)
    if recorded is not None:
        _check_same(recorded, setup, folder)
        _check_order(recorded, setup, folder)
    return recorded


def _recorded(folder: Path) -> Mapping[str, Any] | None:
    """Return the scenario that a folder holds; None if it has none, or not a whole one."""
    path = folder / SCENARIO
    if not path.exists():
        return None
    try:
        values = read_yaml(path)
    except ConfigError:
        return None
    kinds = {"agents": list, "backend": Mapping, "questions": Mapping, "replicas": int}
    if not all(isinstance(values.get(name), kind) for name, kind in kinds.items()):
        return None
    limit = values["questions"].get("limit")
    return values if limit is None or isinstance(limit, int) else None


def _check_hash(contents: LogContents, setup: Setup, folder: Path) -> None:
    """Refuse a log without its scenario, unless it says itself that it is of this very run."""
    if contents.header is None or contents.header.hash != setup.hash:
        raise StorageError(
            f"{folder}: holds a run whose {SCENARIO} is missing or cut off, and not this one as it "
            "is; put that file back, or choose another --out"
        )


def scenario_text(setup: Setup, models: Sequence[str] = ()) -> str:
    """Return the resolved scenario as YAML, with the versions and models of what made it."""
    values = {**setup.resolved, "versions": versions(), "models": list(models)}
    head = "# Resolved by fjsim: every default is spelled out; `fjsim run` takes this file too.\n"
    return head + yaml_of(values)


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


def _check_order(recorded: Mapping[str, Any], setup: Setup, folder: Path) -> None:
    """Refuse more questions where those that are there would have been played otherwise."""
    limit, wanted = recorded["questions"]["limit"], setup.resolved["questions"]["limit"]
    why = moved_by_growth(setup, limit)
    if why:
        raise ConfigError(
            f"{folder}: questions.limit is raised from {json.dumps(limit)} to "
            f"{json.dumps(wanted)}, which draws another order of the questions, and {why}; choose "
            "another --out, or leave it out (more replicas could be added here)"
        )


def _check_graph(header: RunHeader | None, setup: Setup, folder: Path) -> None:
    """Refuse a graph that changed, as a file of edges may."""
    if header is not None and header.graph.tolist() != setup.influence.tolist():
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
    folder: Path, setup: Setup, metrics: Mapping[str, Any], turns: Sequence[Row] | None
) -> None:
    """Write ``metrics.json`` and ``turns.csv``, and ``turns.parquet`` where pyarrow is there.

    Parameters
    ----------
    folder : Path
    setup : Setup
        What was run.
    metrics : mapping
        JSON-ready.
    turns : sequence of tuple or None
        One row per turn, from `fjsim.records.frames.turn_rows`; None where turns are kept as
        arrays, which are no table.
    """
    if turns is not None:
        # The scenario was written before anything was played; now the models are known.
        model = COLUMNS.index("model")
        models = sorted({row[model] for row in turns} - {""})
        write_file(folder / SCENARIO, scenario_text(setup, models))
    write_file(folder / METRICS, json.dumps(metrics, indent=2, allow_nan=False) + "\n")
    if turns is None:
        return
    write_file(folder / TURNS, csv_of_rows(COLUMNS, turns))
    if writes_parquet():
        write_parquet(folder / "turns.parquet", turns_frame(turns))


def writes_parquet() -> bool:
    """Return whether pyarrow is there; without it no table is written as parquet."""
    return find_spec("pyarrow") is not None


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as parquet, where pyarrow is there; do nothing without it.

    Parameters
    ----------
    path : Path
    frame : DataFrame
    """
    if not writes_parquet():
        return
    if path.is_symlink():  # pyarrow would follow it, out of a folder that somebody else made.
        path.unlink()
    frame.to_parquet(path, index=False)


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all.

    Nothing else in the folder is touched: the draft has a name that cannot be guessed, and a link
    of the file's name is replaced, not followed.

    Parameters
    ----------
    path : Path
        Its folder is made if it is not there.
    content : str or bytes
        Text is written as UTF-8; half a character, as hostile text may hold, in its escaped form.

    Raises
    ------
    StorageError
        If the disk does not take it.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(draft, data)
        try:
            draft.replace(path)
        except OSError:
            draft.unlink()
            raise
    except OSError as error:
        raise StorageError(
            f"{path.parent}: cannot be written ({error.strerror}); choose another folder with --out"
        ) from error


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet, down to the disk; leave none that is not whole."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, 0o666), "wb") as handle:
        try:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        except OSError:
            path.unlink()
            raise


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
