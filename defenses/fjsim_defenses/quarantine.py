"""Silence for a time, then a second chance under watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.reputation import SmoothedReputation


class Standing(NamedTuple):
    """Reputation, and the questions left in quarantine and on probation, [listener, speaker]."""

    reputation: Array
    quarantined: Array
    probation: Array


@register("defense", "quarantine")
@dataclass(frozen=True, kw_only=True)
class Quarantine(SmoothedReputation):
    """Mute a speaker for some questions when its reputation falls, then watch it more closely.

    Parameters
    ----------
    enter : float, default 0.4
        Reputation below which a speaker is muted, in [0, 1].
    length : int, default 20
        Questions of silence, >= 1.
    probation : int, default 20
        Questions of probation after it, >= 0; one bad answer then means quarantine again.
    trust_on_probation : float, default 0.5
        Gate during probation, in [0, 1].
    rate, start, scope, labels, channel, residual, threshold
        See `SmoothedReputation`; reputation is ``start`` again after quarantine.

    Notes
    -----
    A bad answer is one that is wrong or, without a key, not among the others' most frequent.
    An adversary that knows ``length`` and ``probation`` can wait them out.

    Sees
    ----
    Answers of round 0; keys where they are shown.

    Assumes
    -------
    Who was bad lately is bad now, and may better itself.

    Broken by
    ---------
    ``on-off`` phases longer than its terms.

    Price
    -----
    Honest agents sit out terms after bad luck. No calls.

    References
    ----------
    .. [1] A. Jøsang, R. Ismail and C. Boyd, "A survey of trust and reputation systems for online
       service provision", Decision Support Systems 43 (2007) 618-644,
       doi:10.1016/j.dss.2005.05.019 (sanction and rehabilitation).
    """

    ranges: ClassVar[Ranges] = {
        "length": ">= 1",
        "probation": ">= 0",
        "enter": "[0, 1]",
        "trust_on_probation": "[0, 1]",
    }

    enter: float = 0.4
    length: int = 20
    probation: int = 20
    trust_on_probation: float = 0.5

    def initial_state(self, n_agents: int) -> Standing:
        """Return everybody in good standing."""
        zeros = np.zeros((n_agents, n_agents))
        return Standing(self.initial_reputation(n_agents), zeros, zeros)

    def gates(self, record: Record, state: Standing) -> Array:
        """Return 0 in quarantine, the reduced trust on probation, else 1."""
        watched = np.where(state.probation > 0, self.trust_on_probation, 1.0)
        gates = np.where(state.quarantined > 0, 0.0, watched)
        return self.spread(gates, record)

    def update(self, record: Record, state: Standing, key: int | None) -> Standing:
        """Return the standing after a question."""
        muted, watched = state.quarantined > 0, state.probation > 0
        reputation = self.moved(state.reputation, record, key)
        erred = self.seen(record, key) == 0
        fails = ~muted & ((reputation < self.enter) | (watched & erred))
        released = muted & (state.quarantined <= 1)
        served = np.maximum(state.quarantined - 1, 0)
        waited = np.maximum(state.probation - 1, 0)
        return Standing(
            np.where(released, self.start, reputation),
            np.where(fails, float(self.length), served),
            np.where(released, float(self.probation), np.where(fails, 0.0, waited)),
        )
