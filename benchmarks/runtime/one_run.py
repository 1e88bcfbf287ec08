"""Runs one scenario in a process of its own and prints what it took, as JSON.

python benchmarks/runtime/one_run.py SCENARIO_JSON FOLDER CACHE
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from fjsim import Scenario
from fjsim.runs import run as run_scenario


def main(scenario: str, folder: str, cache: str) -> None:
    """Run it, from an empty folder to metrics; start-up (imports) is not counted."""
    described = Scenario(**json.loads(scenario))
    # Plug-ins and the fit's compiled kernels are imported by the first run of a process.
    run_scenario(Scenario(questions={"limit": 1}, rounds=1))
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    clock = _Clock(started)
    run = run_scenario(described, out=folder, cache=Path(cache), watch=clock.watch)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        json.dumps(
            {
                "seconds": seconds,
                "wall_seconds": run.metrics["wall_seconds"].value,
                "cpu_seconds": cpu,
                "first_turn_seconds": clock.first_turn,
                "calls": run.metrics["calls"].value,
                "missing": run.metrics["missing_turns"].value,
                "turns": len(run.contents.turns),
                "peak_mib": after.ru_maxrss / 1024,
            }
        )
    )


class _Clock:
    """Notes when the first turn came that was not in the folder before."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._before: int | None = None
        self.first_turn = 0.0

    def watch(self, done: int, total: int) -> None:
        if self._before is None:
            self._before = done
        elif not self.first_turn and done > self._before:
            self.first_turn = time.perf_counter() - self._started


if __name__ == "__main__":
    main(*sys.argv[1:4])
