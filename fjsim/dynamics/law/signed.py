"""Signed ties: listeners that take some speakers for the opposite of what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import breadth_first_order, connected_components

from fjsim.beliefs import Array
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.errors import NotConvergentError, ParameterError

UNIT = 1 - 1e-12


def signed_update(parameters: FJParameters, signs: ArrayLike, n_options: int = 2) -> Array:
    r"""Return the matrix that carries one round's deviations to the next, without the anchor.

    Parameters
    ----------
    parameters : FJParameters
        One setting, no batch.
    signs : array-like of shape (n_agents, n_agents)
        ``signs[listener, speaker]``: 1 for a trusting tie, -1 for a hostile one; any of the two
        where there is no tie.
    n_options : int, default 2

    Returns
    -------
    ndarray of shape (n_agents, n_agents)

    Raises
    ------
    ParameterError
        If a sign is neither 1 nor -1, shapes do not fit, or there are fewer than two options.

    Notes
    -----
    A hostile tie carries the negated belief :math:`(1 - b) / (K - 1)`: every other option than
    those that the speaker holds. It is a belief again, and with two options the opposite one. In
    deviations from the even belief, :math:`d = b - 1/K`, that is :math:`-d / (K - 1)`, so that the
    law stays linear,

    .. math:: D(t+1) = \Gamma D(0) + H_\sigma D(t), \quad |H_\sigma| \le H,

    which for two options is Altafini's model [1]_ with stubbornness.

    References
    ----------
    .. [1] C. Altafini, "Consensus Problems on Networks With Antagonistic Interactions", IEEE
       Transactions on Automatic Control 58 (2013) 935-946, doi:10.1109/TAC.2012.2224251.
    """
    given = np.asarray(signs, dtype=float)
    n_agents = parameters.n_agents
    if given.shape != (n_agents, n_agents) or not np.isin(given, (1.0, -1.0)).all():
        raise ParameterError(
            f"signs must be 1 or -1, one per listener and speaker, shape {(n_agents, n_agents)}; "
            f"got shape {given.shape}"
        )
    if n_options < 2:
        raise ParameterError(f"there must be two options or more to disagree on; got {n_options}")
    if parameters.batch_shape:
        raise ParameterError("signed ties take one setting, and these parameters hold a batch")
    factors = np.where(given > 0, 1.0, -1.0 / (n_options - 1))
    np.fill_diagonal(factors, 1.0)
    return np.asarray(parameters.update_matrix() * factors)


def signed_rollout(
    parameters: FJParameters, signs: ArrayLike, innate: ArrayLike, n_rounds: int
) -> Array:
    """Play the law with hostile ties.

    Parameters
    ----------
    parameters, signs
        As in `signed_update`.
    innate : array-like of shape (n_agents, n_options)
        Beliefs before anybody is heard; rows sum to 1.
    n_rounds : int
        How many rounds, >= 0.

    Returns
    -------
    ndarray of shape (n_rounds + 1, n_agents, n_options)
        Beliefs, round 0 first.
    """
    first = np.asarray(innate, dtype=float)
    if first.ndim != 2 or first.shape[0] != parameters.n_agents:
        raise ParameterError(
            f"innate must have shape ({parameters.n_agents}, n_options); got {first.shape}"
        )
    update = signed_update(parameters, signs, first.shape[1])
    even = 1 / first.shape[1]
    rounds = [first - even]
    for _ in range(n_rounds):
        rounds.append(parameters.stubbornness[:, None] * rounds[0] + update @ rounds[-1])
    return np.asarray(np.stack(rounds) + even)


def signed_takeover(
    parameters: FJParameters, signs: ArrayLike, seats: Sequence[int], n_options: int = 2
) -> Array:
    r"""Return the weight of adversaries' belief in everybody's at equilibrium, with its sign.

    Parameters
    ----------
    parameters, signs, n_options
        As in `signed_update`.
    seats : sequence of int
        Where the adversaries sit; they never move and state the same.

    Returns
    -------
    ndarray of shape (n_agents,)
        In [-1, 1], NaN at the seats; below 0 for who is driven away from what they state.

    Raises
    ------
    NotConvergentError
        If some benign agents never forget where they began and hear no adversary.

    Notes
    -----
    :math:`A = (I - H_{\sigma,BB})^{-1} H_{\sigma,Ba} \mathbf{1}`. No entry is larger in size than
    the takeover without hostile ties. Where the ties are balanced (`camps`) and there are two
    options, it is that takeover exactly, below 0 in the other camp.

    Examples
    --------
    >>> p = FJParameters(0.1, 0.3, influence=[[0, 1, 0], [1, 0, 0], [1, 0, 0]])
    >>> signs = [[1, 1, 1], [1, 1, 1], [-1, 1, 1]]
    >>> signed_takeover(p, signs, [0]).round(3).tolist()
    [nan, 0.863, -0.863]
    """
    held = np.zeros(parameters.n_agents, dtype=np.bool_)
    held[list(seats)] = True
    if not held.any() or held.all():
        raise ParameterError(f"seats {list(seats)} must hold somebody and leave somebody benign")
    update = signed_update(parameters, signs, n_options)
    among = update[np.ix_(~held, ~held)]
    if np.abs(np.linalg.eigvals(among)).max() >= UNIT:
        raise NotConvergentError(
            "some benign agents hear only each other and are not stubborn, so that where they end "
            "depends on where they began; give one of them stubbornness > 0"
        )
    direct = update[np.ix_(~held, held)].sum(axis=1)
    reached = np.full(parameters.n_agents, np.nan)
    reached[~held] = np.linalg.solve(np.eye(len(among)) - among, direct)
    return reached


def camps(influence: ArrayLike, signs: ArrayLike) -> NDArray[np.int64] | None:
    """Return two camps with trust within and hostility between, or None where there are none.

    Parameters
    ----------
    influence : array-like of shape (n_agents, n_agents)
        A tie where it is above 0, in either direction.
    signs : array-like of shape (n_agents, n_agents)
        1 or -1.

    Returns
    -------
    ndarray of int, shape (n_agents,) or None
        1 or -1; the lowest seat of each component is 1. None where the ties are not balanced.

    References
    ----------
    .. [1] F. Harary, "On the notion of balance of a signed graph", Michigan Mathematical Journal 2
       (1953) 143-146, doi:10.1307/mmj/1028989917.
    """
    ties, given = np.asarray(influence) > 0, np.asarray(signs)
    ties = ties & ~np.eye(len(ties), dtype=np.bool_)
    camp = np.zeros(len(ties), dtype=np.int64)
    count, component = connected_components(ties, directed=False)
    for number in range(count):
        start = int(np.flatnonzero(component == number)[0])
        order, before = breadth_first_order(ties | ties.T, start, directed=False)
        camp[start] = 1
        for seat in order[1:].tolist():
            known = int(before[seat])
            sign = given[seat, known] if ties[seat, known] else given[known, seat]
            camp[seat] = camp[known] * int(sign)
    agreed = np.where(camp[:, None] == camp[None], 1, -1) == given
    return camp if bool(agreed[ties].all()) else None
