"""All that a metric may look at: the arms of a run, and what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fjsim.arms import main_arm
from fjsim.beliefs import Array
from fjsim.contracts import Arm
from fjsim.errors import PluginError
from fjsim.metrics.counting import Counted
from fjsim.metrics.keys import MetricKey
from fjsim.metrics.pair import Pair, paired
from fjsim.readonly import ReadOnlyArrays
from fjsim.records import Transcript
from fjsim.registry import OUR_PACKAGES, package_of

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Spending:
    """What a run asked for and took, over all its sessions.

    Parameters
    ----------
    calls : int
        Requests sent, failed ones and those cut off included.
    failed_calls : int
        Those among them that brought no reply.
    estimated_calls : int
        Those among them whose tokens are an estimate.
    cached_calls : int
        Replies that the response cache held.
    tokens_in, tokens_out, tokens_cached : int
    cost : float
        By the user's price file; 0 without one.
    wall_seconds : float
    labels_used : int
        Keys that policies were shown.
    """

    calls: int = 0
    failed_calls: int = 0
    estimated_calls: int = 0
    cached_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: float = 0.0
    wall_seconds: float = 0.0
    labels_used: int = 0


class Countable(Protocol):
    """What evidence needs of a metric."""

    def of(self, evidence: Evidence, arm: Arm | None, number: int) -> Counted | None:
        """Return what it counts."""


@dataclass(frozen=True, eq=False)
class Evidence(ReadOnlyArrays):
    """What one run left behind for its metrics.

    Parameters
    ----------
    arms : mapping of arm to Transcript
        One or both arms.
    gated : bool
        Whether a defense was at work, so that gates mean something.
    hostile : ndarray of bool, shape (n_items,), or None
        On which items of ``pair`` the adversary really attacked; None where that is not known.
    law : Pair or None
        Both arms with the law's beliefs in place of the recorded ones.
    order : tuple of str
        Questions in the order in which they were played, warm-up included.
    spending : Spending or None
        None where it is not known.
    """

    arms: Mapping[Arm, Transcript]
    gated: bool = False
    hostile: Mask | None = None
    law: Pair | None = None
    order: tuple[str, ...] = ()
    spending: Spending | None = None

    @property
    def main(self) -> Arm:
        """The attacked arm, or the clean one where nobody attacks."""
        return main_arm(self.arms)

    @property
    def n_rounds(self) -> int:
        """Rounds after round 0."""
        return self.arms[self.main].n_rounds

    @cached_property
    def pair(self) -> Pair | None:
        """Both arms on their common items; None where there is only one."""
        if len(self.arms) < 2:
            return None
        return paired(self.arms["attacked"], self.arms["clean"])

    def counted(self, key: MetricKey, metric: Countable) -> Counted | None:
        """Return what a metric counts here; None where it has nothing to look at.

        Raises
        ------
        PluginError
            If a stranger's metric fails; the run itself is recorded, and counted again once the
            metric is mended or taken away.
        """
        number = -1 if key.round is None else key.round
        package = package_of(type(metric).__module__)
        if package in OUR_PACKAGES:
            return metric.of(self, key.arm, number)
        try:
            return metric.of(self, key.arm, number)
        # A stranger's metric may fail in any way, and the error should say whose it is.
        except Exception as error:
            raise PluginError(
                f"metric '{key.name}' of package {package} cannot be counted: "
                f"{type(error).__name__}: {error}"
            ) from error


def hostile_items(pair: Pair, declared: Mask, rewrites: bool) -> Mask:
    """Say on which items the adversary attacked, rather than playing an honest agent.

    Parameters
    ----------
    pair : Pair
        Both arms.
    declared : ndarray of bool, shape (n_items,)
        Where the attack says that it attacks; see ``fjsim.runs.law.intent``.
    rewrites : bool
        Whether the attack changes what others say, which its own turns do not show.

    Returns
    -------
    ndarray of bool, shape (n_items,)
        Where it says so and, unless it rewrites, one of its seats was recorded to state something
        else than an ordinary agent in that seat stated in the clean arm.
    """
    if rewrites:
        return declared
    seats = list(pair.attacked.adversary_seats)
    said, would_say = (_stated(arm)[:, :, seats] for arm in pair)
    same = np.isclose(said, would_say, equal_nan=True).all(axis=(1, 2, 3))
    return np.asarray(declared & ~same)


def _stated(transcript: Transcript) -> Array:
    given = transcript.stated_beliefs
    return transcript.beliefs if given is None else given
