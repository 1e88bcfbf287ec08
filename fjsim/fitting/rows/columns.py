"""The columns that every fit and every prediction weighs, and what is accepted of the result."""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.rows.given import exposed_columns
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS, HeardTurns, RouterMix

NOTHING = 1e-12
"""A mixture that sums to less than this is replaced by the residual."""


def columns_of_round(heard: HeardTurns, at: int, innate: Array, own: Array, said: Array) -> Array:
    r"""Return what each listener's row weighs in one round, up to what is accepted.

    Parameters
    ----------
    heard : HeardTurns
        Who was heard.
    at : int
        Round, 1 or later.
    innate, own : ndarray of shape (n_items, n_agents, n_options)
        Round-0 beliefs and the last ones.
    said : ndarray of shape (n_items, n_rounds + 1, n_agents, n_options)
        What peers could read, round by round.

    Returns
    -------
    ndarray of shape (n_items, n_agents, n_options, n_agents + 2)
        Columns innate, own, then one per speaker. A row on the simplex weighs them to the
        accepted belief.

    Notes
    -----
    Blending is affine, :math:`b = A\,(X c) + a`, and a row sums to 1, so that
    :math:`b = (A X + a 1^T)\,c`: what is added outside the agent is part of every column. Where
    the accepted share differs by option, the recorded sum renormalises.
    """
    columns = stated_columns(heard, at, innate, own, said)
    if heard.passed is not None:
        share = heard.passed[:, at - 1][..., None]
        rest = (innate if heard.residual == "innate" else own)[..., None]
        columns = share * columns + (1 - share) * rest
        if heard.total is not None:
            total = heard.total[:, at - 1][..., None, None]
            columns = np.where(total > NOTHING, columns / np.maximum(total, NOTHING), rest)
    if heard.router is not None:
        share = heard.router.share[..., None, None]
        mixture = _routed(heard.router, heard, at, innate, own, said)
        columns = (1 - share) * columns + share * mixture[..., None]
    return columns


def stated_columns(heard: HeardTurns, at: int, innate: Array, own: Array, said: Array) -> Array:
    r"""Return what each listener's row weighs in one round, up to what the listener states.

    Parameters
    ----------
    heard, at, innate, own, said
        As for `columns_of_round`.

    Returns
    -------
    ndarray of shape (n_items, n_agents, n_options, n_agents + 2)

    Notes
    -----
    Column ``j`` is :math:`\varphi b_j + (1-\varphi) r`; where the speaker was not heard it is
    the own last belief, so the peers' share never changes and every fit stays convex. Gates that
    differ by option leave a mixture that does not sum to 1: the columns are divided by what it
    sums to under the transcript's weights, as the agent itself divided it.
    """
    n_items, n_agents, n_options = own.shape
    present, read = heard.heard[:, at - 1], _read(heard, at, said)
    stand_in = innate if heard.residual == "innate" else own
    gate = heard.gate[:, at - 1][..., None]
    if heard.residual == "renormalise":
        gate = np.ones_like(gate)
    elif heard.options is not None:
        gate = heard.options[:, at - 1]
    kept = gate * read + (1 - gate) * stand_in[:, :, None]
    absent = np.where(heard.forgetful[:, None], innate, own) if heard.forgetful.any() else own
    peers = np.where(present[..., None], kept, absent[:, :, None])
    if heard.options is not None:
        peers = _renormalised(heard, peers, stand_in)
    if heard.exposure is not None:
        peers = exposed_columns(peers, heard.exposure[:, at - 1])
    columns = np.empty((n_items, n_agents, n_options, n_agents + PEERS))
    columns[..., INNATE] = innate
    columns[..., OWN] = own
    columns[..., PEERS:] = peers.transpose(0, 1, 3, 2)
    return columns


def accepted_beliefs(
    heard: HeardTurns, at: int, stated: Array, innate: Array, own: Array, said: Array
) -> Array:
    """Return what is accepted of what was stated in one round.

    Parameters
    ----------
    heard, at, innate, own, said
        As for `columns_of_round`.
    stated : ndarray of shape (n_items, n_agents, n_options)

    Returns
    -------
    ndarray like ``stated``
    """
    after = stated
    if heard.passed is not None:
        share = heard.passed[:, at - 1]
        rest = innate if heard.residual == "innate" else own
        after = share * after + (1 - share) * rest
        if share.shape[-1] > 1:
            total = np.nansum(after, axis=-1, keepdims=True)
            full = np.where(total > NOTHING, after / np.maximum(total, NOTHING), rest)
            after = np.where(np.isnan(after), np.nan, full)
    if heard.router is not None:
        share = heard.router.share[..., None]
        after = (1 - share) * after + share * _routed(heard.router, heard, at, innate, own, said)
    return after


def _read(heard: HeardTurns, at: int, said: Array) -> Array:
    """Return what each listener read: (n_items, listener, speaker, option)."""
    items = np.arange(len(said))[:, None, None]
    speakers = np.arange(said.shape[2])[None, None, :]
    return np.asarray(said[items, heard.said_in[:, at - 1], speakers])


def _renormalised(heard: HeardTurns, peers: Array, rest: Array) -> Array:
    """Divide peers' columns by what their mixture sums to."""
    assert heard.weights is not None, "gates by option come with weights"
    mixed = heard.weights[:, :, None, :] @ np.nan_to_num(peers)
    total = mixed.sum(axis=-1, keepdims=True)  # (items, listener, 1, 1)
    hears = heard.weights.sum(axis=-1)[..., None, None] > 0
    whole = np.where(total > NOTHING, peers / np.maximum(total, NOTHING), rest[:, :, None])
    return np.where(hears, whole, peers)


def _routed(
    router: RouterMix, heard: HeardTurns, at: int, innate: Array, own: Array, said: Array
) -> Array:
    """Return the mixture of a blending router in one round, like ``own``."""
    rest = (innate if router.innate else own)[:, :, None]
    present, gate = heard.heard[:, at - 1][..., None], router.gate[:, at - 1]
    kept = np.where(present, gate * _read(heard, at, said) + (1 - gate) * rest, rest)
    # A speaker without weight must not spread its NaN.
    kept = np.where(router.weights[..., None] > 0, kept, 0.0)
    mixture = (router.weights[:, :, None, :] @ kept)[:, :, 0]
    total = np.nansum(mixture, axis=-1, keepdims=True)
    return np.asarray(np.divide(mixture, total, out=mixture.copy(), where=total > NOTHING))


def routed_rows(rows: Array, router: RouterMix | None, by_item: bool = False) -> Array:
    """Return rows of the law with what a blending router adds to them.

    Parameters
    ----------
    rows : ndarray of shape (..., n_agents, n_agents + 2)
        What agents state by.
    router : RouterMix or None
        Router of the transcript that they belong to.
    by_item : bool, default False
        Whether W(q) is taken item by item, or its mean over items.

    Returns
    -------
    ndarray of shape (..., n_agents, n_agents + 2) or (n_items, n_agents, n_agents + 2)
        What is accepted, gates left aside: ``(1 - share) rows + share W(q)``.
    """
    if router is None:
        return rows
    share = router.share if by_item else router.share.mean(axis=0)
    weights = router.weights if by_item else router.weights.mean(axis=0)
    mixed = (1 - share[..., None]) * rows
    mixed[..., PEERS:] += share[..., None] * weights
    return np.asarray(mixed)
