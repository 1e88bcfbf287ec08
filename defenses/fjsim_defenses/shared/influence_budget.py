"""A cap on influence that bounds an adversary's weight.

``A_i(t)`` is the weight of one adversary's belief in agent i's, ``kappa`` the resistance
``gamma / ((1 - gamma)(1 - alpha))``, ``delta_i`` the margin of i's innate belief and
``theta_i = delta_i / (1 + delta_i)`` the weight below which a one-hot adversary cannot flip it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array

TINY = 1e-12


def innate_margins(innate: Array) -> Array:
    """Return top-1 minus top-2 of each belief; 0 where there is none, shape (..., n_agents)."""
    ordered = np.sort(np.nan_to_num(innate), axis=-1)
    return np.asarray(ordered[..., -1] - ordered[..., -2])


def flip_weight(margin: ArrayLike) -> Array:
    """Return the weight ``delta / (1 + delta)`` that flips an agent of that margin."""
    delta = np.asarray(margin, dtype=float)
    return np.asarray(delta / (1 + delta))


def budget_scale(weights: Array, flip_weights: Array, resistance: ArrayLike) -> Array:
    """Return what each listener's gated row must be multiplied by, shape (..., n_agents).

    Parameters
    ----------
    weights : ndarray of shape (..., listener, speaker)
        W times gates; what is missing to 1 goes to the innate belief.
    flip_weights : ndarray of shape (..., n_agents)
        ``theta``, from `flip_weight`.
    resistance : array-like of shape (..., n_agents)
        ``kappa`` of the listeners.

    Returns
    -------
    ndarray of shape (..., n_agents)
        In [0, 1].

    Notes
    -----
    Where ``w_ia (1 - theta_a) + sum_j w_ij theta_j <= (1 + kappa_i) theta_i`` for every a,
    ``A_i(t) <= theta_i`` for every single adversary and all t, time-varying gates included: by
    induction with ``1 - (1 - gamma) alpha = (1 - gamma)(1 - alpha)(1 + kappa)``. It bounds
    weight, not decisions: wrong benign agents add to the adversary.
    """
    through = (weights * flip_weights[..., None, :]).sum(axis=-1)
    direct = (weights * (1 - flip_weights[..., None, :])).max(axis=-1)
    allowed = (1 + np.asarray(resistance)) * flip_weights
    return np.asarray(np.minimum(1.0, allowed / np.maximum(direct + through, TINY)))
