"""Which benign decisions flip, and what it takes that none does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.dynamics.attacked.adversaries import absorbed, trust_adversaries
from fjsim.dynamics.attacked.closed_forms import flip_threshold
from fjsim.dynamics.attacked.group_sizes import GroupSizes
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.dynamics.law.rollout import Residual
from fjsim.readonly import ReadOnlyArrays

MOST_TRUST = 1e9
"""Relative trust up to which the critical trust is searched."""


@dataclass(frozen=True, slots=True, eq=False)
class Flips(ReadOnlyArrays):
    """Decisions that flip, and what is needed that nobody flips.

    Parameters
    ----------
    flips : int
        How many benign agents end up favouring the target.
    flipped : ndarray of shape (n_agents,)
        1 where the agent flips, 0 where not, NaN at the seats.
    margin : float
        The innate margin this holds for.
    critical_agents : int or None
        Fewest benign agents with which nobody flips, of the sizes in `searched_agents` that the
        topology can have; None where none of them helps, or none was tried. More agents are not
        always safer: on some topologies a larger group flips again.
    critical_resistance : float
        Smallest common resistance with which nobody flips; the agents' own, before any trust
        below 1 adds to it.
    critical_trust : float or None
        Largest relative trust in the adversaries (rows re-normalised) with which nobody flips;
        None where trust does not decide: a listener hears nobody else, or nobody flips anyhow.
    critical_gate : float
        Largest gate on the adversaries with which nobody flips when the lost weight goes to the
        innate belief; 1 where full trust is safe.
    searched_agents : tuple of int or None
        Fewest and most benign agents that were looked at; None where the graph has a fixed size
        or the agents differ.
    """

    flips: int
    flipped: Array
    margin: float
    critical_agents: int | None
    critical_resistance: float
    critical_trust: float | None
    critical_gate: float
    searched_agents: tuple[int, int] | None


def find_flips(
    equilibrium: Array,
    attacked: FJParameters,
    seats: tuple[int, ...],
    margin: float,
    sizes: GroupSizes | None,
    trust: float = 1.0,
    residual: Residual = "renormalise",
) -> Flips:
    r"""Count flipped decisions and search the critical numbers.

    Parameters
    ----------
    equilibrium : ndarray of shape (n_agents,)
        Takeover, NaN at the seats.
    attacked : FJParameters
        Adversaries seated, full trust.
    seats : tuple of int
    margin : float
        Innate P(correct) - P(target) of every benign agent, in (0, 1].
    sizes : GroupSizes or None
        The same kind of group with another number of benign agents; None where that makes no
        sense.
    trust, residual
        In force when agents and resistance are searched.

    Returns
    -------
    Flips

    Notes
    -----
    With alike innate beliefs and a one-hot adversary a decision flips iff
    :math:`A_i > \delta/(1+\delta)`. Takeover falls with resistance and rises with trust, so both
    critical values are roots of a monotone function; bounds F11 bracket the first:
    :math:`\kappa \le \max_i w_i/\delta`, with :math:`w_i` the seats' share of what agent i hears
    from others.
    """
    threshold = flip_threshold(margin)

    def worst(parameters: FJParameters, at: tuple[int, ...]) -> float:
        trusted = trust_adversaries(parameters, at, trust, residual)
        return float(np.nanmax(absorbed(trusted, at, None)))

    safe_up_to = threshold * (1 + 1e-12)
    flipped = np.where(np.isnan(equilibrium), np.nan, equilibrium > safe_up_to)
    return Flips(
        flips=int(np.nansum(flipped)),
        flipped=flipped,
        margin=margin,
        critical_agents=None if sizes is None else sizes.fewest_safe(worst, safe_up_to),
        critical_resistance=_least_resistance(attacked, seats, worst, threshold, margin),
        critical_trust=_most_trust(attacked, seats, threshold),
        critical_gate=_widest_gate(attacked, seats, threshold),
        searched_agents=None if sizes is None else sizes.searched,
    )


def _least_resistance(
    attacked: FJParameters,
    seats: tuple[int, ...],
    worst: Callable[[FJParameters, tuple[int, ...]], float],
    threshold: float,
    margin: float,
) -> float:
    """Find the common resistance at which the worst takeover meets the threshold."""
    heard_from_others = 1 - attacked.own_share

    def excess(resistance: float) -> float:
        yielded = resistance * heard_from_others
        held = yielded / (1 + yielded)
        held[list(seats)] = attacked.stubbornness[list(seats)]
        return worst(FJParameters(held, influence=attacked.influence), seats) - threshold

    from scipy.optimize import brentq

    # w <= 1, so 1/margin brackets from above; a tiny resistance stands for none at all.
    low, high = 1e-9, 1.0 / margin
    if excess(low) <= 0:
        return 0.0
    if excess(high) >= 0:
        return high
    return float(brentq(excess, low, high, xtol=1e-14, rtol=1e-13))


def _most_trust(attacked: FJParameters, seats: tuple[int, ...], threshold: float) -> float | None:
    """Find the relative trust at which the worst takeover meets the threshold."""

    def excess(log_trust: float) -> float:
        trusted = trust_adversaries(attacked, seats, float(np.exp(log_trust)), "renormalise")
        return float(np.nanmax(absorbed(trusted, seats, None))) - threshold

    from scipy.optimize import brentq

    end = float(np.log(MOST_TRUST))
    if excess(-end) > 0 or excess(end) <= 0:
        return None
    return float(np.exp(brentq(excess, -end, end, xtol=1e-13, rtol=1e-13)))


def _widest_gate(attacked: FJParameters, seats: tuple[int, ...], threshold: float) -> float:
    """Find the gate at which the worst takeover meets the threshold."""

    def excess(gate: float) -> float:
        trusted = trust_adversaries(attacked, seats, gate, "innate")
        return float(np.nanmax(absorbed(trusted, seats, None))) - threshold

    from scipy.optimize import brentq

    if excess(1.0) <= 0:
        return 1.0
    return float(brentq(excess, 0.0, 1.0, xtol=1e-14, rtol=1e-13))
