"""How far adversaries in given seats move a group: the takeover theory on any graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array
from fjsim.dynamics.attacked.adversaries import (
    absorbed,
    attacked_parameters,
    influence_of,
    persuasive_adversaries,
    resolve_seats,
    trust_adversaries,
)
from fjsim.dynamics.attacked.closed_forms import takeover_bounds
from fjsim.dynamics.attacked.flips import Flips, find_flips
from fjsim.dynamics.attacked.group_sizes import GroupSizes
from fjsim.dynamics.attacked.named_graphs import ClosedForm, closed_form_of
from fjsim.dynamics.law.influence import total_influence
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.dynamics.law.rollout import Residual
from fjsim.errors import NotConvergentError, ParameterError
from fjsim.html_table import html_table
from fjsim.readonly import ReadOnlyArrays

if TYPE_CHECKING:
    from fjsim.dynamics.attacked.adversaries import Topology


LARGEST_PRICE = 2000
"""Agents up to which the price is worked out; it needs the whole influence matrix."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Takeover(ReadOnlyArrays):
    """What adversaries in given seats do to the others.

    Parameters
    ----------
    seats : tuple of int
        Where the adversaries sit.
    equilibrium : ndarray of shape (n_agents,) or None
        Weight of the adversaries' belief in each benign agent's final belief, NaN at the seats;
        None where the equilibrium is not unique.
    mean : float or None
        Mean of `equilibrium` over the benign agents.
    after_rounds : ndarray of shape (n_agents,) or None
        The same after `n_rounds` rounds; None unless these were asked for.
    mean_after_rounds : float or None
    n_rounds : int or None
    resistance : ndarray of shape (n_agents,)
        Odds of the innate belief against the peers, NaN at the seats.
    bounds : tuple of float or None
        What every entry of `equilibrium` must lie between.
    price : float or None
        Share of the differences between agents that survives without an adversary: 0 consensus.
    closed_form : ClosedForm or None
        The formula that gives `mean`, where the graph has one.
    flips : Flips or None
        Decisions that flip and the critical numbers; None without a margin.
    reason : str or None
        Why there is no equilibrium.
    """

    seats: tuple[int, ...]
    equilibrium: Array | None
    mean: float | None
    after_rounds: Array | None
    mean_after_rounds: float | None
    n_rounds: int | None
    resistance: Array
    bounds: tuple[float, float] | None
    price: float | None
    closed_form: ClosedForm | None
    flips: Flips | None
    reason: str | None

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name}={value}" for name, value in self._numbers())
        return f"Takeover(seats={self.seats}, {numbers})"

    def _numbers(self) -> list[tuple[str, str]]:
        """Return the numbers that say it all, as text."""
        shown = [("mean", "none" if self.mean is None else f"{self.mean:.4g}")]
        if self.mean_after_rounds is not None:
            shown.append((f"after {self.n_rounds} rounds", f"{self.mean_after_rounds:.4g}"))
        if self.flips is not None:
            shown.append(("flips", str(self.flips.flips)))
        return shown

    def _repr_html_(self) -> str:
        reached = (None,) * len(self.resistance) if self.equilibrium is None else self.equilibrium
        rows = [
            (seat, "adversary" if seat in self.seats else "", share, held)
            for seat, (share, held) in enumerate(zip(reached, self.resistance, strict=True))
        ]
        title = "takeover: " + ", ".join(f"{name} {value}" for name, value in self._numbers())
        notes = [self.reason] if self.reason else []
        return html_table(("seat", "", "takeover", "resistance"), rows, title, notes)


