"""A run of a hundred thousand turns: no quadratic step, bounded memory, and quick to resume."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.runtime.processes import AGENTS, ROUNDS, run
from benchmarks.runtime.row import Row

TURNS = 100_000
LEFT = 100
"""Turns of the log that are taken away before it is resumed."""
RESUME_GOAL = 5.0
GROWTH_GOAL = 1.3
"""CPU per turn at full length over that at a tenth."""


def rows(quick: bool) -> Iterator[Row]:
    turns = TURNS // 10 if quick else TURNS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short = run(_described(turns // 10), folder / "short")
        long = run(_described(turns), folder / "long")
        _cut(folder / "long" / "run" / "events.jsonl")
        resumed = run(_described(turns), folder / "long")
    per_turn = [1e3 * took["cpu_seconds"] / took["turns"] for took in (short, long)]
    yield Row(
        f"{long['turns']:.0f} turns of the embedded model: CPU per turn",
        f"{per_turn[1]:.2f} ms, {per_turn[1] / per_turn[0]:.2f} times that at a tenth",
        f"<= {GROWTH_GOAL} times",
        met=per_turn[1] <= GROWTH_GOAL * per_turn[0],
    )
    kib = 1024 * (long["peak_mib"] - short["peak_mib"]) / (long["turns"] - short["turns"])
    yield Row(
        "the same: peak memory",
        f"{long['peak_mib']:.0f} MiB, {kib:.1f} KiB a turn",
        "<= 1 GiB",
        met=long["peak_mib"] <= 1024,
    )
    yield Row(
        f"the same, {LEFT} turns missing: start to the first new turn",
        f"{resumed['first_turn_seconds']:.2f} s",
        f"<= {RESUME_GOAL:g} s",
        met=resumed["first_turn_seconds"] <= RESUME_GOAL and resumed["turns"] == long["turns"],
    )


def _described(turns: int) -> dict[str, Any]:
    questions = 100
    replicas = max(1, round(turns / (questions * AGENTS * (ROUNDS + 1))))
    return {
        "questions": {"source": "builtin", "limit": questions},
        "agents": AGENTS,
        "rounds": ROUNDS,
        "replicas": replicas,
        "backend": {"kind": "simulated"},
    }


def _cut(log: Path) -> None:
    """Take the last turns away, and the ends of their questions with them."""
    lines = log.read_bytes().splitlines(keepends=True)
    turns = [at for at, line in enumerate(lines) if b'"type":"turn"' in line]
    log.write_bytes(b"".join(lines[: turns[-LEFT]]))
