"""How long a command takes to begin: process time, beside imports that a user knows."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.line import Line, time_of

COMMAND = "import sys; from fjsim.cli import main; main(sys.argv[1:])"
RUN = ("run", "--topology", "star", "--attack", "stubborn", "--limit", "1", "--out")
BESIDE = {"import pandas": "import pandas", "import scipy.stats": "import scipy.stats"}
REPEATS = 5
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
"""With it every start compiles every module again, which no installation does."""


def process_time(program: str, arguments: Sequence[str], folder: str) -> float:
    """Return the user and system seconds of a Python program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != NO_BYTECODE},
        check=True,
        capture_output=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def lines(repeats: int = REPEATS) -> Iterator[Line]:
    """Yield what ``fjsim --help`` and a run of one question take, as medians."""
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for at in range(repeats + 1):
            found = {
                "fjsim --help": process_time(COMMAND, ["--help"], folder),
                "fjsim run of one question": process_time(
                    COMMAND, [*RUN, str(Path(folder) / str(at))], folder
                ),
                **{name: process_time(text, [], folder) for name, text in BESIDE.items()},
            }
            # The first time writes bytecode, as the first time after an installation does.
            for name, seconds in found.items() if at else ():
                taken.setdefault(name, []).append(seconds)
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    for work, most in (("fjsim --help", 0.25), ("fjsim run of one question", 0.8)):
        beside = ", ".join(f"{name} {medians[name] / medians[work]:.2g}×" for name in BESIDE)
        yield Line(
            f"{work}, process time", time_of(medians[work]), beside, f"<= {most:g} s",
            medians[work] <= most,
        )  # fmt: skip
