"""What reputations from round-0 answers share: whose answers count, and how they add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Labels, Memory, Record, Scope
from fjsim.contracts.ranges import Ranges
from fjsim_defenses.shared.evidence import evidence, smoothed
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import self_trusting


@dataclass(frozen=True, kw_only=True)
class Reputation(TrustPolicy):
    """Trust from how round-0 answers turned out: right, or at least the others' most frequent.

    Parameters
    ----------
    scope : {'public', 'local'}, default 'public'
        Whether all round-0 answers count, or only those of own speakers and one's own.
    labels : {'none', 'all'} or Audit, default 'none'
        Where a key is shown, it takes the place of the others' answers.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.
    """

    memory: ClassVar[Memory] = "round0"

    scope: Scope = "public"
    labels: Labels = "none"

    def seen(self, record: Record, key: int | None) -> Array:
        """Return 1 for a good answer, 0 for a bad one, NaN for none, (..., listener, speaker)."""
        return evidence(record, key, self.scope)

    def spread(self, trust: Array, record: Record) -> Array:
        """Return trust as gates on one question: nobody distrusts itself."""
        return np.broadcast_to(self_trusting(trust), record.influence.shape)


@dataclass(frozen=True, kw_only=True)
class SmoothedReputation(Reputation):
    """A reputation that forgets: ``rho += rate (e - rho)`` with e = 1 for a good answer.

    Parameters
    ----------
    rate : float, default 0.1
        How fast reputation moves after a question, in [0, 1].
    start : float, default 0.7
        Reputation before the first question, in [0, 1].
    scope, labels, channel, residual, threshold
        See `Reputation`.
    """

    ranges: ClassVar[Ranges] = {"rate": "[0, 1]", "start": "[0, 1]"}

    rate: float = 0.1
    start: float = 0.7

    def initial_reputation(self, n_agents: int) -> Array:
        """Return everybody's reputation in everybody's eyes, ``[listener, speaker]``."""
        return np.full((n_agents, n_agents), self.start)

    def moved(self, reputation: Array, record: Record, key: int | None) -> Array:
        """Return reputation after a question."""
        return smoothed(reputation, self.seen(record, key), self.rate)
