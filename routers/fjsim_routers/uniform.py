"""Everybody listens as the graph says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fjsim.beliefs import Array
from fjsim.contracts import Record, Router
from fjsim.registry import register


@register("router", "uniform")
@dataclass(frozen=True)
class Uniform(Router):
    """Listen by the graph's own weights, the same for every question."""

    @property
    def batched(self) -> bool:
        """Always."""
        return True

    def weights(self, record: Record, state: Any) -> Array:
        """Return the graph's W as it is."""
        return record.influence
