"""Normal equations of the one-step fit, one small matrix per item and listener."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting.rows.columns import columns_of_round
from fjsim.fitting.rows.hearing import OWN, Flags, hearing, spoken_beliefs
from fjsim.records.transcript import Transcript

CHUNK_ITEMS = 2048
"""Items whose design stands in memory at one time."""

Columns = Callable[[Transcript, int, Array], Array]
"""``(transcript, round, columns) -> columns``: a model's own columns in one round."""


@dataclass(frozen=True)
class Design:
    """Rows of the regression, measured from the listener's own last belief.

    Parameters
    ----------
    columns : ndarray of shape (n_items, n_rounds, n_agents, n_options, n_columns)
        Innate belief, own last belief (all 0) and speakers, minus the own last belief; 0 where
        the turn does not count.
    moved : ndarray of shape (n_items, n_rounds, n_agents, n_options)
        Next belief minus the own last one.
    counts : ndarray of bool, shape (n_items, n_rounds, n_agents)
        Turns that count: innate, last and next belief are all there, and so is what was heard.
    allowed : ndarray of bool, shape (n_agents, n_columns)
        Columns that exist for each listener.
    """

    columns: Array
    moved: Array
    counts: Flags
    allowed: Flags


@dataclass(frozen=True)
class Grams:
    """Sums of products of a `Design`; pooling, weighting and the bootstrap are sums of these.

    Parameters
    ----------
    products : ndarray of shape (..., n_agents, n_columns, n_columns)
        Sum over turns and options of column times column.
    targets : ndarray of shape (..., n_agents, n_columns)
        Sum of column times movement.
    power : ndarray of shape (..., n_agents)
        Sum of squared movement: the squared error of predicting no change.
    turns : ndarray of shape (..., n_agents)
        How many turns went in.
    freedom : ndarray of shape (..., n_agents)
        Independent numbers among them: options minus one per turn.
    allowed : ndarray of bool, shape (n_agents, n_columns)
        Columns that exist for each listener.

    Notes
    -----
    With weights on the simplex, :math:`b' - X c = (b' - x_{own}) - (X - x_{own}1^T) c`: measured
    from the own belief, the matrices lose no digits to what all beliefs have in common, and
    their null directions are the blind spots of the fit.
    """

    products: Array
    targets: Array
    power: Array
    turns: Array
    freedom: Array
    allowed: Flags

    def pooled(self) -> Grams:
        """Return the sum over items."""
        return self.weighted(np.ones(self.power.shape[0]))

    def weighted(self, weights: Array) -> Grams:
        """Return weighted sums over items.

        Parameters
        ----------
        weights : ndarray of shape (n_items,) or (n_draws, n_items)
            How often each item counts.
        """
        flat = weights.reshape(-1, self.power.shape[0])

        def total(values: Array) -> Array:
            shape = (*weights.shape[:-1], *values.shape[1:])
            return np.asarray((flat @ values.reshape(len(values), -1)).reshape(shape))

        return Grams(
            total(self.products),
            total(self.targets),
            total(self.power),
            total(self.turns),
            total(self.freedom),
            self.allowed,
        )

    def select(self, items: NDArray[np.intp] | Flags) -> Grams:
        """Return the matrices of some items."""
        return replace(
            self,
            products=self.products[items],
            targets=self.targets[items],
            power=self.power[items],
            turns=self.turns[items],
            freedom=self.freedom[items],
        )

    def of_groups(self, of_seat: NDArray[np.int64]) -> Grams:
        """Return the sums over the listeners of each group.

        Parameters
        ----------
        of_seat : ndarray of int, shape (n_agents,)
            Group of each listener, 0-based.

        Returns
        -------
        Grams
            With groups in the place of agents.
        """
        member = np.eye(int(of_seat.max()) + 1)[of_seat]

        def total(values: Array, axis: int) -> Array:
            return np.asarray(np.moveaxis(np.tensordot(values, member, (axis, 0)), -1, axis))

        return Grams(
            total(self.products, -3),
            total(self.targets, -2),
            total(self.power, -1),
            total(self.turns, -1),
            total(self.freedom, -1),
            (member.T @ self.allowed) > 0,
        )

    def without(self, column: int) -> Grams:
        """Return the same sums with one column ruled out for every listener."""
        allowed = self.allowed.copy()
        allowed[:, column] = False
        return replace(self, allowed=allowed)

    def __add__(self, other: Grams) -> Grams:
        return self._combined(other, 1.0)

    def __sub__(self, other: Grams) -> Grams:
        return self._combined(other, -1.0)

    def _combined(self, other: Grams, sign: float) -> Grams:
        """Add or take away the turns of another set."""
        return Grams(
            self.products + sign * other.products,
            self.targets + sign * other.targets,
            self.power + sign * other.power,
            self.turns + sign * other.turns,
            self.freedom + sign * other.freedom,
            self.allowed | other.allowed,
        )

    def errors(self, rows: Array) -> Array:
        """Return the summed squared error of rows, shape (..., n_agents).

        Parameters
        ----------
        rows : ndarray of shape (..., n_agents, n_columns)
        """
        bent = (self.products @ rows[..., None])[..., 0]
        return np.asarray(self.power - 2 * (self.targets * rows).sum(-1) + (bent * rows).sum(-1))


