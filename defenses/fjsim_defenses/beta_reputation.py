"""Bayesian reputation with forgetting, trusted no further than its lower bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from scipy import special

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.reputation import Reputation


class EvidenceCounts(NamedTuple):
    """Discounted numbers of good and bad answers, ``[listener, speaker]``."""

    good: Array
    bad: Array


def lower_bound(good: Array, bad: Array, confidence: float) -> Array:
    """Return the value that a Beta(good, bad) variable exceeds with that probability.

    Parameters
    ----------
    good, bad : ndarray
        Parameters of the Beta distribution, > 0.
    confidence : float
        In (0, 1).
    """
    return np.asarray(special.betaincinv(good, bad, 1 - confidence))


@register("defense", "beta-reputation")
@dataclass(frozen=True, kw_only=True)
class BetaReputation(Reputation):
    """Trust a speaker as far as the lower bound of a forgetting Beta reputation.

    Parameters
    ----------
    forgetting : float, default 0.95
        What old evidence is multiplied by per question, in [0, 1].
    confidence : float, default 0.9
        Confidence of the lower bound, in [0, 1).
    good, bad : float, default 4 and 1
        Prior counts, > 0; forgetting returns to them.
    scope, labels, channel, residual, threshold
        See `Reputation`.

    Notes
    -----
    ``phi = F^{-1}(1 - confidence)`` of ``Beta(good + sum lambda^age e, bad + sum lambda^age
    (1 - e))``, e = 1 for an answer that is right or, without a key, the others' most frequent.

    Sees
    ----
    Answers of round 0; keys where they are shown.

    Assumes
    -------
    Who agreed with the others, or was right, will again.

    Broken by
    ---------
    Sleepers, ``duty-cycle``, and colluders that are the majority of what a listener hears.

    Price
    -----
    Honest agents that are often alone are trusted less. No calls.

    References
    ----------
    .. [1] A. Jøsang and R. Ismail, "The Beta reputation system", 15th Bled Electronic Commerce
       Conference, 2002.
    """

    ranges: ClassVar[Ranges] = {
        "forgetting": "[0, 1]",
        "confidence": "[0, 1)",
        "good": "> 0",
        "bad": "> 0",
    }

    forgetting: float = 0.95
    confidence: float = 0.9
    good: float = 4.0
    bad: float = 1.0

    def initial_state(self, n_agents: int) -> EvidenceCounts:
        """Return no evidence."""
        return EvidenceCounts(np.zeros((n_agents, n_agents)), np.zeros((n_agents, n_agents)))

    def gates(self, record: Record, state: EvidenceCounts) -> Array:
        """Return the lower bounds."""
        bound = lower_bound(self.good + state.good, self.bad + state.bad, self.confidence)
        return self.spread(bound, record)

    def update(self, record: Record, state: EvidenceCounts, key: int | None) -> EvidenceCounts:
        """Return the counts after a question."""
        seen = self.seen(record, key)
        good, bad = np.nan_to_num(seen), np.nan_to_num(1 - seen)
        return EvidenceCounts(
            self.forgetting * state.good + good, self.forgetting * state.bad + bad
        )
