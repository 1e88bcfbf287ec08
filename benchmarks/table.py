"""``python -m benchmarks.table PART``: one part's lines for the table, as JSON."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict

from benchmarks.line import Line, lines_of, time_of


def _engine() -> Iterator[Line]:
    from benchmarks.engine.rows import TABLE, rows

    yield from lines_of(rows(TABLE))


def _fit() -> Iterator[Line]:
    from benchmarks.fit import legacy, rows, whole_log

    warnings.filterwarnings("ignore")
    for name, closeness in (("well-conditioned", 1.0), ("near clones", 1e-4)):
        ours, *others = rows.measured(rows.problems(1000, closeness))
        yield Line(
            f"one row of 11 unknowns, {name}",
            time_of(ours.seconds),
            ", ".join(f"{one.who} {one.seconds / ours.seconds:.3g}×" for one in others),
        )
    yield legacy.line()
    yield from whole_log.lines()


def _start() -> Iterator[Line]:
    from benchmarks import start

    yield from start.lines()


def _runtime() -> Iterator[Line]:
    from benchmarks.runtime import rows

    for row in rows(quick=True):
        yield Line(f"{row.work} (a tenth)", row.ours, row.peer)


PARTS: dict[str, Callable[[], Iterator[Line]]] = {
    "engine": _engine,
    "fit": _fit,
    "start": _start,
    "runtime": _runtime,
}


if __name__ == "__main__":
    for found in PARTS[sys.argv[1]]():
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
        sys.stdout.flush()
