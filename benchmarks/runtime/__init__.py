"""The runtime under load: whole scenarios against a fixed latency, under faults, in vLLM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.runtime.row import Row, table

__all__ = ["Row", "rows", "table"]


def rows(quick: bool = False) -> Iterator[Row]:
    """Yield every runtime row, measured now.

    Parameters
    ----------
    quick : bool, default False
        A tenth of the questions: shows that all runs, not how fast.
    """
    from benchmarks.runtime import chaos, crowd, guarded, long_run, offline, throughput

    measures = (throughput, guarded, long_run, crowd, chaos, offline)
    for measure in (part.rows for part in measures):
        for row in measure(quick):
            # Small sizes say nothing about promises made for large ones.
            yield replace(row, goal="", met=None) if quick else row