def design(transcript: Transcript, columns: Columns | None = None) -> Design:
    """Lay out the regression of one transcript.

    Parameters
    ----------
    transcript : Transcript
    columns : callable, optional
        Replaces the columns of a round by a model's own.

    Returns
    -------
    Design

    Raises
    ------
    ParameterError
        If gates renormalise, so that no fixed set of weights describes a listener.
    """
    heard, said = hearing(transcript), spoken_beliefs(transcript)
    if columns is None and heard.sways:
        raise ParameterError(
            "gates below 1 with residual 'renormalise' change every listener's weights from turn "
            "to turn; fit with influence='given', which takes the routed weights as known"
        )
    held = transcript.hostile
    valid = transcript.valid
    parts, moves, flags = [], [], []
    for at in range(1, transcript.n_rounds + 1):
        own = transcript.beliefs[:, at - 1]
        block = columns_of_round(heard, at, transcript.innate, own, said)
        if columns is not None:
            block = columns(transcript, at, block)
        counts = valid[:, at] & valid[:, at - 1] & valid[:, 0] & ~held & ~heard.unplaced[:, at - 1]
        keep = counts[:, :, None]
        parts.append(np.where(keep[..., None], np.nan_to_num(block - block[..., [OWN]]), 0.0))
        moves.append(np.where(keep, np.nan_to_num(transcript.beliefs[:, at] - block[..., OWN]), 0))
        flags.append(counts)
    width = parts[0].shape[-1] if parts else transcript.n_agents + 2
    allowed = heard.columns if columns is None else np.ones((transcript.n_agents, width), bool)
    return Design(np.stack(parts, 1), np.stack(moves, 1), np.stack(flags, 1), allowed)


def grams(transcript: Transcript, columns: Columns | None = None) -> Grams:
    """Return the normal equations of a transcript, per item and listener.

    Parameters
    ----------
    transcript, columns
        As for `design`.

    Returns
    -------
    Grams
        Leading axis: items. Memory beyond the result is bounded by `CHUNK_ITEMS` items' designs.

    Raises
    ------
    ParameterError
        If there is no round after round 0, or no turn counts.
    """
    if transcript.n_rounds < 1:
        raise ParameterError("nothing to fit: the log has no round after round 0")
    blocks = [
        chunk_grams(
            transcript.select(np.arange(at, min(at + CHUNK_ITEMS, transcript.n_items))), columns
        )
        for at in range(0, transcript.n_items, CHUNK_ITEMS)
    ]
    allowed = np.logical_or.reduce([block.allowed for block in blocks])
    joined = Grams(
        np.concatenate([block.products for block in blocks]),
        np.concatenate([block.targets for block in blocks]),
        np.concatenate([block.power for block in blocks]),
        np.concatenate([block.turns for block in blocks]),
        np.concatenate([block.freedom for block in blocks]),
        allowed,
    )
    if not joined.turns.any():
        raise ParameterError(
            "nothing to fit: no agent has a belief in round 0 and in two rounds in a row"
        )
    return joined


def chunk_grams(transcript: Transcript, columns: Columns | None = None) -> Grams:
    """Return the normal equations of few items at once; see `grams`, which bounds the memory."""
    laid = design(transcript, columns)
    n_items, _, n_agents, _, width = laid.columns.shape
    rows = laid.columns.transpose(0, 2, 1, 3, 4).reshape(n_items, n_agents, -1, width)
    moved = laid.moved.transpose(0, 2, 1, 3).reshape(n_items, n_agents, -1)
    turned = rows.swapaxes(-1, -2)
    options = (~np.isnan(transcript.beliefs[:, 1:])).sum(axis=-1) - 1
    return Grams(
        products=turned @ rows,
        targets=(turned @ moved[..., None])[..., 0],
        power=(moved**2).sum(axis=-1),
        turns=laid.counts.sum(axis=1).astype(float),
        freedom=(options * laid.counts).sum(axis=1).astype(float),
        allowed=laid.allowed,
    )
