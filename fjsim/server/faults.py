"""Which requests go wrong, and how: seeded, whatever the order they come in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fjsim.errors import ConfigError, nearest


class Fault(StrEnum):
    """What a request can meet instead of its reply."""

    RATE_LIMIT = "rate-limit"
    ERROR = "error"
    DISCONNECT = "disconnect"
    GARBAGE = "garbage"
    GIBBERISH = "gibberish"
    HANG = "hang"


@dataclass(frozen=True)
class FaultPlan:
    """Shares of requests that go wrong.

    Parameters
    ----------
    rate_limit : float
        Status 429 with ``Retry-After``.
    error : float
        Status 500.
    disconnect : float
        The connection breaks in the middle of the body.
    garbage : float
        Status 200 with a body that is no chat completion: HTML, or JSON cut off.
    gibberish : float
        A chat completion whose text is no answer.
    hang : float
        No reply until the client goes away.
    seed : int
        Root of the draws.
    retry_after : float
        Seconds that a 429 asks to wait.

    Notes
    -----
    What a request meets depends on the seed, its text and how often it came before, never on
    other requests.
    """

    rate_limit: float = 0.0
    error: float = 0.0
    disconnect: float = 0.0
    garbage: float = 0.0
    gibberish: float = 0.0
    hang: float = 0.0
    seed: int = 0
    retry_after: float = 0.2

    def __post_init__(self) -> None:
        shares = [self._share(fault) for fault in Fault]
        if min(shares) < 0 or sum(shares) > 1:
            raise ConfigError(f"--fault: shares must be >= 0 and add up to <= 1, got {shares}")

    def _share(self, fault: Fault) -> float:
        return float(getattr(self, fault.value.replace("-", "_")))

    def draw(self, turn: str, nth: int) -> tuple[Fault | None, float]:
        """Return what the nth request of a turn meets.

        Parameters
        ----------
        turn : str
            Identifies the request's text.
        nth : int
            How often it came before.

        Returns
        -------
        (Fault or None, float)
            The fault, and a further number in [0, 1) to vary it by.
        """
        digest = hashlib.blake2b(
            f"{self.seed}\x1f{turn}\x1f{nth}".encode(), digest_size=16
        ).digest()
        left = int.from_bytes(digest[:8], "little") / 2**64
        variant = int.from_bytes(digest[8:], "little") / 2**64
        for fault in Fault:
            left -= self._share(fault)
            if left < 0:
                return fault, variant
        return None, variant


def parse_faults(given: Iterable[str], *, seed: int = 0, retry_after: float = 0.2) -> FaultPlan:
    """Read ``--fault name=share`` options.

    Parameters
    ----------
    given : iterable of str
        For example ``["rate-limit=0.1", "error=0.05"]``.
    seed, retry_after
        See ``FaultPlan``.

    Raises
    ------
    ConfigError
        With the option that cannot be read.
    """
    shares: dict[str, Any] = {}
    names = [fault.value for fault in Fault]
    for option in given:
        name, _, share = option.partition("=")
        if name not in names:
            hint = nearest(name, names)
            raise ConfigError(f"--fault {option}: there are {', '.join(names)}{hint}")
        try:
            shares[name.replace("-", "_")] = float(share)
        except ValueError:
            raise ConfigError(f"--fault {option}: write it as {name}=0.05") from None
    return FaultPlan(seed=seed, retry_after=retry_after, **shares)
