"""Real questions over real HTTP, killed at random and resumed."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fjsim.records import EVENTS, read_log
from fjsim.runs import run
from fjsim.scenario import Scenario

KILLS = 3
LATENCY_MS = 40
# What is started in the background may have Ctrl-C ignored, and hands that down to its children.
COMMAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from fjsim.cli import main
main()
"""


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", COMMAND, *map(str, arguments)]


@pytest.fixture
def questions(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Real questions where they are there, else ours as a file."""
    shared = Path(__file__).resolve().parents[3] / "shared" / "data" / "csqa_100.jsonl"
    if shared.is_file():
        return shared
    path = tmp_path / "questions.jsonl"
    from fjsim.questions import load_questions

    rows = [
        {"id": q.id, "question": q.text, "options": q.options, "answer": q.key}
        for q in load_questions("builtin")
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@pytest.fixture
def server(questions: Path) -> Iterator[str]:
    """The embedded model behind HTTP; yields its base URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        command("serve", "--port", port, "--questions", questions, "--latency-ms", LATENCY_MS),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: get(f"{url}/v1/models") is not None)
    yield url
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def get(url: str) -> Any:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return json.load(response)
    except OSError:
        return None


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def scenario(questions: Path, **backend: Any) -> Scenario:
    return Scenario(
        topology="star",
        attack="stubborn",
        questions={"source": str(questions), "limit": 10},
        agents=4,
        rounds=4,
        backend=backend,
    )


def test_three_kills_lose_and_double_nothing(server: str, questions: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    arguments = command(
        "run", "--topology", "star", "--attack", "stubborn", "--questions", questions,
        "--limit", 10, "--agents", 4, "--rounds", 4, "--backend", "openai", "--model",
        "fjsim-simulated", "--base-url", f"{server}/v1", "--set", "backend.max_concurrency=8",
        "--out", folder,
    )  # fmt: skip
    rng, in_flight = random.Random(1), 0
    total = 2 * 10 * 4 * 5
    for kill in range(KILLS):
        moment = max((kill + rng.random()) / (KILLS + 1) * total, turns(folder) + 1)
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, env=os.environ.copy())
        wait_until(lambda at=moment: turns(folder) >= at)  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        assert process.wait(20) == -signal.SIGKILL
        in_flight += 8
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    contents = read_log(folder / EVENTS)
    undisturbed = run(scenario(questions, kind="simulated"))
    assert {text(turn) for turn in contents.turns.values()} == {
        text(turn) for turn in undisturbed.contents.turns.values()
    }
    assert (folder / EVENTS).read_text().count('"type":"turn"') == len(contents.turns) == total

    stats = get(f"{server}/stats")
    asked = sum(1 for turn in contents.turns.values() if not turn.shared)
    assert max(stats["turns"].values()) <= 1 + KILLS
    assert stats["requests"] <= asked + in_flight


def turns(folder: Path) -> int:
    path = folder / EVENTS
    return path.read_bytes().count(b'"type":"turn"') if path.is_file() else 0


def text(turn: Any) -> tuple[Any, ...]:
    return turn.key, turn.belief, turn.text, turn.heard, turn.prompt_hash


def test_ctrl_c_keeps_what_arrived_and_says_how_to_resume(
    server: str, questions: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "interrupted"
    arguments = command(
        "run", "--questions", questions, "--limit", 10, "--agents", 4, "--rounds", 4, "--backend",
        "openai", "--model", "fjsim-simulated", "--base-url", f"{server}/v1", "--set",
        "backend.max_concurrency=4", "--out", folder,
    )  # fmt: skip
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    wait_until(lambda: turns(folder) >= 20)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"the same command resumes it" in errors
    assert b"Traceback" not in errors
    kept = turns(folder)
    assert kept >= 20
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert turns(folder) == 10 * 4 * 5


def test_sigterm_stops_a_run_in_the_background_where_ctrl_c_is_ignored(
    server: str, questions: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "background"
    arguments = command(
        "run", "--questions", questions, "--limit", 10, "--agents", 4, "--rounds", 4, "--backend",
        "openai", "--model", "fjsim-simulated", "--base-url", f"{server}/v1", "--set",
        "backend.max_concurrency=4", "--out", folder,
    )  # fmt: skip
    arguments[2] = COMMAND.replace("default_int_handler", "SIG_IGN")
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    wait_until(lambda: turns(folder) >= 10)
    process.send_signal(signal.SIGINT)
    wait_until(lambda: turns(folder) >= 20)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"the same command resumes it" in errors
    assert b"Traceback" not in errors
    assert b"never retrieved" not in errors


def test_a_planted_key_stands_in_no_file_of_the_run(
    server: str, questions: Path, tmp_path: Path
) -> None:
    secret = "sk-planted-0123456789"
    done = subprocess.run(
        command(
            "run", "--questions", questions, "--limit", 2, "--agents", 2, "--rounds", 1,
            "--backend", "openai", "--model", "fjsim-simulated", "--base-url", f"{server}/v1",
            "--set", "backend.api_key_env=PLANTED", "--out", tmp_path / "r",
        ),
        env=os.environ | {"PLANTED": secret},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = subprocess.run(
        command("report", tmp_path / "r"), capture_output=True, text=True, check=False
    )
    assert report.returncode == 0, report.stderr
    places = [*(tmp_path / "r").rglob("*"), *Path(os.environ["FJSIM_CACHE_DIR"]).rglob("*")]
    assert any(path.suffix == ".html" for path in places)
    assert len(places) > 5
    for path in places:
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    assert secret not in done.stdout + done.stderr
