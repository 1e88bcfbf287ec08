"""Grids of scenarios: cells, their runs, one flat table, and a leaderboard."""

from fjsim.sweeps.evaluate import evaluate_defenses
from fjsim.sweeps.grid import Sweep, load_sweep
from fjsim.sweeps.sweep import SweepResult, run_sweep

__all__ = ["Sweep", "SweepResult", "evaluate_defenses", "load_sweep", "run_sweep"]
