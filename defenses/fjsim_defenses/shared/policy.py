"""What every trust policy here has: where lost weight goes, and how gates act on a model."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.contracts import Channel, Defense, Residual
from fjsim.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class TrustPolicy(Defense):
    """A defense whose channel, residual and threshold are parameters.

    Its gates are written over leading axes: a record whose arrays have batch axes between
    round and agent gives gates with the same axes, which is how the benchmarks run thousands
    of teams at once through the very code that a deliberation runs.

    Parameters
    ----------
    channel : {'label', 'withhold', 'sample', 'blend'}, default 'blend'
        How gates act on model agents.
    residual : {'innate', 'self', 'renormalise'}, default 'innate'
        Where the weight goes that gates take away.
    threshold : float, default 0.5
        Smallest gate that channel ``'withhold'`` delivers, in [0, 1].
    """

    channel: Channel = "blend"
    residual: Residual = "innate"
    threshold: float = 0.5

    def __post_init__(self) -> None:
        """Refuse a threshold outside its range."""
        require("threshold", self.threshold, 0, 1)


def require(name: str, value: float, lowest: float, highest: float = float("inf")) -> None:
    """Refuse a parameter outside its range.

    Parameters
    ----------
    name : str
        As it stands in the scenario.
    value, lowest, highest : float
        What was given, and the closed range that is allowed.

    Raises
    ------
    ConfigError
        If the value is outside.
    """
    if not lowest <= value <= highest:
        bounded = highest < float("inf")
        allowed = f"lie in [{lowest:g}, {highest:g}]" if bounded else f"be >= {lowest:g}"
        raise ConfigError(f"defense.{name} is {value:g}; it must {allowed}")
