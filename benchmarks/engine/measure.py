"""Side by side in one run: CPU time in turns, and memory as numpy counts it."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

Work = Callable[[], Any]


def race(entrants: Mapping[str, Work], repeats: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Run all entrants in turns; returns each one's median CPU seconds and its last result.

    Turns, so that a busy machine slows all of them alike.
    """
    spent: dict[str, list[float]] = {name: [] for name in entrants}
    results: dict[str, Any] = {}
    for _ in range(repeats):
        for name, work in entrants.items():
            gc.collect()
            started = time.process_time()
            results[name] = work()
            spent[name].append(time.process_time() - started)
    return {name: median(seconds) for name, seconds in spent.items()}, results


def peak_bytes(work: Work) -> int:
    """Return how much more memory numpy held at the worst moment than at the start."""
    gc.collect()
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
