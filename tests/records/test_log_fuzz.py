"""Logs changed at random: nothing but a reading or one clear error, and nothing made up believed.

``FJSIM_FUZZ=50`` tries fifty times as many.
"""

from __future__ import annotations

import contextlib
import copy
import json
import math
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fjsim.errors import StorageError
from fjsim.records import EVENTS, LogContents, Turn, build_transcript, read_log
from fjsim.records.batches import all_fit
from fjsim.records.bounds import bounds_of
from fjsim.records.checks import check_turn
from fjsim.records.header import RunHeader
from fjsim.records.lines import DamagedLineError
from fjsim.runs import run
from fjsim.scenario import Scenario

TIMES = int(os.environ.get("FJSIM_FUZZ", "1"))
POOL: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 5, 77, 10**8, 2**63, 10**30, 0.5, -0.5, 1.5, 1e300, math.nan,
    math.inf, "", "1", "clean", "attacked", "general-001", "\ud83d", "x" * 1000, [], [0], [[]], {},
    [0.5, 0.5], [0.2] * 5, [1, 0, 0, 0, 0], [None] * 5, ["0.2"] * 5, {"speaker": 0}, {"0": 1},
)  # fmt: skip


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "probed and defended"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of a small finished run."""
    folder = tmp_path_factory.mktemp("made") / "r"
    more: dict[str, Any] = {"router": "perceived-confidence", "defense": "trust-adaptive"}
    scenario = Scenario(
        topology="star",
        attack="stubborn",
        questions={"limit": 3},
        rounds=2,
        agents=3,
        **(more if request.param else {}),
    )
    run(scenario, out=folder, cache=False)
    return folder / EVENTS


def flipped(line: bytes, rng: random.Random) -> bytes:
    """Change some bytes of a line, or cut bytes out of it, or double them."""
    data = bytearray(line[:-1])
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        at = rng.randrange(len(data))
        end = at + rng.choice((1, 1, 4, 40))
        data[at:end] = rng.choice(
            (bytes([rng.randrange(256)]), b"", bytes(data[at:end]) * 2, b"\0" * 8)
        )
    return bytes(data).replace(b"\n", b" ") + b"\n"


def swapped(line: bytes, rng: random.Random) -> bytes:
    """Put other values into an event, and call it one of the version without checksums."""
    event = json.loads(line)
    event.pop("crc", None)
    event["v"] = 1
    for _ in range(rng.choice((1, 1, 1, 2))):
        places = list(_places(event))
        holder, key = rng.choice(places)
        other, beside = rng.choice(places)
        if rng.random() < 0.3:
            value = other[beside] if not isinstance(other[beside], (list, dict)) else None
        else:
            value = copy.deepcopy(rng.choice(POOL))
        holder[key] = value
    return json.dumps(event).encode() + b"\n"


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        for key in value:
            yield value, key
            yield from _places(value[key])
    elif isinstance(value, list):
        for at in range(len(value)):
            yield value, at
            yield from _places(value[at])


def changed(
    path: Path, folder: Path, change: Callable[[bytes, random.Random], bytes], rng: random.Random
) -> Path:
    lines = path.read_bytes().splitlines(keepends=True)
    for _ in range(rng.choice((1, 3, 10))):
        at = rng.randrange(len(lines))
        lines[at] = change(lines[at], rng)
    (folder / EVENTS).write_bytes(b"".join(lines))
    return folder / EVENTS


def looked_through(contents: LogContents) -> None:
    """Do with the contents what commands do: nothing of it may fail but with one clear line."""
    if not contents.header:
        return
    for arm in {end.arm for end in contents.items.values()}:
        transcript = build_transcript(contents, arm)
        sums = np.nansum(transcript.beliefs, axis=-1)[transcript.valid]
        np.testing.assert_allclose(sums, 1, atol=1e-5)
    assert contents.described_damage().isprintable()
    json.dumps([turn.as_dict() for turn in contents.turns.values()], allow_nan=False)


@pytest.mark.parametrize("seed", range(6))
def test_bytes_changed_by_accident_are_found_and_the_rest_is_as_it_was(
    recorded: Path, tmp_path: Path, seed: int
) -> None:
    rng, whole = random.Random(seed), read_log(recorded)
    for _ in range(25 * TIMES):
        path = changed(recorded, tmp_path, flipped, rng)
        try:
            contents = read_log(path)
        except StorageError:
            continue
        assert contents.turns.items() <= whole.turns.items()
        for identity, end in contents.items.items():
            assert end == whole.items[identity]
        assert len(contents.turns) + len(contents.damaged) >= len(whole.turns)
        looked_through(contents)


@pytest.mark.parametrize("seed", range(6))
def test_values_swapped_on_purpose_are_in_range_or_refused(
    recorded: Path, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    for _ in range(25 * TIMES):
        path = changed(recorded, tmp_path, swapped, rng)
        with contextlib.suppress(StorageError):
            looked_through(read_log(path))


@pytest.mark.parametrize("seed", range(3))
def test_turns_checked_together_are_those_that_pass_one_by_one(recorded: Path, seed: int) -> None:
    rng = random.Random(seed)
    lines = recorded.read_bytes().splitlines(keepends=True)
    bounds = bounds_of(RunHeader.from_dict(json.loads(lines[0])))
    plain = [Turn.from_dict(json.loads(x), bounds.hearing()) for x in lines if b'"turn"' in x]
    assert all_fit(plain, bounds)
    turns = [line for line in lines if b'"type":"turn"' in line]
    for _ in range(300 * TIMES):
        try:
            turn = Turn.from_dict(json.loads(swapped(rng.choice(turns), rng)), bounds.hearing())
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            continue
        assert all_fit([turn], bounds) == passes(turn, bounds)
        assert all_fit([*plain[:3], turn, *plain[3:]], bounds) == passes(turn, bounds)


def passes(turn: Turn, bounds: Any) -> bool:
    try:
        check_turn(turn, bounds)
    except (DamagedLineError, TypeError, ValueError):
        return False
    return True
