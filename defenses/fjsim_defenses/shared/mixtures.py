"""What a listener that follows the law makes of gates."""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Residual


def gated_mixture(
    weights: Array, gates: Array, beliefs: Array, innate: Array, own: Array, residual: Residual
) -> Array:
    """Return the peers' part of the next belief of each listener.

    Parameters
    ----------
    weights : ndarray of shape (..., n_agents, n_agents)
        W, ``weights[listener, speaker]``.
    gates : ndarray of shape (..., n_agents, n_agents) or (..., n_agents, n_agents, n_options)
    beliefs : ndarray of shape (..., n_agents, n_options)
        What the speakers say.
    innate, own : ndarray of shape (..., n_agents, n_options)
        The listeners' innate and last beliefs.
    residual : {'innate', 'self', 'renormalise'}

    Returns
    -------
    ndarray of shape (..., n_agents, n_options)

    Notes
    -----
    ``sum_j w_ij (phi_ij b_j + (1 - phi_ij) r_i)`` with ``r`` the innate or the own last belief;
    gates that differ by option act option by option, and the sum is normalised, a zero sum
    giving ``r``. ``'renormalise'`` divides by ``sum_j w_ij phi_ij`` instead, and keeps the own
    last belief where that is 0. A listener without speakers keeps its own last belief.
    """
    if gates.ndim == weights.ndim:
        gates = gates[..., None]
    shares = weights[..., None] * gates
    kept = shares.sum(axis=-2)
    heard = np.einsum(
        "...ijk,...jk->...ik", np.broadcast_to(shares, _cube(shares, beliefs)), beliefs
    )
    if residual == "renormalise":
        return np.where(kept > 0, heard / np.where(kept > 0, kept, 1.0), own)
    rest = innate if residual == "innate" else own
    total = weights.sum(axis=-1, keepdims=True)
    mixed = heard + (total - kept) * rest
    mass = mixed.sum(axis=-1, keepdims=True)
    mixed = np.where(mass > 0, mixed / np.where(mass > 0, mass, 1.0), rest)
    return np.asarray(np.where(total > 0, mixed, own))


def _cube(shares: Array, beliefs: Array) -> tuple[int, ...]:
    return (*shares.shape[:-1], beliefs.shape[-1])
