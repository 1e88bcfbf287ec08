"""Between a row of simplex weights and the Friedkin-Johnsen parameters it stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.dynamics import FJParameters
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS

LEAST_SHARE = 1e-9
"""A share below this leaves what it divides undefined."""


@dataclass(frozen=True)
class LawParts:
    """Rows read as parameters; NaN where a division has nothing to divide.

    Parameters
    ----------
    stubbornness, self_weight : ndarray of shape (..., n_agents)
        Self-weight is NaN where stubbornness is 1.
    influence : ndarray of shape (..., n_agents, n_agents)
        A row is NaN where the peers' share is 0.
    """

    stubbornness: Array
    self_weight: Array
    influence: Array


def split_rows(rows: Array) -> LawParts:
    r"""Read rows of weights as parameters.

    Parameters
    ----------
    rows : ndarray of shape (..., n_agents, n_agents + 2)
        On the simplex: innate, own, one entry per speaker (the own one 0).

    Returns
    -------
    LawParts

    Notes
    -----
    :math:`\gamma = c_0`, :math:`\alpha = c_1/(1-c_0)`, :math:`w = c_{peers}/\sum c_{peers}`.
    """
    stubbornness = rows[..., INNATE]
    free = 1 - stubbornness
    peers = rows[..., PEERS:]
    share = peers.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        self_weight = np.where(free > LEAST_SHARE, rows[..., OWN] / free, np.nan)
        influence = np.where(share[..., None] > LEAST_SHARE, peers / share[..., None], np.nan)
    return LawParts(stubbornness, np.clip(self_weight, 0, 1), influence)


def join_rows(stubbornness: Array, self_weight: Array, influence: Array) -> Array:
    """Write parameters as rows of weights.

    Parameters
    ----------
    stubbornness, self_weight : ndarray of shape (..., n_agents)
    influence : ndarray of shape (..., n_agents, n_agents)
        A row of zeros hears nobody: its peers' share goes to the own last belief.

    Returns
    -------
    ndarray of shape (..., n_agents, n_agents + 2)
    """
    yielded = (1 - stubbornness) * (1 - self_weight)
    peers = yielded[..., None] * influence
    lead = np.broadcast_shapes(peers.shape[:-1], np.shape(stubbornness))
    rows = np.empty((*lead, peers.shape[-1] + PEERS))
    rows[..., INNATE] = stubbornness
    rows[..., PEERS:] = peers
    rows[..., OWN] = 1 - rows[..., INNATE] - rows[..., PEERS:].sum(axis=-1)
    return np.clip(rows, 0.0, 1.0)


def rows_of(parameters: FJParameters) -> Array:
    """Return the rows of a parameter set, shape (..., n_agents, n_agents + 2)."""
    return join_rows(parameters.stubbornness, parameters.self_weight, parameters.dense_influence())


def parameters_of(rows: Array) -> FJParameters:
    """Return a complete parameter set that moves beliefs exactly as the rows do.

    Parameters
    ----------
    rows : ndarray of shape (..., n_agents, n_agents + 2)

    Returns
    -------
    FJParameters
        Where a parameter is undefined (it multiplies nothing) a neutral value stands in its
        place: self-weight 1, no speaker.
    """
    parts = split_rows(rows)
    return FJParameters(
        np.clip(parts.stubbornness, 0, 1),
        np.nan_to_num(parts.self_weight, nan=1.0),
        influence=np.nan_to_num(parts.influence, nan=0.0),
    )


def finite_influence(rows: Array, n_rounds: int) -> Array:
    r"""Return the weight of each innate belief in each belief after some rounds.

    Parameters
    ----------
    rows : ndarray of shape (..., n_agents, n_agents + 2)
    n_rounds : int
        At least 0.

    Returns
    -------
    ndarray of shape (..., n_agents, n_agents)
        :math:`\Phi_T`; row-stochastic.
    """
    n_agents = rows.shape[-2]
    identity = np.eye(n_agents)
    update = rows[..., PEERS:] + rows[..., OWN, None] * identity
    anchor = rows[..., INNATE, None] * identity
    reached = np.broadcast_to(identity, update.shape)
    for _ in range(n_rounds):
        reached = anchor + update @ reached
    return np.asarray(reached)
