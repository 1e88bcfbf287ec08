"""Stop before the call that would exceed what a run may spend."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fjsim.backends.wrappers.prices import Price
from fjsim.backends.wrappers.wrapped import WrappedBackend
from fjsim.contracts import Backend, Reply, Request, Usage
from fjsim.errors import BudgetError, ConfigError

FIRST_TOKENS_PER_CHARACTER = 0.4
MESSAGE_OVERHEAD = 8
"""Tokens that chat templates put around a message."""


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
    """One purse for all backends of a run.

    Parameters
    ----------
    max_calls, max_tokens, max_cost : optional
        Caps; None for none.
    spent : Spend
        What earlier sessions of the run took.
    """

    def __init__(
        self,
        max_calls: int | None = None,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        spent: Spend | None = None,
    ) -> None:
        self.max_calls = max_calls
        self.max_tokens = max_tokens
        self.max_cost = max_cost
        self.spent = spent or Spend()
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
    """Asks the ledger before every call.

    Parameters
    ----------
    inner : Backend
        Sends one request per call.
    ledger : Ledger
        Shared by all backends of a run.
    price : Price or None
        Of the model; needed where the ledger caps the cost.

    Notes
    -----
    What a call can take at most is its prompt plus ``max_tokens`` of reply. The tokens of a
    prompt are estimated from its length and the largest ratio seen so far. Where caps leave no
    room for that while others are in flight, the call waits for those to be booked, so a run
    stops only when the next call alone may exceed the cap.
    """

    def __init__(self, inner: Backend, ledger: Ledger, price: Price | None = None) -> None:
        if ledger.max_cost is not None and price is None and not inner.simulated:
            raise ConfigError("budget.max_cost needs budget.prices: a file with the model's price")
        super().__init__(inner)
        self.ledger = ledger
        self.price = price
        self._tokens_per_character = FIRST_TOKENS_PER_CHARACTER
        self._seen_ratio = 0.0

    async def complete(self, request: Request) -> Reply:
        """Reserve, ask, book."""
        characters = sum(len(message.content) for message in request.messages)
        worst = self._worst(request, characters)
        await self.ledger.reserve(worst)
        actual = Spend()
        try:
            reply = await self.inner.complete(request)
            actual = self._spend(reply.usage)
            self._learn(characters, len(request.messages), reply.usage)
        finally:
            self.ledger.settle(worst, actual)
        return reply

    def _worst(self, request: Request, characters: int) -> Spend:
        prompt = characters * self._tokens_per_character + MESSAGE_OVERHEAD * len(request.messages)
        usage = Usage(tokens_in=int(prompt) + 1, tokens_out=request.sampling.max_tokens)
        spend = self._spend(usage)
        return Spend(calls=1, tokens=spend.tokens, cost=spend.cost)

    def _spend(self, usage: Usage) -> Spend:
        cost = self.price.cost(usage) if self.price is not None else 0.0
        return Spend(tokens=usage.tokens_in + usage.tokens_out, cost=cost)

    def _learn(self, characters: int, n_messages: int, usage: Usage) -> None:
        if characters and usage.tokens_in:
            ratio = max(0, usage.tokens_in - MESSAGE_OVERHEAD * n_messages) / characters
            if ratio > self._seen_ratio:
                self._seen_ratio = ratio
                self._tokens_per_character = ratio * 1.05
