"""Side by side in one run: CPU time in turns, and memory as numpy counts it."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

Work = Callable[[], Any]


def race(entrants: Mapping[str, Work], repeats: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Run all entrants in turns; returns each one's least CPU seconds and its last result.

    Turns, so that a busy machine slows all of them alike.
    """
    best = dict.fromkeys(entrants, float("inf"))
    results: dict[str, Any] = {}
    for _ in range(repeats):
        for name, work in entrants.items():
            gc.collect()
            started = time.process_time()
            results[name] = work()
            best[name] = min(best[name], time.process_time() - started)
    return best, results


def peak_bytes(work: Work) -> int:
    """Return how much more memory numpy held at the worst moment than at the start."""
    gc.collect()
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
