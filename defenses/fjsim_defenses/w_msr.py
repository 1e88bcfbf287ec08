"""Weighted mean-subsequence-reduced consensus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record, Residual
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import heard_beliefs


def reduced(influence: Array, said: Array, own: Array, n_dropped: int) -> Array:
    """Return which values each listener keeps, option by option.

    Parameters
    ----------
    influence : ndarray of shape (..., listener, speaker)
        Zero where the listener does not hear the speaker.
    said, own : ndarray of shape (..., n_agents, n_options)
    n_dropped : int
        Values dropped above one's own, and as many below.

    Returns
    -------
    ndarray of shape (..., listener, speaker, n_options)
        1 for a kept value, 0 for a dropped one; equal values at the edge share what is left to
        drop, so that nothing depends on the order of the seats.
    """
    hears = (influence > 0).astype(float)
    apart = said[..., None, :, :] - own[..., :, None, :]
    higher = (said[..., :, None, :] < said[..., None, :, :]).astype(float)  # (..., j, l, k)
    equal = (said[..., :, None, :] == said[..., None, :, :]).astype(float)
    above = np.einsum("...il,...jlk->...ijk", hears, higher)
    ties = np.maximum(np.einsum("...il,...jlk->...ijk", hears, equal), 1.0)
    below = hears.sum(axis=-1)[..., None, None] - above - ties
    top = np.clip((n_dropped - above) / ties, 0.0, 1.0)
    bottom = np.clip((n_dropped - below) / ties, 0.0, 1.0)
    dropped = np.where(apart > 0, top, np.where(apart < 0, bottom, 0.0))
    return np.asarray(1.0 - dropped)


@register("defense", "w-msr")
@dataclass(frozen=True, kw_only=True)
class WMSR(TrustPolicy):
    """Ignore, option by option, the F highest values above one's own and the F lowest below.

    Parameters
    ----------
    n_hostile : int, default 1
        F, how many hostile speakers are reckoned with, >= 0.
    residual : {'innate', 'self', 'renormalise'}, default 'self'
        Who gets the weight of ignored values; one's own last belief in the published form.
    channel, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    Sees what own speakers said last; no labels, no memory. On probabilities, whose options are
    not independent, the result is renormalised. A listener with no more than F speakers hears
    nobody: the leaves of a star are on their own. More than F colluders on a listener's list
    defeat it.

    Sees
    ----
    What own speakers say now.

    Assumes
    -------
    At most ``n_hostile`` of a listener's speakers are hostile, and the graph is robust.

    Broken by
    ---------
    More than ``n_hostile`` colluders; sparse graphs, whose agents it isolates.

    Price
    -----
    On a star it leaves every leaf alone. No calls, no keys.

    References
    ----------
    .. [1] H. J. LeBlanc, H. Zhang, X. Koutsoukos and S. Sundaram, "Resilient asymptotic
       consensus in robust networks", IEEE Journal on Selected Areas in Communications 31 (2013)
       766-781, doi:10.1109/JSAC.2013.130413.
    """

    ranges: ClassVar[Ranges] = {"n_hostile": ">= 0"}

    n_hostile: int = 1
    residual: Residual = "self"

    def gates(self, record: Record, state: Any) -> Array:
        """Return 1 for the values that are kept."""
        said = np.nan_to_num(heard_beliefs(record))
        own = np.nan_to_num(record.accepted[-1])
        return reduced(record.influence, said, own, self.n_hostile)
