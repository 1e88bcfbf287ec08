r"""Takeover in closed form: what one adversary does to a graph with a name.

One or more adversaries always state their target; the benign agents share one stubbornness and
one self-weight, hence one resistance :math:`\kappa`. Takeover :math:`A` is the weight of the
adversary's belief in a benign agent's belief. The numbers F1 to F15 are those of
``docs/theory.md``; `fjsim.takeover` solves any graph and any mix of agents.

References
----------
The mechanisms are those of "Don't Trust Stubborn Neighbors", arXiv:2603.15809; the forms were
derived for this project and are tested against the general solve.
"""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array
from fjsim.errors import ParameterError


def resistance_of(stubbornness: float, self_weight: float = 0.0) -> float:
    r"""Return the odds of an agent's innate belief against its peers at equilibrium.

    Parameters
    ----------
    stubbornness, self_weight : float
        In [0, 1].

    Returns
    -------
    float
        :math:`\kappa = \gamma / ((1-\gamma)(1-\alpha))`, infinite for who yields to nobody.

    Raises
    ------
    ParameterError
        If a number lies outside [0, 1] or both say nothing (stubbornness 0, self-weight 1).

    Examples
    --------
    >>> round(resistance_of(0.1, 0.3), 3)
    0.159
    """
    for name, value in (("stubbornness", stubbornness), ("self_weight", self_weight)):
        if not 0 <= value <= 1:
            raise ParameterError(f"{name} must lie in [0, 1]; got {value}")
    yielded = (1 - stubbornness) * (1 - self_weight)
    if stubbornness == 0 and yielded == 0:
        raise ParameterError("stubbornness 0 with self_weight 1 leaves the belief undecided")
    return stubbornness / yielded if yielded else float("inf")


def direct_weight(n_benign: int, n_seats: int = 1, trust: float = 1.0) -> float:
    r"""Return a benign agent's weight on the adversaries in a complete graph.

    Parameters
    ----------
    n_benign : int
        How many benign agents, >= 1.
    n_seats : int, default 1
        How many adversaries, >= 1.
    trust : float, default 1.0
        Trust in an adversary relative to a benign peer, >= 0.

    Returns
    -------
    float
        :math:`w = k\tau / (k\tau + m - 1)`.
    """
    trusted_seats = n_seats * trust
    return trusted_seats / (trusted_seats + n_benign - 1) if trusted_seats > 0 else 0.0


def complete_takeover(
    n_benign: int, resistance: float, n_seats: int = 1, trust: float = 1.0
) -> float:
    r"""Return the takeover of a complete graph (F1, F2, F3).

    Parameters
    ----------
    n_benign : int
        How many benign agents :math:`m`, >= 1.
    resistance : float
        :math:`\kappa` of a benign agent, >= 0.
    n_seats : int, default 1
        How many adversaries :math:`k` collude.
    trust : float, default 1.0
        Trust :math:`\tau` in an adversary relative to a benign peer.

    Returns
    -------
    float
        :math:`w / (w + \kappa)` with `direct_weight`; :math:`1/(1+m\kappa)` for one adversary.

    Examples
    --------
    >>> round(complete_takeover(5, resistance_of(0.1, 0.3)), 3)
    0.558
    """
    weight = direct_weight(n_benign, n_seats, trust)
    return _odds(weight, resistance)


def complete_takeover_after(
    n_rounds: int,
    n_benign: int,
    stubbornness: float,
    self_weight: float = 0.0,
    n_seats: int = 1,
    trust: float = 1.0,
) -> float:
    r"""Return the takeover of a complete graph after some rounds (F4).

    Parameters
    ----------
    n_rounds : int
        >= 0.
    n_benign : int
        How many benign agents.
    stubbornness, self_weight : float
        Parameters of a benign agent.
    n_seats, trust
        As for `complete_takeover`.

    Returns
    -------
    float
        :math:`A(1-\rho^T)` with :math:`\rho = (1-\gamma)(1-(1-\alpha)w)`.
    """
    weight = direct_weight(n_benign, n_seats, trust)
    rate = (1 - stubbornness) * (1 - (1 - self_weight) * weight)
    limit = _odds(weight, resistance_of(stubbornness, self_weight))
    return float(limit * (1 - rate**n_rounds))


