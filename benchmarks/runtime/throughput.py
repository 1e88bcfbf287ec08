"""A whole scenario against a fixed-latency server: wall time and CPU per call, as medians."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.runtime.processes import (
    AGENTS,
    HERE,
    QUESTIONS,
    ROUNDS,
    fixed_latency,
    run,
    scenario,
    server,
)
from benchmarks.runtime.public_code import LATENCY, PublicCode, public_code
from benchmarks.runtime.row import Row

CPU_TIMES_BARE = 10.0
"""1.2 ms where a bare aiohttp call takes .12 ms."""
FASTER = 3.0
REPEATS = 3


def rows(quick: bool) -> Iterator[Row]:
    questions = QUESTIONS // 10 if quick else QUESTIONS
    calls = questions * AGENTS * (ROUNDS + 1)
    repeats = 1 if quick else REPEATS
    slow, bare = _measure(1.0, questions, repeats)
    yield _against_the_latency(calls, slow)
    yield _cpu(f"{calls} calls at 1 s", slow, bare)
    fast, bare = _measure(LATENCY, questions, repeats)
    peer = None if quick else public_code(bare)
    yield _against_the_public_code(calls, fast, peer)
    yield _cpu(f"{calls} calls at {LATENCY * 1000:g} ms", fast, bare, peer)


def _against_the_latency(calls: int, took: dict[str, float]) -> Row:
    startup = max(0.0, took["first_turn_seconds"] - 1.0)
    goal = 1.15 * (ROUNDS + 1) + startup
    return Row(
        f"{calls} calls at 1 s, 600 in flight: wall",
        f"{took['wall_seconds']:.2f} s",
        f"<= {goal:.2f} s, start-up {startup:.2f} s in it",
        "",
        took["wall_seconds"] <= goal and took["missing"] == 0,
    )


def _against_the_public_code(calls: int, took: dict[str, float], peer: PublicCode | None) -> Row:
    work = f"{calls} calls at {LATENCY * 1000:g} ms, 600 in flight: wall"
    seconds = f"{took['wall_seconds']:.2f} s"
    if peer is None:
        return Row(work, seconds)
    faster = peer.seconds / took["wall_seconds"]
    return Row(
        work,
        f"{seconds}, {faster:.1f} times faster than the public code",
        f">= {FASTER:g} times",
        f"{peer.seconds:.1f} s ({peer.said})",
        faster >= FASTER and took["missing"] == 0,
    )


def _cpu(work: str, took: dict[str, float], bare: float, peer: PublicCode | None = None) -> Row:
    per_call = 1000 * took["cpu_seconds"] / took["calls"]
    theirs = f", public code {peer.cpu:.1f} ms" if peer else ""
    return Row(
        f"{work}: CPU per call, all in",
        f"{per_call:.2f} ms, {per_call / bare:.1f} times bare aiohttp",
        f"<= {CPU_TIMES_BARE:g} times (1.2 ms where bare takes .12)",
        f"bare aiohttp {bare:.2f} ms{theirs}",
        per_call <= CPU_TIMES_BARE * bare,
    )


def _measure(latency: float, questions: int, repeats: int) -> tuple[dict[str, float], float]:
    """Return medians: what the run took, and the CPU milliseconds of a bare call beside it."""
    calls = questions * AGENTS * (ROUNDS + 1)
    runs, bares = [], []
    with server(fixed_latency(latency)) as url:
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                runs.append(run(scenario(url, questions, "fixed"), Path(folder)))
            command = [sys.executable, str(HERE / "bare_client.py"), url, str(calls), "600"]
            bare = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            bares.append(float(bare.stdout))
    took = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return took, statistics.median(bares)
