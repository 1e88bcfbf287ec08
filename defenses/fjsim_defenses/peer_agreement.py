"""Reputation from agreement with the others' round-0 answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Labels, Memory, Record, Scope
from fjsim.registry import register
from fjsim_defenses.evidence import evidence, smoothed
from fjsim_defenses.policy import TrustPolicy, require
from fjsim_defenses.readings import ramp, self_trusting


@register("defense", "peer-agreement")
@dataclass(frozen=True, kw_only=True)
class PeerAgreement(TrustPolicy):
    """Trust a speaker by how often its round-0 answer was also the others' most frequent.

    Parameters
    ----------
    rate : float, default 0.1
        How fast reputation moves after a question, in [0, 1].
    start : float, default 0.7
        Reputation before the first question, in [0, 1].
    low, high : float, default 0.25 and 0.5
        Reputation up to which a speaker gets ``floor``, and from which full trust.
    floor : float, default 0.05
        Smallest gate, in [0, 1].
    scope : {'public', 'local'}, default 'public'
        Whether all round-0 answers count, or only those of own speakers and one's own.
    labels : {'none', 'all'} or Audit, default 'none'
        Where a key is shown, it takes the place of the others' answers.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    ``rho += rate (e - rho)`` with e = 1 if the answer is among the most frequent of the others
    (its own left out), ``phi = max(floor, clip((rho - low) / (high - low), 0, 1))``. It acts on
    later questions only, and a wrong majority makes it trust the wrong.

    References
    ----------
    .. [1] A. Jøsang, R. Ismail and C. Boyd, "A survey of trust and reputation systems for online
       service provision", Decision Support Systems 43 (2007) 618-644,
       doi:10.1016/j.dss.2005.05.019.
    """

    memory: ClassVar[Memory] = "round0"

    rate: float = 0.1
    start: float = 0.7
    low: float = 0.25
    high: float = 0.5
    floor: float = 0.05
    scope: Scope = "public"
    labels: Labels = "none"

    def __post_init__(self) -> None:
        """Refuse parameters outside their ranges."""
        super().__post_init__()
        for name in ("rate", "start", "low", "high", "floor"):
            require(name, getattr(self, name), 0, 1)

    def initial_state(self, n_agents: int) -> Array:
        """Return everybody's reputation in everybody's eyes, ``[listener, speaker]``."""
        return np.full((n_agents, n_agents), self.start)

    def gates(self, record: Record, state: Array) -> Array:
        """Return reputation, cut to a gate."""
        gates = self_trusting(np.maximum(self.floor, ramp(state, self.low, self.high)))
        return np.broadcast_to(gates, record.influence.shape)

    def update(self, record: Record, state: Array, key: int | None) -> Array:
        """Return reputation after a question."""
        return smoothed(state, evidence(record, key, self.scope), self.rate)