def takeover(
    topology: Topology,
    n_agents: int | None = None,
    seats: Sequence[int | str] = ("hub",),
    *,
    stubbornness: ArrayLike,
    self_weight: ArrayLike = 0.0,
    n_rounds: int | None = None,
    margin: float | None = None,
    trust: float = 1.0,
    residual: Residual = "renormalise",
    adversary_stubbornness: float = 1.0,
    seed: int = 0,
    persuasiveness: float = 1.0,
) -> Takeover:
    r"""Predict the takeover by adversaries in given seats.

    Parameters
    ----------
    topology : str, networkx graph, array-like or scipy.sparse of shape (n_agents, n_agents)
        A registered name, a graph (edge ``j -> i``: i hears j), or an influence matrix
        ``[listener, speaker]``.
    n_agents : int, optional
        How many agents; needed with a name only. A scenario says ``agents`` and ``rounds``, where a
        list of seats may stand in place of the number; functions that take a number alone say
        ``n_agents`` and ``n_rounds``.
    seats : sequence of int or {"hub", "leaf"}, default ("hub",)
        Where the adversaries sit; several collude on one target.
    stubbornness, self_weight : float or array-like of shape (n_agents,)
        Parameters of the benign agents, in [0, 1]; entries at the seats do not matter.
    n_rounds : int, optional
        Also predict the takeover after so many rounds.
    margin : float, optional
        The benign agents' innate P(correct) - P(target), in (0, 1]: count flipped decisions.
    trust : float, default 1.0
        Trust in the adversaries relative to a benign peer, >= 0; at most 1 unless
        ``residual="renormalise"``.
    residual : {"renormalise", "innate", "self"}, default "renormalise"
        Where the weight goes that trust takes away, see `rollout`. The default differs from that of
        `rollout` because `trust` is a weight beside the peers' and may exceed 1, while a gate is
        the share of a message that is believed.
    adversary_stubbornness : float, default 1.0
        Below 1 the adversaries yield a little; their self-weight is 0.
    seed : int, default 0
        For random topologies.
    persuasiveness : float, default 1.0
        What multiplies the adversaries' weight with every benign listener, > 0, its row being
        renormalised. Any trust, and its residual, acts on what that gives.

    Returns
    -------
    Takeover

    Raises
    ------
    UnknownNameError
        If no topology has that name.
    ParameterError
        If numbers lie outside their range, a seat does not exist, or nobody is benign.

    Notes
    -----
    :math:`A = (I-(I-E_B)W_{BB})^{-1}(I-E_B)w_{Ba}`: the probability that a walk that dies at
    agent i with probability :math:`e_i` is absorbed at an adversary [1]_. With persuasiveness
    :math:`p` the weights are :math:`p\,w_{ia} / (p \sum_a w_{ia} + \sum_b w_{ib})` and
    :math:`w_{ib} / (p \sum_a w_{ia} + \sum_b w_{ib})`.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", arXiv:2603.15809.

    Examples
    --------
    >>> import networkx as nx
    >>> star = takeover(nx.star_graph(5), seats=[0], stubbornness=0.1, self_weight=0.3)
    >>> round(star.mean, 3)
    0.863
    """
    influence = influence_of(topology, n_agents, seed)
    chosen = resolve_seats(influence, seats)
    clean = FJParameters(stubbornness, self_weight, influence=influence)
    attacked = attacked_parameters(
        influence, chosen, stubbornness, self_weight, adversary_stubbornness
    )
    if not 0 < persuasiveness < np.inf:
        raise ParameterError(f"persuasiveness must be a number > 0; got {persuasiveness}")
    _require_trust(trust, residual)
    attacked = persuasive_adversaries(attacked, chosen, persuasiveness)
    trusted = trust_adversaries(attacked, chosen, trust, residual)
    equilibrium, reason = _at_equilibrium(trusted, chosen)
    later = None if n_rounds is None else absorbed(trusted, chosen, n_rounds)
    resistance = np.array(trusted.resistance)
    resistance[list(chosen)] = np.nan
    flips = None
    if margin is not None and equilibrium is not None:
        sizes = None
        if isinstance(topology, str):
            sizes = _sizes(topology, tuple(seats), attacked, chosen, seed, persuasiveness)
        flips = find_flips(equilibrium, attacked, chosen, margin, sizes, trust, residual)
    return Takeover(
        seats=chosen,
        equilibrium=equilibrium,
        mean=_mean(equilibrium),
        after_rounds=later,
        mean_after_rounds=_mean(later),
        n_rounds=n_rounds,
        resistance=resistance,
        bounds=None if equilibrium is None else _bounds(trusted, chosen),
        price=_price(clean),
        closed_form=None if equilibrium is None else closed_form_of(trusted, chosen),
        flips=flips,
        reason=reason,
    )


def _mean(values: Array | None) -> float | None:
    return None if values is None else float(np.nanmean(values))


def _require_trust(trust: float, residual: Residual) -> None:
    highest = np.inf if residual == "renormalise" else 1.0
    if not 0 <= trust <= highest or np.isinf(trust):
        raise ParameterError(f"trust must lie in [0, {highest:g}] with {residual}; got {trust}")


def _at_equilibrium(
    parameters: FJParameters, seats: tuple[int, ...]
) -> tuple[Array | None, str | None]:
    """Return the takeover at equilibrium, or why there is none."""
    try:
        return absorbed(parameters, seats, None), None
    except NotConvergentError as error:
        return None, str(error)


def _bounds(parameters: FJParameters, seats: tuple[int, ...]) -> tuple[float, float]:
    """Return F11; an adversary that yields has no lower bound."""
    benign = np.ones(parameters.n_agents, dtype=bool)
    benign[list(seats)] = False
    heard = np.asarray(parameters.influence[:, list(seats)].sum(axis=1), dtype=float).ravel()
    direct = heard / np.where(parameters.own_share < 1, 1 - parameters.own_share, 1.0)
    low, high = takeover_bounds(direct[benign], parameters.resistance[benign])
    yields = bool((parameters.stubbornness[list(seats)] < 1).any())
    return (0.0 if yields else low), high


def _price(clean: FJParameters) -> float | None:
    r"""Return the share of differences left without an adversary, F12 on a complete graph.

    For innate beliefs drawn independently it is the ratio of final to initial standard deviation.
    """
    n = clean.n_agents
    if not 1 < n <= LARGEST_PRICE:
        return None
    try:
        reached = total_influence(clean)
    except NotConvergentError:
        return None
    spread = reached - reached.mean(axis=0)
    return float(np.linalg.norm(spread) / np.sqrt(n - 1))


def _sizes(
    topology: str,
    seats: tuple[int | str, ...],
    attacked: FJParameters,
    chosen: tuple[int, ...],
    seed: int,
    persuasiveness: float,
) -> GroupSizes | None:
    """Return the same kind of group in other sizes; None if the benign agents differ."""
    benign = np.ones(attacked.n_agents, dtype=bool)
    benign[list(chosen)] = False
    held, own = attacked.stubbornness[benign], attacked.self_weight[benign]
    if np.ptp(held) > 0 or np.ptp(own) > 0:
        return None
    yielding = float(attacked.stubbornness[chosen[0]])
    alike = float(held[0]), float(own[0])
    return GroupSizes(topology, seats, *alike, yielding, seed, persuasiveness)
