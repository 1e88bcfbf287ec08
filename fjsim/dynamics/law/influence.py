"""Who moves whom: total influence of every agent's innate belief on every final belief."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.dynamics.law.graphs import hub_seat, influence_matrix, leaf_seat, listener_counts
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.dynamics.law.sparsity import is_sparse
from fjsim.dynamics.law.stability import require_unique
from fjsim.errors import ParameterError

__all__ = [
    "Concentration",
    "concentration",
    "effective_influence",
    "hub_seat",
    "influence_matrix",
    "influence_shares",
    "leaf_seat",
    "listener_counts",
    "total_influence",
]


def total_influence(parameters: FJParameters, n_rounds: int | None = None) -> Array:
    r"""Return the weight of each innate belief in each final belief.

    Parameters
    ----------
    parameters : FJParameters
        With leading batch axes, or without.
    n_rounds : int, optional
        After how many rounds, >= 0; default at equilibrium.

    Returns
    -------
    ndarray of shape (..., n_agents, n_agents)
        ``[listener, origin]``; >= 0, rows sum to 1. Dense, also for sparse influence: for a large
        network ask for `influence_shares`.

    Raises
    ------
    NotConvergentError
        If `n_rounds` is not given and the equilibrium is not unique.
    ParameterError
        If `n_rounds` is not a whole number >= 0.

    Notes
    -----
    :math:`\Phi_T = H^T + \sum_{k<T} H^k \Gamma` by :math:`\Phi_{t+1} = \Gamma + H\Phi_t`, and
    :math:`M = (I-(I-E)W)^{-1}E`. Real deliberations are short, and near consensus :math:`M` is
    ill-conditioned: prefer a number of rounds.

    Examples
    --------
    >>> p = FJParameters(0.5, influence=[[0, 1], [1, 0]])
    >>> total_influence(p).round(3).tolist()
    [[0.667, 0.333], [0.333, 0.667]]
    """
    if n_rounds is None:
        return _equilibrium_influence(parameters)
    if isinstance(n_rounds, bool) or not isinstance(n_rounds, int | np.integer) or n_rounds < 0:
        raise ParameterError(f"n_rounds must be a whole number >= 0; got {n_rounds!r}")
    anchor = parameters.stubbornness[..., None] * np.eye(parameters.n_agents)
    update = parameters.update_matrix()
    reached = np.broadcast_to(np.eye(parameters.n_agents), update.shape).copy()
    for _ in range(n_rounds):
        reached = anchor + update @ reached
    return reached


def _equilibrium_influence(parameters: FJParameters) -> Array:
    """Solve for the total influence at equilibrium, one dense solve for the whole batch."""
    require_unique(parameters)
    effective = parameters.effective_stubbornness
    identity = np.eye(parameters.n_agents)
    walk = (1 - effective)[..., None] * effective_influence(parameters)
    # Rows sum to 1 up to the condition number; dividing restores it exactly.
    reached = np.linalg.solve(identity - walk, effective[..., None] * identity)
    reached = np.maximum(reached, 0.0)
    return np.asarray(reached / reached.sum(axis=-1, keepdims=True))


def effective_influence(parameters: FJParameters) -> Array:
    """Return dense influence with the diagonal divided out, zero rows for who hears nobody.

    Parameters
    ----------
    parameters : FJParameters
        With leading batch axes, or without.

    Returns
    -------
    ndarray of shape (..., n_agents, n_agents)
    """
    dense = parameters.dense_influence()
    own = parameters.own_share
    if not own.any():
        return np.asarray(dense)
    heard = ~parameters.hears_nobody
    scale = np.divide(1.0, 1 - own, out=np.zeros_like(own), where=heard)
    return np.asarray(scale[..., None] * dense * (1 - np.eye(parameters.n_agents)))


def influence_shares(
    parameters: FJParameters, n_rounds: int | None = None, tolerance: float = 1e-10
) -> Array:
    r"""Return each agent's share in the group's mean final belief.

    Parameters
    ----------
    parameters : FJParameters
        With leading batch axes (dense only), or without.
    n_rounds : int, optional
        After how many rounds; default at equilibrium.
    tolerance : float, default 1e-10
        For sparse influence at equilibrium: the summed error allowed, > 0.

    Returns
    -------
    ndarray of shape (..., n_agents)
        :math:`g_j`, the column means of `total_influence`; sums to 1.

    Raises
    ------
    NotConvergentError
        If `n_rounds` is not given and the equilibrium is not unique.

    Notes
    -----
    Sparse networks follow one walker per agent instead of forming the matrix: what still walks
    after a step is exactly the summed error left.
    """
    if not is_sparse(parameters.influence):
        return np.asarray(total_influence(parameters, n_rounds).mean(axis=-2))
    if parameters.batch_shape:
        raise ParameterError("a batch of settings needs dense influence; use .toarray()")
    if n_rounds is None:
        require_unique(parameters)
        return _absorbed_shares(parameters, tolerance)
    walkers = np.full(parameters.n_agents, 1 / parameters.n_agents)
    shares = np.zeros(parameters.n_agents)
    for _ in range(n_rounds):
        shares += walkers * parameters.stubbornness
        walkers = _walk_on(parameters, walkers)
    return np.asarray(shares + walkers)


def _walk_on(parameters: FJParameters, walkers: Array) -> Array:
    """Move the walkers one round back along what was heard, the anchored ones removed."""
    free = walkers * (1 - parameters.stubbornness)
    moving = np.where(parameters.hears_nobody, 0.0, free * (1 - parameters.self_weight))
    return np.asarray(free - moving + parameters.influence.T @ moving)


def _absorbed_shares(parameters: FJParameters, tolerance: float) -> Array:
    """Let every walker be absorbed, skipping the rounds in which it only waits."""
    from scipy import sparse

    effective = parameters.effective_stubbornness
    own = np.where(parameters.hears_nobody, 0.0, parameters.own_share)
    leaves = (1 - effective) / (1 - own)
    back = sparse.csr_array(sparse.csr_array(parameters.influence).T)
    walkers = np.full(parameters.n_agents, 1 / parameters.n_agents)
    shares = np.zeros(parameters.n_agents)
    while walkers.sum() > tolerance:
        shares += walkers * effective
        moving = walkers * leaves
        walkers = back @ moving - own * moving
    return np.asarray((shares + walkers * effective) / (shares + walkers * effective).sum())


@dataclass(frozen=True, slots=True)
class Concentration:
    """How few agents carry the influence.

    Parameters
    ----------
    effective_agents : ndarray of shape (...)
        ``1 / sum(g ** 2)``, in [1, n_agents]: how many equal agents would be as concentrated.
    entropy : ndarray of shape (...)
        ``-sum(g log g)`` in nats, in [0, log n_agents].
    """

    effective_agents: Array
    entropy: Array


def concentration(shares: Array) -> Concentration:
    """Measure how concentrated influence shares are.

    Parameters
    ----------
    shares : ndarray of shape (..., n_agents)
        As `influence_shares` returns them.

    Returns
    -------
    Concentration

    Examples
    --------
    >>> float(concentration(np.full(4, 0.25)).effective_agents)
    4.0
    """
    from fjsim.beliefs import entropy

    values = np.asarray(shares, dtype=float)
    return Concentration(
        effective_agents=np.asarray(1 / (values**2).sum(axis=-1)), entropy=entropy(values)
    )
