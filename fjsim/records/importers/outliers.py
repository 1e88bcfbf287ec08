"""Turns that an incredible estimate would decide, which no fit should use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.records.importers.columns import Integers

Flags = NDArray[np.bool_]

MOST_ATTENTION = 0.1
"""Share of a listener's attention up to which incredible estimates may go."""
MOST_MASKED = 0.5
"""Share of turns from which on nobody is masked for what it heard."""


def turns_decided(wild: Flags, heard_round: Integers, shares: Array | None) -> Flags:
    """Return the turns that an estimate outside the limits would decide.

    Parameters
    ----------
    wild : ndarray of bool, shape (n_items, n_times, n_seats)
        Estimates that were set to the limits.
    heard_round : ndarray of int, shape (n_items, n_times, n_seats, n_seats)
        As in `Transcript`.
    shares : ndarray of shape (n_items, n_times, n_seats, n_seats), or None
        Shares of attention; None where everybody heard counts alike.

    Returns
    -------
    ndarray of bool, shape (n_items, n_times, n_seats)
        Turns of round 1 or later whose own estimate, the one before it, or the first one was set
        to the limits, and those that gave more than `MOST_ATTENTION` to such estimates. In a
        crowd one of them moves nobody much; where estimates are so wild that most turns would
        go, those that only heard of them stay.
    """
    own = wild.copy()
    own[:, 1:] |= wild[:, :-1] | wild[:, :1]
    own[:, 0] = False
    heard = heard_round >= 0
    items = np.arange(len(wild))[:, None, None, None]
    speakers = np.arange(wild.shape[2])[None, None, None, :]
    bad = heard & wild[items, np.maximum(heard_round, 0), speakers]
    weights = heard.astype(float) if shares is None else np.where(heard, shares, 0.0)
    total = np.maximum(weights.sum(axis=-1), 1e-300)
    listened = (weights * bad).sum(axis=-1) / total > MOST_ATTENTION
    listened[:, 0] = False
    both = own | listened
    counted = max(int((heard.any(axis=-1) | own)[:, 1:].sum()), 1)
    return own if both.sum() > MOST_MASKED * counted else both
