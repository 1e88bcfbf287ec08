"""A defense that knows whom to mute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Defense, Record
from fjsim.registry import register


@register("defense", "mute")
@dataclass(frozen=True)
class Mute(Defense):
    """Hear nothing from the named seats: an upper bound that knows the adversary.

    Parameters
    ----------
    speakers : tuple of int, default (0,)
        Seats that nobody hears.

    References
    ----------
    .. [1] The oracle of *Judging* in fjsim's own design notes; not published.
    """

    speakers: tuple[int, ...] = (0,)

    def gates(self, record: Record, state: Any) -> Array:
        """Return 0 in the columns of the muted speakers, 1 elsewhere."""
        trust = np.ones((record.n_agents, record.n_agents))
        trust[:, list(self.speakers)] = 0
        return trust
