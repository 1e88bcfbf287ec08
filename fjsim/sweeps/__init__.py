"""Grids of scenarios: cells, their runs, one flat table, and a leaderboard."""

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
