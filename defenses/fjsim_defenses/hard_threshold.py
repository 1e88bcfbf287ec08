"""All or nothing: a reputation below the cut is not heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Labels, Memory, Record, Scope
from fjsim.registry import register
from fjsim_defenses.evidence import evidence, smoothed
from fjsim_defenses.policy import TrustPolicy, require
from fjsim_defenses.readings import self_trusting


@register("defense", "threshold")
@dataclass(frozen=True, kw_only=True)
class HardThreshold(TrustPolicy):
    """Hear a speaker in full while its reputation reaches a cut, and not at all below it.

    Parameters
    ----------
    cut : float, default 0.5
        Smallest reputation that is heard, in [0, 1].
    rate : float, default 0.1
        How fast reputation moves after a question, in [0, 1].
    start : float, default 0.7
        Reputation before the first question, in [0, 1].
    scope : {'public', 'local'}, default 'public'
        Whether all round-0 answers count, or only those of own speakers and one's own.
    labels : {'none', 'all'} or Audit, default 'none'
        Where a key is shown, it takes the place of the others' answers.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    ``phi = [rho >= cut]``, ``rho += rate (e - rho)`` with e = 1 for an answer that is right or,
    without a key, the others' most frequent. Silence does not end it: round 0 stays public, so
    a muted speaker can earn its way back.

    References
    ----------
    .. [1] S. D. Kamvar, M. T. Schlosser and H. Garcia-Molina, "The EigenTrust algorithm for
       reputation management in P2P networks", WWW 2003, doi:10.1145/775152.775242 (trust as a
       filter on who is served; the cut is the simplest of its kind).
    """

    memory: ClassVar[Memory] = "round0"

    cut: float = 0.5
    rate: float = 0.1
    start: float = 0.7
    scope: Scope = "public"
    labels: Labels = "none"

    def __post_init__(self) -> None:
        """Refuse parameters outside their ranges."""
        super().__post_init__()
        for name in ("cut", "rate", "start"):
            require(name, getattr(self, name), 0, 1)

    def initial_state(self, n_agents: int) -> Array:
        """Return everybody's reputation in everybody's eyes, ``[listener, speaker]``."""
        return np.full((n_agents, n_agents), self.start)

    def gates(self, record: Record, state: Array) -> Array:
        """Return ones and zeros."""
        gates = self_trusting((state >= self.cut).astype(float))
        return np.broadcast_to(gates, record.influence.shape)

    def update(self, record: Record, state: Array, key: int | None) -> Array:
        """Return reputation after a question."""
        return smoothed(state, evidence(record, key, self.scope), self.rate)
