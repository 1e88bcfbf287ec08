"""What a fit reports beside its parameters: intervals, identifiability, comparison, nulls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.rows.hearing import Flags
from fjsim.readonly import ReadOnlyArrays


@dataclass(frozen=True, eq=False)
class Intervals(ReadOnlyArrays):
    """Expanded percentile intervals; NaN where the parameter is not identified.

    Parameters
    ----------
    level : float
        Nominal coverage.
    n_resamples, n_questions : int
        How many resamples, of how many questions; one question gives no interval.
    stubbornness, self_weight, influence_shares : ndarray of shape (2, n_agents)
        Lower and upper ends.
    influence : ndarray of shape (2, n_agents, n_agents)
    """

    level: float
    n_resamples: int
    n_questions: int
    stubbornness: Array
    self_weight: Array
    influence: Array
    influence_shares: Array


@dataclass(frozen=True, eq=False)
class Identified(ReadOnlyArrays):
    """Which parameters the data determine.

    Parameters
    ----------
    stubbornness, self_weight : ndarray of bool, shape (n_agents,)
    influence : ndarray of bool, shape (n_agents, n_agents)
    equilibrium : bool
        Whether the influence at equilibrium is determined.
    reasons : tuple of tuple of str, length n_agents
        Blind spots, named, per listener; empty where everything is identified.
    noise : ndarray of shape (n_agents,)
        Standard deviation of one option's belief around the fit.
    smallest_singular_value : ndarray of shape (n_agents,)
        Smallest singular value of the stacked differences from the own last belief.
    rank, n_unknowns : ndarray of int, shape (n_agents,)
        Rank of those differences, and how many weights are free.
    """

    stubbornness: Flags
    self_weight: Flags
    influence: Flags
    equilibrium: bool
    reasons: tuple[tuple[str, ...], ...]
    noise: Array
    smallest_singular_value: Array
    rank: NDArray[np.int64]
    n_unknowns: NDArray[np.int64]


@dataclass(frozen=True)
class ComparisonRow:
    """One model under one protocol.

    Parameters
    ----------
    model : str
    protocol : {'held-out-questions', 'last-round', 'rollout'}
    metric : str
        What ``one_step_mse`` measures.
    one_step_mse : float
        Mean over held-out turns of half the summed squared gap. Under ``rollout`` the gap is that
        of the rolled-out beliefs.
    skill : float
        ``1 - one_step_mse / persistence's``; for ``rollout`` persistence keeps round 0.
    low, high : float
        Paired 95 % percentile interval of the skill, questions resampled.
    top1 : float
        Share of turns whose top option is predicted; NaN without any.
    brier, kl : float
        Summed squared gap to the observed top option; divergence of observed from predicted.
    kl_epsilon : float
        Added to every probability in ``kl``.
    calibration_error : float
        Mean gap, over turns, between the predicted probability of the predicted top option and
        how often that option is on top (ten bins); NaN without any top.
    n_turns, n_questions : int
    gap, gap_low, gap_high : float
        Error minus the first model's, with its paired interval: below 0 is better than it.
    """

    model: str
    protocol: str
    metric: str
    one_step_mse: float
    skill: float
    low: float
    high: float
    top1: float
    brier: float
    kl: float
    kl_epsilon: float
    calibration_error: float
    n_turns: int
    n_questions: int
    gap: float
    gap_low: float
    gap_high: float


@dataclass(frozen=True)
class PopulationPart:
    """How one parameter is spread over items and agents; NaN where nothing was resampled.

    Parameters
    ----------
    mean, low, high : float
        Mean over items and agents, with its interval.
    spread, spread_low, spread_high : float
        Standard deviation over items and agents, estimation error taken out, with its interval.
    """

    mean: float
    low: float
    high: float
    spread: float
    spread_low: float
    spread_high: float


@dataclass(frozen=True)
class Population:
    """Laws that vary from item to item and agent to agent, summed up.

    Parameters
    ----------
    stubbornness, self_weight : PopulationPart
    influence_shares : tuple of PopulationPart, length n_agents
        Share of each seat's innate belief in the beliefs after the last round, over items; empty
        where seats have no identity.
    noise : float
        Standard deviation of one independent number of a belief around its own item's law.
    """

    stubbornness: PopulationPart
    self_weight: PopulationPart
    influence_shares: tuple[PopulationPart, ...]
    noise: float


@dataclass(frozen=True)
class OneLaw:
    """Whether one law holds for all items.

    Parameters
    ----------
    p : float
        p-value against a law per item (per agent in a crowd); NaN where it was not tested.
    holds : bool or None
        Whether one law is not rejected at 5 %; None where it was not tested.
    n_draws : int
        Deliberations drawn under one law.
    """

    p: float
    holds: bool | None
    n_draws: int


@dataclass(frozen=True)
class Choice:
    """Which model was chosen on held-out questions, and by how much.

    Parameters
    ----------
    model : str
        The first, in a fixed order, of those that predict about as well as the best.
    best : str
        The one of least held-out error among those that could be chosen.
    gain, low, high : float
        Skill of ``model`` against no change, with its paired interval.
    over_degroot, over_degroot_low, over_degroot_high : float
        Its skill minus that of fitted DeGroot, paired.
    rival : str
        The nearest other model that could have been chosen; empty without any.
    over_rival, over_rival_low, over_rival_high : float
        Its skill minus the rival's, paired.
    margin : float
        Difference of skill within which two models are held to be equally good.
    """

    model: str
    best: str
    gain: float
    low: float
    high: float
    over_degroot: float
    over_degroot_low: float
    over_degroot_high: float
    rival: str
    over_rival: float
    over_rival_low: float
    over_rival_high: float
    margin: float


@dataclass(frozen=True)
class Reliability:
    """Predicted probabilities of the predicted top option beside how often it is on top.

    Parameters
    ----------
    predicted, observed : tuple of float
        Means per bin that is not empty.
    turns : tuple of int
    error : float
        Mean gap, weighed by turns; NaN without any turn.
    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    turns: tuple[int, ...]
    error: float


