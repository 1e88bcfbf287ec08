"""How long a run will take, and how that is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import yaml

from fjsim.blocking import outcome_of
from fjsim.errors import FjsimError
from fjsim.records import SCENARIO
from fjsim.runs.folder import METRICS
from fjsim.runs.play import run_setup
from fjsim.runs.resolve import Setup, resolve
from fjsim.runs.spending import is_simulated

LARGEST_PROBE = 2000
"""Turns that a probe plays at most; it takes well under a second."""
LARGEST_FILE = 2**20
MOST_RUNS = 200
"""Earlier runs that are looked at, the newest first."""


class ExpectedTime(NamedTuple):
    """A duration and where it comes from.

    Parameters
    ----------
    seconds : float or None
        None where nothing is known.
    known_from : str
        In words; without a duration, why there is none.
    """

    seconds: float | None
    known_from: str


def expected_time(setup: Setup, turns: int, runs: Path, at_a_time: int = 1) -> ExpectedTime:
    """Return how long turns of a scenario will take here.

    Parameters
    ----------
    setup : Setup
    turns : int
        How many are left.
    runs : Path
        Folder of earlier runs, for models that are served: they are not asked just to see.
    at_a_time : int
        How many such runs go on at the same time.

    Returns
    -------
    ExpectedTime
        Where only the embedded model plays, a few of its turns are played in memory.
    """
    if not turns:
        return ExpectedTime(0.0, "what is there already")
    if is_simulated(setup):
        rate = _probed(setup)
        if rate is not None:
            return ExpectedTime(turns / rate / at_a_time, "a short probe on this machine just now")
        return ExpectedTime(None, "not known: too many agents or rounds for a short probe")
    model = setup.scenario.backend.parameters.get("model")
    last = next(_earlier(runs, str(model)), None)
    if last is None:
        return ExpectedTime(None, "not known: no finished run of this model lies here")
    name, rate = last
    return ExpectedTime(turns / rate, f"the rate of {name}, the last run of this model")


def _probed(setup: Setup) -> float | None:
    """Return turns per second of a small run of the same team; None where it would be large."""
    scenario = setup.scenario
    small = scenario.with_values(
        questions={"source": scenario.questions.source, "limit": 2},
        replicas=1,
        warmup=0,
        defense="none",
        router="uniform",
        budget={},
    )
    try:
        probe = resolve(small)
        if probe.expected_turns > LARGEST_PROBE:
            return None
        outcome_of(run_setup(probe, None))  # Warm: files read, prompts cached, kernels compiled.
        started = perf_counter()
        outcome_of(run_setup(resolve(small.with_values(seed=scenario.seed + 1)), None))
        return probe.expected_turns / max(perf_counter() - started, 1e-6)
    except FjsimError:
        return None


def _earlier(runs: Path, model: str) -> Iterator[tuple[str, float]]:
    """Yield name and turns per second of finished runs of a model, the newest first."""
    files = sorted(runs.glob(f"*/{METRICS}"), key=lambda path: -path.stat().st_mtime)
    for file in files[:MOST_RUNS]:
        found = _rate(file, model)
        if found:
            yield file.parent.name, found


def _rate(file: Path, model: str) -> float:
    """Return turns per second of one run; 0 where it is of another model, or nothing to go by."""
    try:
        if file.is_symlink() or file.stat().st_size > LARGEST_FILE:
            return 0.0
        values: Any = yaml.safe_load((file.parent / SCENARIO).read_text(encoding="utf-8"))
        metrics: Any = json.loads(file.read_text(encoding="utf-8"))["metrics"]
        seconds, calls = float(metrics["wall_seconds"]), float(metrics["calls"])
        played = calls - float(metrics["cached_calls"])
        same = values["backend"].get("model") == model
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
        return 0.0
    return played / seconds if same and seconds > 0 and played > 0 else 0.0
