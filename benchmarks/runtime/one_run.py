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
from fjsim.experiment import run as run_scenario


def main(scenario: str, folder: str, cache: str) -> None:
    """Run it, from an empty folder to metrics; start-up (imports) is not counted."""
    described = Scenario(**json.loads(scenario))
    # Plug-ins and the fit's compiled kernels are imported by the first run of a process.
    run_scenario(Scenario(questions={"limit": 1}, rounds=1))
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    run = run_scenario(described, out=folder, cache=Path(cache))
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        json.dumps(
            {
                "seconds": seconds,
                "wall_seconds": run.metrics["wall_seconds"],
                "cpu_seconds": cpu,
                "calls": run.metrics["calls"],
                "missing": run.metrics["missing_turns"],
                "turns": len(run.contents.turns),
                "peak_mib": after.ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:4])
