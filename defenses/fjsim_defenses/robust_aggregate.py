"""Gates under which a listener's mixture is a robust centre of what it hears."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from fjsim_defenses.shared.robust_centres import (
    coordinate_median,
    heard_and_own,
    trimmed_mean,
)
from fjsim_defenses.shared.subset_centres import (
    centred_clipping,
    flag_mean,
    median_of_pairs,
    minimum_diameter,
    nearest_neighbours,
)

RobustCentre = Literal[
    "coordinate-median",
    "geometric-median",
    "trimmed-mean",
    "nearest-neighbours",
    "centred-clipping",
    "minimum-diameter",
    "bucketing",
    "flag",
]
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
    """Replace the weighted mean of what is heard by a centre that a few cannot drag away.

    Parameters
    ----------
    rule : str, default 'coordinate-median'
        Which centre of own speakers and oneself: 'coordinate-median', 'geometric-median',
        'trimmed-mean'; 'nearest-neighbours', the mean of those nearest to oneself;
        'centred-clipping', oneself moved by clipped pulls; 'minimum-diameter', the mean of the
        narrowest subset; 'bucketing', the median of the means of pairs; 'flag', the mean within
        the subspace that most lie near.
    trim : float, default 0.2
        Share that the trimmed mean drops on each side, in [0, 0.5].
    left_out : int, default 1
        How many speakers 'nearest-neighbours' and 'minimum-diameter' leave out, >= 0.
    radius : float, default 0.3
        Longest pull of a speaker in 'centred-clipping', > 0; two certain answers are 1.41 apart.
    rank : int, default 2
        Dimensions of the subspace of 'flag', >= 1.
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
    ``python -m studies.robust_centres`` prints drift, contraction and failure of each.

    Sees
    ----
    What own speakers said last.

    Assumes
    -------
    Most of those whom a listener hears, itself included, are honest.

    Broken by
    ---------
    A hostile hub ('nearest-neighbours' leaves its leaves alone instead), and colluders as many as
    the honest speakers of some listener.

    Price
    -----
    A right minority is dragged to the centre like everybody else. No calls, no keys.

    References
    ----------
    .. [1] D. Yin, Y. Chen, K. Ramchandran and P. Bartlett, "Byzantine-robust distributed
       learning: towards optimal statistical rates", ICML 2018, arXiv:1803.01498 (coordinate
       median, trimmed mean).
    .. [2] Y. Chen, L. Su and J. Xu, "Distributed statistical machine learning in adversarial
       settings", POMACS 1 (2017), doi:10.1145/3154503 (geometric median).
    .. [3] S. Farhadkhani et al., "Robust Collaborative Learning with Linear Gradient Overhead",
       ICML 2023, arXiv:2209.10931 (nearest-neighbour averaging).
    .. [4] L. He, S. P. Karimireddy and M. Jaggi, "Byzantine-Robust Decentralized Learning via
       ClippedGossip", 2022, arXiv:2202.01545; S. P. Karimireddy, L. He and M. Jaggi, "Learning
       from History for Byzantine Robust Optimization", ICML 2021, arXiv:2012.10333 (centred
       clipping).
    .. [5] E. M. El Mhamdi, R. Guerraoui, A. Guirguis, L. N. Hoang and S. Rouault, "Genuinely
       Distributed Byzantine Machine Learning", PODC 2020, arXiv:1905.03853 (minimum-diameter
       averaging).
    .. [6] S. P. Karimireddy, L. He and M. Jaggi, "Byzantine-Robust Learning on Heterogeneous
       Datasets via Bucketing", ICLR 2022, arXiv:2006.09365.
    .. [7] H. Almasi et al., "Flag Aggregator: Scalable Distributed Training under Failures and
       Augmented Losses using Convex Optimization", 2023, arXiv:2302.05865.
    """

    ranges: ClassVar[Ranges] = {
        "trim": "[0, 0.5]",
        "left_out": ">= 0",
        "radius": "> 0",
        "rank": ">= 1",
    }

    rule: RobustCentre = "coordinate-median"
    trim: float = 0.2
    left_out: int = 1
    radius: float = 0.3
    rank: int = 2
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
        """Return the rule's centre of each listener's cloud, not normalised and >= 0."""
        return np.maximum(self._rules[self.rule](cloud), 0.0)

    @property
    def _rules(self) -> Mapping[RobustCentre, Callable[[Array], Array]]:
        return {
            "coordinate-median": coordinate_median,
            "geometric-median": geometric_median,
            "trimmed-mean": lambda cloud: trimmed_mean(cloud, self.trim),
            "nearest-neighbours": lambda cloud: nearest_neighbours(cloud, self.left_out),
            "centred-clipping": lambda cloud: centred_clipping(cloud, self.radius),
            "minimum-diameter": lambda cloud: minimum_diameter(cloud, self.left_out),
            "bucketing": median_of_pairs,
            "flag": lambda cloud: flag_mean(cloud, min(self.rank, cloud.shape[-1])),
        }
