"""Votes of round 0 as a gate: the gate is an option's lead over the listener's own.

The functions are pure and take leading batch axes; `Ballot` is the stateless defense.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Guarantee, Record, Scope
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.ballot_bound import ballot_guarantee
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import (
    UNCLEAR,
    Flags,
    Options,
    first_votes,
    in_sight,
    own_options,
    positions,
)

NO_LEAD = 1e-9
"""A lead this small is a rounding error and opens nothing: the gate must reach an exact 0."""


def vote_weights(certainty: Array, median: Array) -> Array:
    """Return ``min(1, certainty / median)``; 0 where there is no vote.

    Parameters
    ----------
    certainty : ndarray of shape (..., n_agents)
        Top probability of each round-0 belief; NaN where there is none.
    median : ndarray of shape (..., 1)
        The team's median. Confidence above it gives no more weight: raw confidence would let
        two over-confident colluders outvote the team.
    """
    return np.nan_to_num(np.minimum(1.0, certainty / median))


def cast_ballots(
    votes: Options, own: Options, weights: Array, own_weights: Array, n_options: int
) -> Array:
    """Return who gives how much support to which option, in each listener's eyes.

    Parameters
    ----------
    votes : ndarray of int, shape (..., n_agents)
        Public round-0 votes; -1 for none.
    own : ndarray of int, shape (..., n_agents)
        What each listener itself favoured, which it need not take from the record.
    weights : ndarray of shape (..., listener, voter)
        Weight of each vote in each listener's eyes, >= 0; the diagonal is not used.
    own_weights : ndarray of shape (..., n_agents)
        Weight of each listener's own vote.
    n_options : int

    Returns
    -------
    ndarray of shape (..., listener, voter, option)
    """
    options, n_agents = np.arange(n_options), votes.shape[-1]
    self_ = np.eye(n_agents, dtype=np.bool_)[..., None]
    public = (votes[..., None] == options)[..., None, :, :] * weights[..., None]
    private = ((own[..., None] == options) * own_weights[..., None])[..., :, None, :]
    return np.asarray(np.where(self_, private, public))


def support_without(ballots: Array) -> Array:
    """Return each option's support without the speaker's own vote.

    Parameters
    ----------
    ballots : ndarray of shape (..., listener, voter, option)

    Returns
    -------
    ndarray of shape (..., listener, speaker, option)
    """
    return np.asarray(ballots.sum(axis=-2, keepdims=True) - ballots)


def ballot_gates(
    support: Array, own: Options, said: Options, width: float, margin: float | Array = 0.0
) -> Array:
    """Return how far each listener may listen to each speaker, given what that one says now.

    Parameters
    ----------
    support : ndarray of shape (..., listener, speaker, option)
        Support of every option, the speaker's own vote left out.
    own : ndarray of int, shape (..., n_agents)
        What each listener favoured in round 0; -1 for none, which takes the best supported.
    said : ndarray of int, shape (..., n_agents)
        What each speaker favours now; -1 is not listened to.
    width : float
        How much more than ``margin`` a lead over one's own option has to be for a speaker to be
        heard in full.
    margin : float or ndarray of shape (..., 1, 1), default 0
        The lead up to which a speaker is not heard at all, in votes; it may differ by question.

    Returns
    -------
    ndarray of shape (..., listener, speaker)
        1 for a speaker of one's own option, else ``clip((lead - margin) / width, 0, 1)``, an
        exact 0 without such a lead.
    """
    held = _support_of(support, own[..., :, None])
    undecided = support.max(axis=-1) - width - margin
    held = np.where(own[..., :, None] == UNCLEAR, undecided, held)
    ahead = _support_of(support, np.broadcast_to(said[..., None, :], held.shape)) - held
    lead = ahead - margin
    opened = np.where(lead > NO_LEAD, np.clip(lead / width, 0.0, 1.0), 0.0)
    agree = own[..., :, None] == said[..., None, :]
    gates = np.where(agree, 1.0, opened)
    return np.where((said == UNCLEAR)[..., None, :], 0.0, gates)


def _support_of(support: Array, option: Options) -> Array:
    chosen = np.maximum(option, 0)[..., None]
    shape = (*support.shape[:-1], 1)
    return np.take_along_axis(support, np.broadcast_to(chosen, shape), axis=-1)[..., 0]


def best_supported(support: Array, option: Options) -> Flags:
    """Say whether no option has more support than a speaker's, shape (..., listener, speaker).

    Parameters
    ----------
    support : ndarray of shape (..., listener, speaker, option)
    option : ndarray of int, shape (..., n_agents)
        One option per speaker; -1 is never supported.
    """
    wide = np.broadcast_to(option[..., None, :], support.shape[:-1])
    best = _support_of(support, wide) >= support.max(axis=-1) - NO_LEAD
    return np.asarray(best & (wide != UNCLEAR))


def strictest(gates: list[Array]) -> Array:
    """Return the smallest of several gates, entry by entry."""
    return np.asarray(np.minimum.reduce(gates))


@register("defense", "ballot")
@dataclass(frozen=True, kw_only=True)
class Ballot(TrustPolicy):
    """Listen to another option only as far as round-0 votes put it ahead of one's own.

    Parameters
    ----------
    width : float, default 1
        The lead beyond ``margin``, in votes, from which a speaker is heard in full, > 0.
    margin : float, default 0
        The lead, in votes, up to which a speaker of another option is not heard at all, >= 0.
    scope : {'public', 'local'}, default 'public'
        Whether all round-0 votes count, or only those of own speakers and one's own.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``. The guarantee below needs the innate residual.

    Notes
    -----
    With ``n_i(k|-j)`` the round-0 votes for option k as i counts them, without j's:
    ``phi_ij = 1`` if j says i's own option, else ``clip((lead - margin) / width, 0, 1)`` with
    ``lead = n_i(k_j|-j) - n_i(own_i|-j)``. Sees votes and what is said now; no labels, no memory.
    If the benign round-0 votes for the right option, plus the margin, are ahead of those for every
    wrong one by at least the number of statements that the adversary controls, no agent that was
    right at round 0 is ever wrong in the law with stubbornness > 0, on any graph and whatever the
    adversary says
    (``fjsim_defenses.shared.ballot_bound``).

    Sees
    ----
    Votes of round 0, and what is said now.

    Assumes
    -------
    The right option leads the honest first votes by as many as the adversary controls.

    Broken by
    ---------
    Colluders that strike only where the votes nearly balance (``docs/defenses.md``).

    Theorem
    -------
    No agent that is right at round 0 is wrong in any round where the assumption holds, on every
    graph, whatever the adversary says (``shared/ballot_bound.py``).

    Price
    -----
    Right minorities are not heard; where nobody attacks it gains on stars and loses up to .006
    elsewhere. No calls, no keys.

    References
    ----------
    .. [1] D. Dolev, N. A. Lynch, S. S. Pinter, E. W. Stark and W. E. Weihl, "Reaching
       approximate agreement in the presence of faults", Journal of the ACM 33 (1986) 499-516,
       doi:10.1145/5925.5931. Counting votes against a bounded number of liars; the gate is ours.
    """

    ranges: ClassVar[Ranges] = {"width": ">= 1e-06", "margin": ">= 0"}

    width: float = 1.0
    margin: float = 0.0
    scope: Scope = "public"

    def guarantee(self, n_agents: int, accuracy: float | None = None) -> Guarantee | None:
        """Return the ballot theorem; it needs the innate residual and everybody's votes."""
        if self.residual != "innate" or self.scope != "public":
            return None
        return ballot_guarantee(n_agents, accuracy, self.margin)

    def gates(self, record: Record, state: Any) -> Array:
        """Return 1 for one's own option, else the lead of the speaker's."""
        votes, own = first_votes(record), own_options(record)
        sight = in_sight(record.influence, self.scope).astype(float)
        ones = np.ones(votes.shape)
        support = support_without(cast_ballots(votes, own, sight, ones, record.stated.shape[-1]))
        return strictest(
            [
                ballot_gates(support, own, said, self.width, self.margin)
                for said in positions(record)
            ]
        )
