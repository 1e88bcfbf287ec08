"""Distrust of whoever does not respond to the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import distance, heard_beliefs

SMALLEST_GAP = 1e-6


def openness(
    record: Record, gap: float = 0.15, response: float = 0.15, decay: float = 0.4
) -> Array:
    """Return how open each speaker has been on this question, shape (..., n_agents).

    Parameters
    ----------
    record : Record
    gap, response, decay : float
        See `StubbornnessDetector`.

    Returns
    -------
    ndarray of shape (..., n_agents)
        ``decay`` to the number of rounds without a response.
    """
    score = np.ones(record.stated.shape[1:-1])
    for number in range(1, record.round + 1):
        before, after = heard_beliefs(record, number - 1), heard_beliefs(record, number)
        pull = distance(record.influence @ np.nan_to_num(before), before)
        moved = distance(after, before)
        deaf = (pull > gap) & (moved / np.maximum(pull, SMALLEST_GAP) < response)
        score = np.where(deaf, score * decay, score)
    return score


@register("defense", "stubbornness-detector")
@dataclass(frozen=True, kw_only=True)
class StubbornnessDetector(TrustPolicy):
    """Distrust whoever is far from what it hears and hardly moves.

    Parameters
    ----------
    gap : float, default 0.15
        Total variation between a speaker and its peers from which a response is expected.
    response : float, default 0.15
        Smallest share of that gap that counts as a response, in [0, 1].
    decay : float, default 0.4
        What trust is multiplied by after each round without one, in [0, 1].
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    Sees the statements of this question. Starts at 1 in every question, so the first round is
    open; an honest agent that is stubborn is punished like a hostile one, and an adversary
    that moves to and fro (``wobble``) is not punished at all.

    Sees
    ----
    This question's rounds.

    Assumes
    -------
    Honest agents move when they are far from what they hear.

    Broken by
    ---------
    ``wobble``; the first round is open to everybody (``rollback`` around it takes that back).

    Price
    -----
    Honest agents that are stubborn, and right, are cut. No calls, no keys.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (stubbornness as the mark of
       the adversary).
    """

    ranges: ClassVar[Ranges] = {"gap": "[0, 1]", "response": "[0, 1]", "decay": "[0, 1]"}

    gap: float = 0.15
    response: float = 0.15
    decay: float = 0.4

    def gates(self, record: Record, state: Any) -> Array:
        """Return each speaker's openness, the same for all listeners."""
        score = openness(record, self.gap, self.response, self.decay)
        return np.repeat(score[..., None, :], record.influence.shape[-1], axis=-2)
