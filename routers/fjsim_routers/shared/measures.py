"""What routers go by: confidence, perceived confidence, alignment; and weights from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array, confidence
from fjsim.contracts import Record


def certainty_of(record: Record, stated: bool = False) -> Array:
    """Return each seat's round-0 confidence, shape (..., n_agents); 0 for a missing one.

    Parameters
    ----------
    record : Record
    stated : bool, default False
        What the agent said of itself, rather than ``1 - H(b) / log K`` of its belief; the
        latter where it said nothing.
    """
    inferred = confidence(record.stated[0])
    said = np.asarray(record.confidence[0], dtype=float)
    chosen = np.where(np.isnan(said), inferred, said) if stated else inferred
    return np.asarray(np.nan_to_num(chosen))


def perceived_confidence(record: Record) -> Array | None:
    """Return what a probe asked of each listener about each speaker, if the record has one.

    Returns
    -------
    ndarray of shape (..., listener, speaker) or None
        From ``record.perceived``; None where there was no probe.
    """
    return None if record.perceived is None else np.asarray(record.perceived, dtype=float)


def alignment(record: Record) -> Array:
    """Return 1 minus the total variation of round-0 beliefs, shape (..., listener, speaker)."""
    first = record.stated[0]
    apart = np.abs(first[..., :, None, :] - first[..., None, :, :]).sum(axis=-1) / 2
    return np.asarray(1 - np.nan_to_num(apart, nan=1.0))


def tilted(influence: Array, logits: ArrayLike) -> Array:
    """Return ``w_ij exp(logit_ij)``, each row normalised on the graph's support.

    Parameters
    ----------
    influence : ndarray of shape (..., listener, speaker)
        The graph's W.
    logits : array-like of shape (..., listener, speaker)
        Or broadcastable to it.
    """
    wide = np.broadcast_to(np.asarray(logits, dtype=float), influence.shape)
    heard = influence > 0
    highest = np.where(heard, wide, -np.inf).max(axis=-1, keepdims=True)
    shifted = np.where(heard, wide - np.where(np.isfinite(highest), highest, 0.0), -np.inf)
    return on_support(influence, np.exp(shifted))


def on_support(influence: Array, preference: Array) -> Array:
    """Return ``w_ij preference_ij`` with rows normalised; a row of zeros keeps the graph's."""
    raw = influence * preference
    total = raw.sum(axis=-1, keepdims=True)
    return np.asarray(np.where(total > 0, raw / np.where(total > 0, total, 1.0), influence))


def best_few(influence: Array, merit: Array, n_best: int) -> Array:
    """Return 1 for the speakers among a listener's best, ties at the edge sharing the place.

    Parameters
    ----------
    influence : ndarray of shape (..., listener, speaker)
    merit : ndarray of shape (..., n_agents)
    n_best : int
        How many places each listener has, >= 1.

    Returns
    -------
    ndarray of shape (..., listener, speaker)
        In [0, 1]; nothing depends on the order of the seats.
    """
    heard = (influence > 0).astype(float)
    better = (merit[..., :, None] < merit[..., None, :]).astype(float)  # (..., j, l)
    equal = (merit[..., :, None] == merit[..., None, :]).astype(float)
    ahead = np.einsum("...il,...jl->...ij", heard, better)
    level = np.maximum(np.einsum("...il,...jl->...ij", heard, equal), 1.0)
    return np.asarray(heard * np.clip((n_best - ahead) / level, 0.0, 1.0))
