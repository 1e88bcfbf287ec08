"""How a run is doing while it is under way."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

from fjsim.records import SpendingLog, Turn
from fjsim.runs.lost import EarlyWarning
from fjsim.runs.resolve import Setup
from fjsim.runs.spending import cost_of


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a run has taken so far.

    Parameters
    ----------
    in_flight : int
        Requests that are out at a server.
    failed : int
        Requests that brought no reply; they were sent again, or their turn is missing.
    missing : int
        Turns without a belief.
    tokens : int
        In and out.
    cost : float or None
        By the price file; None without one.
    """

    in_flight: int = 0
    failed: int = 0
    missing: int = 0
    tokens: int = 0
    cost: float | None = None


ReadVitals = Callable[[], Vitals]


class Meter:
    """Adds up what turns took, and reads the rest off the log of requests.

    Parameters
    ----------
    setup : Setup
    spending : SpendingLog
        Empty where only the embedded model plays; then turns alone tell.
    """

    def __init__(self, setup: Setup, spending: SpendingLog) -> None:
        self._setup, self._spending = setup, spending
        self._early = EarlyWarning(setup.scenario.elicitation.channel)
        self._missing = self._tokens = self._failed = 0

    def see(self, turn: Turn) -> None:
        """Count one turn."""
        cost = turn.cost
        self._missing += turn.validity == "missing"
        self._tokens += cost.tokens_in + cost.tokens_out
        self._failed += cost.attempts - cost.calls
        if early := self._early.see(turn):
            warnings.warn(early, stacklevel=2)

    def read(self) -> Vitals:
        """Return how things stand."""
        accounts = self._spending.accounts()
        asked = sum(one.tokens_in + one.tokens_out for one in accounts.values())
        prices = self._setup.scenario.budget.prices
        return Vitals(
            in_flight=self._spending.in_flight,
            failed=sum(one.failed_calls for one in accounts.values()) - self._spending.in_flight
            if accounts
            else self._failed,
            missing=self._missing,
            tokens=asked if accounts else self._tokens,
            cost=None if prices is None else cost_of(prices, accounts, {}),
        )
