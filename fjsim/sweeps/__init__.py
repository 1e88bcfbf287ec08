"""Grids of scenarios: cells, their runs, one flat table, and a leaderboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fjsim.lazy import exported

if TYPE_CHECKING:
    from fjsim.sweeps.evaluate import evaluate_defenses, evaluate_defenses_async
    from fjsim.sweeps.grid import Sweep, load_sweep
    from fjsim.sweeps.sweep import SweepResult, load_sweep_result, run_sweep, run_sweep_async

__all__ = [
    "Sweep",
    "SweepResult",
    "evaluate_defenses",
    "evaluate_defenses_async",
    "load_sweep",
    "load_sweep_result",
    "run_sweep",
    "run_sweep_async",
]

__getattr__, __dir__ = exported(
    __name__,
    {
        "fjsim.sweeps.evaluate": ["evaluate_defenses", "evaluate_defenses_async"],
        "fjsim.sweeps.grid": ["Sweep", "load_sweep"],
        "fjsim.sweeps.sweep": ["SweepResult", "load_sweep_result", "run_sweep", "run_sweep_async"],
    },
)
