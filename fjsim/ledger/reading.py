"""What a deliberation mixes: initial beliefs, and what peers could read of each turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS, hearing, spoken_beliefs
from fjsim.records.transcript import Transcript


@dataclass(frozen=True, eq=False)
class ReadMixture:
    r"""Weights of the group's mean last belief on what was thought and on what was read.

    Parameters
    ----------
    own : ndarray of shape (n_items, n_agents)
        Weight on each agent's initial belief.
    read : ndarray of shape (n_items, n_rounds + 1, n_agents)
        Weight on what peers could read of each turn.
    beliefs : ndarray of shape (n_items, n_agents, n_options)
        Initial beliefs.
    said : ndarray of shape (n_items, n_rounds + 1, n_agents, n_options)
        What could be read; 0 where a turn says nothing.

    Notes
    -----
    With rows :math:`c` of the law, :math:`b_i(t+1) = c_{i0} s_i + c_{i1} b_i(t) + \sum_j c_{ij}
    e_j(t)`, so that :math:`b_i(T)` is a mixture of :math:`s_i` and of the :math:`e_j(t)`. Where
    peers read beliefs, :math:`e = b`; where they read answers, :math:`e` is surer than :math:`b`,
    and no gate on initial beliefs gives the last ones.
    """

    own: Array
    read: Array
    beliefs: Array
    said: Array

    @property
    def agents(self) -> Array:
        """Weight of each agent, thought or read, shape (n_items, n_agents)."""
        return np.asarray(self.own + self.read.sum(axis=1))

    def mixed(self) -> Array:
        """Return the mixture, shape (n_items, n_options)."""
        return self._mix(self.own, self.read)

    def unrouted(self) -> Array:
        """Return the mixture under every item's mean weights, shape (n_items, n_options)."""
        own = np.broadcast_to(self.own.mean(axis=0), self.own.shape)
        read = np.broadcast_to(self.read.mean(axis=0), self.read.shape)
        return self._mix(own, read)

    def unsharpened(self) -> Array:
        """Return the mixture of initial beliefs under the mean weights, as if they were read."""
        weights = self.agents.mean(axis=0)
        return np.asarray((weights[:, None] * self.beliefs).sum(axis=1))

    def _mix(self, own: Array, read: Array) -> Array:
        mixed = (own[..., None] * self.beliefs).sum(axis=1)
        mixed = mixed + (read[..., None] * self.said).sum(axis=(1, 2))
        return np.asarray(mixed / np.maximum(mixed.sum(axis=-1, keepdims=True), 1e-12))


def read_mixture(transcript: Transcript, rows: Array) -> ReadMixture:
    """Unroll the law over what was read.

    Parameters
    ----------
    transcript : Transcript
    rows : ndarray of shape (n_items, n_agents, n_agents + 2)
        The law of each item.

    Returns
    -------
    ReadMixture
        A speaker that was not heard leaves its weight with the listener's own last belief.
    """
    heard, last = hearing(transcript), transcript.n_rounds
    n_items, n_agents = transcript.n_items, transcript.n_agents
    own, read = np.zeros((n_items, n_agents)), np.zeros((n_items, last + 1, n_agents))
    listener = np.ones((n_items, n_agents))  # what the later rounds keep of a belief
    items = np.broadcast_to(np.arange(n_items)[:, None, None], (n_items, n_agents, n_agents))
    speakers = np.broadcast_to(np.arange(n_agents)[None, None, :], items.shape)
    for at in range(last, 0, -1):
        present = heard.heard[:, at - 1]
        peers = np.where(present, rows[..., PEERS:], 0.0)
        np.add.at(
            read,
            (items, heard.said_in[:, at - 1], speakers),
            listener[..., None] * peers / n_agents,
        )
        own += listener * rows[..., INNATE] / n_agents
        kept = rows[..., OWN] + np.where(present, 0.0, rows[..., PEERS:]).sum(axis=-1)
        listener = listener * kept
    own += listener / n_agents
    said = np.nan_to_num(spoken_beliefs(transcript))
    return ReadMixture(own, read, np.nan_to_num(transcript.innate), said)
