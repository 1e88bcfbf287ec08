"""How many requests are in flight: fewer after a server says it has too many, then more again."""

from __future__ import annotations

import asyncio
from collections import deque

CUT = 0.5
"""What one rejected request takes off the limit: a wave rejected whole halves it."""

GROWTH = 0.1
"""What one answered request adds: a tenth per wave, so up to one in six may be rejected."""


class AdaptiveLimit:
    """A first-come, first-served limit on requests in flight.

    Parameters
    ----------
    max_concurrency : int
        Where it starts, and the most it grows back to, >= 1.

    Notes
    -----
    Additive per request rather than multiplicative per event: a server that rejects a constant
    share of requests at random does not drive it to 1, one that rejects whatever is above its
    capacity settles it about a fifth above that. A request asked again goes to the front, so
    that none starves behind ten thousand fresh ones.
    """

    def __init__(self, max_concurrency: int) -> None:
        self.max_concurrency = max_concurrency
        self.limit = float(max_concurrency)
        self.in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def acquire(self, *, again: bool = False) -> None:
        """Wait for a place; ``release`` gives it back.

        Parameters
        ----------
        again : bool
            Whether the request was sent before; it is served first.
        """
        if self._free() and not self._waiting:
            self.in_flight += 1
            return
        place = asyncio.get_running_loop().create_future()
        if again:
            self._waiting.appendleft(place)
        else:
            self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Give a place back."""
        self.in_flight -= 1
        self._wake()

    def rejected(self) -> None:
        """Note that the server had too many requests."""
        self.limit = max(1.0, self.limit - CUT)

    def answered(self) -> None:
        """Note that the server answered."""
        if self.limit < self.max_concurrency:
            self.limit = min(float(self.max_concurrency), self.limit + GROWTH)
            self._wake()

    def _free(self) -> bool:
        return self.in_flight < int(self.limit)

    def _wake(self) -> None:
        while self._waiting and self._free():
            place = self._waiting.popleft()
            if not place.done():
                self.in_flight += 1
                place.set_result(None)
