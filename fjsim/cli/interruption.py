"""SIGTERM ends a command as Ctrl-C does: nothing more is sent, and what arrived is kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C while the block runs.

    Notes
    -----
    Who started us may have asked that signals be ignored, as ``nohup`` and shells do for what runs
    in the background, or may handle them already: both stay as they are. Where Ctrl-C is ignored
    SIGTERM still stops a command.
    """
    on_main_thread = threading.current_thread() is threading.main_thread()
    if not on_main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # Inside an event loop Ctrl-C first cancels the run, and insists only the second time.
    on_ctrl_c = signal.getsignal(signal.SIGINT)
    handler = on_ctrl_c if callable(on_ctrl_c) else signal.default_int_handler
    handler(signal.SIGINT, frame)
