"""What an item says about one listener: six sums, whatever the number of speakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.rows.grams import Columns, Grams, design
from fjsim.fitting.rows.hearing import INNATE, PEERS
from fjsim.records.transcript import Transcript

Places: TypeAlias = NDArray[np.integer[Any]] | NDArray[np.bool_]
"""Which pairs: their numbers, or a flag for each."""

CHUNK_ITEMS = 512
"""Items whose design stands in memory at one time."""


@dataclass(frozen=True)
class Pairs:
    r"""Sums over the turns of one listener on one item, its speakers mixed by known weights.

    Parameters
    ----------
    innate_innate, innate_peers, peers_peers : ndarray of shape (n_pairs,)
        Products of the two columns: innate belief and mixed peers, each minus the own last one.
    innate_moved, peers_moved, moved_moved : ndarray of shape (n_pairs,)
        Their products with the movement, and its square.
    freedom : ndarray of shape (n_pairs,)
        Independent numbers among the movements.

    Notes
    -----
    With :math:`\gamma` the stubbornness and :math:`\beta` one minus the self-weight the law moves
    a belief by :math:`\gamma u + (1-\gamma)\beta v`, so its squared error is a parabola in
    :math:`\gamma` for every :math:`\beta`.
    """

    innate_innate: Array
    innate_peers: Array
    peers_peers: Array
    innate_moved: Array
    peers_moved: Array
    moved_moved: Array
    freedom: Array

    def __len__(self) -> int:
        return len(self.freedom)

    def select(self, chosen: Places) -> Pairs:
        """Return some of the pairs."""
        return Pairs(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def parabola(self, yielding: Array) -> tuple[Array, Array, Array]:
        """Return the squared error as a parabola in the stubbornness.

        Parameters
        ----------
        yielding : ndarray of shape (n_pairs, n_nodes)
            One minus the self-weight.

        Returns
        -------
        constant, slope, curve : ndarray like ``yielding``
            The error is ``constant - 2 slope g + curve g ** 2``.
        """
        uu, uv, vv, uy, vy, yy = (
            getattr(self, name)[:, None]
            for name in (
                "innate_innate",
                "innate_peers",
                "peers_peers",
                "innate_moved",
                "peers_moved",
                "moved_moved",
            )
        )
        both = yielding**2 * vv
        constant = yy - 2 * yielding * vy + both
        slope = uy - yielding * vy - yielding * uv + both
        curve = uu - 2 * yielding * uv + both
        return np.maximum(constant, 0.0), slope, np.maximum(curve, 0.0)


def pairs_of(normal: Grams, mixing: Array) -> Pairs:
    """Return the sums of every item and listener under known weights of speakers.

    Parameters
    ----------
    normal : Grams
        Per item; leading axis items.
    mixing : ndarray of shape (n_agents, n_speakers)
        Share of each speaker in what a listener hears; rows sum to 1, or are 0.

    Returns
    -------
    Pairs
        Items first: pair ``item * n_agents + listener``.
    """
    peers = normal.products[..., PEERS:, PEERS:]
    bent = (peers @ mixing[..., None])[..., 0]
    return Pairs(
        innate_innate=normal.products[..., INNATE, INNATE].ravel(),
        innate_peers=(normal.products[..., INNATE, PEERS:] * mixing).sum(-1).ravel(),
        peers_peers=(bent * mixing).sum(-1).ravel(),
        innate_moved=normal.targets[..., INNATE].ravel(),
        peers_moved=(normal.targets[..., PEERS:] * mixing).sum(-1).ravel(),
        moved_moved=normal.power.ravel(),
        freedom=normal.freedom.ravel(),
    )


def pairs_by_round(
    transcript: Transcript, columns: Columns | None, mixing: Array
) -> tuple[Pairs, ...]:
    """Return the sums of every item and listener over the rounds so far.

    Parameters
    ----------
    transcript : Transcript
    columns : callable, optional
        As for `fjsim.fitting.rows.grams.design`.
    mixing : ndarray of shape (n_agents, n_speakers)

    Returns
    -------
    tuple of Pairs, length n_rounds
        Entry ``t - 1`` holds rounds 1 to ``t``; pair ``item * n_agents + listener``.
    """
    parts = [
        _cumulative(
            transcript.select(np.arange(at, min(at + CHUNK_ITEMS, transcript.n_items))),
            columns,
            mixing,
        )
        for at in range(0, transcript.n_items, CHUNK_ITEMS)
    ]
    sums = np.concatenate(parts, axis=2)  # (7, n_rounds, n_items, n_agents)
    return tuple(Pairs(*one) for one in sums.reshape(*sums.shape[:2], -1).swapaxes(0, 1))


def _cumulative(transcript: Transcript, columns: Columns | None, mixing: Array) -> Array:
    """Return the seven sums over the rounds so far: (7, n_rounds, n_items, n_agents)."""
    laid = design(transcript, columns)
    innate = laid.columns[..., INNATE]
    peers = (laid.columns[..., PEERS:] @ mixing[:, :, None])[..., 0]
    options = (~np.isnan(transcript.beliefs[:, 1:])).sum(axis=-1) - 1
    products = (
        (innate, innate), (innate, peers), (peers, peers),
        (innate, laid.moved), (peers, laid.moved), (laid.moved, laid.moved),
    )  # fmt: skip
    sums = [(one * other).sum(axis=-1) for one, other in products]
    return np.stack([*sums, options * laid.counts]).cumsum(axis=2).swapaxes(1, 2)


def no_pairs(n_pairs: int) -> Pairs:
    """Return pairs that say nothing."""
    return Pairs(*(np.zeros(n_pairs),) * len(Pairs.__dataclass_fields__))
