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
