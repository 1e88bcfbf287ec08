"""A sweep in another thread that stops where its caller is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from fjsim.runs.journal import Watcher

Result = TypeVar("Result")


class _StoppedError(Exception):
    """Nobody waits for the sweep any more."""


async def stoppable(work: Callable[[Watcher], Result], watch: Watcher | None) -> Result:
    """Return what a sweep comes to, from another thread.

    Parameters
    ----------
    work : callable
        Takes what is to be called after each run.
    watch : callable, optional
        Called with (runs done, runs in all).
    """
    stopped = Event()

    def watched(done: int, total: int) -> None:
        if stopped.is_set():
            raise _StoppedError
        if watch is not None:
            watch(done, total)

    running = asyncio.create_task(asyncio.to_thread(work, watched))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stopped.set()
        # A run that is under way holds its folder until it is done.
        await asyncio.wait({running})
        running.exception()
        raise
