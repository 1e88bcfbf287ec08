"""What a listener had before it when it spoke: the columns of every fit and every prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.records.transcript import Transcript

Flags = NDArray[np.bool_]

INNATE = 0
OWN = 1
PEERS = 2
"""Columns of a row: innate belief, own last belief, then one per speaker, ``PEERS + speaker``."""

BLENDED = 1e-9
"""A stated belief this close to the accepted one was accepted as it stood."""


@dataclass(frozen=True)
class Hearing:
    """Who had been heard, how much of it passed a gate, and what stands in for the rest.

    Parameters
    ----------
    heard : ndarray of bool, shape (n_items, n_rounds, n_agents, n_agents)
        ``[item, round - 1, listener, speaker]``.
    said_in : ndarray of int, like ``heard``
        Round of the statement; 0 where nothing was heard.
    gate : ndarray like ``heard``
        Share of the speaker's weight that is kept, in [0, 1].
    residual : {'innate', 'self', 'renormalise'}
        What takes the share that a gate removes. A speaker who was not heard is always replaced
        by the listener's own last belief.
    passed : ndarray of shape (n_items, n_rounds, n_agents), or None
        Share of the listener's own statement that was accepted (``blend`` channel); None where
        all of it was.
    unplaced : ndarray of bool, shape (n_items, n_rounds, n_agents)
        Turns before which the listener also heard something that the log does not hold under its
        speaker: its columns are not known, so it is neither fitted nor scored.
    """

    heard: Flags
    said_in: NDArray[np.int64]
    gate: Array
    residual: Literal["innate", "self", "renormalise"]
    passed: Array | None
    unplaced: Flags

    @property
    def sequential(self) -> bool:
        """Whether somebody heard a statement of the very round in which it spoke."""
        rounds = np.arange(1, self.heard.shape[1] + 1)[None, :, None, None]
        return bool((self.heard & (self.said_in == rounds)).any())

    @property
    def gated(self) -> bool:
        """Whether a gate below 1 acted on something heard."""
        return bool((self.heard & (self.gate < 1)).any())

    @property
    def columns(self) -> Flags:
        """Columns that exist for each listener, shape (n_agents, n_agents + 2)."""
        speakers = self.heard.any(axis=(0, 1)) & ~np.eye(self.heard.shape[-1], dtype=bool)
        both = np.ones((len(speakers), PEERS), dtype=bool)
        return np.concatenate([both, speakers], axis=1)


def hearing(transcript: Transcript) -> Hearing:
    r"""Read from a transcript who had heard whom, and through which gate.

    Parameters
    ----------
    transcript : Transcript
        ``residual`` says what takes the weight that gates remove; ``stated_beliefs`` that
        listeners' statements were blended.

    Returns
    -------
    Hearing

    Notes
    -----
    In the ``blend`` channel a gate acts on what is accepted, not on what was heard:
    :math:`b = g\,b^{stated} + (1-g)\,r`, so the gates of the columns are 1 and ``passed`` is
    :math:`g`, read off the two recorded beliefs.
    """
    heard_round = transcript.heard_round[:, 1:]
    said_in = np.maximum(heard_round, 0)
    spoken = np.asarray(~np.isnan(spoken_beliefs(transcript)).all(axis=-1))
    items = np.arange(transcript.n_items)[:, None, None, None]
    speakers = np.arange(transcript.n_agents)[None, None, None, :]
    heard = (heard_round >= 0) & spoken[items, said_in, speakers]
    heard &= ~np.eye(transcript.n_agents, dtype=bool)
    passed = _passed(transcript)
    gate = np.where(np.isnan(transcript.gates[:, 1:]), 1.0, transcript.gates[:, 1:])
    if passed is not None:
        gate = np.ones_like(gate)
    return Hearing(heard, said_in, gate, transcript.residual, passed, unplaced_turns(transcript))


def unplaced_turns(transcript: Transcript) -> Flags:
    """Return the turns before which something was heard that the log does not hold.

    Parameters
    ----------
    transcript : Transcript
        An importer marks them by an entry of the listener for itself in ``heard_round``.

    Returns
    -------
    ndarray of bool, shape (n_items, n_rounds, n_agents)
    """
    own = np.diagonal(transcript.heard_round[:, 1:], axis1=-2, axis2=-1)
    return np.asarray(own >= 0)


def spoken_beliefs(transcript: Transcript) -> Array:
    """Return what peers could read of each turn.

    Parameters
    ----------
    transcript : Transcript
        Its ``peers_read`` says whether beliefs, stated confidence or only answers were shown.

    Returns
    -------
    ndarray like ``transcript.beliefs``
        The belief itself, or the *expressed* one: stated confidence on the answer (1 where it is
        not shown), the rest spread evenly.
    """
    reads = transcript.peers_read
    if reads == "belief":
        return transcript.beliefs
    stated = transcript.confidence if reads == "confidence" else None
    certainty = np.ones(transcript.answers.shape)
    if stated is not None:
        certainty = np.where(np.isnan(stated), 1.0, stated)
    return expressed(transcript.answers, certainty, transcript.beliefs)


def expressed(answers: NDArray[np.int64], certainty: Array, like: Array) -> Array:
    """Return beliefs that put ``certainty`` on an answer and spread the rest evenly.

    Parameters
    ----------
    answers : ndarray of int, shape (...)
        -1 where there is none; the result is NaN there.
    certainty : ndarray of shape (...)
        In [0, 1].
    like : ndarray of shape (..., n_options)
        Its NaN options stay NaN.

    Returns
    -------
    ndarray like ``like``
    """
    present = ~np.isnan(like)
    n_options = np.maximum(present.sum(axis=-1, keepdims=True), 2)
    chosen = np.arange(like.shape[-1]) == answers[..., None]
    rest = (1 - certainty[..., None]) / (n_options - 1)
    belief = np.where(chosen, certainty[..., None], rest)
    return np.where(present & (answers[..., None] >= 0), belief, np.nan)


def expressed_prediction(beliefs: Array, reads: str) -> Array:
    """Return what peers would read of predicted beliefs: themselves, or only their top option."""
    if reads == "belief":
        return beliefs
    certainty = np.ones(beliefs.shape[:-1])
    if reads == "confidence":
        certainty = np.nan_to_num(np.nanmax(np.nan_to_num(beliefs, nan=0.0), axis=-1))
    return expressed(top_option(beliefs), certainty, beliefs)


def _passed(transcript: Transcript) -> Array | None:
    """Read the accepted share of each statement off the stated and the accepted belief."""
    if transcript.stated_beliefs is None:
        return None
    stated, accepted = transcript.stated_beliefs[:, 1:], transcript.beliefs[:, 1:]
    if np.nanmax(np.abs(stated - accepted), initial=0.0) < BLENDED:
        return None
    kept = transcript.beliefs[:, :-1]
    if transcript.residual == "innate":
        kept = np.broadcast_to(transcript.beliefs[:, :1], kept.shape)
    moved, allowed = np.nan_to_num(stated - kept), np.nan_to_num(accepted - kept)
    length = (moved**2).sum(axis=-1)
    share = np.divide(
        (moved * allowed).sum(axis=-1), length, out=np.ones_like(length), where=length > 1e-12
    )
    return np.asarray(np.clip(share, 0.0, 1.0))


def columns_of_round(heard: Hearing, at: int, innate: Array, own: Array, said: Array) -> Array:
    r"""Return what each listener's row weighs in one round.

    Parameters
    ----------
    heard : Hearing
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
        Columns innate, own, then one per speaker.

    Notes
    -----
    Column ``j`` is :math:`\varphi b_j + (1-\varphi) r`; where the speaker was not heard it is
    the own last belief, so the peers' share never changes and every fit stays convex.
    """
    n_items, n_agents, n_options = own.shape
    items = np.arange(n_items)[:, None, None]
    speakers = np.arange(n_agents)[None, None, :]
    present = heard.heard[:, at - 1]
    read = said[items, heard.said_in[:, at - 1], speakers]  # (items, listener, speaker, option)
    stand_in = innate if heard.residual == "innate" else own
    gate = heard.gate[:, at - 1][..., None]
    if heard.residual == "renormalise":
        gate = np.ones_like(gate)
    kept = gate * read + (1 - gate) * stand_in[:, :, None]
    peers = np.where(present[..., None], kept, own[:, :, None])
    columns = np.empty((n_items, n_agents, n_options, n_agents + PEERS))
    columns[..., INNATE] = innate
    columns[..., OWN] = own
    columns[..., PEERS:] = peers.transpose(0, 1, 3, 2)
    if heard.passed is None:
        return columns
    share = heard.passed[:, at - 1][..., None, None]
    return np.asarray(share * columns + (1 - share) * stand_in[..., None])
