"""How long the sessions of a run took, by the times that stand in its log."""

from __future__ import annotations


class Elapsed:
    """Adds up sessions; the writer of a log and its reader come to the same seconds.

    A session lasts from its beginning to the latest time that is seen before the next one.
    """

    def __init__(self) -> None:
        self._before = self._started = self._latest = 0.0

    def begin(self, at: float) -> None:
        """Take a Unix time for the beginning of a session."""
        self._before = self.seconds
        self._started = self._latest = at

    def see(self, at: float) -> None:
        """Take a Unix time at which the session was still at work."""
        self._latest = max(self._latest, at)

    @property
    def seconds(self) -> float:
        """Seconds of all sessions together, >= 0."""
        return self._before + max(0.0, self._latest - self._started)
