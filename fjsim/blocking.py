"""Waiting for asynchronous work from ordinary code, also inside a running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from contextvars import copy_context
from threading import Event, Thread
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")
SECONDS_BETWEEN_LOOKS = 0.2
"""How often a caller that waits looks whether it has been cancelled."""
SECONDS_TO_BEGIN = 1.0
"""How long a thread that is stopped at once is given to begin."""


def outcome_of(work: Coroutine[Any, Any, Result]) -> Result:
    """Return what a coroutine comes to.

    Parameters
    ----------
    work : coroutine
        Not begun yet.

    Returns
    -------
    object
        Its result.

    Raises
    ------
    BaseException
        What the coroutine raises; ``KeyboardInterrupt`` once it has stopped after Ctrl-C.

    Notes
    -----
    Where an event loop runs already, as in a notebook, it cannot be entered a second time. The work
    then runs on a loop of its own in another thread, with the caller's context variables, while the
    caller waits.
    """
    return _Thread(work).outcome() if _is_in_a_loop() else asyncio.run(work)


def _is_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Thread(Generic[Result]):
    """A coroutine on an event loop of its own in another thread."""

    def __init__(self, work: Coroutine[Any, Any, Result]) -> None:
        self._work, self._began, self._ended = work, Event(), Event()
        self._results: list[Result] = []
        self._error: BaseException | None = None

    def outcome(self) -> Result:
        """Wait for the result; on Ctrl-C stop the work, and wait until it has stopped."""
        try:
            Thread(target=copy_context().run, args=(self._run,), daemon=True).start()
            self._wait(asyncio.current_task())
        except BaseException:
            # Ctrl-C may come while the thread is being made.
            if self._began.wait(SECONDS_TO_BEGIN):
                self._stop()
                self._ended.wait()
            raise
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _wait(self, caller: asyncio.Task[Any] | None) -> None:
        """Wait for the end, or for the caller to be cancelled, as `asyncio.run` does on Ctrl-C."""
        while not self._ended.wait(SECONDS_BETWEEN_LOOKS):
            if caller is not None and caller.cancelling():
                raise asyncio.CancelledError

    def _stop(self) -> None:
        # A loop that is closed has nothing to stop any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._task.cancel)

    def _run(self) -> None:
        try:
            self._results.append(asyncio.run(self._begin()))
        # Whatever it is, it belongs to the thread that waits.
        except BaseException as error:
            self._error = error
        finally:
            self._ended.set()

    async def _begin(self) -> Result:
        task = asyncio.current_task()
        assert task is not None, "asyncio.run makes one"
        self._loop, self._task = asyncio.get_running_loop(), task
        self._began.set()
        return await self._work
