"""Agents without a model: many questions at once beside one turn after the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from resource import RUSAGE_SELF, getrusage
from typing import Any

from benchmarks.runtime.row import Row
from fjsim.contracts.population import _member
from fjsim.crowd.schedule import play_all
from fjsim.deliberation import deliberate
from fjsim.records import MemoryLog
from fjsim.runs.journal import WatchedLog
from fjsim.runs.resolve import Setup, resolve
from fjsim.runs.runtime import team_of
from fjsim.scenario import Scenario

TEAM: dict[str, Any] = {
    "agents": {"kind": "numeric", "count": 6},
    "topology": "star",
    "attack": "stubborn",
    "questions": {"limit": 100},
    "rounds": 10,
}
GOALS = {"none": 100, "trust-adaptive": 30}
DELIBERATIONS, WORKERS = 1_000_000, 2
ONE_BLOCK = 2**20
REPEATS = 5


def rows(quick: bool) -> Iterator[Row]:
    for defense, goal in GOALS.items():
        setup = resolve(Scenario(**TEAM, defense=defense))
        # The loop takes seconds and the crowd none, so that the least of each is compared.
        ours = min(_crowd(setup) for _ in range(1 if quick else REPEATS))
        loop = min(_loop(setup) for _ in range(1 if quick else 2))
        per_turn = 1e6 * ours / setup.expected_turns
        yield Row(
            f"{setup.expected_turns} turns of numeric agents, both arms, defense {defense}",
            f"{per_turn:.1f} µs a turn, {loop / ours:.0f} times the loop",
            f">= {goal} times",
            f"the loop: {1e6 * loop / setup.expected_turns:.0f} µs a turn",
            met=loop >= goal * ours,
        )
    yield _many(DELIBERATIONS // (100 if quick else 1))


def _many(n_deliberations: int) -> Row:
    started = time.perf_counter()
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        share = n_deliberations // 100 // WORKERS
        peaks: Sequence[float] = list(pool.map(_stream, range(WORKERS), [share] * WORKERS))
    took = time.perf_counter() - started
    return Row(
        f"{n_deliberations:,} deliberations of 6 numeric agents and 10 rounds, 2 processes",
        f"{took:.0f} s, {sum(peaks):.0f} MiB",
        "<= 60 s, <= 2048 MiB",
        met=took <= 60 and sum(peaks) <= 2048,
    )


def _stream(seed: int, replicas: int) -> float:
    """Play many replicas, keeping none; return the peak memory in MiB."""
    values = {key: value for key, value in TEAM.items() if key != "attack"}
    setup = resolve(Scenario(**values, replicas=replicas, seed=seed))
    for _ in play_all(team_of(setup), setup.scenario.arms, setup.items, block=ONE_BLOCK):
        pass
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


def _crowd(setup: Setup) -> float:
    started = time.process_time()
    for _ in play_all(team_of(setup), setup.scenario.arms, setup.items):
        pass
    return time.process_time() - started


def _loop(setup: Setup) -> float:
    _member.cache_clear()
    log = MemoryLog()
    log.say_what_it_is(setup.header())
    journal = WatchedLog(log, setup.expected_turns)
    work = deliberate(
        team_of(setup), setup.scenario.arms, setup.items, journal, lambda done: None, window=8
    )
    started = time.process_time()
    asyncio.run(work)
    return time.process_time() - started
