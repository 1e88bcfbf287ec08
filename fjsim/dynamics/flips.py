"""Which benign decisions flip, and what it takes that none does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.dynamics.attacked import absorbed, trust_adversaries
from fjsim.dynamics.closed_forms import flip_threshold
from fjsim.dynamics.parameters import FJParameters
from fjsim.dynamics.rollout import Residual

Array = NDArray[np.float64]
Resized = Callable[[int], tuple[FJParameters, tuple[int, ...]] | None]

MOST_AGENTS = 512
"""Benign agents up to which the critical number is searched."""

MOST_TRUST = 1e9
"""Relative trust up to which the critical trust is searched."""


@dataclass(frozen=True, slots=True, eq=False)
class Flips:
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
        Fewest benign agents with which nobody flips; None where no number helps (up to 512), the
        graph has a fixed size, or the agents differ.
    critical_resistance : float
        Smallest common resistance with which nobody flips; the agents' own, before any trust
        below 1 adds to it.
    critical_trust : float or None
        Largest relative trust in the adversaries (rows re-normalised) with which nobody flips;
        None where trust does not decide: a listener hears nobody else, or nobody flips anyhow.
    critical_gate : float
        Largest gate on the adversaries with which nobody flips when the lost weight goes to the
        innate belief; 1 where full trust is safe.
    """

    flips: int
    flipped: Array
    margin: float
    critical_agents: int | None
    critical_resistance: float
    critical_trust: float | None
    critical_gate: float


def find_flips(
    equilibrium: Array,
    attacked: FJParameters,
    seats: tuple[int, ...],
    margin: float,
    resized: Resized | None,
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
    resized : callable or None
        Returns the same kind of group with another number of benign agents, and its seats; None
        where that makes no sense.
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

    flipped = np.where(np.isnan(equilibrium), np.nan, equilibrium > threshold * (1 + 1e-12))
    return Flips(
        flips=int(np.nansum(flipped)),
        flipped=flipped,
        margin=margin,
        critical_agents=None if resized is None else _fewest_agents(resized, worst, threshold),
        critical_resistance=_least_resistance(attacked, seats, worst, threshold, margin),
        critical_trust=_most_trust(attacked, seats, threshold),
        critical_gate=_widest_gate(attacked, seats, threshold),
    )


def _fewest_agents(
    resized: Resized, worst: Callable[[FJParameters, tuple[int, ...]], float], threshold: float
) -> int | None:
    """Double, then bisect: takeover does not rise with the number of benign agents."""

    def safe(n_benign: int) -> bool:
        group = resized(n_benign)
        # Too small for this topology: not an answer, so look further up.
        return group is not None and worst(*group) <= threshold * (1 + 1e-12)

    high = 1
    while not safe(high):
        high *= 2
        if high > MOST_AGENTS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if safe(middle) else (middle, high)
    return high


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
