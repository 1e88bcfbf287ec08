"""Weights that shrink with a speaker's distance to the consensus of whom the listener hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import distance, heard_beliefs, self_trusting
from fjsim_defenses.shared.robust_centres import coordinate_median, heard_and_own


@register("defense", "consensus-distance")
@dataclass(frozen=True, kw_only=True)
class ConsensusDistance(TrustPolicy):
    """Multiply trust down, round by round, by the distance to the median of what is heard.

    Parameters
    ----------
    rate : float, default 2
        How fast distance costs trust, >= 0.
    share : float, default 0.02
        Part of the trust that is handed out anew every round, in [0, 1], so that a speaker that
        comes back is heard again.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    Multiplicative weights with a fixed share, afresh on every question: ``w_ij <- w_ij exp(-rate
    TV(b_j, m_i))`` with ``m_i`` the coordinate median of i's speakers and its own innate belief,
    divided by the row's largest, then ``w <- (1 - share) w + share``. Where a hostile hub is all
    that a leaf hears, the hub is half of the consensus.

    Sees
    ----
    What is said in this question's rounds.

    Assumes
    -------
    Most of those whom a listener hears are honest and near each other.

    Broken by
    ---------
    A hostile hub, which is half of a leaf's consensus, and ``slow-drift``.

    Price
    -----
    Right minorities fade. No calls, no keys.

    References
    ----------
    .. [1] M. Herbster and M. K. Warmuth, "Tracking the best expert", Machine Learning 32 (1998)
       151-178, doi:10.1023/A:1007424614876.
    """

    ranges: ClassVar[Ranges] = {"rate": ">= 0", "share": "[0, 1]"}

    rate: float = 2.0
    share: float = 0.02

    def gates(self, record: Record, state: Any) -> Array:
        """Return the weights that the rounds so far have left."""
        hears, innate = record.influence > 0, record.accepted[0]
        weights = np.ones(record.influence.shape)
        for number in range(record.round + 1):
            said = heard_beliefs(record, number)
            centre = coordinate_median(heard_and_own(record.influence, said, innate))
            apart = distance(said[..., None, :, :], centre[..., :, None, :])
            weights = weights * np.exp(-self.rate * apart)
            best = np.where(hears, weights, 0.0).max(axis=-1, keepdims=True)
            weights = np.minimum(weights / np.where(best > 0, best, 1.0), 1.0)
            weights = (1 - self.share) * weights + self.share
        return self_trusting(weights)
