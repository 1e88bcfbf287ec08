"""Loops over numbers: interpreted where there is little to do, compiled where there is much.

A kernel is a plain function that numba can compile. numba takes half a second to load and a kernel
about as long to compile, once per machine; what is done sooner than that is left to Python. Both
ways give the same numbers to the last bit, unless a kernel asks for fast-math.
"""

from __future__ import annotations

import functools
import importlib
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = "__kernel_options__"

INTERPRETED = 200_000
"""Elements that a process looks at by each module's kernels before they are compiled: about as long
as loading the compiler takes."""

NOT_KEPT = (
    "compiled kernels cannot be kept, because no folder for them can be written, so every process "
    "compiles them anew; set NUMBA_CACHE_DIR to a folder that can"
)


@dataclass
class Compiling:
    """What compiling has taken in this process.

    Parameters
    ----------
    seconds : float
        Wall time of loading the compiler and of compiling; what is read from disk compiles nothing.
    tell : callable or None
        Called once, before the first kernel is compiled.
    """

    seconds: float = 0.0
    tell: Callable[[], None] | None = None


compiling = Compiling()

_done: dict[str, float] = defaultdict(float)


def kernel(**options: Any) -> Callable[[Function], Function]:
    """Return a decorator that marks a function as a kernel and leaves it as it is.

    Parameters
    ----------
    **options
        For ``numba.njit``, such as ``error_model``; kernels are always kept on disk.
    """

    def mark(function: Function) -> Function:
        setattr(function, _OPTIONS, options)
        return function

    return mark


def kernels(module: ModuleType, work: float) -> Any:
    """Return a module's kernels, fit for what they have to do.

    Parameters
    ----------
    module : module
        Its functions that `kernel` marks may call each other.
    work : float
        How many elements they are about to look at. What a process does in all decides, so that
        many small tasks are compiled as one large one is.

    Returns
    -------
    namespace
        With the kernels by name.
    """
    _done[module.__name__] += work
    return interpreted(module) if _done[module.__name__] <= INTERPRETED else compiled(module)


@functools.cache
def interpreted(module: ModuleType) -> Any:
    """Return a module's kernels as Python runs them, divisions by zero as numpy has them."""
    import numpy as np

    quiet = np.errstate(all="ignore")
    return SimpleNamespace(**{name: quiet(function) for name, function in _marked(module).items()})


@functools.cache
def compiled(module: ModuleType) -> Any:
    """Return a module's kernels, each to be compiled at its first call or read from disk."""
    started = time.perf_counter()
    import numba

    _watch(numba)
    compiling.seconds += time.perf_counter() - started
    # The same functions, seeing each other compiled.
    names = dict(vars(module))
    for name, function in _marked(module).items():
        twin = FunctionType(function.__code__, names, name, function.__defaults__)
        twin.__module__, twin.__qualname__ = function.__module__, function.__qualname__
        names[name] = _kept(numba, twin, getattr(function, _OPTIONS))
    return SimpleNamespace(**{name: names[name] for name in _marked(module)})


def _marked(module: ModuleType) -> dict[str, FunctionType]:
    return {name: value for name, value in vars(module).items() if hasattr(value, _OPTIONS)}


def _kept(numba: Any, function: FunctionType, options: dict[str, Any]) -> Any:
    """Return a function to be compiled and kept on disk, or in this process where that fails."""
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:
        _warn_once()
        return numba.njit(**options)(function)


@functools.cache
def _warn_once() -> None:
    warnings.warn(NOT_KEPT, RuntimeWarning, stacklevel=2)


@functools.cache
def _watch(numba: Any) -> None:
    """Sum what compiling takes, and say when it begins."""
    event: Any = importlib.import_module("numba.core.event")

    class Watch(event.Listener):  # type: ignore[misc]
        """The outermost compilation counts; those inside are part of it."""

        depth = 0
        began = 0.0

        def on_start(self, _: Any) -> None:
            """Begin, and say so the first time."""
            if self.depth == 0:
                self.began = time.perf_counter()
                tell, compiling.tell = compiling.tell, None
                if tell is not None:
                    tell()
            self.depth += 1

        def on_end(self, _: Any) -> None:
            """Add what this took."""
            self.depth -= 1
            if self.depth == 0:
                compiling.seconds += time.perf_counter() - self.began

    event.register("numba:compile", Watch())
