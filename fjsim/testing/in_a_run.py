"""What a plug-in has to keep while it takes part in a run."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from fjsim.records import EVENTS
from fjsim.runs import run
from fjsim.scenario import Scenario
from fjsim.testing.samples import N_AGENTS
from fjsim.testing.subject import Subject, require

BASE: dict[str, Any] = {
    "agents": {"kind": "numeric", "count": N_AGENTS},
    "topology": "complete",
    "attack": "stubborn",
    "rounds": 2,
}
QUESTIONS = 4
"""To be deliberated; a policy that learns from a warm-up is given one besides."""


def _scenario(subject: Subject) -> Scenario:
    kind, block = subject.entry.kind, dict(subject.block)
    if kind == "agent":
        block["count"] = N_AGENTS
    limit = QUESTIONS + getattr(subject.plugin, "warmup", 0)
    given = {**BASE, "questions": {"source": "builtin", "limit": limit}}
    return Scenario(**{**given, "agents" if kind == "agent" else kind: block})


def _beliefs(made: Any) -> np.ndarray:
    return np.asarray(made.transcript.beliefs)


def a_run_that_was_cut_goes_on_as_if_it_had_not_been(subject: Subject) -> None:
    """Cut off half-way and resumed, it plays again what it had played."""
    with TemporaryDirectory() as folder:
        scenario, place = _scenario(subject), Path(folder) / "run"
        whole = _beliefs(run(scenario, out=place, cache=False))
        log = place / EVENTS
        lines = log.read_bytes().splitlines(keepends=True)
        log.write_bytes(b"".join(lines[: len(lines) // 2]))
        resumed = _beliefs(run(scenario, out=place, cache=False))
    same = np.array_equal(whole, resumed, equal_nan=True)
    require(
        same,
        f"{subject.name}: cut off and resumed, a run differs; draw from what it is handed alone, "
        "and keep what it remembers in the state that update returns",
    )


def it_answers_a_question(subject: Subject) -> None:
    """Asked by two agents over one round, a backend's replies can be read, each and all."""
    asked = {
        "agents": 2,
        "topology": "complete",
        "questions": {"source": "builtin", "limit": 1},
        "rounds": 1,
        "backend": dict(subject.block),
    }
    validity = run(Scenario(**asked), cache=False).transcript.validity
    lost = int((validity >= 2).sum())
    require(not lost, f"{subject.name}: {lost} of {validity.size} replies could not be read")


LAWS = (a_run_that_was_cut_goes_on_as_if_it_had_not_been,)
