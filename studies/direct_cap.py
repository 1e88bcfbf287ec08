"""A cap on influence that does not bound an adversary's weight; the study shows that it fails."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array


def direct_cap(weights: Array, margins: Array, resistance: ArrayLike) -> Array:
    """Return ``min(w_ij, kappa_i delta_ij)``, which looks like a guarantee and is none.

    Parameters
    ----------
    weights : ndarray of shape (..., listener, speaker)
    margins : ndarray of shape (..., listener, speaker) or (..., listener, 1)
        ``delta_ij``, the listener's margin over what the speaker says.
    resistance : array-like of shape (..., n_agents)

    Notes
    -----
    Right for an adversary that the listener hears and nobody else does. With indirect paths it
    fails: in ``a -> 1 <-> 2`` with kappa .159 and margins .8 and .1, agent 2 never hears a and
    ends with A = .204 after ten rounds, where .091 flips it.
    """
    limit = np.asarray(resistance)[..., None] * np.maximum(margins, 0.0)
    return np.asarray(np.minimum(weights, limit))