def partial_takeover(n_benign: int, resistance: float, adversary_stubbornness: float) -> float:
    r"""Return the takeover of a complete graph by an adversary that yields a little (F10).

    Parameters
    ----------
    n_benign : int
        How many benign agents.
    resistance : float
        Resistance of a benign agent.
    adversary_stubbornness : float
        In [0, 1]; its self-weight is 0.

    Returns
    -------
    float
        :math:`A_0\gamma_a / (1-(1-\gamma_a)A_0)`.
    """
    full = complete_takeover(n_benign, resistance)
    return full * adversary_stubbornness / (1 - (1 - adversary_stubbornness) * full)


def hub_takeover(resistance: float) -> float:
    r"""Return the takeover of a star by its hub, whatever its size (F5): :math:`1/(1+\kappa)`.

    Parameters
    ----------
    resistance : float
        Resistance of a leaf, >= 0.

    Returns
    -------
    float
    """
    return 1 / (1 + resistance)


def hub_takeover_after(n_rounds: int, stubbornness: float, self_weight: float = 0.0) -> float:
    r"""Return the takeover of a star by its hub after some rounds (F5).

    Parameters
    ----------
    n_rounds : int
        >= 0.
    stubbornness, self_weight : float
        Parameters of a leaf.

    Returns
    -------
    float
        :math:`(1-((1-\gamma)\alpha)^T) / (1+\kappa)`.
    """
    limit = hub_takeover(resistance_of(stubbornness, self_weight))
    return float(limit * (1 - ((1 - stubbornness) * self_weight) ** n_rounds))


def leaf_takeover(n_benign: int, resistance: float, trust: float = 1.0) -> Array:
    r"""Return the takeover of a star by one of its leaves (F6).

    Parameters
    ----------
    n_benign : int
        How many benign agents, the hub among them, >= 1.
    resistance : float
        Resistance of a benign agent.
    trust : float, default 1.0
        The hub's trust in the adversary relative to another leaf.

    Returns
    -------
    ndarray of shape (2,)
        The hub's takeover, and that of every other leaf.

    Notes
    -----
    :math:`(1-e)w / (1-(1-e)^2(1-w))` with :math:`w = \tau/(\tau+m-1)`, and :math:`1-e` times that.
    """
    yielded = 1 / (1 + resistance)
    weight = direct_weight(n_benign, 1, trust)
    hub = yielded * weight / (1 - yielded**2 * (1 - weight)) if weight else 0.0
    return np.array([hub, yielded * hub])


def ring_takeover(n_agents: int, resistance: float) -> Array:
    r"""Return the takeover of a ring, by position seen from the adversary (F7).

    Parameters
    ----------
    n_agents : int
        How many agents, the adversary at position 0 among them, >= 3.
    resistance : float
        Resistance of a benign agent.

    Returns
    -------
    ndarray of shape (n_agents - 1,)
        For positions 1 .. n_agents - 1.

    Notes
    -----
    :math:`\cosh((N/2-k)\theta)/\cosh(N\theta/2)` with :math:`\cosh\theta = 1+\kappa`.
    """
    half = n_agents / 2
    return _cosh_ratio(np.abs(half - np.arange(1, n_agents)), half, resistance)


def chain_takeover(n_agents: int, resistance: float) -> Array:
    r"""Return the takeover of a chain by its first agent, by position (F8).

    Parameters
    ----------
    n_agents : int
        How many agents, the adversary at the end among them, >= 2.
    resistance : float
        Resistance of a benign agent.

    Returns
    -------
    ndarray of shape (n_agents - 1,)
        :math:`\cosh((N-1-k)\theta)/\cosh((N-1)\theta)` for positions 1 .. n_agents - 1.
    """
    last = n_agents - 1
    return _cosh_ratio(last - np.arange(1.0, n_agents), float(last), resistance)


