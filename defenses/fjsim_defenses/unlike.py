"""Distrust of whoever answers and speaks unlike the others before anybody is heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import ramp, self_trusting


def mean_over_others(apart: Array) -> Array:
    """Return the mean over the last axis without the seat itself and without NaN.

    Parameters
    ----------
    apart : ndarray of shape (..., n_agents, n_agents)

    Returns
    -------
    ndarray of shape (..., n_agents)
        NaN for a seat of which nothing is known.
    """
    known = ~np.isnan(apart) & ~np.eye(apart.shape[-1], dtype=np.bool_)
    count = known.sum(axis=-1)
    total = np.where(known, apart, 0.0).sum(axis=-1)
    # Seats that say the same are equal, whatever order their sums were taken in.
    return np.where(count > 0, np.round(total / np.maximum(count, 1), 12), np.nan)


def above_median(values: Array) -> Array:
    """Return values minus the median over the last axis; 0 where there is none."""
    ordered = np.sort(values, axis=-1)  # NaN last
    count = (~np.isnan(ordered)).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, ordered.shape[-1] - 1), axis=-1)
    return np.nan_to_num(values - (low + high) / 2)


@register("defense", "unlike")
@dataclass(frozen=True, kw_only=True)
class Unlike(TrustPolicy):
    """Distrust a speaker by how unlike the others' its first answer and its first words are.

    Parameters
    ----------
    words : float, default 3
        What a word unlike the others' counts beside an answer unlike them, >= 0; 0 reads answers
        alone.
    low, high : float, default 0.4 and 1.2
        Unlikeness up to which a speaker is heard in full, and from which not at all, >= 0.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    ``u_j = a_j + words (w_j - median w)``, with ``a_j`` the mean total variation between j's
    round-0 belief and the others', and ``w_j`` one minus the mean likeness of j's round-0 words
    with theirs (the cosine of two sets of words). ``phi_ij = 1 - clip((u_j - low) / (high - low),
    0, 1)``, the same in every round. Nothing is learned and nobody says how many attackers there
    are: half of an answer's range, .8, is where a gate is one half. A team without words, as of
    numeric agents, is judged by its answers alone.

    Sees
    ----
    Beliefs and words of round 0, of all seats.

    Assumes
    -------
    Most seats are honest, and honest seats answer and speak alike.

    Broken by
    ---------
    ``benign-wrapper`` (words near the benign centre), ``chaos-seeding`` (undecided at first), and
    any attack that is honest in round 0.

    Price
    -----
    A right minority is cut like a liar: on recorded teams .20 seats per question without
    attackers. No calls, no keys.

    References
    ----------
    .. [1] S. Wang et al., "G-Safeguard: A Topology-Guided Security Lens and Treatment on
       LLM-based Multi-agent Systems", ACL 2025, arXiv:2502.11127 (attackers told apart by what
       they say; there by a trained network).
    .. [2] A. Ochiai, "Zoogeographical studies on the soleoid fishes found in Japan and its
       neighbouring regions", Bulletin of the Japanese Society of Scientific Fisheries 22 (1957)
       526-530 (the likeness of two sets).
    """

    reads_words: ClassVar[bool] = True
    ranges: ClassVar[Ranges] = {"words": ">= 0", "low": ">= 0", "high": ">= 0"}

    words: float = 3.0
    low: float = 0.4
    high: float = 1.2

    def gates(self, record: Record, state: Any) -> Array:
        """Return one minus each speaker's unlikeness, the same for all listeners."""
        trust = 1 - ramp(self.unlikeness(record), self.low, self.high)
        return self_trusting(np.repeat(trust[..., None, :], trust.shape[-1], axis=-2))

    def unlikeness(self, record: Record) -> Array:
        """Return how unlike the others each seat began, shape (..., n_agents)."""
        first = record.stated[0]
        apart = np.abs(first[..., :, None, :] - first[..., None, :, :]).sum(axis=-1) / 2
        answers = np.nan_to_num(mean_over_others(apart))
        if record.alike is None or not self.words:
            return answers
        return answers + self.words * above_median(mean_over_others(1 - record.alike))
