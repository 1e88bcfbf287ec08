"""What the data can and cannot say about each parameter, and the blind spot that is to blame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.rows.grams import Grams
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS, Flags

LARGEST_STANDARD_ERROR = 0.15
"""A weight known no better than this is not identified: its 95 % interval spans 0.6."""

NO_DIFFERENCE = 1e-12
"""Mean squared difference between two columns below which they are the same."""

RANK_TOLERANCE = 1e-11
"""Eigenvalue, relative to the largest, that counts as zero."""


@dataclass(frozen=True)
class Precision:
    """Standard errors of weights; infinite where the data say nothing.

    Parameters
    ----------
    innate, peers : ndarray of shape (..., n_agents)
        Error of the weight on the innate belief, and of the summed weight on peers.
    speakers : ndarray of shape (..., n_agents, n_speakers)
        Error of each speaker's weight.
    noise : ndarray of shape (..., n_agents)
    smallest : ndarray of shape (..., n_agents)
        Smallest singular value of the differences.
    rank, n_unknowns : ndarray of int, shape (..., n_agents)
    """

    innate: Array
    peers: Array
    speakers: Array
    noise: Array
    smallest: Array
    rank: NDArray[np.int64]
    n_unknowns: NDArray[np.int64]


def precision(normal: Grams, rows: Array) -> Precision:
    r"""Return how precisely each weight is determined.

    Parameters
    ----------
    normal : Grams
        Grams of the data that the rows were fitted to.
    rows : ndarray of shape (..., n_agents, n_columns)

    Returns
    -------
    Precision

    Notes
    -----
    Eigenvectors of the Gram matrix of the differences :math:`[s_i-b_i(t), b_j(t)-b_i(t)]`; the
    variance of :math:`u'c` is :math:`\sigma^2 \sum_v (u'v)^2/\lambda_v`. Bounds on the
    simplex are ignored, so an error is never understated.
    """
    live = normal.allowed.copy()
    live[:, OWN] = False
    scale = np.maximum(normal.products.max(axis=(-1, -2), initial=0.0), 1e-300)
    both = live[:, :, None] & live[:, None, :]
    # Columns that do not exist become well-determined ones of their own.
    filler = np.where(live, 0.0, 1.0)[..., None] * np.eye(live.shape[-1])
    products = np.where(both, normal.products, 0.0) + filler * scale[..., None, None]
    values, vectors = np.linalg.eigh(products)
    real = (vectors**2 * live[..., :, None]).sum(axis=-2) > 0.5
    top = np.where(real, values, 0.0).max(axis=-1, initial=0.0)
    floor = np.maximum(RANK_TOLERANCE * top, NO_DIFFERENCE * np.maximum(normal.turns, 1))
    known = values > floor[..., None]
    n_unknowns = np.broadcast_to(live.sum(axis=-1), normal.turns.shape)
    rank = (real & known).sum(axis=-1)
    left = np.maximum(normal.freedom - rank, 1.0)
    noise = np.sqrt(np.maximum(normal.errors(rows), 0.0) / left)
    smallest = np.sqrt(np.where(real, np.maximum(values, 0.0), np.inf).min(axis=-1))
    total = live.astype(float)
    total[:, INNATE] = 0.0
    units = np.concatenate([total[:, None], np.eye(live.shape[-1])[None].repeat(len(live), 0)], 1)
    shares = np.einsum("iua,...iav->...iuv", units, vectors) ** 2
    spread = np.where(known, 1 / np.where(known, values, 1.0), 0.0)
    variance = noise[..., None] ** 2 * (shares * spread[..., None, :]).sum(-1)
    blind = (shares * (real & ~known)[..., None, :]).sum(-1) > 1e-6
    errors = np.where(blind, np.inf, np.sqrt(variance))
    return Precision(
        innate=errors[..., 1 + INNATE],
        peers=errors[..., 0],
        speakers=errors[..., 1 + PEERS :],
        noise=noise,
        smallest=np.where(np.isfinite(smallest), smallest, 0.0),
        rank=np.asarray(rank),
        n_unknowns=np.asarray(n_unknowns),
    )


@dataclass(frozen=True)
class Determined:
    """Which parameters clear the bar: booleans shaped like the parameters."""

    stubbornness: Flags
    self_weight: Flags
    influence: Flags


def determined(exact: Precision, rows: Array, allowed: Flags) -> Determined:
    """Say which parameters the precision suffices for.

    Parameters
    ----------
    exact : Precision
    rows : ndarray of shape (..., n_agents, n_columns)
    allowed : ndarray of bool, shape (n_agents, n_columns)

    Returns
    -------
    Determined

    Notes
    -----
    Self-weight divides by the weight not on the innate belief, influence by the peers' share:
    each is determined only where the divisor is, and where its standard error after division
    stays below `LARGEST_STANDARD_ERROR`.
    """
    bar = LARGEST_STANDARD_ERROR
    stubbornness = exact.innate < bar
    free = 1 - rows[..., INNATE]
    speakers = allowed[:, PEERS:]
    hears = np.asarray(speakers.any(axis=-1))
    self_weight = stubbornness & (exact.peers < bar * free) & (free > exact.innate * 2) & hears
    peers = rows[..., PEERS:].sum(axis=-1)
    share = np.maximum(peers, 1e-12)
    enough = np.asarray((peers > 1e-6) & (exact.peers < peers / 2) & hears)
    clear = exact.speakers < 2 * bar * share[..., None]
    only = np.asarray(speakers.sum(axis=-1) == 1)
    influence = enough[..., None] & (clear | only[:, None]) | ~speakers
    return Determined(stubbornness, self_weight, np.asarray(influence & hears[:, None]))


def blind_spots(
    normal: Grams, most_turns: NDArray[np.int64], names: tuple[str, ...], peers_share: Array
) -> list[list[str]]:
    """Name the blind spots of each listener.

    Parameters
    ----------
    normal : Grams
        Pooled, without leading axes.
    most_turns : ndarray of int, shape (n_agents,)
        The largest number of updates of the listener on one item.
    names : tuple of str
        One per agent.
    peers_share : ndarray of shape (n_agents,)
        Fitted weight on peers.

    Returns
    -------
    list of list of str
    """
    return [
        _listener_spots(normal, int(most_turns[i]), i, names, float(peers_share[i]))
        for i in range(len(names))
    ]


def _listener_spots(
    normal: Grams, most_turns: int, listener: int, names: tuple[str, ...], peers_share: float
) -> list[str]:
    """Name the blind spots of one listener."""
    turns = float(normal.turns[listener])
    if turns == 0:
        return ["no turn counts: there is no belief in round 0 and in two rounds in a row"]
    products = normal.products[listener] / turns
    seen = np.diag(products)
    speakers = np.flatnonzero(normal.allowed[listener, PEERS:])
    spots = []
    if not len(speakers):
        return ["hears nobody: stubbornness and self-weight cannot be told apart from no change"]
    if (seen < NO_DIFFERENCE).all():
        return ["everybody agrees: whatever the weights, the same belief follows"]
    if normal.power[listener] / turns < NO_DIFFERENCE:
        spots.append("never moves: the peers' share is 0, so influence is undefined")
    if normal.allowed[listener, INNATE] and seen[INNATE] < NO_DIFFERENCE:
        spots.append(
            "a single update: the last belief is the innate one, so stubbornness and self-weight "
            "cannot be told apart (only their sum)"
            if most_turns <= 1
            else "its last belief always equals its innate one, so stubbornness and self-weight "
            "cannot be told apart"
        )
    spots += _clones(products, speakers, names)
    if peers_share < 1e-6 and not spots:
        spots.append("the peers' share is 0, so influence is undefined")
    return spots


def _clones(products: Array, speakers: NDArray[np.intp], names: tuple[str, ...]) -> list[str]:
    """Name speakers that always say the same, or always say what the listener holds."""
    spots = []
    echo = [names[j] for j in speakers if products[PEERS + j, PEERS + j] < NO_DIFFERENCE]
    if echo:
        spots.append(f"{', '.join(echo)} always held the listener's own belief")
    for at, first in enumerate(speakers):
        for second in speakers[at + 1 :]:
            a, b = PEERS + first, PEERS + second
            apart = products[a, a] + products[b, b] - 2 * products[a, b]
            if apart < NO_DIFFERENCE and products[a, a] >= NO_DIFFERENCE:
                spots.append(
                    f"clones {names[first]} and {names[second]}: they always said the same, only "
                    "the sum of their weights is determined"
                )
    return spots
