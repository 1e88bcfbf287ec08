"""The whole scenario against a failing server, killed ten times: complete, equal, bounded."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.runtime.processes import QUESTIONS, run, run_command, scenario, server, simulated
from benchmarks.runtime.row import Row
from fjsim.records import read_log

FAULTS = ("rate-limit=0.1", "error=0.05", "disconnect=0.03", "garbage=0.03", "hang=0.01")
OPTIONS = [word for fault in FAULTS for word in ("--fault", fault)]
KILLS = 10
MAX_ATTEMPTS = 8
BOUND = 600.0
ATTACKED = {"topology": "star", "attack": "stubborn"}
IN_FLIGHT = 64
PATIENT = {"timeout": 2.0, "max_attempts": MAX_ATTEMPTS, "max_concurrency": IN_FLIGHT}


def rows(quick: bool) -> Iterator[Row]:
    questions, n_kills = (QUESTIONS // 10, 2) if quick else (QUESTIONS, KILLS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with server(simulated()) as url:
            calm_wall = run(_described(url, questions), folder / "calm")["wall_seconds"]
        with server(simulated("--latency-ms", "20", *OPTIONS, "--retry-after", "0.2")) as url:
            started = time.monotonic()
            kills = _shake(_described(url, questions), folder / "shaken", n_kills)
            seconds = time.monotonic() - started
            with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as response:
                stats = json.load(response)
        calm, shaken = _turns(folder / "calm"), _turns(folder / "shaken")
    missing = sum(turn.validity == "missing" for turn in shaken.values())
    equal = sum(shaken[key].essence() == turn.essence() for key, turn in calm.items())
    most = max(stats["turns"].values())
    yield Row(
        f"{len(calm)} turns under {', '.join(FAULTS)}, killed {kills} times: turns as undisturbed",
        f"{equal} of {len(calm)}, {missing} missing",
        "all",
        "",
        equal == len(calm),
    )
    yield Row(
        f"the same: requests ({stats['requests']} in all), at most for one turn",
        str(most),
        f"<= {MAX_ATTEMPTS} + kills",
        "",
        most <= MAX_ATTEMPTS + KILLS,
    )
    twice = sum(stats["answered_turns"].values()) - len(stats["answered_turns"])
    yield Row(
        f"the same: replies given twice, of {len(stats['answered_turns'])}",
        str(twice),
        f"<= {IN_FLIGHT} in flight per kill",
        "",
        twice <= IN_FLIGHT * kills,
    )
    yield Row(
        f"the same: wall, against {calm_wall:.0f} s undisturbed without latency",
        f"{seconds:.0f} s",
        f"<= {BOUND:.0f} s",
        "",
        seconds <= BOUND,
    )


def _described(url: str, questions: int) -> dict[str, Any]:
    return scenario(url, questions, "fjsim-simulated", **ATTACKED, backend=PATIENT)


def _shake(described: dict[str, Any], folder: Path, n_kills: int) -> int:
    """Run until done, killed at random moments; return how often."""
    rng, kills = random.Random(0), 0
    command = run_command(described, folder)
    while True:
        limit = rng.uniform(3.0, 9.0) if kills < n_kills else None
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
            try:
                child.wait(limit)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                kills += 1
                continue
        return kills


def _turns(folder: Path) -> dict[Any, Any]:
    return dict(read_log(folder / "run" / "events.jsonl").turns)
