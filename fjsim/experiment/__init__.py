"""Runs, sweeps and evaluations: scenarios in, tables out."""

from fjsim.experiment.evaluate import evaluate_defenses
from fjsim.experiment.run import Run, run, run_async
from fjsim.experiment.setup import Setup, resolve
from fjsim.experiment.sweeps.grid import Sweep, load_sweep
from fjsim.experiment.sweeps.sweep import SweepResult, run_sweep

__all__ = [
    "Run",
    "Setup",
    "Sweep",
    "SweepResult",
    "evaluate_defenses",
    "load_sweep",
    "resolve",
    "run",
    "run_async",
    "run_sweep",
]
