"""Speakers by the part they play: hostile, converted to the lie, benign."""

from __future__ import annotations

from itertools import product

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.fitting.rows.given import recorded_shares
from fjsim.fitting.rows.hearing import Flags, hearing, spoken_beliefs
from fjsim.records.transcript import Transcript

HOSTILE, CONVERTED, BENIGN = 0, 1, 2
ROLES = ("hostile", "converted", "benign")
"""What a speaker is to a listener: the adversary's, a benign one that says the lie, any other."""


def lying(transcript: Transcript) -> Array:
    """Return how far each statement says what the adversary is after.

    Parameters
    ----------
    transcript : Transcript
        Its ``targets`` say what that is; without them nobody says it.

    Returns
    -------
    ndarray of shape (n_items, n_rounds + 1, n_agents)
        1 where the target is on top of what peers read, else 0. Predicted beliefs of a log of
        answers are chances of them: there, the chance of the target.
    """
    said = spoken_beliefs(transcript)
    if transcript.targets is None:
        return np.zeros(said.shape[:-1])
    targets = transcript.targets[:, None, None]
    if is_certain(transcript):
        at = np.maximum(targets, 0)[..., None]
        share = np.nan_to_num(
            np.take_along_axis(said, np.broadcast_to(at, (*said.shape[:-1], 1)), -1)
        )
        return np.where(targets >= 0, share[..., 0], 0.0)
    return np.asarray((top_option(said) == targets) & (targets >= 0), dtype=float)


def is_certain(transcript: Transcript) -> bool:
    """Say whether round 0 holds answers alone: beliefs of 0 and 1."""
    first = transcript.innate
    return not transcript.opinions and bool(np.isin(first[~np.isnan(first)], (0.0, 1.0)).all())


def role_shares(transcript: Transcript) -> Array:
    """Return the share of its attention that each listener gives each speaker, role by role.

    Parameters
    ----------
    transcript : Transcript
        ``hostile`` marks the adversary's seats, ``targets`` the lie.

    Returns
    -------
    ndarray of shape (n_items, n_rounds, n_agents, n_agents, 3)
        ``[..., listener, speaker, role]``, in the order of `ROLES`. Summed over speakers and
        roles 1, or 0 where nobody was heard; what a speaker is depends on the statement heard.
    """
    shares = recorded_shares(transcript)
    said_in = hearing(transcript).said_in
    items = np.arange(transcript.n_items)[:, None, None, None]
    speakers = np.arange(transcript.n_agents)
    lie = lying(transcript)[items, said_in, speakers]
    hostile = np.broadcast_to(transcript.hostile[:, None, None], shares.shape)
    parts = np.empty((*shares.shape, len(ROLES)))
    parts[..., HOSTILE] = np.where(hostile, shares, 0.0)
    parts[..., CONVERTED] = np.where(hostile, 0.0, shares * lie)
    parts[..., BENIGN] = np.where(hostile, 0.0, shares * (1 - lie))
    return parts


def solve_bounded(products: Array, targets: Array, allowed: Flags) -> Array:
    r"""Minimise ``x' G x / 2 - h' x`` over ``x >= 0`` and ``x_0 + x_k <= 1`` for every k > 0.

    Parameters
    ----------
    products : ndarray of shape (..., n, n)
        Positive semidefinite; n is small.
    targets : ndarray of shape (..., n)
    allowed : ndarray of bool, shape (n,)
        Unknowns that may differ from 0.

    Returns
    -------
    ndarray of shape (..., n)

    Notes
    -----
    The first unknown is the weight of the innate belief, the others those of roles per unit of
    attention: a listener may give all of it to one role, so that each alone is bounded by
    :math:`1 - x_0`, not their sum. Every set of active bounds is tried, :math:`2 \cdot 3^{n-1}`
    of them, and the best feasible solution kept, which is exact.
    """
    width = targets.shape[-1]
    best = np.zeros_like(targets)
    lowest = np.zeros(targets.shape[:-1])
    scale = np.maximum(np.abs(np.diagonal(products, axis1=-2, axis2=-1)).max(-1), 1e-300)
    for first, *others in product((0, 1), *((0, 1, 2),) * (width - 1)):
        states = np.array([first, *others])
        if (states[~allowed] != 0).any():
            continue
        x = _at_bounds(products, targets, states, scale)
        feasible = (x >= -1e-9).all(axis=-1) & (x[..., :1] + x[..., 1:] <= 1 + 1e-9).all(axis=-1)
        feasible &= x[..., 0] <= 1 + 1e-9
        value = ((products @ x[..., None])[..., 0] * x).sum(-1) / 2 - (targets * x).sum(-1)
        better = feasible & (value < lowest)
        best = np.where(better[..., None], x, best)
        lowest = np.where(better, value, lowest)
    best = np.clip(best, 0.0, 1.0)
    best[..., 1:] = np.minimum(best[..., 1:], 1 - best[..., :1])
    return best


def _at_bounds(products: Array, targets: Array, states: Array, scale: Array) -> Array:
    """Solve with unknowns fixed at 0 (state 0), free (1), or at what x_0 leaves of 1 (2)."""
    width = len(states)
    full, fixed = states == 2, np.zeros(width)
    fixed[full] = 1.0
    free = np.flatnonzero(states == 1)
    moves = np.zeros((width, len(free)))
    moves[free, np.arange(len(free))] = 1.0
    if states[0] == 1:
        moves[full, 0] = -1.0
    if not len(free):
        return np.broadcast_to(fixed, targets.shape).copy()
    reduced = moves.T @ products @ moves
    aim = (targets - products @ fixed) @ moves
    ridge = (1e-12 * scale)[..., None, None] * np.eye(len(free))
    found = np.linalg.solve(reduced + ridge, aim[..., None])[..., 0]
    return np.asarray(fixed + found @ moves.T)
