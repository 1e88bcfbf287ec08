"""Listening to the confident: by degrees, to those surer than oneself, or to the few surest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import special

from fjsim.beliefs import Array
from fjsim.contracts import Channel, Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_routers.shared.measures import best_few, on_support, tilted
from fjsim_routers.shared.routing import ConfidenceRouter


@register("router", "self-confidence")
@dataclass(frozen=True, kw_only=True)
class SelfConfidence(ConfidenceRouter):
    """Listen to the confident: weights are a softmax of the speakers' own confidence.

    Parameters
    ----------
    sharpness : float, default 2
        0 is uniform; large values listen to the most confident alone.
    confidence, channel, threshold, strength
        See `ConfidenceRouter`.

    Notes
    -----
    ``W_ij(q) = w_ij exp(beta c_j) / sum_l w_il exp(beta c_l)``. Good where confidence is
    calibrated; an over-confident adversary attracts weight.

    References
    ----------
    .. [1] "Multi-Agent Systems are Mixtures of Experts", 2026, arXiv:2605.25929.
    """

    sharpness: float = 2.0

    def weights(self, record: Record, state: Any) -> Array:
        """Return the softmax of the speakers' confidence."""
        sure = self.certainty(record)
        return tilted(record.influence, self.sharpness * sure[..., None, :])


@register("router", "relative-confidence")
@dataclass(frozen=True, kw_only=True)
class RelativeConfidence(ConfidenceRouter):
    """Listen to those more confident than oneself.

    Parameters
    ----------
    sharpness : float, default 3
        How sharply weight falls for the less confident, >= 0; 0 is uniform.
    confidence, channel, threshold, strength
        See `ConfidenceRouter`.

    Notes
    -----
    ``W_ij(q)`` in proportion to ``w_ij / (1 + exp(-beta (c_j - c_i)))``: unlike a softmax it
    does not single out one of several that are all surer than the listener.

    References
    ----------
    .. [1] "Multi-Agent Systems are Mixtures of Experts", 2026, arXiv:2605.25929.
    """

    sharpness: float = 3.0

    def weights(self, record: Record, state: Any) -> Array:
        """Return a logistic function of the confidence gap."""
        sure = self.certainty(record)
        gap = sure[..., None, :] - sure[..., :, None]
        return on_support(record.influence, np.asarray(special.expit(self.sharpness * gap)))


@register("router", "top-k")
@dataclass(frozen=True, kw_only=True)
class TopExperts(ConfidenceRouter):
    """Listen to one's k most confident speakers alone.

    Parameters
    ----------
    k : int, default 1
        How many, >= 1.
    channel : {'label', 'withhold', 'sample', 'blend'}, default 'withhold'
        How the weights act on model agents.
    confidence, threshold, strength
        See `ConfidenceRouter`.

    Notes
    -----
    Sparse gating: ``W_ij(q)`` in proportion to ``w_ij`` over the k largest ``c_j``; equally
    confident speakers share the last place.

    References
    ----------
    .. [1] N. Shazeer et al., "Outrageously large neural networks: the sparsely-gated
       mixture-of-experts layer", ICLR 2017, arXiv:1701.06538.
    """

    ranges: ClassVar[Ranges] = {"k": ">= 1"}

    k: int = 1
    channel: Channel = "withhold"

    def weights(self, record: Record, state: Any) -> Array:
        """Return the graph's weights on the best few."""
        sure = self.certainty(record)
        return on_support(record.influence, best_few(record.influence, sure, self.k))
