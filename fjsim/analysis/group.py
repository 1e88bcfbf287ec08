"""What the team as a whole answers, and how it is spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.analysis.intervals import Estimate, ratio_of_sums
from fjsim.beliefs import Array, is_tied, top_option
from fjsim.records import Transcript


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


def mean_belief_answer(transcript: Transcript, number: int = -1) -> NDArray[np.int64]:
    """Return the top option of the mean belief over all seats, -1 for a tie or nobody."""
    beliefs = transcript.beliefs[:, number]
    heard = np.asarray(~np.isnan(beliefs).all(axis=-1))
    total = np.nansum(np.where(heard[..., None], beliefs, 0.0), axis=1)
    padded = np.isnan(beliefs).all(axis=1)
    return top_option(np.where(padded, np.nan, total))


def group_accuracy(transcript: Transcript, answers: NDArray[np.int64], seed: int = 0) -> Estimate:
    """Return the share of items with a key whose group answer is right; ties are not.

    Parameters
    ----------
    transcript : Transcript
    answers : ndarray of int, shape (n_items,)
        From `majority_answer` or `mean_belief_answer`.
    seed : int
        Of the bootstrap.
    """
    counted = is_scored(transcript)
    right = counted & (answers == transcript.keys)
    return ratio_of_sums(right, counted, transcript.question_ids, seed=seed)


def is_scored(transcript: Transcript) -> NDArray[np.bool_]:
    """Say which items have a key and anybody to answer in the last round, shape (n_items,)."""
    return np.asarray((transcript.keys >= 0) & transcript.valid[:, -1].any(axis=1))


def ties(transcript: Transcript, number: int = -1) -> int:
    """Return how many benign beliefs of one round have no single top option."""
    return int(is_tied(transcript.beliefs[:, number][:, list(transcript.benign)]).sum())


def mismatches(transcript: Transcript) -> int:
    """Return how many turns state an answer that is not the top of their belief."""
    stated = transcript.beliefs if transcript.stated_beliefs is None else transcript.stated_beliefs
    tops = top_option(stated)
    return int(((transcript.answers >= 0) & (tops >= 0) & (transcript.answers != tops)).sum())


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
    gaps = beliefs - np.nanmean(beliefs, axis=-2, keepdims=True)
    return np.asarray(np.nansum(np.nanmean(gaps**2, axis=-2), axis=-1) / 2)
