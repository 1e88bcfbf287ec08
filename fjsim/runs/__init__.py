"""One scenario: resolved, played, measured, and read again from its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fjsim.lazy import exported

if TYPE_CHECKING:
    from fjsim.runs.loading import load_run
    from fjsim.runs.play import run, run_async
    from fjsim.runs.result import Run

__all__ = ["Run", "load_run", "run", "run_async"]

__getattr__, __dir__ = exported(
    __name__,
    {
        "fjsim.runs.loading": ["load_run"],
        "fjsim.runs.play": ["run", "run_async"],
        "fjsim.runs.result": ["Run"],
    },
)
