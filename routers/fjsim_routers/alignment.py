"""Listening to those who think alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.registry import register
from fjsim_routers.shared.measures import alignment, tilted
from fjsim_routers.shared.routing import ChannelRouter


@register("router", "alignment")
@dataclass(frozen=True, kw_only=True)
class Alignment(ChannelRouter):
    """Listen to those whose round-0 belief is like one's own.

    Parameters
    ----------
    sharpness : float, default 5
        0 is uniform; large values listen to the most similar alone.
    channel, threshold, strength
        See ``fjsim.contracts.Router``.

    Notes
    -----
    ``W_ij(q)`` in proportion to ``w_ij exp(beta (1 - TV(b_i(0), b_j(0))))``: homophily. A wrong
    agent then listens to the wrong.

    References
    ----------
    .. [1] "Multi-Agent Systems are Mixtures of Experts", 2026, arXiv:2605.25929.
    """

    sharpness: float = 5.0

    def weights(self, record: Record, state: Any) -> Array:
        """Return the softmax of similarity."""
        return tilted(record.influence, self.sharpness * alignment(record))
