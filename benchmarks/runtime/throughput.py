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
from benchmarks.runtime.row import Row

PUBLIC_SECONDS = 23.0
"""The public *Stubborn Neighbors* code at 50 ms in its best mode, 6600 calls, two cores."""
PUBLIC_CPU = 4.7
CPU_GOAL = 1.2
REPEATS = 3


def rows(quick: bool) -> Iterator[Row]:
    questions = QUESTIONS // 10 if quick else QUESTIONS
    calls = questions * AGENTS * (ROUNDS + 1)
    scale = calls / (QUESTIONS * AGENTS * (ROUNDS + 1))
    goals = {
        1.0: 1.15 * (ROUNDS + 1) * 1.0,
        0.05: max(PUBLIC_SECONDS / 3 * scale, 1.15 * (ROUNDS + 1) * 0.05),
    }
    for latency, goal in goals.items():
        took, bare = _measure(latency, questions, 1 if quick else REPEATS)
        peer = f"{PUBLIC_SECONDS * scale:.1f} s" if latency == 0.05 else ""
        yield Row(
            f"{calls} calls at {latency * 1000:g} ms, 600 in flight: wall",
            f"{took['wall_seconds']:.2f} s",
            f"<= {goal:.2f} s",
            peer,
            took["wall_seconds"] <= goal and took["missing"] == 0,
        )
        per_call = 1000 * took["cpu_seconds"] / took["calls"]
        yield Row(
            f"{calls} calls at {latency * 1000:g} ms: CPU per call, all in",
            f"{per_call:.2f} ms ({per_call / bare:.1f} times bare aiohttp)",
            f"<= {CPU_GOAL} ms",
            f"public code {PUBLIC_CPU} ms, bare aiohttp {bare:.2f} ms here and now",
            per_call <= CPU_GOAL,
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
