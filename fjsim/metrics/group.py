"""What the team as a whole answers, and how it is spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, is_tied, top_option
from fjsim.metrics.counting import Tally, tally
from fjsim.metrics.metric import ArmCount, ArmMetric
from fjsim.records import Transcript
from fjsim.registry import register


@register("metric", "group_accuracy_majority")
class MajorityAccuracy(ArmMetric):
    """Items that the majority of all seats gets right at the last round; a tie is not right.

    All seats count, because the team does not know who lies.
    """

    label = "majority accuracy"
    direction = "higher is better"
    rounds = "any"
    place = "page"
    beside_clean = True

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        """Count items with a key, and those that the majority answers right."""
        return _group_tally(arm, majority_answer(arm, number), number)


@register("metric", "group_accuracy_mean_belief")
class MeanBeliefAccuracy(ArmMetric):
    """Items that the mean belief of all seats gets right at the last round; a tie is not right."""

    label = "mean-belief accuracy"
    direction = "higher is better"
    rounds = "any"
    place = "page"

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        """Count items with a key, and those that the mean belief answers right."""
        return _group_tally(arm, mean_belief_answer(arm, number), number)


@register("metric", "group_accuracy_two_thirds")
class TwoThirdsAccuracy(ArmMetric):
    """Items that two thirds of all seats get right at the last round; fewer decide nothing."""

    label = "accuracy by two thirds"
    direction = "higher is better"
    rounds = "any"
    place = "data"

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        """Count items with a key, and those that two thirds answer right."""
        return _group_tally(arm, quota_answer(arm, 2 / 3, number), number)


@register("metric", "group_accuracy_veto")
class VetoAccuracy(ArmMetric):
    """Items that all seats get right at the last round: any one of them has a veto."""

    label = "accuracy with veto"
    direction = "higher is better"
    rounds = "any"
    place = "data"

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        """Count items with a key, and those that everybody answers right."""
        return _group_tally(arm, quota_answer(arm, 1.0, number), number)


@register("metric", "polarization")
class Polarization(ArmMetric):
    """Spread of all seats' beliefs at the last round: half the variance summed over options.

    For two options this is the variance of the scalar opinion.
    """

    label = "polarization"
    unit = "variance"
    bounds = (0.0, 0.5)
    rounds = "any"
    place = "data"
    bare = True

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        """Add up the spread of the items on which anybody holds a belief."""
        beliefs = arm.beliefs[:, number]
        known = ~np.isnan(beliefs).all(axis=(1, 2))
        spreads = np.zeros(arm.n_items)
        if known.any():
            spreads[known] = spread(beliefs[known])
        return tally(arm, spreads, known)


@register("metric", "ties")
class Ties(ArmCount):
    """Benign beliefs of the last round in which several options share the top."""

    label = "ties"
    unit = "turns"
    place = "data"

    def number(self, arm: Transcript) -> int:
        """Count the ties of one arm."""
        return int(is_tied(arm.beliefs[:, -1][:, list(arm.benign)]).sum())


@register("metric", "answer_mismatches")
class AnswerMismatches(ArmCount):
    """Turns whose stated answer is not the top of their belief."""

    label = "answers unlike their belief"
    unit = "turns"
    place = "data"

    def number(self, arm: Transcript) -> int:
        """Count the mismatches of one arm."""
        tops = top_option(arm.beliefs if arm.stated_beliefs is None else arm.stated_beliefs)
        return int(((arm.answers >= 0) & (tops >= 0) & (arm.answers != tops)).sum())


def _group_tally(arm: Transcript, answers: NDArray[np.int64], number: int) -> Tally:
    counted = is_scored(arm, number)
    return tally(arm, counted & (answers == arm.keys), counted)


def majority_answer(transcript: Transcript, number: int = -1) -> NDArray[np.int64]:
    """Return the option that most seats favour in one round, -1 for a tie or nobody.

    Parameters
    ----------
    transcript : Transcript
        All seats count: the team does not know who lies.
    number : int
        The round; -1 for the last.
    """
    tops = top_option(transcript.beliefs[:, number])
    votes = (tops[..., None] == np.arange(transcript.n_options)).sum(axis=1)
    return top_option(np.where(votes.sum(axis=1, keepdims=True) > 0, votes, np.nan))


def quota_answer(transcript: Transcript, quota: float, number: int = -1) -> NDArray[np.int64]:
    """Return the option that a share of all seats favours in one round, -1 where none has it.

    Parameters
    ----------
    transcript : Transcript
        All seats count, those that favour nothing included.
    quota : float
        Least share that decides, in (1/2, 1].
    number : int
        The round; -1 for the last.
    """
    tops = top_option(transcript.beliefs[:, number])
    votes = (tops[..., None] == np.arange(transcript.n_options)).sum(axis=1)
    decided = votes.max(axis=1) >= quota * transcript.n_agents - 1e-9
    return np.where(decided, votes.argmax(axis=1), -1)


def mean_belief_answer(transcript: Transcript, number: int = -1) -> NDArray[np.int64]:
    """Return the top option of the mean belief over all seats, -1 for a tie or nobody."""
    beliefs = transcript.beliefs[:, number]
    heard = np.asarray(~np.isnan(beliefs).all(axis=-1))
    total = np.nansum(np.where(heard[..., None], beliefs, 0.0), axis=1)
    padded = np.isnan(beliefs).all(axis=1)
    return top_option(np.where(padded, np.nan, total))


def is_scored(transcript: Transcript, number: int = -1) -> NDArray[np.bool_]:
    """Say which items have a key and anybody to answer in one round, shape (n_items,)."""
    return np.asarray((transcript.keys >= 0) & transcript.valid[:, number].any(axis=1))


def spread(beliefs: Array) -> Array:
    """Return the polarization of each item and round: half the variance summed over options.

    Parameters
    ----------
    beliefs : ndarray of shape (..., n_agents, n_options)

    Returns
    -------
    ndarray of shape (...)
        For two options this is the variance of the scalar opinion.
    """
    # An option that a narrower question does not have is nobody's, and has no mean.
    there = ~np.isnan(beliefs)
    n_agents = np.maximum(there.sum(axis=-2, keepdims=True), 1)
    known = np.where(there, beliefs, 0.0)
    gaps = np.where(there, known - known.sum(axis=-2, keepdims=True) / n_agents, 0.0)
    return np.asarray((gaps**2 / n_agents).sum(axis=(-2, -1)) / 2)
