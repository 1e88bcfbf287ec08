"""Means over the questions of one arm: what each agent believes, and how each is trusted."""

from __future__ import annotations

from typing import Any

import numpy as np

from fjsim.beliefs import Array
from fjsim.records import Transcript


def mean_beliefs(arm: Transcript) -> Array:
    """Return mean beliefs in the key, the target and the rest.

    Parameters
    ----------
    arm : Transcript

    Returns
    -------
    ndarray of shape (n_rounds + 1, n_agents, 3)
        NaN where an agent had no belief on any question.
    """
    key, target = (_mean(arm, _mass(arm, options)) for options in (arm.keys, targets_of(arm)))
    return np.stack([key, target, np.maximum(1 - key - target, 0)], axis=-1)


def mean_gates(arm: Transcript) -> Array:
    """Return mean gates.

    Parameters
    ----------
    arm : Transcript

    Returns
    -------
    ndarray of shape (n_rounds + 1, n_agents, n_agents)
        ``[round, listener, speaker]``; NaN where nothing was heard.
    """
    known = ~np.isnan(arm.gates)
    counts = known.sum(axis=0)
    total = np.where(known, arm.gates, 0.0).sum(axis=0)
    return np.asarray(np.where(counts > 0, total / np.maximum(counts, 1), np.nan))


def targets_of(arm: Transcript) -> Any:
    """Return the target of each item, shape (n_items,); -1 where there is none."""
    return np.full(arm.n_items, -1) if arm.targets is None else arm.targets


def _mean(arm: Transcript, values: Array) -> Array:
    counts = arm.valid.sum(axis=0)
    total = np.where(arm.valid, values, 0.0).sum(axis=0)
    return np.asarray(np.where(counts > 0, total / np.maximum(counts, 1), np.nan))


def _mass(arm: Transcript, options: Any) -> Array:
    """Return the belief in one option of each item; 0 where there is no such option."""
    chosen = np.maximum(options, 0)[:, None, None, None]
    mass = np.take_along_axis(arm.beliefs, chosen, axis=3)[..., 0]
    return np.asarray(np.where((options >= 0)[:, None, None], mass, 0.0))
