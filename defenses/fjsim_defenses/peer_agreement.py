"""Reputation from agreement with the others' round-0 answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.readings import ramp
from fjsim_defenses.shared.reputation import SmoothedReputation


@register("defense", "peer-agreement")
@dataclass(frozen=True, kw_only=True)
class PeerAgreement(SmoothedReputation):
    """Trust a speaker by how often its round-0 answer was also the others' most frequent.

    Parameters
    ----------
    low, high : float, default 0.25 and 0.5
        Reputation up to which a speaker gets ``floor``, and from which full trust.
    floor : float, default 0.05
        Smallest gate, in [0, 1].
    rate, start, scope, labels, channel, residual, threshold
        See `SmoothedReputation`.

    Notes
    -----
    ``rho += rate (e - rho)`` with e = 1 if the answer is among the most frequent of the others
    (its own left out), ``phi = max(floor, clip((rho - low) / (high - low), 0, 1))``. It acts on
    later questions only, and a wrong majority makes it trust the wrong.

    Sees
    ----
    Answers of round 0; keys where they are shown.

    Assumes
    -------
    Most are right, and who agreed with them will again.

    Broken by
    ---------
    Sleepers, ``duty-cycle``, and colluders that agree with each other.

    Price
    -----
    Honest agents that are often alone are trusted less. No calls.

    References
    ----------
    .. [1] A. Jøsang, R. Ismail and C. Boyd, "A survey of trust and reputation systems for online
       service provision", Decision Support Systems 43 (2007) 618-644,
       doi:10.1016/j.dss.2005.05.019.
    """

    ranges: ClassVar[Ranges] = {"low": "[0, 1]", "high": "[0, 1]", "floor": "[0, 1]"}

    low: float = 0.25
    high: float = 0.5
    floor: float = 0.05

    def initial_state(self, n_agents: int) -> Array:
        """Return the reputation that everybody starts with."""
        return self.initial_reputation(n_agents)

    def gates(self, record: Record, state: Array) -> Array:
        """Return reputation, cut to a gate."""
        return self.spread(np.maximum(self.floor, ramp(state, self.low, self.high)), record)

    def update(self, record: Record, state: Array, key: int | None) -> Array:
        """Return reputation after a question."""
        return self.moved(state, record, key)
