"""Centres of a cloud of beliefs that a minority cannot drag away: pure functions."""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array


def heard_and_own(influence: Array, said: Array, own: Array) -> Array:
    """Return each listener's cloud: what its speakers say, and its own belief.

    Parameters
    ----------
    influence : ndarray of shape (..., n_agents, n_agents)
        Zero where the listener does not hear the speaker.
    said, own : ndarray of shape (..., n_agents, n_options)

    Returns
    -------
    ndarray of shape (..., listener, n_agents, n_options)
        NaN where nobody is heard; the diagonal is one's own.
    """
    cloud = np.where((influence > 0)[..., None], said[..., None, :, :], np.nan)
    self_ = np.eye(influence.shape[-1], dtype=np.bool_)[..., None]
    return np.asarray(np.where(self_, own[..., :, None, :], cloud))


def coordinate_median(cloud: Array) -> Array:
    """Return the median option by option, not normalised, shape (..., listener, n_options)."""
    return trimmed_mean(cloud, 0.5)


def trimmed_mean(cloud: Array, trim: float) -> Array:
    """Return the mean option by option without the extremes on either side, not normalised.

    Parameters
    ----------
    cloud : ndarray of shape (..., listener, point, option)
        NaN where there is no point.
    trim : float
        Share dropped on each side, in [0, 0.5]; a half leaves the median.
    """
    ordered = np.sort(cloud, axis=-2)  # NaN last
    n_points = (~np.isnan(ordered)).sum(axis=-2, keepdims=True)
    dropped = np.minimum(np.floor(trim * n_points), np.maximum((n_points - 1) // 2, 0))
    rank = np.arange(cloud.shape[-2])[:, None]
    kept = (rank >= dropped) & (rank < n_points - dropped)
    total = np.where(kept, np.nan_to_num(ordered), 0.0).sum(axis=-2)
    return np.asarray(total / np.maximum(kept.sum(axis=-2), 1))
