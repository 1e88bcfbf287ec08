"""Ctrl-C and SIGTERM: once ends a command in order, twice ends it at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from fjsim.errors import InterruptedRunError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

LAST_WORDS = b"error: interrupted twice, so left at once; what was kept by then is kept\n"
SHOW_CURSOR = b"\x1b[?25h"
Usual = Callable[[int, FrameType | None], object] | signal.Handlers
USUAL: Mapping[signal.Signals, Usual] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the block alike.

    Notes
    -----
    The first one cancels what runs in the event loop, so that connections and files are closed;
    outside of one it raises ``KeyboardInterrupt``. The second one ends the process where it
    stands, which loses nothing that was kept: an exception raised wherever the program happens to
    be may be swallowed. Signals that whoever started us wants ignored, as shells and ``nohup``
    do for what runs in the background, or handles already, stay as they are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [number for number, usual in USUAL.items() if signal.getsignal(number) == usual]
    handler = _Handler()
    for number in ours:
        signal.signal(number, handler)
    try:
        yield
    except BaseException as error:
        if handler.has_cancelled(error):
            raise KeyboardInterrupt from None
        raise
    finally:
        for number in ours:
            signal.signal(number, USUAL[number])


class _Handler:
    """Counts the signals of one command."""

    def __init__(self) -> None:
        self._seen = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._seen += 1
        if self._seen > 1:
            _leave()
        loop = _running_loop()
        if loop is None:
            raise KeyboardInterrupt
        loop.call_soon_threadsafe(_cancel_all, loop)

    def has_cancelled(self, error: BaseException) -> bool:
        """Say whether an error is what is left of a cancelled event loop."""
        asyncio = sys.modules.get("asyncio")
        return self._seen > 0 and asyncio is not None and isinstance(error, asyncio.CancelledError)


def _running_loop() -> AbstractEventLoop | None:
    # Most commands never import asyncio, which takes longer than printing their help.
    if "asyncio" not in sys.modules:
        return None
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _cancel_all(loop: AbstractEventLoop) -> None:
    import asyncio

    for task in asyncio.all_tasks(loop):
        task.cancel()


def _leave() -> NoReturn:
    # Not by way of sys.stderr: it may be in the middle of a line of its own.
    os.write(2, SHOW_CURSOR + b"\n" + LAST_WORDS if os.isatty(2) else LAST_WORDS)
    os._exit(InterruptedRunError.exit_code)
