"""What one question says about each speaker: right or not, or in agreement with the others."""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record, Scope
from fjsim_defenses.ballot import best_supported, cast_ballots, support_without
from fjsim_defenses.shared.readings import UNCLEAR, first_votes, in_sight, own_options


def correctness(record: Record, key: int) -> Array:
    """Return 1 for a right round-0 answer, 0 for a wrong one, NaN for none, (..., n_agents)."""
    votes = first_votes(record)
    right = (votes == np.asarray(key)[..., None]).astype(float)
    return np.asarray(np.where(votes == UNCLEAR, np.nan, right))


def agreement(record: Record, scope: Scope = "public") -> Array:
    """Return whether each speaker's round-0 vote is among the others' most frequent.

    Parameters
    ----------
    record : Record
    scope : {'public', 'local'}
        Whose votes a listener counts.

    Returns
    -------
    ndarray of shape (..., listener, speaker)
        1 or 0; NaN for a speaker without a vote, and where the listener knows no other vote.
    """
    votes, n_options = first_votes(record), record.stated.shape[-1]
    sight = in_sight(record.influence, scope).astype(float)
    ballots = cast_ballots(votes, own_options(record), sight, np.ones(votes.shape), n_options)
    support = support_without(ballots)
    agrees = best_supported(support, votes).astype(float)
    known = (votes != UNCLEAR)[..., None, :] & (support.sum(axis=-1) > 0)
    return np.where(known, agrees, np.nan)


def evidence(record: Record, key: int | None, scope: Scope = "public") -> Array:
    """Return correctness where a key is shown, else agreement, (..., listener, speaker)."""
    if key is None:
        return agreement(record, scope)
    right = correctness(record, key)[..., None, :]
    return np.repeat(right, right.shape[-1], axis=-2)


def smoothed(reputation: Array, seen: Array, rate: float) -> Array:
    """Return ``reputation + rate (seen - reputation)``; NaN says nothing and moves nothing."""
    return np.asarray(reputation + rate * np.where(np.isnan(seen), 0.0, seen - reputation))
