"""A log of a million turns, read and fitted in one process, beside pandas reading its text.

``python -m benchmarks.fit.whole_log [N_TURNS]``
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.line import Line, time_of

AGENTS, ROUNDS = 6, 10
MOST_SECONDS, MOST_MIB = 5.0, 400.0


def write_log(path: Path, n_turns: int) -> None:
    """Write opinions that keep the law, as a table of one turn a line."""
    n_items = max(n_turns // (AGENTS * (ROUNDS + 1)), 1)
    rng = np.random.default_rng(0)
    influence = rng.random((AGENTS, AGENTS)) * (1 - np.eye(AGENTS))
    influence /= influence.sum(axis=1, keepdims=True)
    held = rng.uniform(0.1, 0.4, AGENTS)
    now = innate = rng.random((n_items, AGENTS))
    rounds = [now]
    for _ in range(ROUNDS):
        heard = 0.3 * now + 0.7 * now @ influence.T
        noise = rng.normal(0, 0.01, now.shape)
        now = np.clip(held * innate + (1 - held) * heard + noise, 0, 1)
        rounds.append(now)
    played = np.stack(rounds, axis=1)
    with path.open("w", encoding="utf-8") as file:
        file.write("item_id,agent_id,round,opinion\n")
        for item in range(n_items):
            file.writelines(
                f"q{item},a{agent},{number},{played[item, number, agent]:.6f}\n"
                for number in range(ROUNDS + 1)
                for agent in range(AGENTS)
            )


def measure(path: Path) -> dict[str, float]:
    """Read and fit a log in this process; returns seconds of each and the peak of memory."""
    import fjsim

    started = process_time()
    log = fjsim.read_log(path)
    read = process_time()
    fjsim.fit(log, "pooled", resamples=0)
    fitted = process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return {"read": read - started, "fit": fitted - read, "peak_mib": peak}


def lines(n_turns: int = 1_000_000) -> Iterator[Line]:
    """Yield one line; a process of its own each, so that a peak of memory is its own too."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        write_log(path, n_turns)
        command = [sys.executable, "-m", "benchmarks.fit.whole_log", "--measure", str(path)]
        took = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        import pandas as pd

        started = process_time()
        pd.read_csv(path)
        alone = process_time() - started
    seconds = took["read"] + took["fit"]
    yield Line(
        f"{n_turns:,} turns of 6 agents, read and fitted",
        f"{time_of(took['read'])} + {time_of(took['fit'])}, {took['peak_mib']:.0f} MiB in all",
        f"pandas.read_csv alone {alone / seconds:.2g}×",
        f"<= {MOST_SECONDS:g} s, <= {MOST_MIB:g} MiB",
        seconds <= MOST_SECONDS and took["peak_mib"] <= MOST_MIB,
    )


if __name__ == "__main__":
    if "--measure" in sys.argv:
        sys.stdout.write(json.dumps(measure(Path(sys.argv[-1]))) + "\n")
    else:
        turns = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000
        for line in lines(turns):
            sys.stdout.write(f"{line}\n")
