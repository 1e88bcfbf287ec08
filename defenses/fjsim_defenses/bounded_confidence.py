"""Listening to those who are not too far from one's own first view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import special

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import distance, heard_beliefs, self_trusting


@register("defense", "bounded-confidence")
@dataclass(frozen=True, kw_only=True)
class BoundedConfidence(TrustPolicy):
    """Listen to a speaker while what it says is close to one's own innate belief.

    Parameters
    ----------
    radius : float, default 0.5
        Total variation at which trust is a half, in [0, 1].
    steepness : float, default 12
        How sharply trust falls around it, >= 0; large values make it all or nothing.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    ``phi_ij = 1 / (1 + exp(steepness (TV(b_j(t), s_i) - radius)))``. Sees what own speakers
    said last. Measured against the innate belief, not the last one, so that an adversary
    cannot lead a listener away in small steps. Never an exact 0.

    Sees
    ----
    What is said now, and one's own first belief.

    Assumes
    -------
    The truth is near one's own first belief.

    Broken by
    ---------
    ``slow-drift``, and any lie near a listener's own mistake.

    Price
    -----
    Wrong agents do not hear right ones. No calls, no keys.

    References
    ----------
    .. [1] R. Hegselmann and U. Krause, "Opinion dynamics and bounded confidence: models,
       analysis and simulation", Journal of Artificial Societies and Social Simulation 5 (2002).
    """

    ranges: ClassVar[Ranges] = {"radius": "[0, 1]", "steepness": ">= 0"}

    radius: float = 0.5
    steepness: float = 12.0

    def gates(self, record: Record, state: Any) -> Array:
        """Return a logistic function of the distance to the listener's innate belief."""
        said, innate = heard_beliefs(record), record.accepted[0]
        apart = distance(said[..., None, :, :], innate[..., :, None, :])
        gates = special.expit(self.steepness * (self.radius - apart))
        return self_trusting(np.asarray(gates))
