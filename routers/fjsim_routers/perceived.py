"""Listening to those whom one finds confident oneself."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.registry import register
from fjsim_routers.shared.measures import certainty_of, perceived_confidence, tilted
from fjsim_routers.shared.routing import ChannelRouter

logger = logging.getLogger(__name__)


@register("router", "perceived-confidence")
@dataclass(frozen=True, kw_only=True)
class PerceivedConfidence(ChannelRouter):
    """Listen to those whom the listener itself finds confident, as a probe asks it.

    Parameters
    ----------
    sharpness : float, default 2
        0 is uniform; large values listen to the most confident alone.
    channel, threshold, strength
        See ``fjsim.contracts.Router``.

    Notes
    -----
    After round 0 a probe asks every listener how sure each speaker seems; ``W_ij(q)`` is a softmax
    of its answers, ``record.perceived[i, j]``. For a record without a probe the speakers'
    stated confidence is taken instead, and the log says so once.

    References
    ----------
    .. [1] "Multi-Agent Systems are Mixtures of Experts", 2026, arXiv:2605.25929.
    """

    sharpness: float = 2.0
    probes: ClassVar[bool] = True

    def weights(self, record: Record, state: Any) -> Array:
        """Return the softmax of perceived, or else of stated, confidence."""
        perceived = perceived_confidence(record)
        if perceived is None:
            _say_that_nobody_was_asked()
            perceived = certainty_of(record, stated=True)[..., None, :]
        return tilted(record.influence, self.sharpness * np.nan_to_num(perceived))


@cache
def _say_that_nobody_was_asked() -> None:
    logger.warning(
        "router 'perceived-confidence': the run asked no probe, so the speakers' stated "
        "confidence is taken for what listeners perceive"
    )
