"""Servers and runs in processes of their own, so that each one's time is its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
AGENTS, ROUNDS, QUESTIONS = 6, 10, 100


@contextmanager
def server(command: Sequence[str]) -> Iterator[str]:
    """Start a server that prints its base URL, and stop it."""
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def fixed_latency(seconds: float, *reply: str) -> Sequence[str]:
    """Return the command of the server that answers after a fixed time, with a text of your own."""
    return [str(HERE / "fixed_latency.py"), str(seconds), *reply]


def simulated(*options: str) -> Sequence[str]:
    """Return the command of ``fjsim serve``."""
    return ["-c", "from fjsim.cli.program import main; main()", "serve", "--port", "0", *options]


def scenario(base_url: str, questions: int, model: str, **fields: Any) -> dict[str, Any]:
    """Return the scenario of the performance page: a complete graph, no attack, unless told."""
    backend = {"kind": "openai", "model": model, "base_url": base_url, "max_concurrency": 600}
    return {
        "questions": {"source": "builtin", "limit": questions},
        "agents": AGENTS,
        "rounds": ROUNDS,
        **fields,
        "backend": backend | fields.get("backend", {}),
    }


def run_command(described: dict[str, Any], folder: Path) -> list[str]:
    """Return the command of one run."""
    script = str(HERE / "one_run.py")
    paths = [str(folder / "run"), str(folder / "cache.sqlite3")]
    return [sys.executable, script, json.dumps(described), *paths]


def run(described: dict[str, Any], folder: Path) -> dict[str, float]:
    """Run a scenario and return what it took."""
    done = subprocess.run(
        run_command(described, folder), stdout=subprocess.PIPE, text=True, check=True
    )
    report: dict[str, float] = json.loads(done.stdout)
    return report
