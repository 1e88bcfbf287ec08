"""Gates under which a listener's mixture is a robust centre of what it hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record, Residual
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.geometric_median import geometric_median
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import heard_beliefs
from fjsim_defenses.shared.robust_centres import heard_and_own, trimmed_mean

RobustCentre = Literal["coordinate-median", "geometric-median", "trimmed-mean"]
NOTHING = 1e-15


def clip_level(offsets: Array, weights: Array, target: Array) -> Array:
    """Return the level at which weighted offsets have to be cut so that they sum to a target.

    Parameters
    ----------
    offsets : ndarray of shape (..., n_points)
        All >= 0.
    weights : ndarray of shape (..., n_points)
        All >= 0.
    target : ndarray of shape (...)
        All >= 0.

    Returns
    -------
    ndarray of shape (...)
        The level c with ``sum_j w_j min(d_j, c) = target``; infinite where even uncut offsets
        do not reach it.
    """
    order = np.argsort(offsets, axis=-1)
    rising = np.take_along_axis(offsets, order, axis=-1)
    mass = np.take_along_axis(weights, order, axis=-1)
    below = np.cumsum(mass * rising, axis=-1) - mass * rising
    above = np.cumsum(mass[..., ::-1], axis=-1)[..., ::-1]
    reached = below + above * rising >= target[..., None]
    first = reached.argmax(axis=-1)[..., None]
    missing = target - np.take_along_axis(below, first, axis=-1)[..., 0]
    share = np.take_along_axis(above, first, axis=-1)[..., 0]
    level = missing / np.where(share > 0, share, 1.0)
    return np.asarray(np.where(reached.any(axis=-1), level, np.inf))


def gates_towards(centre: Array, beliefs: Array, anchor: Array, weights: Array) -> Array:
    """Return option-wise gates under which the mixture comes as near to a centre as it can.

    Parameters
    ----------
    centre, anchor : ndarray of shape (..., listener, n_options)
        Where the mixture should be, and the residual that fills it up.
    beliefs : ndarray of shape (..., n_agents, n_options)
        What the speakers say.
    weights : ndarray of shape (..., listener, speaker)
        W.

    Returns
    -------
    ndarray of shape (..., listener, speaker, n_options)

    Notes
    -----
    With ``gap = centre - anchor``, speakers on the other side of the anchor get 0 and offsets
    on its side are cut at one level c, ``phi_j = min(1, c / |b_j - anchor|)``, so that
    ``sum_j w_j phi_j (b_j - anchor) = gap``. The further out, the smaller the gate. Where all
    offsets together are too small to reach it, they are heard in full.
    """
    gap = (centre - anchor)[..., :, None, :]
    apart = beliefs[..., None, :, :] - anchor[..., :, None, :]
    offsets = np.nan_to_num(np.maximum(apart * np.sign(gap), 0.0))
    mass = np.broadcast_to(weights[..., None], offsets.shape)
    target = np.abs(gap[..., 0, :]) * weights.sum(axis=-1)[..., None]
    level = clip_level(np.moveaxis(offsets, -2, -1), np.moveaxis(mass, -2, -1), target)
    cut = np.minimum(offsets, level[..., None, :])
    return np.where(offsets > NOTHING, cut / np.maximum(offsets, NOTHING), 0.0)


@register("defense", "robust-aggregate")
@dataclass(frozen=True, kw_only=True)
class RobustAggregate(TrustPolicy):
    """Replace the weighted mean of what is heard by a median or a trimmed mean.

    Parameters
    ----------
    rule : {'coordinate-median', 'geometric-median', 'trimmed-mean'}, default 'coordinate-median'
        Which centre of own speakers and oneself.
    trim : float, default 0.2
        Share that the trimmed mean drops on each side, in [0, 0.5].
    residual : {'innate', 'self', 'renormalise'}, default 'self'
        What fills the mixture up: the anchor that gates lead away from.
    channel, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    Sees what own speakers said last; no labels, no memory. The gates differ by option and are
    chosen so that the gated mixture equals the rule's centre option by option wherever gates
    in [0, 1] can reach it (``gates_towards``): always for a listener of one speaker, in some
    seven of ten clouds of six random beliefs; elsewhere it stays between the anchor and the
    centre. A hostile hub is half of each leaf's cloud: no rule of this kind helps there.

    References
    ----------
    .. [1] D. Yin, Y. Chen, K. Ramchandran and P. Bartlett, "Byzantine-robust distributed
       learning: towards optimal statistical rates", ICML 2018, arXiv:1803.01498 (coordinate
       median, trimmed mean).
    .. [2] Y. Chen, L. Su and J. Xu, "Distributed statistical machine learning in adversarial
       settings", POMACS 1 (2017), doi:10.1145/3154503 (geometric median).
    """

    ranges: ClassVar[Ranges] = {"trim": "[0, 0.5]"}

    rule: RobustCentre = "coordinate-median"
    trim: float = 0.2
    residual: Residual = "self"

    def gates(self, record: Record, state: Any) -> Array:
        """Return gates that lead to the centre."""
        own = record.accepted[-1]
        anchor = record.accepted[0] if self.residual == "innate" else own
        said = heard_beliefs(record)
        centre = self.centre(heard_and_own(record.influence, said, own))
        mass = centre.sum(axis=-1, keepdims=True)
        centre = np.where(mass > 0, centre / np.where(mass > 0, mass, 1.0), anchor)
        return gates_towards(centre, said, anchor, record.influence)

    def centre(self, cloud: Array) -> Array:
        """Return the rule's centre of each listener's cloud, not normalised."""
        if self.rule == "geometric-median":
            return geometric_median(cloud)
        return trimmed_mean(cloud, self.trim if self.rule == "trimmed-mean" else 0.5)
