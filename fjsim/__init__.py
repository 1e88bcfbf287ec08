"""fjsim: Friedkin-Johnsen deliberations of language-model teams, simulated, attacked, defended.

The names below are the public ones; each is imported when it is first used, so that importing
``fjsim`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fjsim.dynamics import FJParameters, equilibrium, rollout, takeover, total_influence
    from fjsim.fitting import FJFit, estimators, fit
    from fjsim.metrics import Estimate, Measured
    from fjsim.questions import Question, load_questions
    from fjsim.records import Transcript, load_run
    from fjsim.records.importers import read_log
    from fjsim.runs import Run, run, run_async
    from fjsim.scenario import Scenario, load_scenario
    from fjsim.sweeps import Sweep, evaluate_defenses, run_sweep

_HOMES = {
    "Estimate": "fjsim.metrics",
    "FJFit": "fjsim.fitting",
    "FJParameters": "fjsim.dynamics",
    "Measured": "fjsim.metrics",
    "Question": "fjsim.questions",
    "Run": "fjsim.runs",
    "Scenario": "fjsim.scenario",
    "Sweep": "fjsim.sweeps",
    "Transcript": "fjsim.records",
    "equilibrium": "fjsim.dynamics",
    "estimators": "fjsim.fitting",
    "evaluate_defenses": "fjsim.sweeps",
    "fit": "fjsim.fitting",
    "load_questions": "fjsim.questions",
    "load_run": "fjsim.records",
    "load_scenario": "fjsim.scenario",
    "read_log": "fjsim.records.importers",
    "rollout": "fjsim.dynamics",
    "run": "fjsim.runs",
    "run_async": "fjsim.runs",
    "run_sweep": "fjsim.sweeps",
    "takeover": "fjsim.dynamics",
    "total_influence": "fjsim.dynamics",
}

__all__ = [
    "Estimate",
    "FJFit",
    "FJParameters",
    "Measured",
    "Question",
    "Run",
    "Scenario",
    "Sweep",
    "Transcript",
    "equilibrium",
    "estimators",
    "evaluate_defenses",
    "fit",
    "load_questions",
    "load_run",
    "load_scenario",
    "read_log",
    "rollout",
    "run",
    "run_async",
    "run_sweep",
    "takeover",
    "total_influence",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'fjsim' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
