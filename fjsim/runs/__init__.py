"""One scenario: resolved, played, measured, and read again from its folder."""

from fjsim.runs.loading import load_run
from fjsim.runs.play import run, run_async
from fjsim.runs.result import Run

__all__ = ["Run", "load_run", "run", "run_async"]
