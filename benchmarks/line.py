"""One row of the table in docs/performance.md, and the table itself."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.engine.rows import Row

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True)
class Line:
    """What was measured.

    Parameters
    ----------
    work : str
        The task, with its size.
    ours : str
        What fjsim took.
    otherwise : str
        What a user would do otherwise, and how many times longer that took in the same run.
    goal : str
        What is promised; empty where nothing is.
    met : bool or None
        Whether it is kept; None where nothing is promised at this size.
    """

    work: str
    ours: str
    otherwise: str = ""
    goal: str = ""
    met: bool | None = None


def time_of(seconds: float) -> str:
    """Return seconds with three digits, in the unit that suits them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def lines_of(rows: Iterable[Row]) -> Iterator[Line]:
    """Return one line per task: ours, and all others beside it."""
    for work, found in groupby(rows, key=lambda row: row.work):
        contestants = list(found)
        ours = [row for row in contestants if row.who == "fjsim"]
        spmv = ours[0].in_spmv
        memory = [row.peak_mib for row in ours if row.peak_mib is not None]
        said = [time_of(ours[0].seconds)]
        said += [f"{spmv:.1f} SpMV"] if spmv is not None else []
        said += [f"{memory[0]:.0f} MiB"] if memory else []
        peers = [f"{row.who} {row.ours_is:.3g}×" for row in contestants if row.who != "fjsim"]
        promises = [row for row in ours if row.goal]
        met = [row.met for row in promises if row.met is not None]
        yield Line(
            work,
            ", ".join(said),
            ", ".join(peers),
            "; ".join(row.goal for row in promises),
            all(met) if met else None,
        )


def markdown(lines: Sequence[Line]) -> str:
    """Return the table, with the machine and the day above it."""
    rows = [
        f"Measured on {date.today():%d %B %Y}: {machine()}.",
        "",
        "| work | fjsim | otherwise, times ours | promised | kept |",
        "|---|---|---|---|---|",
    ]
    said = {None: "", True: "yes", False: "**no**"}
    for line in lines:
        cells = (line.work, line.ours, line.otherwise or "–", line.goal, said[line.met])
        rows.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(rows)


def machine() -> str:
    """Return the processor, how many there are, and the versions that matter."""
    import numba
    import numpy as np
    import scipy

    model = platform.processor() or platform.machine()
    try:
        for entry in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if entry.startswith("model name"):
                model = entry.partition(":")[2].strip()
                break
        count = Path("/proc/cpuinfo").read_text(encoding="utf-8").count("processor\t")
    except OSError:
        count = 0
    return (
        f"{model}, {count or 'some'} processors, Python {platform.python_version()}, numpy "
        f"{np.__version__}, scipy {scipy.__version__}, numba {numba.__version__}"
    )


def write_into(page: Path, table: str) -> None:
    """Put a table between the two marks of a page.

    Raises
    ------
    SystemExit
        If the page has no marks.
    """
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{page} has no place for the table: {BEGIN} and {END} mark it")
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
