"""Belief CSVs of the public code of *Don't Trust Stubborn Neighbors* (arXiv:2603.15809)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, as_belief
from fjsim.errors import BeliefError, LogFormatError
from fjsim.records.importers.columns import refuse_size
from fjsim.records.importers.imported import ImportedLog
from fjsim.records.transcript import ABSENT, NOT_HEARD, Transcript
from fjsim.unpacking import TooLargeError, lines

ROUND_FILE = re.compile(r"belief_after_item_(.+)_round([0-9]{1,6})\.csv$")
JOINED = "_beliefs.csv"


def read_belief_csvs(path: Path) -> ImportedLog:
    """Read one belief CSV, or all below a folder.

    Parameters
    ----------
    path : Path
        ``<item>_beliefs.csv`` (header, a line of options per agent, one line per round),
        ``belief_after_item_<item>_round<N>.csv`` (a line of options, one line per agent), or a
        folder that holds such files at any depth.

    Returns
    -------
    ImportedLog
        A path that says ``star`` is read as a star whose hub is agent 0; everything else as a
        complete graph.

    Raises
    ------
    LogFormatError
        With the file and line.
    """
    joined, single = _files(path)
    items: dict[str, dict[int, Array]] = {}
    for file in joined:
        items[str(file.parent / file.name.removesuffix(JOINED))] = _read_joined(file)
    for name, file, number in single:
        if name not in items or file.parent.name:
            rounds = items.setdefault(name, {})
            rounds.setdefault(number, _read_round(file))
    if not items:
        raise LogFormatError(f"{path}: no {JOINED[1:]} or belief_after_item_*.csv in it")
    return _build(path, items)


def _files(path: Path) -> tuple[list[Path], list[tuple[str, Path, int]]]:
    """Find files of both kinds; the joined ones replace the rounds they were made from."""
    found = [path] if path.is_file() else sorted(path.rglob("*.csv"))
    joined = [file for file in found if file.name.endswith(JOINED)]
    known = {str(file.parent / file.name.removesuffix(JOINED)) for file in joined}
    single = []
    for file in found:
        match = ROUND_FILE.match(file.name)
        if match and str(file.parent / match[1]) not in known:
            single.append((str(file.parent / match[1]), file, int(match[2])))
    return joined, single


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            for number, cells in enumerate(csv.reader(lines(handle)), start=1):
                if any(cell.strip() for cell in cells):
                    yield number, cells
    except (OSError, UnicodeDecodeError, csv.Error, TooLargeError) as error:
        raise LogFormatError(f"{file}: cannot be read ({error})") from error


def _read_joined(file: Path) -> dict[int, Array]:
    """Read all rounds of one item: beliefs of shape (n_agents, n_options) per round."""
    lines = list(_lines(file))
    start = next((at for at, (_, cells) in enumerate(lines) if cells[0] == "round"), None)
    if start is None or len(lines) < start + 3:
        raise LogFormatError(
            f"{file}, line 1: expected a header that begins with 'round', a line of options and "
            "one line per round"
        )
    names = [cell.strip() for cell in lines[start + 1][1][1:]]
    n_options = _cycle(names)
    rounds: dict[int, Array] = {}
    for number, cells in lines[start + 2 :]:
        match = re.fullmatch(r"(?:round)?([0-9]{1,6})", cells[0].strip())
        if match is None:
            raise LogFormatError(f"{file}, line {number}: '{cells[0][:40]}' is no round")
        if len(cells) != len(names) + 1:
            raise LogFormatError(
                f"{file}, line {number}: {len(cells) - 1} numbers, {len(names)} options are named"
            )
        if int(match[1]) in rounds:
            raise LogFormatError(f"{file}, line {number}: round {match[1]} stands there twice")
        blocks = [cells[at : at + n_options] for at in range(1, len(cells), n_options)]
        rounds[int(match[1])] = np.array([_belief(block, file, number) for block in blocks])
    return rounds


def _cycle(names: list[str]) -> int:
    """Return after how many options the next agent's begin."""
    for size in range(2, len(names) + 1):
        if len(names) % size == 0 and names == names[:size] * (len(names) // size):
            return size
    return len(names)


def _read_round(file: Path) -> Array:
    """Read one round of one item."""
    lines = list(_lines(file))
    if len(lines) < 2:
        raise LogFormatError(f"{file}, line 1: expected a line of options and one line per agent")
    width = len(lines[0][1])
    rows = []
    for number, cells in lines[1:]:
        if len(cells) != width:
            raise LogFormatError(f"{file}, line {number}: {len(cells)} numbers, {width} options")
        rows.append(_belief(cells, file, number))
    return np.array(rows)


def _belief(cells: list[str], file: Path, line: int) -> Array:
    """Read one belief; all cells empty or nan is a missing turn."""
    if all(cell.strip().lower() in ("", "nan") for cell in cells):
        return np.full(len(cells), np.nan)
    try:
        return as_belief([float(cell) for cell in cells], n_options=len(cells))
    except (ValueError, BeliefError) as error:
        raise LogFormatError(f"{file}, line {line}: {error}") from error


def _build(path: Path, items: dict[str, dict[int, Array]]) -> ImportedLog:
    """Put the items into arrays."""
    shapes = {rounds[at].shape for rounds in items.values() for at in rounds}
    n_agents = {shape[0] for shape in shapes}
    if len(n_agents) > 1:
        raise LogFormatError(
            f"{path}: groups of {', '.join(map(str, sorted(n_agents)))} agents; fit each scenario "
            "folder by itself"
        )
    n_times = max(max(rounds) for rounds in items.values()) + 1
    size, n_options = n_agents.pop(), max(shape[1] for shape in shapes)
    what = f"{len(items)} items x {n_times} rounds x {size} agents"
    refuse_size(path, what, len(items) * n_times * size * 8 * (n_options + 4 * size + 4))
    beliefs = np.full((len(items), n_times, size, n_options), np.nan)
    for at, rounds in enumerate(items.values()):
        for number, values in rounds.items():
            beliefs[at, number, :, : values.shape[1]] = values
    there = np.asarray(~np.isnan(beliefs).all(axis=-1))
    stars = np.array(["star" in name.lower() for name in items])
    heard = _heard(stars, beliefs.shape[:3], there)
    ids = tuple(Path(name).name for name in items)
    transcript = Transcript(
        question_ids=ids,
        replicas=_replicas(ids),
        keys=np.full(len(items), -1, dtype=np.int64),
        beliefs=beliefs,
        answers=np.where(there, np.nan_to_num(beliefs, nan=-1.0).argmax(axis=-1), -1),
        validity=np.where(there, 0, ABSENT),
        heard_round=heard,
        gates=np.where(heard >= 0, 1.0, np.nan),
        agents=tuple(str(seat) for seat in range(size)),
        arm="clean",
    )
    letters = tuple(chr(ord("A") + option) for option in range(n_options))
    graph = "star, hub 0" if stars.all() else "complete" if not stars.any() else "star and complete"
    note = (
        f"graph taken from the path: {graph}; seats and targets of an attack are not in these files"
    )
    return ImportedLog(transcript, (letters,) * len(items), "belief", (note,), int(there.sum()))


def _replicas(ids: tuple[str, ...]) -> NDArray[np.int64]:
    """Count the samples of each question, from 0."""
    seen: dict[str, int] = {}
    numbers = []
    for name in ids:
        numbers.append(seen.get(name, 0))
        seen[name] = numbers[-1] + 1
    return np.array(numbers, dtype=np.int64)


def _heard(
    stars: NDArray[np.bool_], shape: tuple[int, ...], there: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return who had heard whom: all, or hub and leaves."""
    n_items, n_times, size = shape
    rounds = np.arange(n_times)[None, :, None, None] - 1
    heard = np.broadcast_to(rounds, (n_items, n_times, size, size)).copy()
    edges = ~np.eye(size, dtype=bool)
    spokes = edges & ((np.arange(size) == 0)[:, None] | (np.arange(size) == 0)[None, :])
    heard[:, :, ~edges] = NOT_HEARD
    heard[np.ix_(stars, np.arange(n_times))] = np.where(
        spokes, heard[np.ix_(stars, np.arange(n_times))], NOT_HEARD
    )
    before = np.concatenate([np.zeros_like(there[:, :1]), there[:, :-1]], axis=1)
    return np.asarray(np.where(before[:, :, None, :], heard, NOT_HEARD))