def wheel_takeover(resistance: float) -> float:
    r"""Return the takeover of a wheel by its hub (F9): :math:`1/(1+3\kappa)`, 4 agents or more.

    Parameters
    ----------
    resistance : float
        Resistance of an agent on the rim.

    Returns
    -------
    float
    """
    return 1 / (1 + 3 * resistance)


def gated_hub_takeover(resistance: float, gate: float, residual: str = "innate") -> float:
    r"""Return the takeover of a star whose hub is trusted only in part (F14).

    Parameters
    ----------
    resistance : float
        Resistance of a leaf.
    gate : float
        Trust :math:`\tau` in [0, 1] that multiplies the hub's influence.
    residual : {"innate", "self", "renormalise"}, default "innate"
        Where the lost weight goes.

    Returns
    -------
    float
        :math:`\tau/(1+\kappa)` (innate), :math:`\tau/(\tau+\kappa)` (self), or no effect
        (renormalise, for a gate > 0).
    """
    if residual == "innate":
        return gate / (1 + resistance)
    if residual == "self":
        return _odds(gate, resistance)
    return hub_takeover(resistance) if gate > 0 else 0.0


def price_of_stubbornness(n_agents: int, resistance: float) -> float:
    r"""Return what is left of the differences between benign agents in a complete graph (F12).

    Parameters
    ----------
    n_agents : int
        How many agents, >= 2, no adversary.
    resistance : float
        Resistance of each agent.

    Returns
    -------
    float
        The factor on every deviation from the mean at equilibrium:
        :math:`e / (1 + (1-e)/(N-1))`. 0 is consensus, 1 is no exchange at all.
    """
    effective = resistance / (1 + resistance)
    return effective / (1 + (1 - effective) / (n_agents - 1))


def flip_threshold(margin: float) -> float:
    r"""Return the takeover above which a benign decision flips (F13).

    Parameters
    ----------
    margin : float
        Innate P(correct) - P(target), in (0, 1].

    Returns
    -------
    float
        :math:`\delta/(1+\delta)`, for an adversary that puts everything on the target.

    Raises
    ------
    ParameterError
        If `margin` lies outside (0, 1].
    """
    if not 0 < margin <= 1:
        raise ParameterError(f"margin must lie in (0, 1], P(correct) - P(target); got {margin}")
    return margin / (1 + margin)


def takeover_bounds(weights: Array, resistance: Array) -> tuple[float, float]:
    r"""Return what every takeover in the graph lies between (F11).

    Parameters
    ----------
    weights : ndarray of shape (n_benign,)
        Each benign agent's direct weight on the adversaries.
    resistance : ndarray of shape (n_benign,)
        May be infinite.

    Returns
    -------
    tuple of float
        Smallest and largest :math:`w_i/(w_i+\kappa_i)`; rows with neither weight nor resistance
        only pass on what others hold and do not count.
    """
    counts = (weights > 0) | (resistance > 0)
    if not counts.any():
        return 0.0, 1.0
    w, kappa = weights[counts], resistance[counts]
    alone = np.where(np.isinf(kappa), 0.0, w / np.where(np.isinf(kappa), 1.0, w + kappa))
    return float(alone.min()), float(alone.max())


def _odds(weight: float, resistance: float) -> float:
    """Return w / (w + resistance), 0 for weight 0."""
    if weight == 0 or np.isinf(resistance):
        return 0.0
    return float(weight / (weight + resistance))


def _cosh_ratio(position: Array, length: float, resistance: float) -> Array:
    """Return cosh(position x) / cosh(length x) without overflow, cosh x = 1 + resistance."""
    if np.isinf(resistance):
        return np.zeros_like(position)
    # log1p form: arccosh(1 + resistance) loses half its digits near 0.
    angle = float(np.log1p(resistance + np.sqrt(resistance * (resistance + 2))))
    fade = np.exp((position - length) * angle)
    return np.asarray(
        fade * (1 + np.exp(-2 * position * angle)) / (1 + np.exp(-2 * length * angle))
    )
