"""Runs, sweeps and evaluations: scenarios in, tables out."""

from fjsim.experiment.run import Run, run, run_async
from fjsim.experiment.setup import Setup, resolve

__all__ = ["Run", "Setup", "resolve", "run", "run_async"]
