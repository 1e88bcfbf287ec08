"""Count what a run spends, and stop before the call that would exceed what it may."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from fjsim.backends.http.faults import FaultKind, TransientError
from fjsim.backends.wrappers.prices import Price
from fjsim.backends.wrappers.usage import Expectation, size_of
from fjsim.backends.wrappers.wrapped import WrappedBackend
from fjsim.contracts import Backend, Reply, Request, Usage
from fjsim.errors import BackendError, BudgetError, ConfigError
from fjsim.records import SpendingLog

PERHAPS_WORKED = frozenset({FaultKind.TIMEOUT, FaultKind.DISCONNECT, FaultKind.GARBAGE})
"""Faults after which a server may charge for tokens, though no reply came."""


@dataclass(frozen=True, slots=True)
class Spend:
    """What calls took, or may take.

    Parameters
    ----------
    calls : int
        Requests sent, failed ones included; replies from the cache are none.
    tokens : int
        In and out.
    cost : float
        In the currency of the price file.
    """

    calls: int = 0
    tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: Spend) -> Spend:
        return Spend(self.calls + other.calls, self.tokens + other.tokens, self.cost + other.cost)

    def __sub__(self, other: Spend) -> Spend:
        return Spend(self.calls - other.calls, self.tokens - other.tokens, self.cost - other.cost)


class Ledger:
    """What all backends of a run spend together, and may.

    Parameters
    ----------
    max_calls, max_tokens, max_cost : optional
        Caps; None for none.
    spent : Spend
        What earlier sessions of the run took.
    log : SpendingLog, optional
        Where requests are written down; by default in memory.

    Attributes
    ----------
    is_capped : bool
        Whether there is any cap.
    """

    def __init__(
        self,
        max_calls: int | None = None,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        spent: Spend | None = None,
        log: SpendingLog | None = None,
    ) -> None:
        self.max_calls = max_calls
        self.max_tokens = max_tokens
        self.max_cost = max_cost
        self.spent = spent or Spend()
        self.log = log if log is not None else SpendingLog()
        self.is_capped = any(cap is not None for cap in (max_calls, max_tokens, max_cost))
        self._promised = Spend()
        self._settled = asyncio.Event()

    async def reserve(self, worst: Spend) -> None:
        """Set aside the most that one call can take; wait for calls in flight if they may fit it.

        Raises
        ------
        BudgetError
            If the call may exceed a cap even after those in flight took as little as nothing.
        """
        while (cap := self._exceeded(self.spent + self._promised + worst)) is not None:
            if self._promised == Spend() or self._exceeded(self.spent + worst) is not None:
                raise BudgetError(self._message(cap, worst))
            self._settled.clear()
            await self._settled.wait()
        self.spent += Spend(calls=worst.calls)
        self._promised += Spend(tokens=worst.tokens, cost=worst.cost)

    def settle(self, worst: Spend, actual: Spend) -> None:
        """Book what a call really took instead of what was set aside."""
        self._promised -= Spend(tokens=worst.tokens, cost=worst.cost)
        if abs(self._promised.cost) < 1e-12:
            self._promised = Spend(tokens=self._promised.tokens)
        self.spent += Spend(tokens=actual.tokens, cost=actual.cost)
        self._settled.set()

    def _exceeded(self, spend: Spend) -> str | None:
        if self.max_calls is not None and spend.calls > self.max_calls:
            return "max_calls"
        if self.max_tokens is not None and spend.tokens > self.max_tokens:
            return "max_tokens"
        if self.max_cost is not None and spend.cost > self.max_cost * (1 + 1e-9):
            return "max_cost"
        return None

    def _message(self, cap: str, worst: Spend) -> str:
        spent, limit = getattr(self.spent, cap.removeprefix("max_")), getattr(self, cap)
        could = getattr(worst, cap.removeprefix("max_"))
        return (
            f"budget.{cap} is {limit:g}: {spent:g} spent over all sessions, and the next call may "
            f"take {could:g} more; raise it and start the same command again to go on"
        )


class BudgetBackend(WrappedBackend):
    """Writes every request down before it leaves, and asks the ledger first.

    Parameters
    ----------
    inner : Backend
        Sends one request per call.
    ledger : Ledger
        Shared by all backends of a run.
    price : Price or None
        The model's price; needed where the ledger caps the cost.

    Notes
    -----
    What a call can take at most is its prompt plus the longest reply. The tokens of a prompt are
    estimated from its length and the largest ratio seen so far. Where caps leave no room for that
    while others are in flight, the call waits for those to be booked, so a run stops only when
    the next call alone may exceed the cap. A server's word for what a call took is believed where
    it is possible. A call that brought no reply counts with the most it may have taken, unless the
    server said that it did no work. What the embedded model answers costs nothing and is not
    written down.
    """

    def __init__(self, inner: Backend, ledger: Ledger, price: Price | None = None) -> None:
        if ledger.max_cost is not None and price is None and not inner.simulated:
            raise ConfigError("budget.max_cost needs budget.prices: a file with the model's price")
        super().__init__(inner)
        self.ledger = ledger
        self.price = price
        self._log = SpendingLog() if inner.simulated else ledger.log
        self._model = str(getattr(inner, "model", ""))
        self._expected = Expectation()

    async def complete(self, request: Request) -> Reply:
        """Reserve, write down, ask, book."""
        size = size_of(request)
        longest = self.inner.longest_reply(request)
        most = self._expected.most(size, len(request.messages), longest)
        if not self.ledger.is_capped:
            return await self._asked(request, size, most)
        worst = actual = self._spend(most)
        await self.ledger.reserve(worst)
        try:
            reply = await self._asked(request, size, most)
            if not reply.failure:
                actual = self._spend(reply.usage)
        except BackendError as error:
            if not _perhaps_worked(error):
                actual = Spend()
            raise
        finally:
            self.ledger.settle(worst, actual)
        return reply

    async def _asked(self, request: Request, size: int, most: Usage) -> Reply:
        """Ask between the two lines of the log; what is cut off has only the first."""
        number = self._log.ask(self._model, most)
        try:
            reply = await self.inner.complete(request)
        except BackendError as error:
            (self._log.lost if _perhaps_worked(error) else self._log.failed)(number)
            raise
        if reply.failure:
            self._log.lost(number)
            return reply
        usage, estimated = self._expected.judged(reply, size, len(request.messages), most)
        self._log.got(number, usage, estimated)
        return reply if usage is reply.usage else replace(reply, usage=usage)

    def _spend(self, usage: Usage) -> Spend:
        cost = self.price.cost(usage) if self.price is not None else 0.0
        return Spend(calls=1, tokens=usage.tokens_in + usage.tokens_out, cost=cost)


def _perhaps_worked(error: BackendError) -> bool:
    return isinstance(error, TransientError) and error.kind in PERHAPS_WORKED
