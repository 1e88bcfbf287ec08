"""The papers' trust: accuracy on labelled questions, squared after a warm-up, with momentum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Audit, Labels, Memory, Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.evidence import correctness
from fjsim_defenses.shared.policy import TrustPolicy

MOMENTUM = 0.8
STEP = 0.4
SPARSE = Audit(0.2)


class Step(NamedTuple):
    """Trust and its smoothed error after an update, each of shape (..., n_agents)."""

    trust: Array
    error: Array


def momentum_step(
    trust: Array, error: Array, right: Array, momentum: float = MOMENTUM, step: float = STEP
) -> Step:
    """Return trust after one labelled answer.

    Parameters
    ----------
    trust, error : ndarray of shape (..., n_agents)
        Before it.
    right : ndarray of shape (..., n_agents)
        1 for a right answer, 0 for a wrong one; NaN changes nothing.
    momentum, step : float
        See `AccuracyReputation`.

    Notes
    -----
    ``err <- momentum err + (1 - momentum)(right - T)``, ``T <- clip(T + step err, 0, 1)``.

    Examples
    --------
    >>> state = Step(np.ones(1), np.zeros(1))
    >>> path = []
    >>> for _ in range(7):
    ...     state = momentum_step(state.trust, state.error, np.zeros(1))
    ...     path.append(round(float(state.trust[0]), 3))
    >>> path
    [0.92, 0.782, 0.61, 0.423, 0.239, 0.074, 0.0]
    """
    known = ~np.isnan(right)
    moved = momentum * error + (1 - momentum) * (np.where(known, right, trust) - trust)
    moved = np.where(known, moved, error)
    stepped = np.where(known, np.clip(trust + step * moved, 0.0, 1.0), trust)
    return Step(np.asarray(stepped), np.asarray(moved))


@dataclass(frozen=True, slots=True)
class SeatHistory:
    """What is remembered of every seat.

    Parameters
    ----------
    questions : int
        How many have been finished.
    right, answered : ndarray of shape (..., n_agents)
        Right and labelled answers of the warm-up.
    trust, error : ndarray of shape (..., n_agents)
        See `momentum_step`.
    """

    questions: int
    right: Array
    answered: Array
    trust: Array
    error: Array


@dataclass(frozen=True, kw_only=True)
class AccuracyReputation(TrustPolicy):
    """Trust a speaker by how often its round-0 answer was right.

    Parameters
    ----------
    warmup : int
        Questions after which trust becomes the square of the accuracy so far; 0 for none.
    updates : bool
        Whether trust moves after that, wherever a key is shown.
    start : float
        Trust before anything is known, in [0, 1].
    momentum, step : float
        Parameters of the update, in [0, 1].
    labels : {'none', 'all'} or Audit
        Which keys it is shown.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.
    """

    memory: ClassVar[Memory] = "round0"
    ranges: ClassVar[Ranges] = {
        "warmup": ">= 0",
        "start": "[0, 1]",
        "momentum": "[0, 1]",
        "step": "[0, 1]",
    }

    warmup: int = 0
    updates: bool = True
    start: float = 1.0
    momentum: float = MOMENTUM
    step: float = STEP
    labels: Labels = "all"

    def initial_state(self, n_agents: int) -> SeatHistory:
        """Return the account before the first question."""
        zeros = np.zeros(n_agents)
        return SeatHistory(0, zeros, zeros, np.full(n_agents, self.start), zeros)

    def gates(self, record: Record, state: SeatHistory) -> Array:
        """Return each speaker's trust, the same for all listeners."""
        trust = np.broadcast_to(state.trust, record.stated.shape[1:-1])
        return np.repeat(trust[..., None, :], record.influence.shape[-1], axis=-2)

    def update(self, record: Record, state: SeatHistory, key: int | None) -> SeatHistory:
        """Return the account after a question."""
        counted = replace(state, questions=state.questions + 1)
        if state.questions < self.warmup:
            return self._warmed(self._counted(record, counted, key))
        if key is None or not self.updates:
            return counted
        step = momentum_step(
            state.trust, state.error, correctness(record, key), self.momentum, self.step
        )
        return replace(counted, trust=step.trust, error=step.error)

    def _counted(self, record: Record, state: SeatHistory, key: int | None) -> SeatHistory:
        if key is None:
            return state
        right = correctness(record, key)
        return replace(
            state,
            right=state.right + np.nan_to_num(right),
            answered=state.answered + ~np.isnan(right),
        )

    def _warmed(self, state: SeatHistory) -> SeatHistory:
        """Return the account with the square of the accuracy, if the warm-up is over."""
        if state.questions < self.warmup:
            return state
        accuracy = state.right / np.maximum(state.answered, 1)
        return replace(state, trust=np.where(state.answered > 0, accuracy**2, state.trust))


