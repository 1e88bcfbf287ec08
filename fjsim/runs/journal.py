"""A log that tells somebody how far the run is."""

from __future__ import annotations

from collections.abc import Callable

from fjsim.records import (
    CastingKey,
    CastVote,
    EventLog,
    MemoryLog,
    Probe,
    ProbeKey,
    Turn,
    TurnKey,
)
from fjsim.records.columns import Columns

Watcher = Callable[[int, int], None]
"""Called with (turns done, turns in all)."""
Begin = Callable[[str], None]
"""Called with the name of a phase as it begins."""


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
    see : callable, optional
        Given every new turn.
    """

    def __init__(
        self,
        log: EventLog | MemoryLog,
        n_turns: int,
        watch: Watcher | None = None,
        see: Callable[[Turn], None] | None = None,
    ) -> None:
        self._log, self._n_turns, self._watch, self._see = log, n_turns, watch, see
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
        if self._see is not None:
            self._see(turn)
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

    def cast(self, key: CastingKey) -> CastVote | None:
        """Return a casting vote that is there already, if it is."""
        return self._log.cast(key)

    def keep_cast(self, vote: CastVote) -> None:
        """Keep one casting vote."""
        self._log.keep_cast(vote)

    async def sync(self) -> None:
        """Return when all that was accepted is safe."""
        await self._log.sync()
