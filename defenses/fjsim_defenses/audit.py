"""A few checks, spent where a takeover is most to be feared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Labels, Memory, Record
from fjsim.contracts.ranges import Ranges
from fjsim.dynamics import FJParameters, gated
from fjsim.dynamics.attacked.seats import seat_danger
from fjsim.registry import register
from fjsim_defenses.accuracy_reputation import momentum_step
from fjsim_defenses.ballot import best_supported, cast_ballots, support_without
from fjsim_defenses.shared.evidence import correctness
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import UNCLEAR, first_votes


class Books(NamedTuple):
    """Trust and its smoothed error of every seat, and how many audits have been made."""

    trust: Array
    error: Array
    spent: int


@register("defense", "audit")
@dataclass(frozen=True, kw_only=True)
class AuditDefense(TrustPolicy):
    """Look up the right answer only where a dissenting speaker could take over, within a budget.

    Parameters
    ----------
    budget : int, default 20
        Keys that may be looked at over the whole run, >= 0.
    danger : float, default 0.3
        Predicted mean takeover from which a question is audited, in [0, 1].
    stubbornness, self_weight : float, default 0.1 and 0.3
        Parameters of an honest agent, declared or assumed, for the prediction.
    horizon : int, default 10
        Rounds that the prediction looks ahead, >= 1.
    labels : {'none', 'all'} or Audit, default 'all'
        Keys on offer; only ``budget`` of them are looked at.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    The danger of a speaker is the law's mean takeover by it as a fully stubborn agent after
    ``horizon`` rounds, under present trust, if its round-0 answer is not among the others' most
    frequent; else 0. A question is audited if its largest danger reaches ``danger``. An audited
    question moves everybody's trust as T-S does; ``phi_ij = T_j``.

    Sees
    ----
    Votes of round 0, and up to ``budget`` keys of finished questions.

    Assumes
    -------
    Whoever dissents and could take over is worth a look, and stays what it was.

    Broken by
    ---------
    Sleepers that wait until the budget is spent, and adversaries that never dissent alone.

    Price
    -----
    ``budget`` keys.

    References
    ----------
    .. [1] M. H. Manshaei, Q. Zhu, T. Alpcan, T. Başar and J.-P. Hubaux, "Game theory meets
       network security and privacy", ACM Computing Surveys 45 (2013) 25,
       doi:10.1145/2480741.2480742 (where to spend limited inspection). The criterion is ours.
    """

    memory: ClassVar[Memory] = "round0"
    ranges: ClassVar[Ranges] = {
        "budget": ">= 0",
        "horizon": ">= 1",
        "danger": "[0, 1]",
        "stubbornness": "[0, 1]",
        "self_weight": "[0, 1]",
    }

    budget: int = 20
    danger: float = 0.3
    stubbornness: float = 0.1
    self_weight: float = 0.3
    horizon: int = 10
    labels: Labels = "all"

    def initial_state(self, n_agents: int) -> Books:
        """Return full trust and an untouched budget."""
        return Books(np.ones(n_agents), np.zeros(n_agents), 0)

    def gates(self, record: Record, state: Books) -> Array:
        """Return each speaker's trust, the same for all listeners."""
        return np.repeat(state.trust[..., None, :], record.n_agents, axis=-2)

    def update(self, record: Record, state: Books, key: int | None) -> Books:
        """Return the books after a question, audited if it was dangerous."""
        if key is None or state.spent >= self.budget:
            return state
        if self.dangers(record, state.trust).max() < self.danger:
            return state
        step = momentum_step(state.trust, state.error, correctness(record, key))
        return Books(step.trust, step.error, state.spent + 1)

    def dangers(self, record: Record, trust: Array) -> Array:
        """Return the predicted mean takeover by each dissenting seat, shape (n_agents,).

        Parameters
        ----------
        record : Record
            One question, no batch.
        trust : ndarray of shape (n_agents,)
        """
        n_agents = record.n_agents
        law = FJParameters(self.stubbornness, self.self_weight, influence=record.influence)
        trusted = gated(law, np.repeat(trust[None, :], n_agents, axis=0), self.residual)
        takeover = seat_danger(trusted, self.horizon) / max(n_agents - 1, 1)
        return np.where(_dissents(record), takeover, 0.0)


def _dissents(record: Record) -> Array:
    votes, n_options = first_votes(record), record.stated.shape[-1]
    ones = np.ones((record.n_agents, record.n_agents))
    support = support_without(cast_ballots(votes, votes, ones, ones[0], n_options))
    return np.asarray(~best_supported(support, votes)[0] & (votes != UNCLEAR))