@register("defense", "t-w")
@dataclass(frozen=True, kw_only=True)
class FrozenTrust(AccuracyReputation):
    """Square the accuracy of a labelled warm-up into trust, and freeze it (T-W).

    Parameters
    ----------
    warmup : int, default 10
        Labelled questions before trust is set.
    updates : bool, default False
        Whether trust moves after that.
    start, momentum, step, labels, channel, residual, threshold
        See `AccuracyReputation`.

    Notes
    -----
    ``T = accuracy²``. An agent that is right during the warm-up keeps its trust for ever: the
    sleeper's entry. Needs labels for the warm-up.

    Sees
    ----
    Keys of the warm-up.

    Assumes
    -------
    Who was right in the warm-up stays right.

    Broken by
    ---------
    ``sleeper``.

    Price
    -----
    Keys of ``warmup`` questions, which count for nothing else.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (T-W).
    """

    warmup: int = 10
    updates: bool = False


@register("defense", "t-wa")
@dataclass(frozen=True, kw_only=True)
class FrozenTrustAgainstSleeper(FrozenTrust):
    """Be T-W, which the papers call T-WA where it meets a sleeper.

    Parameters
    ----------
    warmup : int, default 10
        Labelled questions before trust is set.
    updates : bool, default False
        Whether trust moves after that.
    start, momentum, step, labels, channel, residual, threshold
        See `AccuracyReputation`.

    Notes
    -----
    The same defense as T-W; only the attack differs.

    Sees
    ----
    Keys of the warm-up.

    Assumes
    -------
    Who was right in the warm-up stays right.

    Broken by
    ---------
    ``sleeper``, which it is made to show.

    Price
    -----
    Keys of ``warmup`` questions, which count for nothing else.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (T-WA).
    """


@register("defense", "t-ws")
@dataclass(frozen=True, kw_only=True)
class WarmTrustSparselyUpdated(AccuracyReputation):
    """Warm up as T-W, then move trust on the few questions whose key is shown (T-WS).

    Parameters
    ----------
    warmup : int, default 10
        Questions before trust is set.
    labels : {'none', 'all'} or Audit, default audit .2
        Which keys it is shown.
    updates, start, momentum, step, channel, residual, threshold
        See `AccuracyReputation`.

    Notes
    -----
    After the warm-up trust moves as in `momentum_step`.

    Sees
    ----
    Keys of the warm-up, and of a few later questions.

    Assumes
    -------
    Who was right where the key was shown is right elsewhere.

    Broken by
    ---------
    ``sleeper`` until the next key, and ``on-off`` between keys.

    Price
    -----
    Keys of ``warmup`` questions and of a share of the later ones.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (T-WS).
    """

    warmup: int = 10
    labels: Labels = SPARSE


@register("defense", "t-s")
@dataclass(frozen=True, kw_only=True)
class SparselyUpdatedTrust(WarmTrustSparselyUpdated):
    """Move trust on the few questions whose key is shown, without a warm-up (T-S).

    Parameters
    ----------
    warmup : int, default 0
        Questions before trust is set; with none, trust starts at ``start``.
    labels, updates, start, momentum, step, channel, residual, threshold
        See `WarmTrustSparselyUpdated`.

    Notes
    -----
    An agent that is always wrong goes 1, .92, .782, .610, .423, .239, .074, 0 (`momentum_step`).

    Sees
    ----
    Keys of a few questions.

    Assumes
    -------
    Who was right where the key was shown is right elsewhere.

    Broken by
    ---------
    ``on-off`` between keys; everybody is heard at first.

    Price
    -----
    Keys of a share of the questions.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (T-S).
    """

    warmup: int = 0
