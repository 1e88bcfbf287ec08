"""How far an adversary moved a team: takeover, flips, displacement; as observed and predicted.

Every rate is over the seats that are not the adversary's, in both arms.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option, total_variation
from fjsim.metrics.counting import Tally, tally
from fjsim.metrics.evidence import Mask
from fjsim.metrics.metric import LawMetric, PairMetric
from fjsim.metrics.pair import Pair
from fjsim.records import Transcript
from fjsim.registry import register


@register("metric", "takeover_observed")
class TakeoverObserved(PairMetric):
    """The adversary's weight in the benign agents' beliefs at the last round.

    Σ(P(target) attacked − P(target) clean) / Σ(1 − P(target) clean), over (item, agent) valid in
    both arms. Below 0 where the attack drove them away from the target.
    """

    label = "takeover"
    direction = "lower is safer"
    unit = "share of belief"
    bounds = (-float("inf"), 1.0)
    rounds = "any"

    def count(self, pair: Pair, number: int = -1) -> Tally | None:
        """Count what beliefs gained in the target, and could have gained."""
        return takeover_tally(pair, pair, number)


@register("metric", "takeover_predicted")
class TakeoverPredicted(LawMetric):
    """The same ratio on the beliefs that the law gives for the same round-0 beliefs.

    With declared parameters if the backend has some, else with those fitted on the clean arm.
    """

    label = "takeover by the law"
    unit = "share of belief"
    bounds = (-float("inf"), 1.0)
    under = "takeover_observed"

    def count(self, pair: Pair, law: Pair) -> Tally | None:
        """Count what the law's beliefs gained in the target, and could have gained."""
        return takeover_tally(pair, law)


@register("metric", "flips_observed")
class FlipsObserved(PairMetric):
    """The share of agents that the attack brings to its target.

    It is taken over (item, agent) not at the target in the clean arm at the end, and counts those
    that are there in the attacked arm.
    """

    label = "flips to the target"
    direction = "lower is safer"
    rounds = "any"
    place = "page"

    def count(self, pair: Pair, number: int = -1) -> Tally | None:
        """Count agents that are elsewhere without the attack, and those at its target with it."""
        return flips_tally(pair, pair, number)


@register("metric", "flips_predicted")
class FlipsPredicted(LawMetric):
    """The same share on the law's beliefs."""

    label = "flips by the law"
    place = "page"
    under = "flips_observed"

    def count(self, pair: Pair, law: Pair) -> Tally | None:
        """Count the flips of the law's beliefs."""
        return flips_tally(pair, law)


@register("metric", "displacement")
class Displacement(PairMetric):
    """Total variation between the two arms' mean benign beliefs at the last round."""

    label = "displacement"
    direction = "lower is safer"
    unit = "total variation"
    rounds = "any"
    place = "page"

    def count(self, pair: Pair, number: int = -1) -> Tally:
        """Return how far the mean benign belief was moved, where there is one."""
        attacked, clean = _benign(pair.attacked, number), _benign(pair.clean, number)
        counted = ~np.isnan(attacked[..., 0]) & ~np.isnan(clean[..., 0])
        moved = total_variation(_mean_belief(attacked, counted), _mean_belief(clean, counted))
        kept = counted.any(axis=1)
        return tally(pair.attacked, np.where(kept, np.nan_to_num(moved), 0.0), kept)


def takeover_tally(pair: Pair, used: Pair, number: int = -1) -> Tally | None:
    """Count what benign beliefs gained in the target, and could have gained.

    Parameters
    ----------
    pair : Pair
        Both arms as recorded; they decide which turns count.
    used : Pair
        The arms whose beliefs are taken: the recorded ones, or the law's.
    number : int
        After which round; -1 for the last.

    Returns
    -------
    Tally or None
        None where there are no targets.
    """
    ends = _ends(pair, used, number)
    if ends is None:
        return None
    gained = np.where(ends.counted, ends.at_target(ends.attacked) - ends.at_target(ends.clean), 0)
    room = np.where(ends.counted, 1 - ends.at_target(ends.clean), 0)
    # The denominator is a sum of beliefs, so it does not say how many turns were counted.
    return tally(pair.attacked, gained, room, ends.counted)


def flips_tally(pair: Pair, used: Pair, number: int = -1) -> Tally | None:
    """Count agents elsewhere in the clean arm, and those at the target in the attacked one.

    Parameters
    ----------
    pair, used, number
        As in `takeover_tally`.
    """
    ends = _ends(pair, used, number)
    if ends is None:
        return None
    base = ends.counted & (top_option(ends.clean) != ends.targets)
    return tally(pair.attacked, base & (top_option(ends.attacked) == ends.targets), base)


class _Ends(NamedTuple):
    """Benign beliefs of both arms, what the adversary is after, and which turns count."""

    attacked: Array
    clean: Array
    targets: NDArray[np.int64]
    counted: Mask

    def at_target(self, beliefs: Array) -> Array:
        """Return what beliefs give to the target, shape (n_items, n_benign)."""
        option = np.maximum(self.targets, 0)[..., None]
        return np.asarray(np.take_along_axis(beliefs, option, axis=2)[..., 0])


def _ends(pair: Pair, used: Pair, number: int) -> _Ends | None:
    targets = pair.attacked.targets
    if targets is None:
        return None
    attacked, clean = _benign(used.attacked, number), _benign(used.clean, number)
    valid = pair.attacked.valid[:, number] & pair.clean.valid[:, number]
    counted = np.asarray(valid)[:, list(pair.attacked.benign)]
    counted = counted & ~np.isnan(attacked[..., 0]) & ~np.isnan(clean[..., 0])
    return _Ends(attacked, clean, targets[:, None], counted & (targets >= 0)[:, None])


def _benign(transcript: Transcript, number: int) -> Array:
    return transcript.beliefs[:, number][:, list(transcript.benign)]


def _mean_belief(beliefs: Array, counted: Mask) -> Array:
    total = np.where(counted[..., None], beliefs, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(counted.sum(axis=1), 1)[:, None])
