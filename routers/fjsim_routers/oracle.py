"""Listening to whoever is right: what routing could win at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Labels, Record
from fjsim.registry import register
from fjsim_routers.shared.measures import tilted
from fjsim_routers.shared.routing import ChannelRouter


@register("router", "oracle")
@dataclass(frozen=True, kw_only=True)
class Oracle(ChannelRouter):
    """Listen by how much each speaker believes the right option: an upper bound, not a router.

    Parameters
    ----------
    sharpness : float, default 20
        0 is uniform; large values listen to whoever is surest of the right option alone.
    labels : {'none', 'all'} or Audit, default 'all'
        It needs the key of the very question; without it, it is uniform.
    channel, threshold, strength
        See ``fjsim.contracts.Router``.

    Notes
    -----
    ``W_ij(q)`` in proportion to ``w_ij exp(beta b_j(0)[y])`` with y the key, which no real router
    can see. It bounds what routing could win on a graph.

    References
    ----------
    .. [1] "Multi-Agent Systems are Mixtures of Experts", 2026, arXiv:2605.25929.
    """

    sharpness: float = 20.0
    labels: Labels = "all"

    def weights(self, record: Record, state: Any) -> Array:
        """Return the graph's W: without the key there is nothing to go by."""
        return record.influence

    def route(self, record: Record, state: Any, key: int | None) -> Array:
        """Return the softmax of the speakers' belief in the right option."""
        if key is None or self.labels != "all":
            return record.influence
        belief = np.nan_to_num(record.stated[0])
        at_key = np.arange(belief.shape[-1]) == np.asarray(key)[..., None, None]
        right = np.where(at_key, belief, 0.0).sum(axis=-1)
        return tilted(record.influence, self.sharpness * right[..., None, :])
