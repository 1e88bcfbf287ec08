"""Where an adversary should sit, and what to protect so that it matters least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np

from fjsim.beliefs import Array
from fjsim.dynamics.law.influence import effective_influence
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.dynamics.law.stability import require_unique
from fjsim.errors import ParameterError

Method = Literal["greedy", "exhaustive"]

MOST_SUBSETS = 200_000
"""Subsets up to which an exhaustive search is allowed."""

ALIKE = 1e-12
"""Share of the largest value by which two may differ and still count as equal."""


@dataclass(frozen=True, slots=True, eq=False)
class SeatSearch:
    """Seats from which adversaries move the group most.

    Parameters
    ----------
    seats : tuple of int
        In the order of choice.
    moved : float
        Summed takeover of the agents left benign.
    at_most : float
        No seats, the best included, move more than this.
    """

    seats: tuple[int, ...]
    moved: float
    at_most: float

    @property
    def certified_share(self) -> float:
        """How much of the best possible coverage, seats included, is certainly reached."""
        k = len(self.seats)
        return (self.moved + k) / (self.at_most + k)


def optimal_seats(
    parameters: FJParameters,
    n_seats: int,
    n_rounds: int | None = None,
    *,
    method: Method = "greedy",
) -> SeatSearch:
    r"""Find the seats from which fully stubborn adversaries move the others most.

    Parameters
    ----------
    parameters : FJParameters
        Law of the group without adversaries; no batch.
    n_seats : int
        How many, in 1 .. n_agents - 1.
    n_rounds : int, optional
        Horizon; default at equilibrium.
    method : {"greedy", "exhaustive"}, default "greedy"
        Exhaustive search tries all subsets, up to 200 000.

    Returns
    -------
    SeatSearch

    Raises
    ------
    NotConvergentError
        If the equilibrium is asked for and not unique.
    ParameterError
        If the number of seats is out of range, or an exhaustive search is too large.

    Notes
    -----
    With :math:`h_i(S)` the probability that a walk from i is absorbed in S, coverage
    :math:`F(S) = \sum_i h_i(S)`, which counts the seats themselves, is monotone submodular, so
    greedy coverage is within :math:`1-1/e` of the best [1]_. What the seats move is
    :math:`f(S) = F(S) - |S|`: for a fixed number of seats it has the same maximiser, but as a
    function of S it is not monotone. `SeatSearch.at_most` is the sharper bound
    :math:`\min_j F(S_j) + \sum (k \text{ largest gains at } S_j) - k` over the greedy prefixes.

    With :math:`N = (I-Q_S)^{-1}` the gain of seat a is
    :math:`(1-h_a) \sum_i N_{ia}/N_{aa} - 1`; a chosen seat changes N by rank one
    (Sherman-Morrison). After T rounds all candidates are followed at once. Gains that differ by
    less than 1e-12 of the largest are ties, and ties go to the lowest seat.

    References
    ----------
    .. [1] G. L. Nemhauser, L. A. Wolsey and M. L. Fisher, "An analysis of approximations for
       maximizing submodular set functions", Mathematical Programming 14 (1978) 265-294,
       doi:10.1007/BF01588971.
    """
    _require_search(parameters, n_seats, n_rounds)
    if method == "exhaustive":
        return _exhaustive_seats(parameters, n_seats, n_rounds)
    candidates = _rank_one_gains if n_rounds is None else _horizon_gains
    coverage, at_most = 0.0, float("inf")
    search = candidates(parameters, n_rounds)
    chosen: list[int] = []
    while True:
        gains = search(chosen)
        largest = np.sort(gains)[::-1][:n_seats]
        at_most = min(at_most, coverage + float(largest.sum()))
        if len(chosen) == n_seats:
            break
        best = _best_of_the_others(gains, chosen, coverage)
        coverage += float(gains[best])
        chosen.append(best)
    return SeatSearch(tuple(chosen), coverage - n_seats, max(at_most, coverage) - n_seats)


def seats_move(
    parameters: FJParameters, seats: tuple[int, ...], n_rounds: int | None = None
) -> float:
    """Return the summed takeover of the others by fully stubborn adversaries in these seats.

    Parameters
    ----------
    parameters : FJParameters
        Law of the group without adversaries; no batch.
    seats : tuple of int
    n_rounds : int, optional
        Horizon; default at equilibrium.

    Returns
    -------
    float
    """
    from fjsim.dynamics.attacked.adversaries import absorbed, attacked_parameters

    attacked = attacked_parameters(
        parameters.influence, seats, parameters.stubbornness, parameters.self_weight
    )
    return float(np.nansum(absorbed(attacked, seats, n_rounds)))


def without_noise(values: Array) -> Array:
    """Return the values with those that differ by rounding errors alone made equal.

    Parameters
    ----------
    values : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (n,)
        In whole steps of 1e-12 of the largest, counted down from it, so that the largest itself
        never falls between two steps and a tie goes to the lowest index.
    """
    step = ALIKE * float(np.abs(values).max()) or 1.0
    return np.asarray(-np.rint((values.max() - values) / step))


def _best_of_the_others(gains: Array, chosen: list[int], coverage: float) -> int:
    """Return the lowest seat of the largest gain among those not chosen."""
    # Where everybody is covered the gains are rounding errors of the coverage, so all alike.
    rank = without_noise(np.where(gains > ALIKE * coverage, gains, 0.0))
    rank[chosen] = -np.inf
    return int(rank.argmax())


def _require_search(parameters: FJParameters, n_seats: int, n_rounds: int | None) -> None:
    if parameters.batch_shape:
        raise ParameterError("a seat search takes one setting at a time")
    if not 1 <= n_seats < parameters.n_agents:
        raise ParameterError(
            f"{n_seats} seats among {parameters.n_agents} agents; at least one adversary and one "
            "benign agent are needed"
        )
    if n_rounds is None:
        require_unique(parameters)


def _exhaustive_seats(parameters: FJParameters, n_seats: int, n_rounds: int | None) -> SeatSearch:
    if comb(parameters.n_agents, n_seats) > MOST_SUBSETS:
        raise ParameterError(
            f"there are {comb(parameters.n_agents, n_seats)} ways to take {n_seats} of "
            f"{parameters.n_agents} seats; use method='greedy'"
        )
    subsets = list(combinations(range(parameters.n_agents), n_seats))
    amounts = np.array([seats_move(parameters, seats, n_rounds) for seats in subsets])
    # Only the amount decides, so that the lowest seats win a tie, as in the greedy search.
    best = int(without_noise(amounts).argmax())
    return SeatSearch(subsets[best], float(amounts[best]), float(amounts.max()))


def _walk(parameters: FJParameters) -> Array:
    """Return the walk's matrix at equilibrium, killed by effective stubbornness."""
    surviving = (1 - parameters.effective_stubbornness)[:, None]
    return np.asarray(surviving * effective_influence(parameters))


