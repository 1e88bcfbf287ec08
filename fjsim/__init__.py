"""fjsim: Friedkin-Johnsen deliberations of language-model teams, simulated, attacked, defended.

The names below are the public ones; each is imported when it is first used, so that importing
``fjsim`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fjsim.catalogue import plugins
    from fjsim.dynamics import (
        Equilibrium,
        FJParameters,
        Takeover,
        equilibrium,
        rollout,
        takeover,
        total_influence,
    )
    from fjsim.fitting import FJFit, estimators, fit
    from fjsim.guard import Guard, Message
    from fjsim.judging import Judgement, judge
    from fjsim.ledger.influencers import Influencers, influencers
    from fjsim.metrics import Estimate, Measured
    from fjsim.questions import Question, load_questions
    from fjsim.records import Transcript, load_transcript
    from fjsim.records.importers import read_log
    from fjsim.runs import Run, load_run, run, run_async
    from fjsim.scenario import Scenario, load_scenario
    from fjsim.sweeps import (
        Sweep,
        SweepResult,
        evaluate_defenses,
        evaluate_defenses_async,
        load_sweep,
        load_sweep_result,
        run_sweep,
        run_sweep_async,
    )

    __version__: str

_HOMES = {
    "Equilibrium": "fjsim.dynamics",
    "Estimate": "fjsim.metrics",
    "FJFit": "fjsim.fitting",
    "FJParameters": "fjsim.dynamics",
    "Guard": "fjsim.guard",
    "Message": "fjsim.guard",
    "Judgement": "fjsim.judging",
    "Influencers": "fjsim.ledger.influencers",
    "Measured": "fjsim.metrics",
    "Question": "fjsim.questions",
    "Run": "fjsim.runs",
    "Scenario": "fjsim.scenario",
    "Sweep": "fjsim.sweeps",
    "SweepResult": "fjsim.sweeps",
    "Takeover": "fjsim.dynamics",
    "Transcript": "fjsim.records",
    "equilibrium": "fjsim.dynamics",
    "estimators": "fjsim.fitting",
    "evaluate_defenses": "fjsim.sweeps",
    "evaluate_defenses_async": "fjsim.sweeps",
    "fit": "fjsim.fitting",
    "judge": "fjsim.judging",
    "influencers": "fjsim.ledger.influencers",
    "load_questions": "fjsim.questions",
    "load_run": "fjsim.runs",
    "load_scenario": "fjsim.scenario",
    "load_sweep": "fjsim.sweeps",
    "load_sweep_result": "fjsim.sweeps",
    "load_transcript": "fjsim.records",
    "plugins": "fjsim.catalogue",
    "read_log": "fjsim.records.importers",
    "rollout": "fjsim.dynamics",
    "run": "fjsim.runs",
    "run_async": "fjsim.runs",
    "run_sweep": "fjsim.sweeps",
    "run_sweep_async": "fjsim.sweeps",
    "takeover": "fjsim.dynamics",
    "total_influence": "fjsim.dynamics",
}

__all__ = [
    "__version__",
    "Equilibrium",
    "Estimate",
    "FJFit",
    "FJParameters",
    "Guard",
    "Judgement",
    "Influencers",
    "Measured",
    "Message",
    "Question",
    "Run",
    "Scenario",
    "Sweep",
    "SweepResult",
    "Takeover",
    "Transcript",
    "equilibrium",
    "estimators",
    "evaluate_defenses",
    "evaluate_defenses_async",
    "fit",
    "judge",
    "influencers",
    "load_questions",
    "load_run",
    "load_scenario",
    "load_sweep",
    "load_sweep_result",
    "load_transcript",
    "plugins",
    "read_log",
    "rollout",
    "run",
    "run_async",
    "run_sweep",
    "run_sweep_async",
    "takeover",
    "total_influence",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("fjsim-testbed")
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'fjsim' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
