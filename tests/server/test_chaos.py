"""A run against a server that fails, killed again and again: complete, equal, nothing doubled."""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

import fjsim
from fjsim.backends import raw_backend
from fjsim.questions import load_questions
from fjsim.server import FaultPlan, ModelServer, RunningServer

FAULTS = FaultPlan(
    rate_limit=0.10,
    error=0.05,
    disconnect=0.03,
    garbage=0.03,
    hang=0.02,
    seed=5,
    retry_after=0.05,
)
MAX_ATTEMPTS = 8
CHILD = """
import json, sys, pathlib, fjsim
scenario = fjsim.Scenario(**json.loads(sys.argv[1]))
fjsim.run(scenario, out=sys.argv[2], cache=pathlib.Path(sys.argv[3]))
"""


def scenario(base_url, questions, agents, rounds):
    return fjsim.Scenario(
        topology="star",
        attack="stubborn",
        agents=agents,
        rounds=rounds,
        questions={"source": "builtin", "limit": questions},
        backend={
            "kind": "openai",
            "model": "fjsim-simulated",
            "base_url": base_url,
            "timeout": 0.8,
            "max_attempts": MAX_ATTEMPTS,
            "max_concurrency": 32,
        },
    )


def simulated(**fields):
    return ModelServer(raw_backend("simulated", load_questions("builtin")), **fields)


def essences(run):
    return {key: turn.essence() for key, turn in run.contents.turns.items()}


def killed(command, server, thresholds):
    """Run a command until it ends; kill it each time the server has seen so many requests."""
    kills = 0
    for threshold in [*thresholds, None]:
        with subprocess.Popen(command) as child:
            while child.poll() is None and (
                threshold is None or server.counts.received.total() < threshold
            ):
                time.sleep(0.005)
            if child.poll() is not None:
                assert child.returncode == 0
                return kills
            child.send_signal(signal.SIGKILL)
            kills += 1
    return kills


@pytest.mark.parametrize(
    ("questions", "agents", "rounds", "n_kills"),
    [(5, 4, 2, 2), pytest.param(30, 6, 5, 10, marks=pytest.mark.slow)],
)
def test_chaos_changes_nothing_but_the_time(
    questions, agents, rounds, n_kills, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("FJSIM_CACHE_DIR", str(tmp_path / "shared"))
    with RunningServer(simulated()) as calm:
        undisturbed = fjsim.run(scenario(calm.base_url, questions, agents, rounds), cache=False)
    server = simulated(faults=FAULTS, latency=0.02)
    rng = random.Random(1)
    n_turns = len(undisturbed.contents.turns)
    thresholds = sorted(rng.sample(range(5, int(0.6 * n_turns)), n_kills))
    with RunningServer(server) as running:
        shaken = scenario(running.base_url, questions, agents, rounds)
        arguments = [json.dumps(shaken.as_dict()), str(tmp_path / "run"), str(tmp_path / "c.db")]
        kills = killed([sys.executable, "-c", CHILD, *arguments], server, thresholds)
        run = fjsim.run(shaken, out=tmp_path / "run", cache=tmp_path / "c.db")
    assert kills == n_kills
    assert run.metrics["missing_turns"].value == 0
    assert essences(run) == essences(undisturbed)
    check_log(tmp_path / "run" / "events.jsonl", n_turns)
    assert set(server.counts.faults) == {"rate-limit", "error", "disconnect", "garbage", "hang"}
    assert max(server.counts.received.values()) <= MAX_ATTEMPTS + n_kills
    assert max(server.counts.answered.values()) <= 1 + n_kills


def check_log(path, n_turns) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    turns = Counter(
        tuple(turn[name] for name in ("arm", "question", "replica", "round", "agent"))
        for turn in lines
        if "agent" in turn
    )
    assert len(turns) == n_turns
    assert set(turns.values()) == {1}
