"""The public *Stubborn Neighbors* code beside ours, where there is a checkout of it.

PUBLIC_CODE=FOLDER python -m benchmarks.runtime

FOLDER is a checkout of github.com/Dormant-Neurons/MAS-Cascade with its requirements installed in
FOLDER/.venv. It runs unchanged. Without one, what it once took stands in, as many times longer as
this machine is slower by bare aiohttp.
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.runtime.processes import AGENTS, QUESTIONS, ROUNDS, fixed_latency, server

LATENCY = 0.05
WORKERS = (8, 32)
"""Its own default of ``--parallel`` and more; the faster one is its best mode."""
REPLY = "<REASON>: It fits.\n<ANSWER>: A\n<BELIEF>: {}\n<MEMORY>: none".format(
    '{"A": 0.5, "B": 0.2, "C": 0.1, "D": 0.1, "E": 0.1}'
)


@dataclass(frozen=True)
class PublicCode:
    """What the public code takes for 6600 calls at 50 ms in its best mode.

    Parameters
    ----------
    seconds : float
        Wall time.
    cpu : float
        CPU milliseconds per call.
    said : str
        Where the figures are from.
    """

    seconds: float
    cpu: float
    said: str


RECORDED = PublicCode(23.0, 4.7, "recorded: 23.0 s, 4.7 ms")
RECORDED_BARE = 0.12
"""CPU milliseconds of one bare aiohttp call on the machine of the recorded figures."""


def public_code(bare: float) -> PublicCode:
    """Return what the public code takes on this machine.

    Parameters
    ----------
    bare : float
        CPU milliseconds of one bare aiohttp call here and now.
    """
    folder = os.environ.get("PUBLIC_CODE")
    if folder:
        took = [_measured(Path(folder), workers) for workers in WORKERS]
        return min(took, key=lambda one: one.seconds)
    slower = bare / RECORDED_BARE
    said = f"{RECORDED.said}; this machine is {slower:.1f} times slower"
    return PublicCode(RECORDED.seconds * slower, RECORDED.cpu * slower, said)


def _measured(folder: Path, workers: int) -> PublicCode:
    command = [".venv/bin/python", "-m", "cascade.experiments.csqa", "--scenario", "benchmark"]
    command += ["--graph", "complete", "--agents", str(AGENTS), "--attackers", "1"]
    command += ["--rounds", str(ROUNDS), "--dataset", "csqa_100", "--model", "fixed"]
    command += ["--no-trust", "--fixed-trust", "--parallel", "--max-workers", str(workers)]
    command += ["--no-mlflow-tracking", "--rerun-existing", "--backend", "vllm", "--vllm-url"]
    with server(fixed_latency(LATENCY, REPLY)) as url, tempfile.TemporaryFile() as said:
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            [*command, url],
            cwd=folder,
            env=os.environ | {"OPENAI_API_KEY": "none"},
            stdout=said,
            stderr=said,
            check=True,
        )
        seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    calls = QUESTIONS * AGENTS * (ROUNDS + 1)
    return PublicCode(seconds, 1000 * cpu / calls, f"measured here, {workers} workers")
