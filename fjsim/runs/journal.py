"""A log that tells somebody how far the run is."""

from __future__ import annotations

from collections.abc import Callable

from fjsim.records import EventLog, MemoryLog, Probe, ProbeKey, Turn, TurnKey
from fjsim.records.columns import Columns

Watcher = Callable[[int, int], None]
"""Called with (turns done, turns in all)."""


class WatchedLog:
    """The journal of a deliberation: keeps everything in a log, and reports each turn.

    Parameters
    ----------
    log : EventLog or MemoryLog
        Where everything is kept.
    n_turns : int
        How many turns the finished run has.
    watch : callable, optional
        Told at once how many turns are there already.
    """

    def __init__(
        self, log: EventLog | MemoryLog, n_turns: int, watch: Watcher | None = None
    ) -> None:
        self._log, self._n_turns, self._watch = log, n_turns, watch
        self._report()

    def _report(self) -> None:
        if self._watch is not None:
            self._watch(len(self._log.contents.turns), self._n_turns)

    def recorded(self, key: TurnKey) -> Turn | None:
        """Return a turn that is there already, if it is."""
        return self._log.recorded(key)

    def accept(self, turn: Turn) -> None:
        """Keep one turn and report it."""
        self._log.accept(turn)
        self._report()

    def keep_block(self, block: Columns) -> None:
        """Keep many finished items and report them."""
        self._log.keep_block(block)
        self._report()

    def probed(self, key: ProbeKey) -> Probe | None:
        """Return a probe that is there already, if it is."""
        return self._log.probed(key)

    def keep_probe(self, probe: Probe) -> None:
        """Keep one probe."""
        self._log.keep_probe(probe)

    async def sync(self) -> None:
        """Return when all that was accepted is safe."""
        await self._log.sync()
