"""Shares of attention that a log gives, or the mean of what was heard that it records.

A row of the law weighs the innate belief, the own last one and the peers. Where a log says how a
listener shares its attention among its peers, only those three are left to fit: the peers are one
column, mixed by the given shares. A recorded mean is that column itself, and stands in the
listener's own place among the speakers, which is free.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting.rows.hearing import HeardTurns, hearing
from fjsim.records.transcript import Transcript


def gives_shares(transcript: Transcript) -> bool:
    """Say whether a log holds who listens to whom, so that there is nothing of it to fit.

    Parameters
    ----------
    transcript : Transcript
    """
    return transcript.given_influence is not None or transcript.exposure is not None


def refuse_shares(transcript: Transcript, model: str) -> None:
    """Refuse a log that gives shares of attention, for a model that fits them.

    Parameters
    ----------
    transcript : Transcript
    model : str
        Name of the estimator.

    Raises
    ------
    ParameterError
        If the log gives shares.
    """
    if gives_shares(transcript):
        raise ParameterError(
            f"'{model}' fits what every speaker weighs, and this log gives it: use pooled, "
            "hierarchical, item, shrunk, group, bias or exchangeable, or leave the weights out"
        )


def usual_shares(transcript: Transcript) -> Array:
    """Return how listeners share their attention over a whole log.

    Parameters
    ----------
    transcript : Transcript

    Returns
    -------
    ndarray of shape (n_agents, n_agents)
        The declared influence, its mean over items where it varies; of a log without it, the
        mean of `recorded_shares` over the turns that heard somebody. Rows sum to 1 or 0.
    """
    influence = transcript.influence
    if influence is not None:
        return np.asarray(influence.mean(axis=0) if influence.ndim == 3 else influence)
    shares = recorded_shares(transcript).sum(axis=(0, 1))
    total = shares.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(shares, total, out=np.zeros_like(shares), where=total > 0))


def recorded_shares(transcript: Transcript) -> Array:
    """Return how each listener shares its attention, turn by turn.

    Parameters
    ----------
    transcript : Transcript

    Returns
    -------
    ndarray of shape (n_items, n_rounds, n_agents, n_agents)
        The given shares of those who were heard, or even ones where none are given; what rows
        lack to 1 went to silent speakers. A listener whose log records the mean of what it heard
        gives all to its own place.
    """
    heard = hearing(transcript).heard.astype(float)
    if transcript.given_influence is not None:
        shares = np.where(heard > 0, transcript.given_influence[:, 1:], 0.0)
    else:
        total = heard.sum(axis=-1, keepdims=True)
        shares = np.divide(heard, total, out=np.zeros_like(heard), where=total > 0)
    if transcript.exposure is not None:
        seats = np.arange(transcript.n_agents)
        there = ~np.isnan(transcript.exposure[:, 1:]).all(axis=-1)
        shares[:, :, seats, seats] = there
    return np.asarray(shares)


def exposed_columns(peers: Array, exposure: Array) -> Array:
    """Put recorded means into the listeners' own places among the speakers.

    Parameters
    ----------
    peers : ndarray of shape (n_items, n_agents, n_agents, n_options)
        ``[item, listener, speaker]`` of one round.
    exposure : ndarray of shape (n_items, n_agents, n_options)
        Recorded means of that round; NaN where there are none.

    Returns
    -------
    ndarray like ``peers``
    """
    placed, seats = peers.copy(), np.arange(peers.shape[1])
    there = ~np.isnan(exposure).all(axis=-1, keepdims=True)
    placed[:, seats, seats] = np.where(there, exposure, peers[:, seats, seats])
    return placed


def foreseen_hearing(heard: HeardTurns, predicted: Array, at: int, start: int) -> HeardTurns:
    """Return what listeners hear in a predicted round, recorded means no later than ``start``.

    Parameters
    ----------
    heard : HeardTurns
        As recorded: a mean that a log holds was made of statements that a roll-out has to predict.
    predicted : ndarray of shape (n_items, n_rounds + 1, n_agents, n_options)
        Recorded up to ``start``, predicted up to ``at - 1``.
    at : int
        Round that is predicted, above ``start``.
    start : int
        Last round that is taken as recorded.

    Returns
    -------
    HeardTurns
        The mean heard in the first predicted round is one of recorded statements, and known. Who
        was averaged is not: later means are that one, moved by as much as the mean of all others
        is predicted to move; where there is no first one, they are the mean of all others.
    """
    if heard.exposure is None or at <= start + 1:
        return heard
    recorded, first = heard.exposure[:, at - 1], heard.exposure[:, start]
    now = _others(predicted[:, at - 1])
    moved = np.where(np.isnan(first), now, first + now - _others(predicted[:, start]))
    moved = np.maximum(moved, 0.0)
    moved = moved / np.maximum(moved.sum(axis=-1, keepdims=True), 1e-300)
    exposure = heard.exposure.copy()
    exposure[:, at - 1] = np.where(np.isnan(recorded), np.nan, moved)
    return replace(heard, exposure=exposure)


def _others(beliefs: Array) -> Array:
    """Return each agent's mean over all others of its item who have a belief."""
    there = ~np.isnan(beliefs)
    known = np.where(there, beliefs, 0.0)
    count = there.sum(axis=1, keepdims=True) - there
    return np.asarray((known.sum(axis=1, keepdims=True) - known) / np.maximum(count, 1))
