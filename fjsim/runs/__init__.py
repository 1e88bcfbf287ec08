"""One scenario: resolved, played, measured, and read again from its folder."""

from fjsim.runs.play import Run, run, run_async

__all__ = ["Run", "run", "run_async"]
