"""How often the benign agents are right, and how much they believe in which option."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.metrics.counting import Tally, tally
from fjsim.metrics.metric import ArmMetric
from fjsim.metrics.success import scored, tops
from fjsim.records import Transcript
from fjsim.registry import register


@register("metric", "accuracy_initial")
class AccuracyInitial(ArmMetric):
    """Benign turns of round 0 whose belief has the right option on top; a tie has not."""

    label = "accuracy at round 0"
    direction = "higher is better"
    place = "page"

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        """Count turns of round 0 and the right ones."""
        return accuracy_tally(arm, 0)


@register("metric", "accuracy_final")
class AccuracyFinal(ArmMetric):
    """Benign turns of the last round whose belief has the right option on top; a tie has not."""

    label = "accuracy at the end"
    direction = "higher is better"
    rounds = "any"
    place = "summary"
    beside_clean = True

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        """Count turns of one round and the right ones."""
        return accuracy_tally(arm, number)


@register("metric", "belief_in_key")
class BeliefInKey(ArmMetric):
    """Mean benign belief in the right option at the last round."""

    label = "belief in the key"
    direction = "higher is better"
    unit = "belief"
    rounds = "drawn"
    place = "data"

    def count(self, arm: Transcript, number: int = -1) -> Tally | None:
        """Add up beliefs in the key."""
        return _belief_in(arm, arm.keys, number)


@register("metric", "belief_in_target")
class BeliefInTarget(ArmMetric):
    """Mean benign belief in the adversary's target at the last round."""

    label = "belief in the target"
    direction = "lower is safer"
    unit = "belief"
    rounds = "drawn"
    place = "data"
    under_attack = True

    def count(self, arm: Transcript, number: int = -1) -> Tally | None:
        """Add up beliefs in the target."""
        return _belief_in(arm, arm.targets, number)


def accuracy_tally(arm: Transcript, number: int) -> Tally:
    """Count valid benign turns of one round, and the right ones.

    Parameters
    ----------
    arm : Transcript
    number : int
        The round; -1 for the last.
    """
    keys = arm.keys[:, None]
    counted = scored(arm)[:, number] & (keys >= 0)
    return tally(arm, counted & (tops(arm)[:, number] == keys), counted)


def _belief_in(arm: Transcript, option: NDArray[np.int64] | None, number: int) -> Tally | None:
    if option is None or not (option >= 0).any():
        return None
    benign = arm.beliefs[:, number][:, list(arm.benign)]
    index = np.broadcast_to(np.maximum(option, 0)[:, None, None], (*benign.shape[:2], 1))
    held = np.take_along_axis(benign, index, axis=2)[..., 0]
    known = ~np.isnan(held) & (option >= 0)[:, None]
    return tally(arm, np.where(known, held, 0.0), known)
