"""Distrust of whoever does not move as the model says that an honest agent would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Record
from fjsim.contracts.policies import Surprise
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.mixtures import gated_mixture
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import distance, heard_beliefs, self_trusting


def predicted_statement(
    record: Record, number: int, mixture: Array, stubbornness: float, self_weight: float
) -> Array:
    """Return what the law expects every speaker to say in one round.

    Parameters
    ----------
    record : Record
    number : int
        The round, from 1.
    mixture : ndarray of shape (..., n_agents, n_options)
        What the speakers made of their peers in the round before.
    stubbornness, self_weight : float
        Parameters of an honest agent.
    """
    drift = self_weight * heard_beliefs(record, number - 1) + (1 - self_weight) * mixture
    return np.asarray(stubbornness * heard_beliefs(record, 0) + (1 - stubbornness) * drift)


@register("defense", "fj-residual")
@dataclass(frozen=True, kw_only=True)
class FJResidual(TrustPolicy):
    """Distrust a speaker by how far its statements are from what the law expects of it.

    Parameters
    ----------
    rate : float, default 5
        How fast surprise costs trust, >= 0.
    tolerance : float, default 0.05
        Surprise that costs nothing, >= 0.
    stubbornness, self_weight : float, default 0.1 and 0.3
        Parameters of an honest agent, declared or assumed, used where no fitted model is handed
        in.
    surprise : Surprise or None, default None
        A fitted model's surprise about the record, round by round, from who runs the defense.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    Within a question, ``phi_j = prod_t exp(-rate max(0, TV(b_j(t), predicted_j(t)) -
    tolerance))`` with ``predicted = gamma s + (1-gamma)(alpha b + (1-alpha) m)``, m the gated
    mixture that j was given. It reckons with the graph's W; a router makes it surprised at
    honest agents, as do wrong parameters.

    Sees
    ----
    All rounds of the question, and who hears whom.

    Assumes
    -------
    Honest agents follow the law with the parameters given.

    Broken by
    ---------
    Adversaries that follow the law from a false first view, and routers that change W.

    Price
    -----
    Honest agents that are more stubborn than assumed are cut. No calls, no keys.

    References
    ----------
    .. [1] F. Pasqualetti, F. Dörfler and F. Bullo, "Attack detection and identification in
       cyber-physical systems", IEEE Transactions on Automatic Control 58 (2013) 2715-2729,
       doi:10.1109/TAC.2013.2266831 (residuals of a known linear model).
    """

    ranges: ClassVar[Ranges] = {
        "rate": ">= 0",
        "tolerance": ">= 0",
        "stubbornness": "[0, 1]",
        "self_weight": "[0, 1]",
    }

    rate: float = 5.0
    tolerance: float = 0.05
    stubbornness: float = 0.1
    self_weight: float = 0.3
    surprise: Surprise | None = None

    @property
    def batched(self) -> bool:
        """Where it predicts by itself; a fitted model reads one record at a time."""
        return self.surprise is None

    def gates(self, record: Record, state: Any) -> Array:
        """Return each speaker's trust after the rounds so far, the same for all listeners."""
        if self.surprise is not None:
            cost = np.nan_to_num(self.surprise(record)) - self.tolerance
            return self._wide(np.exp(-self.rate * np.maximum(cost, 0.0).sum(axis=0)), record)
        trust = np.ones(record.stated.shape[1:-1])
        for number in range(1, record.round + 1):
            mixture = self._mixture(record, number - 1, self._wide(trust, record))
            expected = predicted_statement(
                record, number, mixture, self.stubbornness, self.self_weight
            )
            cost = distance(heard_beliefs(record, number), expected) - self.tolerance
            trust = trust * np.exp(-self.rate * np.maximum(cost, 0.0))
        return self._wide(trust, record)

    def _mixture(self, record: Record, number: int, gates: Array) -> Array:
        said = np.nan_to_num(heard_beliefs(record, number))
        first = np.nan_to_num(record.accepted[0])
        return gated_mixture(record.influence, gates, said, first, said, self.residual)

    def _wide(self, trust: Array, record: Record) -> Array:
        return self_trusting(np.repeat(trust[..., None, :], record.influence.shape[-1], axis=-2))
