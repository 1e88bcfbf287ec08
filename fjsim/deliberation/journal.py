"""Where a deliberation keeps what was said."""

from __future__ import annotations

from typing import Protocol

from fjsim.records import CastingKey, CastVote, Probe, ProbeKey, Turn, TurnKey


class Journal(Protocol):
    """Where turns are kept; a turn that is there already is not asked again."""

    def recorded(self, key: TurnKey) -> Turn | None:
        """Return a turn of an earlier session, or of the other arm's round 0."""

    def accept(self, turn: Turn) -> None:
        """Keep one turn."""

    def probed(self, key: ProbeKey) -> Probe | None:
        """Return a probe of an earlier session."""

    def keep_probe(self, probe: Probe) -> None:
        """Keep one probe."""

    def cast(self, key: CastingKey) -> CastVote | None:
        """Return a casting vote of an earlier session, or of the other arm."""

    def keep_cast(self, vote: CastVote) -> None:
        """Keep one casting vote."""

    async def sync(self) -> None:
        """Return when all that was accepted is safe."""