def _rank_one_gains(parameters: FJParameters, n_rounds: int | None) -> Callable[[list[int]], Array]:
    """Return a function from the seats chosen so far to every seat's gain in coverage."""
    walk = _walk(parameters)
    expected = np.linalg.inv(np.eye(parameters.n_agents) - walk)
    covered = np.zeros(parameters.n_agents)
    known: list[int] = []

    def gains(chosen: list[int]) -> Array:
        nonlocal expected, covered
        for seat in chosen[len(known) :]:
            reaches = expected[:, seat] / expected[seat, seat]
            covered = covered + reaches * (1 - covered[seat])
            # The seat's row of the walk becomes zero: a rank-one change.
            leaving = expected[seat].copy()
            leaving[seat] -= 1
            expected = expected - np.outer(reaches, leaving)
            known.append(seat)
        result = (1 - covered) * expected.sum(axis=0) / np.diagonal(expected)
        result[chosen] = 0.0
        return np.asarray(result)

    return gains


def _horizon_gains(parameters: FJParameters, n_rounds: int | None) -> Callable[[list[int]], Array]:
    """Do the same within a number of rounds: one recursion for all candidates."""
    update = parameters.update_matrix()
    n_agents = parameters.n_agents

    def gains(chosen: list[int]) -> Array:
        reached = np.eye(n_agents + 1)[:n_agents]
        reached[chosen] = 1.0
        for _ in range(n_rounds or 0):
            reached = update @ reached
            np.fill_diagonal(reached, 1.0)
            reached[chosen] = 1.0
        coverage = reached.sum(axis=0)
        result = coverage[:n_agents] - coverage[n_agents]
        result[chosen] = 0.0
        return np.asarray(result)

    return gains


@dataclass(frozen=True, slots=True, eq=False)
class Protection:
    """What to protect, and what it is good for.

    Parameters
    ----------
    protected : tuple of int, or tuple of (listener, speaker) pairs
        Seats an adversary cannot take, or edges on which it is not heard.
    before, after : float
        Summed takeover by the worst single adversary.
    worst_seat : int
        Where that adversary sits afterwards.
    """

    protected: tuple[int, ...] | tuple[tuple[int, int], ...]
    before: float
    after: float
    worst_seat: int


def protect_seats(
    parameters: FJParameters, n_protected: int, n_rounds: int | None = None
) -> Protection:
    """Find the seats to protect so that the worst single adversary moves least.

    Parameters
    ----------
    parameters : FJParameters
        No batch.
    n_protected : int
        How many seats no adversary can take, in 0 .. n_agents - 1.
    n_rounds : int, optional
        Horizon; default at equilibrium.

    Returns
    -------
    Protection
        Exact: against one adversary the best choice is the most dangerous seats themselves.

    Raises
    ------
    ParameterError
        If the number is out of range.
    """
    if not 0 <= n_protected < parameters.n_agents:
        raise ParameterError(f"cannot protect {n_protected} of {parameters.n_agents} seats")
    danger = seat_danger(parameters, n_rounds)
    order = np.argsort(-without_noise(danger), kind="stable")
    worst = int(order[n_protected])
    chosen = tuple(int(seat) for seat in order[:n_protected])
    return Protection(chosen, float(danger[order[0]]), float(danger[worst]), worst)


