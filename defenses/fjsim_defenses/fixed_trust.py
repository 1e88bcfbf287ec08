"""The same trust in everybody, always: the axis on which less trust is studied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import self_trusting


@register("defense", "fixed-trust")
@dataclass(frozen=True, kw_only=True)
class FixedTrust(TrustPolicy):
    """Trust every speaker to the same fixed degree, whatever it says.

    Parameters
    ----------
    level : float, default 0.5
        The gate, in [0, 1]: 1 is no defense, 0 leaves everybody alone with its residual.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    The mechanism "less trust" by itself: ``phi_ij = level``. With the residual
    ``'renormalise'`` it changes nothing.

    Sees
    ----
    Nothing.

    Assumes
    -------
    Nothing.

    Broken by
    ---------
    Everything; it is a control.

    Price
    -----
    What others know, in the share that is not heard.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (trust as one of three
       mechanisms against a takeover).
    """

    ranges: ClassVar[Ranges] = {"level": "[0, 1]"}

    level: float = 0.5

    def gates(self, record: Record, state: Any) -> Array:
        """Return the level everywhere."""
        return self_trusting(np.full(record.influence.shape, self.level))