@dataclass(frozen=True)
class SplitHalf:
    """How well a parameter of the seats comes back from the other half of the questions.

    Parameters
    ----------
    difference : float
        Mean absolute difference between two halves, over seats and splits.
    correlation : float
        Mean correlation over seats between two halves; NaN for fewer than three seats.
    spearman_brown : float
        What the correlation promises for the whole log, :math:`2r/(1+r)`; NaN where it is
        not positive.
    n_splits : int
    """

    difference: float
    correlation: float
    spearman_brown: float
    n_splits: int


@dataclass(frozen=True)
class Beside:
    """A statistic beside what the null gives for it.

    Parameters
    ----------
    observed : float
    null_mean, null_low, null_high : float
        Mean and central 95 % under the null.
    """

    observed: float
    null_mean: float
    null_low: float
    null_high: float


@dataclass(frozen=True)
class ControlArm:
    """Weight on peers that nobody heard, beside the weight on peers that were heard.

    Parameters
    ----------
    control, control_low, control_high : float
        Fitted weight on the unseen group mean in the control arm, with its 95 % interval:
        regression to the mean and nothing else.
    treated, treated_low, treated_high : float
        The same fit in the arm in which peers were heard.
    """

    control: float
    control_low: float
    control_high: float
    treated: float
    treated_low: float
    treated_high: float


@dataclass(frozen=True)
class NullReport:
    """Tests of input-dependence, and of what the peers of an item tell.

    Parameters
    ----------
    shared_p : float
        p-value of "one law for all items", against a law per item.
    stubbornness_sd : Beside
        Standard deviation over items of the fitted stubbornness, mean over seats.
    top_changes : Beside
        Share of items whose most influential agent is not the pooled one; NaN for crowds.
    influence_stubbornness_correlation : Beside
        Over items and seats; arises mechanically, so read it beside its null. NaN for crowds.
    peers_p : float
        p-value of "the peers of this item tell no more about its moves than those of another".
        A small one shows information that they share with the listener, not that it listens:
        only a control arm separates the two.
    n_draws, n_permutations : int
    control : ControlArm or None
        Where the log has a control arm.
    """

    shared_p: float
    stubbornness_sd: Beside
    top_changes: Beside
    influence_stubbornness_correlation: Beside
    peers_p: float
    n_draws: int
    n_permutations: int
    control: ControlArm | None
