"""Python's garbage collector while a run is under way: it must not make all requests wait."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (20_000, 50, 1000)
"""New objects before the young are looked through; then how often before the older ones are."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for garbage seldom, and not at all among what was there before.

    A run keeps nearly all that it makes, and reference counts free the rest. At Python's own
    thresholds a seventh of a run's time went into looking, in pauses of up to a fifth of a
    second, most of it spent on the objects of imported libraries.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
