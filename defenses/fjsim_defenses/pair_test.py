"""The default defense with a test for pairs that agree too often where it matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.readings import UNCLEAR, Flags, first_votes, ramp
from fjsim_defenses.trust_adaptive import TrustAdaptive

COLLUDING = 0.97
"""How often two that collude are taken to agree."""
LEAST_HONEST, MOST_HONEST = 0.4, 0.9
"""Between these lies how often two honest agents are taken to agree."""
PRIOR_AGREEMENTS, PRIOR_QUESTIONS = 7, 10
"""What is reckoned to have been seen of every pair before the first question."""
HEADROOM = 2.0
"""How far a statistic may rise above the value at which it acts in full."""


class PairState(NamedTuple):
    """What the test remembers.

    Parameters
    ----------
    reputation : ndarray of shape (..., listener, speaker)
    statistic : ndarray of shape (..., n_agents, n_agents)
        The cumulative sum of each pair, >= 0.
    agreed, asked : ndarray of shape (..., n_agents, n_agents)
        On how many questions the pair agreed, and on how many both had voted.
    """

    reputation: Array
    statistic: Array
    agreed: Array
    asked: Array


@register("defense", "pair-test")
@dataclass(frozen=True, kw_only=True)
class PairTest(TrustAdaptive):
    """The default defense, in which pairs that agree too often on close votes count as fewer.

    Parameters
    ----------
    suspect_from, suspect_fully : float, default 1.5 and 3
        Statistic from which a pair's votes count less, and from which two of them count as one,
        >= 0.
    pivotal : int, default 1
        A question counts for a pair if the others' first option is at most so many votes ahead
        of their second, >= 0.
    scope, width, margin, votes, rise, fall, start, low, high, floor, believe_from, believe_fully,
    stubbornness_score, cap, assumed_resistance, labels, channel, residual, threshold
        See `TrustAdaptive`.

    Notes
    -----
    A cumulative sum for every pair j, l: on a pivotal question
    ``S += log(.97/q)`` if both voted for the same option in round 0, ``log(.03/(1-q))`` if not,
    held between 0 and ``suspect_fully + 2``; q is the median over all pairs of how often a pair
    agreed so far, held in [.4, .9]. On a question, j's vote weighs
    ``1 / (1 + sum_l ramp(S_jl))`` of what it does in `TrustAdaptive`, the sum running over those
    that voted as j did. It needs no labels and no calls. It cannot stop a first strike, and
    colluders that disagree often enough where it does not matter are not seen.

    Sees
    ----
    Votes of round 0 of all questions, what is said now, and keys where ``labels`` shows them.

    Assumes
    -------
    Colluders agree on close votes more often than honest seats do.

    Broken by
    ---------
    A first strike, and colluders that disagree often enough where it does not matter.

    Price
    -----
    Honest seats that err alike count as fewer; no calls.

    References
    ----------
    .. [1] E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954) 100-115,
       doi:10.1093/biomet/41.1-2.100 (the cumulative sum).
    """

    ranges: ClassVar[Ranges] = {
        "suspect_from": ">= 0",
        "suspect_fully": ">= 0",
        "pivotal": ">= 0",
    }

    suspect_from: float = 1.5
    suspect_fully: float = 3.0
    pivotal: int = 1

    def initial_state(self, n_agents: int) -> PairState:
        """Return reputation before the first question, and nothing held against any pair."""
        none = np.zeros((n_agents, n_agents))
        return PairState(super().initial_state(n_agents), none, none, none)

    def gates(self, record: Record, state: PairState) -> Array:
        """Return ballot times reputation, suspected pairs counted as fewer votes."""
        return self._gated(record, state.reputation, self._shares(record, state))

    def update(self, record: Record, state: PairState, key: int | None) -> PairState:
        """Return reputation and statistics after a question."""
        reputation = self._moved(record, state.reputation, key, self._shares(record, state))
        same, both = _pairs(first_votes(record))
        agreed, asked = state.agreed + same, state.asked + both
        honest = _median_agreement(agreed, asked)
        evidence = np.where(
            same, np.log(COLLUDING / honest), np.log((1 - COLLUDING) / (1 - honest))
        )
        moved = np.clip(state.statistic + evidence, 0.0, self.suspect_fully + HEADROOM)
        counts = both & self._is_pivotal(record)
        return PairState(reputation, np.where(counts, moved, state.statistic), agreed, asked)

    def _shares(self, record: Record, state: PairState) -> Array:
        """Return the share of each speaker's vote that counts, shape (..., 1, speaker)."""
        same, _ = _pairs(first_votes(record))
        suspicion = ramp(state.statistic, self.suspect_from, self.suspect_fully) * same
        return np.asarray(1 / (1 + suspicion.sum(axis=-1))[..., None, :])

    def _is_pivotal(self, record: Record) -> Flags:
        """Return whether a pair could decide a question, shape (..., n_agents, n_agents)."""
        votes = first_votes(record)
        cast = (votes[..., None] == np.arange(record.stated.shape[-1])).astype(float)
        tally = cast.sum(axis=-2)[..., None, None, :]
        others = np.sort(tally - cast[..., :, None, :] - cast[..., None, :, :], axis=-1)
        return np.asarray(others[..., -1] - others[..., -2] <= self.pivotal)


def _pairs(votes: Any) -> tuple[Flags, Flags]:
    """Return which pairs voted alike, and in which both voted; nobody is a pair with itself."""
    apart = ~np.eye(votes.shape[-1], dtype=np.bool_)
    voted = votes != UNCLEAR
    both = voted[..., :, None] & voted[..., None, :] & apart
    return both & (votes[..., :, None] == votes[..., None, :]), both


def _median_agreement(agreed: Array, asked: Array) -> Array:
    """Return how often an honest pair agrees, shape (..., 1, 1)."""
    apart = ~np.eye(agreed.shape[-1], dtype=np.bool_)
    rates = (agreed + PRIOR_AGREEMENTS) / (asked + PRIOR_QUESTIONS)
    if not apart.any():
        return np.full((*agreed.shape[:-2], 1, 1), MOST_HONEST)
    median = np.median(rates[..., apart], axis=-1)
    return np.asarray(np.clip(median, LEAST_HONEST, MOST_HONEST))[..., None, None]
