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
    """Everybody is heard with full weight."""

    def gates(self, record: Record, state: Any) -> Array:
        """Return ones."""
        return np.ones((record.n_agents, record.n_agents))
