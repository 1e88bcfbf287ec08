"""Ask again after a fault that may pass: capped in attempts and in total time."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field, replace

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from fjsim.backends.http.faults import FaultKind, TransientError
from fjsim.backends.wrappers.limit import AdaptiveLimit
from fjsim.backends.wrappers.wrapped import WrappedBackend
from fjsim.contracts import Backend, Pace, Reply, Request
from fjsim.errors import BackendUnreachableError

FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 30.0
GIVEN_UP_IN_A_ROW = 5
"""Replies given up with none had in between after which the server counts as gone."""


class RetryBackend(WrappedBackend):
    """Ask again after a rate limit, a server error, a broken connection, a timeout or garbage.

    Parameters
    ----------
    inner : Backend
        Raises ``TransientError`` for what may pass.
    pace : Pace
        Caps on attempts, total time and requests in flight.
    first_backoff : float
        Mean wait before the second attempt is half of it, in seconds; doubles each time.

    Notes
    -----
    Waits are drawn uniformly from (0, backoff) [1]_; a server's ``Retry-After`` goes first. The
    clock of a reply starts when its first request is sent, so a long queue spends none of it.
    A reply given up is a ``Reply`` whose ``failure`` says why. If nothing was ever answered, or
    several replies in a row were given up, the server counts as gone and the run stops: turns
    lost to an outage would be lost for good, a stopped run resumes.

    References
    ----------
    .. [1] M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    def __init__(self, inner: Backend, pace: Pace, *, first_backoff: float = FIRST_BACKOFF) -> None:
        super().__init__(inner)
        self.limit = AdaptiveLimit(pace.max_concurrency)
        self._pace = pace
        self._first_backoff = first_backoff
        self._jitter = random.Random()
        self._ever_answered = False
        self._given_up = 0

    async def complete(self, request: Request) -> Reply:
        """Ask until there is a reply or a cap is reached."""
        progress = _Progress()
        try:
            return await self._attempt(request, progress)
        except TransientError as fault:
            return await self._again(fault, request, progress)

    async def _again(self, fault: TransientError, request: Request, progress: _Progress) -> Reply:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            stop=lambda state: self._stops(state, progress),
            wait=self._wait,
            sleep=asyncio.sleep,
            retry_error_callback=lambda state: self._give_up(state, progress),
        )
        first: list[TransientError] = [fault]

        async def attempt() -> Reply:
            # The first attempt was made already, without the machinery that most never need.
            if first:
                raise first.pop()
            return await self._attempt(request, progress)

        reply: Reply = await retrying(attempt)
        return reply

    async def _attempt(self, request: Request, progress: _Progress) -> Reply:
        await self.limit.acquire(again=progress.attempts > 0)
        progress.begin()
        try:
            reply = await self.inner.complete(request)
        except BaseException as problem:
            if isinstance(problem, TransientError) and problem.kind is FaultKind.RATE_LIMIT:
                self.limit.rejected()
            self.limit.release()
            raise
        # Not at once: a reply has its place until the cache, which is told next, has kept it, so
        # that no more are lost with the process than may be in flight.
        asyncio.get_running_loop().call_soon(self.limit.release)
        self.limit.answered()
        self._ever_answered = True
        self._given_up = 0
        return replace(reply, attempts=progress.attempts, latency=progress.seconds)

    def _wait(self, state: RetryCallState) -> float:
        fault = _fault(state)
        backoff = min(LONGEST_BACKOFF, self._first_backoff * 2 ** (state.attempt_number - 1))
        if fault.retry_after is None:
            return self._jitter.uniform(0, backoff)
        # Those that were asked to wait equally long must not come back in one instant.
        return fault.retry_after + self._jitter.uniform(0, min(fault.retry_after, backoff) / 4)

    def _stops(self, state: RetryCallState, progress: _Progress) -> bool:
        if progress.attempts >= self._pace.max_attempts:
            return True
        return progress.seconds + state.upcoming_sleep >= self._pace.total_timeout

    def _give_up(self, state: RetryCallState, progress: _Progress) -> Reply:
        fault = _fault(state)
        tried = f"{progress.attempts} attempts in {progress.seconds:.1f} s"
        self._given_up += 1
        if not self._ever_answered:
            raise BackendUnreachableError(
                f"{fault}; {tried} and no reply yet; check base_url and that the server is up "
                "(fjsim doctor tells more)"
            )
        if self._given_up >= GIVEN_UP_IN_A_ROW:
            raise BackendUnreachableError(
                f"{fault}; the last {self._given_up} replies were all given up; start the same "
                "command again when the server is back, it goes on where it stopped"
            )
        return Reply(
            text="",
            finish_reason="error",
            attempts=progress.attempts,
            latency=progress.seconds,
            failure=f"{fault.kind} after {tried}: {fault}",
        )


@dataclass(slots=True)
class _Progress:
    """Attempts and time spent on one reply so far."""

    attempts: int = 0
    started: float = field(default=0.0)

    def begin(self) -> None:
        if self.attempts == 0:
            self.started = time.monotonic()
        self.attempts += 1

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


def _fault(state: RetryCallState) -> TransientError:
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, TransientError)
    return error
