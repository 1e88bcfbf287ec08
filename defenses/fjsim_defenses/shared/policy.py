"""What every trust policy here has: where lost weight goes, and how gates act on a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fjsim.contracts import Channel, Defense, Residual
from fjsim.contracts.ranges import Ranges, check_ranges


@dataclass(frozen=True, kw_only=True)
class TrustPolicy(Defense):
    """A defense whose channel, residual and threshold are parameters.

    Its gates are written over leading axes: a record whose arrays have batch axes between
    round and agent gives gates with the same axes.

    Parameters
    ----------
    channel : {'label', 'withhold', 'sample', 'blend'}, default 'blend'
        How gates act on model agents.
    residual : {'innate', 'self', 'renormalise'}, default 'innate'
        Where the weight goes that gates take away.
    threshold : float, default 0.5
        Smallest gate that channel ``'withhold'`` delivers, in [0, 1].
    """

    ranges: ClassVar[Ranges] = {"threshold": "[0, 1]"}

    channel: Channel = "blend"
    residual: Residual = "innate"
    threshold: float = 0.5

    @property
    def batched(self) -> bool:
        """Always: gates are written over leading axes."""
        return True

    def __post_init__(self) -> None:
        """Refuse parameters outside their ranges, those of subclasses included."""
        check_ranges("defense", self)
