"""What routers share: the graph's weights by default, a channel, a reading of confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from fjsim.beliefs import Array
from fjsim.contracts import Channel, Record, Router
from fjsim.contracts.ranges import Ranges, check_ranges
from fjsim_routers.shared.measures import certainty_of

Confidence = Literal["entropy", "stated"]


@dataclass(frozen=True, kw_only=True)
class ChannelRouter(Router):
    """A router whose channel is a parameter.

    Parameters
    ----------
    channel : {'label', 'withhold', 'sample', 'blend'}, default 'label'
        How the weights act on model agents.
    threshold : float, default 0.5
        ``'withhold'`` delivers from this share of the row's largest weight on.
    strength : float, default 0.5
        Share of the routed mixture in the belief that ``'blend'`` accepts.
    """

    ranges: ClassVar[Ranges] = {"threshold": "[0, 1]", "strength": "[0, 1]"}

    channel: Channel = "label"
    threshold: float = 0.5
    strength: float = 0.5

    @property
    def batched(self) -> bool:
        """Always: weights are written over leading axes."""
        return True

    def __post_init__(self) -> None:
        """Refuse parameters outside their ranges, those of subclasses included."""
        check_ranges("router", self)


@dataclass(frozen=True, kw_only=True)
class ConfidenceRouter(ChannelRouter):
    """A router that goes by how confident speakers are in round 0.

    Parameters
    ----------
    confidence : {'entropy', 'stated'}, default 'entropy'
        ``1 - H(b) / log K`` of the round-0 belief, or what the agent said of itself.
    channel, threshold, strength
        See `ChannelRouter`.
    """

    confidence: Confidence = "entropy"

    def certainty(self, record: Record) -> Array:
        """Return each seat's confidence as the parameter means it, shape (..., n_agents)."""
        return certainty_of(record, self.confidence == "stated")
