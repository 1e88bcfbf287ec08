"""Columns that mix several speakers: one for all peers, one per group, or routed weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting.rows.given import gives_shares, recorded_shares
from fjsim.fitting.rows.grams import Columns
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS, hearing
from fjsim.records.transcript import Transcript

Mixture = Callable[[Transcript], Array]
"""``transcript -> weights`` of shape (n_items, n_rounds, n_agents, n_agents, n_mixtures).

Before gates: those act on the columns, or, where they renormalise, on the weights at the end.
"""


def even_mixture(transcript: Transcript) -> Array:
    """Weigh every speaker alike who was heard in that round, or by the shares that a log gives."""
    return recorded_shares(transcript)[..., None]


def routed_mixture(transcript: Transcript) -> Array:
    """Weigh speakers by the influence that the transcript declares.

    Raises
    ------
    ParameterError
        If the transcript declares no influence.
    """
    if gives_shares(transcript):
        return recorded_shares(transcript)[..., None]
    if transcript.influence is None:
        raise ParameterError(
            "influence='given' needs a transcript with influence; use influence='fitted'"
        )
    influence = transcript.influence
    spread = influence[:, None] if influence.ndim == 3 else influence[None, None]
    return np.asarray(np.where(hearing(transcript).heard, spread, 0.0)[..., None])


def settled_mixture(transcript: Transcript) -> Mixture | None:
    """Return how speakers are mixed where a log leaves nothing of it to fit.

    Parameters
    ----------
    transcript : Transcript

    Returns
    -------
    callable or None
        By the shares that a log gives, or evenly in a crowd, whose seats have no identity; None
        where every speaker may have a weight of its own.
    """
    settled = transcript.exchangeable or gives_shares(transcript)
    return even_mixture if settled else None


def renormalised(transcript: Transcript, weights: Array) -> Array:
    """Move the weight that gates take away to the speakers still heard, where they do that.

    Parameters
    ----------
    transcript : Transcript
    weights : ndarray of shape (n_items, n_rounds, n_agents, n_agents, n_mixtures)

    Returns
    -------
    ndarray like ``weights``
    """
    heard = hearing(transcript)
    if not heard.sways:
        return weights
    after = weights * heard.gate[..., None]
    kept, total = after.sum(-2, keepdims=True), weights.sum(-2, keepdims=True)
    return np.asarray(after * np.divide(total, kept, out=np.zeros_like(kept), where=kept > 0))


def group_mixture(groups: NDArray[np.int64]) -> Mixture:
    """Return the mixture that has one column per group of speakers, its members weighed alike.

    Parameters
    ----------
    groups : ndarray of int, shape (n_agents,)
        Group of each seat, 0-based.
    """
    return partial(_by_group, np.eye(int(groups.max()) + 1)[groups])


def _by_group(members: Array, transcript: Transcript) -> Array:
    heard = hearing(transcript).heard
    weights = heard[..., None] * members
    total = weights.sum(axis=-2, keepdims=True)
    return np.asarray(np.divide(weights, total, out=np.zeros_like(weights), where=total > 0))


def mixed_columns(mixture: Mixture) -> Columns:
    """Return the columns of a fit whose speakers are mixed.

    Parameters
    ----------
    mixture : callable
        Gives the weights; what they lack to 1 stays with the own last belief.
    """

    def columns(transcript: Transcript, at: int, block: Array) -> Array:
        weights = renormalised(transcript, mixture(transcript))[:, at - 1]
        peers = block[..., PEERS:]
        # A speaker without weight must not spread its NaN.
        mixed = np.nan_to_num(peers) @ weights
        lacking = 1 - weights.sum(axis=-2)
        mixed = mixed + lacking[:, :, None, :] * block[..., [OWN]]
        return np.concatenate([block[..., :PEERS], mixed], axis=-1)

    return columns


def expand_rows(rows: Array, weights: Array) -> Array:
    """Return rows over speakers from rows over mixtures.

    Parameters
    ----------
    rows : ndarray of shape (n_agents, 2 + n_mixtures), or with leading axes for items and rounds
    weights : ndarray of shape (n_items, n_rounds, n_agents, n_agents, n_mixtures)

    Returns
    -------
    ndarray of shape (n_items, n_rounds, n_agents, n_agents + 2)
    """
    shares = rows[..., PEERS:]
    peers = (weights @ shares[..., None])[..., 0]
    full = np.empty((*peers.shape[:-1], peers.shape[-1] + PEERS))
    full[..., INNATE] = rows[..., INNATE]
    full[..., PEERS:] = peers
    full[..., OWN] = 1 - full[..., INNATE] - peers.sum(axis=-1)
    return np.clip(full, 0.0, 1.0)


def rows_by_mixture(rows: Array, mixture: Mixture, transcript: Transcript) -> Array:
    """Return the rows over speakers that rows over mixtures come to on a transcript.

    Parameters
    ----------
    rows : ndarray of shape (n_agents, 2 + n_mixtures)
    mixture : callable
        How the fit mixes.
    transcript : Transcript
        With the same seats.

    Returns
    -------
    ndarray of shape (n_items, n_rounds, n_agents, n_agents + 2)
    """
    return expand_rows(rows, mixture(transcript))
