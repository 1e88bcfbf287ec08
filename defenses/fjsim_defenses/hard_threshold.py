"""All or nothing: a reputation below the cut is not heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.reputation import SmoothedReputation


@register("defense", "threshold")
@dataclass(frozen=True, kw_only=True)
class HardThreshold(SmoothedReputation):
    """Hear a speaker in full while its reputation reaches a cut, and not at all below it.

    Parameters
    ----------
    cut : float, default 0.5
        Smallest reputation that is heard, in [0, 1].
    rate, start, scope, labels, channel, residual, threshold
        See `SmoothedReputation`.

    Notes
    -----
    ``phi = [rho >= cut]``, ``rho += rate (e - rho)`` with e = 1 for an answer that is right or,
    without a key, the others' most frequent. Silence does not end it: round 0 stays public, so
    a muted speaker can earn its way back.

    Sees
    ----
    Answers of round 0; keys where they are shown.

    Assumes
    -------
    As for ``beta-reputation``, and a bound that parts honest from hostile.

    Broken by
    ---------
    Adversaries that stay just above the bound.

    Price
    -----
    Everybody below the bound is silent. No calls.

    References
    ----------
    .. [1] S. D. Kamvar, M. T. Schlosser and H. Garcia-Molina, "The EigenTrust algorithm for
       reputation management in P2P networks", WWW 2003, doi:10.1145/775152.775242 (trust as a
       filter on who is served; the cut is the simplest of its kind).
    """

    ranges: ClassVar[Ranges] = {"cut": "[0, 1]"}

    cut: float = 0.5

    def initial_state(self, n_agents: int) -> Array:
        """Return the reputation that everybody starts with."""
        return self.initial_reputation(n_agents)

    def gates(self, record: Record, state: Array) -> Array:
        """Return ones and zeros."""
        return self.spread((state >= self.cut).astype(float), record)

    def update(self, record: Record, state: Array, key: int | None) -> Array:
        """Return reputation after a question."""
        return self.moved(state, record, key)
