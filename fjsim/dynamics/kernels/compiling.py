"""How long kernels take to be compiled, which happens once on a machine and is no solver's time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from numba.core import event

COMPILING = "numba:compile"


class CompileTime(event.Listener):
    """Adds up the seconds in which something was compiled.

    Parameters
    ----------
    tell : callable, optional
        Called as a compilation begins.
    """

    def __init__(self, tell: Callable[[], None] | None = None) -> None:
        self.seconds = 0.0
        self._tell = tell
        self._depth = 0
        self._since = 0.0

    def on_start(self, _event: Any) -> None:
        """Begin to count; a kernel that another one needs is part of it."""
        if not self._depth:
            self._since = perf_counter()
            if self._tell is not None:
                self._tell()
        self._depth += 1

    def on_end(self, _event: Any) -> None:
        """Count."""
        self._depth -= 1
        if not self._depth:
            self.seconds += perf_counter() - self._since


@contextmanager
def compile_time(tell: Callable[[], None] | None = None) -> Iterator[CompileTime]:
    """Watch for compilations while the block runs.

    Parameters
    ----------
    tell : callable, optional
        Called as one begins.

    Yields
    ------
    CompileTime
        Its ``seconds`` grow; what was compiled before on this machine is loaded, and takes none.
    """
    listener = CompileTime(tell)
    with event.install_listener(COMPILING, listener):
        yield listener
