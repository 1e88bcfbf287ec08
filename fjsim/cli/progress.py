"""How far a command is, on stderr: a live bar for whoever watches, a line now and then in a log."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from fjsim.cli.console import err
from fjsim.report.terminal.durations import in_time

if TYPE_CHECKING:
    from fjsim.runs.vitals import ReadVitals, Vitals

EVERY = 30.0
"""Seconds between two lines where nobody watches."""
BAR = 24
"""Columns of the bar, so that everything fits into 80."""


class _Bar(Progress):
    """One line for the phase, and one below it for what a run has taken so far."""

    def __init__(self, watch: LiveProgress) -> None:
        self._of = watch
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(BAR),
            _Count(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=err,
            transient=True,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield both lines."""
        yield from super().get_renderables()
        if spent := self._of.spent:
            yield Text(spent, style="dim")


class _Count(ProgressColumn):
    """``12/40``, and nothing where it is not known of how many."""

    def __init__(self) -> None:
        super().__init__()
        self._known = MofNCompleteColumn()

    def render(self, task: Task) -> Text:
        """Return the count."""
        return Text() if task.total is None else self._known.render(task)


class LiveProgress:
    """What a command tells of itself while it works.

    Parameters
    ----------
    phase : str
        What it does first.
    """

    def __init__(self, phase: str) -> None:
        self._phase, self._started = phase, monotonic()
        self._done: int | None = None
        self._total: int | None = None
        self._first: tuple[int, float] | None = None
        self._read: ReadVitals | None = None
        self._bar = _Bar(self) if err.is_terminal else None
        self._task = None if self._bar is None else self._bar.add_task(phase, total=None)
        self.first: int | None = None
        """How much was done already when the first count came; None before it."""

    def begin(self, phase: str) -> None:
        """Go over to another phase."""
        self._phase, self._started = phase, monotonic()
        self._done = self._total = self._first = self._read = None
        if self._bar is not None and self._task is not None:
            self._bar.reset(self._task, description=phase)
            # To the library None means that nothing changes.
            self._bar.tasks[0].total = None

    def rename(self, phase: str) -> None:
        """Call the phase something else, as where it says what it has reached."""
        self._phase = phase
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=phase)

    def count(self, done: int, total: int) -> None:
        """Take note of how much of the phase is done."""
        self.first = done if self.first is None else self.first
        self._first = self._first or (done, monotonic())
        self._done, self._total = done, total
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)

    @property
    def done(self) -> int | None:
        """How much of the phase is done; None where nobody counted."""
        return self._done

    def meter(self, read: ReadVitals) -> None:
        """Take a function that tells what a run has taken so far."""
        self._read = read

    @property
    def spent(self) -> str:
        """What a run has taken so far, in words; empty where nothing is known."""
        return "" if self._read is None else _in_words(self._read())

    @property
    def line(self) -> str:
        """Where the command is, on one line."""
        facts = [f"{self._phase}"]
        if self._done is not None and self._total:
            share = self._done / self._total
            facts[0] += f" {self._done:,} of {self._total:,} ({share:.0%})"
        facts.append(f"{in_time(monotonic() - self._started)} so far")
        if (left := self._left()) is not None:
            facts.append(f"about {in_time(left)} left")
        return " · ".join([*facts, *([self.spent] if self.spent else [])])

    def _left(self) -> float | None:
        if self._first is None or self._done is None or self._total is None:
            return None
        done, at = self._first
        fresh = self._done - done
        return None if fresh <= 0 else (monotonic() - at) / fresh * (self._total - self._done)

    @contextmanager
    def shown(self) -> Iterator[LiveProgress]:
        """Show it while the block runs."""
        if self._bar is not None:
            with self._bar:
                yield self
            return
        over = threading.Event()
        lines = threading.Thread(target=self._tell, args=(over,), daemon=True)
        lines.start()
        try:
            yield self
        finally:
            over.set()
            lines.join()

    def _tell(self, over: threading.Event) -> None:
        while not over.wait(EVERY):
            err.print(self.line, markup=False, soft_wrap=True)


@contextmanager
def watched(phase: str) -> Iterator[LiveProgress]:
    """Show how far the block is.

    Parameters
    ----------
    phase : str
        What it does first.

    Yields
    ------
    LiveProgress
        Takes counts and the names of further phases.
    """
    with LiveProgress(phase).shown() as watch:
        yield watch


def _in_words(vitals: Vitals) -> str:
    facts = [
        f"{vitals.in_flight} calls in flight" if vitals.in_flight else "",
        f"{vitals.tokens:,} tokens",
        "" if vitals.cost is None else f"cost {vitals.cost:.2f}",
        f"{vitals.failed:,} failed and retried" if vitals.failed else "",
        f"{vitals.missing:,} missing" if vitals.missing else "",
    ]
    return ", ".join(fact for fact in facts if fact)
