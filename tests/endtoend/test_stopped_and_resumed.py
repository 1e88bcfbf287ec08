"""A run on a failing server, stopped again and again: the same run, and little is paid twice."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fjsim.records import EVENTS, SPENDING, read_log
from fjsim.runs import run
from fjsim.scenario import Scenario

# What is started in the background may have Ctrl-C ignored, and hands that down to its children.
COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from fjsim.cli import main
main()
"""
FAULTS = {"rate-limit": 0.09, "error": 0.05, "disconnect": 0.03, "garbage": 0.03}
IN_FLIGHT = 8
SAMPLES = 4


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", COMMAND, *map(str, arguments)]


@contextmanager
def served(*options: object) -> Iterator[str]:
    """Put the embedded model behind HTTP; yields where."""
    with subprocess.Popen(
        command("serve", "--port", 0, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip().removesuffix("/v1")
        finally:
            process.kill()


def stats(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/stats", timeout=20) as response:
        seen: dict[str, Any] = json.load(response)
    return seen


@dataclass
class Stopped:
    """Starts one command again and again, and stops it.

    Parameters
    ----------
    url : str
        Address of its server.
    seed : int
        Decides when and how.
    """

    url: str
    seed: int = 0
    stops: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)

    @property
    def most_in_flight(self) -> int:
        """How many requests were in flight at the stops, at most."""
        return IN_FLIGHT * len(self.stops)

    def stop_evenly(self, arguments: list[str], how: list[str], requests: range) -> None:
        """Stop it in each way in turn, at moments spread over the requests that its server had."""
        step = len(requests) / len(how)
        for at, way in enumerate(how):
            moment = requests[int((at + self._rng.random()) * step)]
            self._stop(arguments, way, moment)

    def _stop(self, arguments: list[str], how: str, moment: int) -> None:
        with subprocess.Popen(
            arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as child:
            while child.poll() is None and stats(self.url)["requests"] < moment:
                time.sleep(0.05)
            time.sleep(self._rng.uniform(0, 0.05))
            child.send_signal(signal.SIGKILL if how == "kill" else signal.SIGTERM)
            if how == "terminate twice":
                time.sleep(self._rng.uniform(0, 0.05))
                child.send_signal(signal.SIGTERM)
            errors = child.communicate(timeout=60)[1].decode()
        assert "Traceback" not in errors
        assert "never retrieved" not in errors
        if how == "kill":
            assert child.returncode == -signal.SIGKILL
        else:
            assert child.returncode == 130, errors
            assert "interrupted" in errors
        if how == "terminate":
            assert "the same command resumes it" in errors
        self.stops.append(how)


QUICK = (2, 4, 2, ["kill"], ["terminate"], 0.0)
FULL = (
    12, 6, 4,
    ["kill", "terminate", "kill", "terminate twice", "kill"] * 2,
    ["terminate", "kill", "terminate twice", "kill", "terminate"] * 2,
    0.01,
)  # fmt: skip


@pytest.mark.parametrize(
    ("questions", "agents", "rounds", "under_the_cap", "beyond", "hang"),
    [pytest.param(*size, marks=pytest.mark.slow) for size in (QUICK, FULL)],
)
def test_run_stopped_at_random_is_the_same_and_pays_twice_for_no_more_than_was_in_flight(
    questions: int,
    agents: int,
    rounds: int,
    under_the_cap: list[str],
    beyond: list[str],
    hang: float,
    tmp_path: Path,
) -> None:
    described: dict[str, Any] = {
        "topology": "star",
        "attack": "stubborn",
        "agents": agents,
        "rounds": rounds,
        "questions": {"source": "builtin", "limit": questions},
        "elicitation": {"channel": "frequency", "samples": SAMPLES},
    }
    undisturbed = run(Scenario(**described))
    replies = undisturbed.metrics["calls"].value
    assert isinstance(replies, int)
    faults = [f"--fault={name}={share}" for name, share in {**FAULTS, "hang": hang}.items()]
    with served("--latency-ms", 30, "--retry-after", 0.05, "--fault-seed", 3, *faults) as url:
        backend = {
            "kind": "openai", "model": "fjsim-simulated", "base_url": f"{url}/v1",
            "max_concurrency": IN_FLIGHT, "timeout": 10, "max_attempts": 12,
        }  # fmt: skip
        path, folder = tmp_path / "s.yaml", tmp_path / "run"
        path.write_text(json.dumps({**described, "backend": backend}))
        cap, stopped = replies // 2, Stopped(url)
        capped = command("run", path, "--out", folder, "--set", f"budget.max_calls={cap}")
        stopped.stop_evenly(capped, under_the_cap, range(1, int(0.9 * cap)))
        done = subprocess.run(capped, capture_output=True, text=True, check=False)
        assert done.returncode == 4, done.stderr
        assert cap - stopped.most_in_flight <= stats(url)["requests"] <= cap

        free = command("run", path, "--out", folder, "--json")
        stopped.stop_evenly(free, beyond, range(cap + 1, replies))
        done = subprocess.run(free, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        seen = stats(url)

    contents = read_log(folder / EVENTS)
    assert {key: turn.essence() for key, turn in contents.turns.items()} == {
        key: turn.essence() for key, turn in undisturbed.contents.turns.items()
    }
    lines = (folder / EVENTS).read_text().splitlines()
    assert sum('"type":"turn"' in line for line in lines) == len(contents.turns)

    metrics, answers = json.loads(done.stdout)["metrics"], seen["answered_turns"].values()
    twice, most = sum(answers) - len(answers), stopped.most_in_flight
    print(
        f"{len(stopped.stops)} stops with at most {most} in flight: {seen['requests']} requests, "
        f"{len(answers)} replies, {twice} given twice; {metrics['calls']} calls counted"
    )
    assert len(answers) == replies
    assert twice <= most
    assert seen["requests"] <= metrics["calls"] <= seen["requests"] + most
    assert metrics["calls"] == (folder / SPENDING).read_text().count('{"ask":')
