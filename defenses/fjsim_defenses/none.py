"""No defense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Defense, Record
from fjsim.registry import register


@register("defense", "none")
@dataclass(frozen=True)
class NoDefense(Defense):
    """Everybody is heard with full weight.

    Notes
    -----
    It gives the absence of a defense a name in scenarios; inside a run that absence is ``None``.

    Sees
    ----
    Nothing.

    Assumes
    -------
    Nobody lies.

    Broken by
    ---------
    Every attack.

    Price
    -----
    Nothing.
    """

    def gates(self, record: Record, state: Any) -> Array:
        """Return ones."""
        return np.ones((record.n_agents, record.n_agents))