def seat_danger(parameters: FJParameters, n_rounds: int | None = None) -> Array:
    """Return the summed takeover of the others by one adversary, for every seat.

    Parameters
    ----------
    parameters : FJParameters
        No batch.
    n_rounds : int, optional
        Horizon; default at equilibrium.

    Returns
    -------
    ndarray of shape (n_agents,)
    """
    _require_search(parameters, 1, n_rounds)
    search = _rank_one_gains if n_rounds is None else _horizon_gains
    return search(parameters, n_rounds)([]) - 1


def protect_edges(
    parameters: FJParameters,
    n_protected: int,
    n_rounds: int | None = None,
    *,
    method: Method = "greedy",
) -> Protection:
    r"""Find the edges to gate so that the worst single adversary moves least.

    Parameters
    ----------
    parameters : FJParameters
        No batch.
    n_protected : int
        How many edges; a protected listener gives that speaker's share to its innate belief.
    n_rounds : int, optional
        Horizon; default at equilibrium.
    method : {"greedy", "exhaustive"}, default "greedy"
        Exhaustive search tries all subsets, up to 200 000.

    Returns
    -------
    Protection
        Greedy without a certificate: the worst adversary's takeover is not submodular in the
        edges. Pairs are (listener, speaker).

    Raises
    ------
    ParameterError
        If the number is out of range or an exhaustive search too large.

    Notes
    -----
    At equilibrium a protected edge lowers one entry of the walk, so every candidate is a rank-one
    update that costs :math:`O(n)`; after T rounds each candidate is followed anew.
    """
    _require_search(parameters, 1, n_rounds)
    listeners, speakers = np.nonzero(parameters.dense_influence())
    edges = [(int(i), int(j)) for i, j in zip(listeners, speakers, strict=True) if i != j]
    if not 0 <= n_protected <= len(edges):
        raise ParameterError(f"cannot protect {n_protected} of {len(edges)} edges")
    before = float(seat_danger(parameters, n_rounds).max())
    if method == "exhaustive":
        chosen = _exhaustive_edges(parameters, edges, n_protected, n_rounds)
    else:
        chosen = ()
        for _ in range(n_protected):
            now = without_edges(parameters, chosen)
            left = [edge for edge in edges if edge not in chosen]
            dangers = _edge_dangers(now, left, n_rounds)
            chosen = (*chosen, left[int(without_noise(dangers).argmin())])
    danger = seat_danger(without_edges(parameters, chosen), n_rounds)
    return Protection(chosen, before, float(danger.max()), int(without_noise(danger).argmax()))


def without_edges(parameters: FJParameters, edges: tuple[tuple[int, int], ...]) -> FJParameters:
    """Return parameters in which some (listener, speaker) pairs give way to innate beliefs.

    Parameters
    ----------
    parameters : FJParameters
    edges : tuple of (int, int)

    Returns
    -------
    FJParameters
    """
    from fjsim.dynamics.law.gates import gated

    gate = np.ones((parameters.n_agents, parameters.n_agents))
    for listener, speaker in edges:
        gate[listener, speaker] = 0.0
    return gated(parameters, gate, "innate")


def _exhaustive_edges(
    parameters: FJParameters,
    edges: list[tuple[int, int]],
    n_protected: int,
    n_rounds: int | None,
) -> tuple[tuple[int, int], ...]:
    if comb(len(edges), n_protected) > MOST_SUBSETS:
        raise ParameterError("too many subsets of edges; use method='greedy'")
    subsets = list(combinations(edges, n_protected))
    dangers = [seat_danger(without_edges(parameters, some), n_rounds).max() for some in subsets]
    return subsets[int(without_noise(np.array(dangers)).argmin())]


def _edge_dangers(
    parameters: FJParameters, edges: list[tuple[int, int]], n_rounds: int | None
) -> Array:
    """Return the worst adversary's takeover with each edge protected in turn."""
    if n_rounds is not None:
        return np.array(
            [seat_danger(without_edges(parameters, (edge,)), n_rounds).max() for edge in edges]
        )
    walk = _walk(parameters)
    expected = np.linalg.inv(np.eye(parameters.n_agents) - walk)
    reach, own = expected.sum(axis=0), np.diagonal(expected)
    listener, speaker = np.array(edges).T
    lowered = walk[listener, speaker]
    share = lowered / (1 + lowered * expected[speaker, listener])
    # Sherman-Morrison on column sums and diagonal only, one row per candidate edge.
    reach_after = reach - (share * reach[listener])[:, None] * expected[speaker]
    own_after = own - share[:, None] * expected[:, listener].T * expected[speaker]
    return np.asarray((reach_after / own_after - 1).max(axis=1))
