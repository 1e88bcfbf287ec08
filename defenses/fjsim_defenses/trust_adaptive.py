"""The default defense: ballot times reputation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Guarantee, Labels, Memory, Record, Scope
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.ballot import (
    ballot_gates,
    best_supported,
    cast_ballots,
    strictest,
    support_without,
    vote_weights,
)
from fjsim_defenses.shared.ballot_bound import ballot_guarantee
from fjsim_defenses.shared.influence_budget import budget_scale, flip_weight, innate_margins
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import (
    UNCLEAR,
    certainties,
    first_votes,
    heard_beliefs,
    in_sight,
    median_certainty,
    own_options,
    positions,
    ramp,
    self_trusting,
)
from fjsim_defenses.stubbornness_detector import openness

WEIGHTED = (
    "A vote weighs by its clipped confidence and its reputation: count the lead in those weights. "
    "Colluders that are honest until votes nearly balance keep their weight."
)


@register("defense", "trust-adaptive")
@dataclass(frozen=True, kw_only=True)
class TrustAdaptive(TrustPolicy):
    """Ballot times reputation, lost weight to the innate belief: the default, without labels.

    Parameters
    ----------
    scope : {'public', 'local'}, default 'public'
        Whether all round-0 votes count, or only those of own speakers and one's own.
    width : float, default 0.3
        The lead beyond ``margin`` from which a speaker of another option is heard in full, > 0.
    margin : float, default 0
        The lead, in votes, up to which such a speaker is not heard at all, >= 0. Every vote of it
        protects against one hostile vote more, and costs accuracy where nobody attacks.
    votes : {'weighted', 'counted'}, default 'weighted'
        Whether a vote weighs by its clipped confidence, or each counts one.
    rise, fall : float, default 0.1
        How fast reputation moves up and down after a question, in [0, 1].
    start : float, default 0.7
        Reputation before the first question, in [0, 1].
    low, high : float, default 0.25 and 0.5
        Reputation up to which a speaker counts ``floor``, and from which it counts in full.
    floor : float, default 0.05
        Smallest weight that reputation leaves, in [0, 1], so that it can be earned back.
    believe_from, believe_fully : float or None, default None
        Reputation from which a speaker is believed without any lead, and from which fully. It
        breaks the guarantee; for ``scope='local'``, where a leaf never sees a lead.
    stubbornness_score : bool, default False
        Whether a speaker that does not respond to the others loses weight, too.
    cap : {'none', 'budget'}, default 'none'
        Whether each listener's row is scaled so that no single speaker can ever hold the weight
        that would flip it (``influence_budget``); costs nearly all that listening is good for.
    assumed_resistance : float, default 0.159
        The listeners' resistance that the cap reckons with, >= 0.
    labels : {'none', 'all'} or Audit, default 'none'
        Where a key is shown, reputation takes it instead of the others' votes.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    ``phi_ij = g_j o_ij``. The vote of l weighs ``v_l = g_l min(1, c_l / median c)`` with c the
    top probability of its round-0 belief, and the listener's own ``min(1, c_i / median c)``.
    ``lead = n_i(k_j|-j) - n_i(own_i|-j)`` for what j says now; ``o = 1`` for one's own option,
    else ``clip((lead - margin) / width, 0, 1)``, an exact 0 up to the margin. After a question
    ``rho += rise (e - rho)``, e = 1 if j's first and last option are among the others' best
    supported, and ``g = max(floor, clip((rho - low) / (high - low), 0, 1))``. The ballot theorem
    holds with the weighted votes (``fjsim_defenses.shared.ballot_bound``). Colluders that strike
    only where benign votes nearly balance keep their reputation and get through
    (``docs/defenses.md``).
    Measured on numeric agents, which carry no arguments: what a real team loses when a right
    minority cannot persuade is not in those numbers.

    Sees
    ----
    Votes of round 0, what is said now, and the past.

    Assumes
    -------
    As for the ballot, with weighted votes.

    Broken by
    ---------
    Colluders that strike only where the votes nearly balance, which keep their reputation.

    Theorem
    -------
    The ballot's, with the votes as weighted by confidence and reputation.

    Price
    -----
    Right minorities are not heard; where nobody attacks it gains on stars and loses up to .002
    elsewhere. No calls, no keys.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809 (adaptive trust); ballot,
       residual and the no-flip condition are fjsim's own, see ``docs/defenses.md``.
    """

    memory: ClassVar[Memory] = "history"
    ranges: ClassVar[Ranges] = {
        "width": ">= 1e-06",
        "margin": ">= 0",
        "assumed_resistance": ">= 0",
        "rise": "[0, 1]",
        "fall": "[0, 1]",
        "start": "[0, 1]",
        "low": "[0, 1]",
        "high": "[0, 1]",
        "floor": "[0, 1]",
    }

    scope: Scope = "public"
    width: float = 0.3
    margin: float = 0.0
    votes: Literal["weighted", "counted"] = "weighted"
    rise: float = 0.1
    fall: float = 0.1
    start: float = 0.7
    low: float = 0.25
    high: float = 0.5
    floor: float = 0.05
    believe_from: float | None = None
    believe_fully: float | None = None
    stubbornness_score: bool = False
    cap: Literal["none", "budget"] = "none"
    assumed_resistance: float = 0.159
    labels: Labels = "none"

    def initial_state(self, n_agents: int) -> Any:
        """Return everybody's reputation in everybody's eyes, ``[listener, speaker]``."""
        return np.full((n_agents, n_agents), self.start)

    def gates(self, record: Record, state: Any) -> Array:
        """Return ballot times reputation."""
        return self._gated(record, state, 1.0)

    def update(self, record: Record, state: Any, key: int | None) -> Any:
        """Return reputation after a question."""
        return self._moved(record, state, key, 1.0)

    def _gated(self, record: Record, state: Array, shares: Array | float) -> Array:
        """Return ballot times reputation, with a share of each speaker's vote that counts."""
        esteem = self._esteem(state)
        support, own = self._support(record, esteem * shares), own_options(record)
        said = positions(record)
        opened = strictest(
            [ballot_gates(support, own, option, self.width, self.margin) for option in said]
        )
        if self.believe_from is not None:
            opened = np.maximum(opened, ramp(state, self.believe_from, self._believe_fully))
        gates = opened * esteem
        if self.stubbornness_score:
            gates = gates * np.maximum(openness(record), self.floor)[..., None, :]
        return self._within_budget(record, self_trusting(gates))

    def _moved(self, record: Record, state: Array, key: int | None, shares: Array | float) -> Array:
        """Return reputation after a question, with a share of each speaker's vote that counts."""
        first, last = first_votes(record), top_option(heard_beliefs(record))
        if key is None:
            support = self._support(record, self._esteem(state) * shares)
            sound = best_supported(support, first) & best_supported(support, last)
        else:
            right = np.asarray(key)[..., None]
            sound = ((first == right) & (last == right))[..., None, :]
        spoke = ((first != UNCLEAR) & (last != UNCLEAR))[..., None, :]
        gap = np.where(spoke, sound, state) - state
        return np.asarray(state + np.where(gap > 0, self.rise, self.fall) * gap)

    def guarantee(self, n_agents: int, accuracy: float | None = None) -> Guarantee | None:
        """Return the ballot theorem where it holds as it stands: with counted votes.

        Votes that weigh by confidence and reputation hold it in weighted votes, of which no number
        of hostile members can be said beforehand.
        """
        counted = self.votes == "counted" and self.floor == 1.0
        if self.residual != "innate" or self.scope != "public" or self.believe_from is not None:
            return None
        found = ballot_guarantee(n_agents, accuracy, self.margin)
        if counted:
            return found
        return Guarantee(f"{found.sentence} {WEIGHTED}", self.margin, counted=False)

    @property
    def _believe_fully(self) -> float:
        return 1.0 if self.believe_fully is None else self.believe_fully

    def _esteem(self, reputation: Array) -> Array:
        return self_trusting(np.maximum(self.floor, ramp(reputation, self.low, self.high)))

    def _support(self, record: Record, esteem: Array) -> Array:
        """Count round 0 in each listener's eyes; nobody's own vote is marked down by esteem."""
        public, own = self._confidence(record.stated[0]), self._confidence(record.accepted[0])
        median = median_certainty(public)
        sight = in_sight(record.influence, self.scope)
        return support_without(
            cast_ballots(
                first_votes(record),
                own_options(record),
                sight * esteem * vote_weights(public, median)[..., None, :],
                vote_weights(own, median),
                record.stated.shape[-1],
            )
        )

    def _confidence(self, beliefs: Array) -> Array:
        top = certainties(beliefs)
        return top if self.votes == "weighted" else np.where(np.isnan(top), np.nan, 1.0)

    def _within_budget(self, record: Record, gates: Array) -> Array:
        if self.cap == "none":
            return gates
        flip_weights = flip_weight(innate_margins(record.accepted[0]))
        scale = budget_scale(record.influence * gates, flip_weights, self.assumed_resistance)
        return self_trusting(gates * scale[..., None])
