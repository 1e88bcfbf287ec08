"""Optimal seats and protection against exhaustive search."""

from typing import Any

import networkx as nx
import numpy as np
import pytest

from fjsim.dynamics import (
    FJParameters,
    optimal_seats,
    protect_edges,
    protect_seats,
    seat_danger,
    takeover,
)
from fjsim.dynamics.attacked.seats import seats_move, without_edges, without_noise
from fjsim.errors import NotConvergentError, ParameterError


def group(seed, n=8):
    random = np.random.default_rng(seed)
    graph = nx.gnp_random_graph(n, 0.35, seed=seed, directed=True)
    return FJParameters(random.uniform(0.05, 0.6, n), random.uniform(0, 0.8, n), influence=graph)


@pytest.mark.parametrize("n_rounds", [None, 0, 5])
@pytest.mark.parametrize("seed", range(8))
def test_greedy_seats_keep_their_certificate(seed, n_rounds) -> None:
    parameters = group(seed)
    for k in (1, 2, 3):
        greedy = optimal_seats(parameters, k, n_rounds)
        best = optimal_seats(parameters, k, n_rounds, method="exhaustive")
        assert greedy.moved == pytest.approx(
            seats_move(parameters, greedy.seats, n_rounds), abs=1e-9
        )
        assert greedy.moved <= best.moved + 1e-9
        assert best.moved <= greedy.at_most + 1e-9
        assert (greedy.moved + k) >= (1 - 1 / np.e) * (best.moved + k) - 1e-9
        assert 1 - 1 / np.e - 1e-9 <= greedy.certified_share <= 1 + 1e-12
        if k == 1:
            assert greedy.seats == best.seats
            assert greedy.at_most == pytest.approx(greedy.moved)


@pytest.mark.parametrize("n_rounds", [None, 7])
@pytest.mark.parametrize("law", [(0.1, 0.3), (0.013, 0.77), (0.37, 0.1)])
@pytest.mark.parametrize(
    "graph",
    [nx.cycle_graph(12), nx.complete_graph(100), nx.petersen_graph(), nx.cycle_graph(60)],
    ids=["cycle", "complete", "petersen", "long cycle"],
)
def test_seats_that_are_alike_are_taken_from_the_lowest_on(graph, law, n_rounds) -> None:
    stubbornness, self_weight = law
    parameters = FJParameters(stubbornness, self_weight, influence=graph)
    assert optimal_seats(parameters, 1, n_rounds).seats == (0,)
    assert protect_seats(parameters, 2, n_rounds).protected == (0, 1)
    assert protect_seats(parameters, 2, n_rounds).worst_seat == 2
    if nx.density(graph) == 1:
        assert optimal_seats(parameters, 3, n_rounds).seats == (0, 1, 2)


@pytest.mark.parametrize("n_rounds", [None, 7])
def test_both_searches_take_the_same_of_seats_that_are_alike(n_rounds) -> None:
    parameters = FJParameters(0.37, 0.1, influence=nx.cycle_graph(9))
    greedy = optimal_seats(parameters, 3, n_rounds)
    best = optimal_seats(parameters, 3, n_rounds, method="exhaustive")
    assert best.seats == (0, 3, 6)
    assert greedy.seats[0] == 0


def covered_by_one():
    """The adversary at seat 0 moves both others completely, so no second seat gains anything."""
    return FJParameters(
        [0.9, 0, 0], [0.3, 0.7, 0.4], influence=[[0, 0.2, 0.8], [0.6, 0, 0.4], [0.1, 0.9, 0]]
    )


@pytest.mark.parametrize("method", ["greedy", "exhaustive"])
def test_seats_are_distinct_where_the_first_one_covers_everybody(method) -> None:
    found = optimal_seats(covered_by_one(), 2, method=method)
    assert found.seats == (0, 1)
    assert found.moved == pytest.approx(1.0)
    assert found.at_most == pytest.approx(1.0)


@pytest.mark.parametrize(
    "n_rounds", [1, *(pytest.param(more, marks=pytest.mark.slow) for more in (None, 9))]
)
def test_greedy_seats_are_distinct_and_counted_right_in_groups_that_yield(n_rounds) -> None:
    asked = 0
    for seed in range(150):
        random = np.random.default_rng(seed)
        n = int(random.integers(3, 8))
        held = np.where(random.random(n) < 0.6, 0.0, random.random(n))
        held[random.integers(n)] = 0.9
        heard = random.exponential(size=(n, n)) * (random.random((n, n)) < 0.5)
        heard[np.arange(n), (np.arange(n) + 1) % n] += 0.3
        np.fill_diagonal(heard, 0.0)
        parameters = FJParameters(
            held, random.random(n), influence=heard / heard.sum(axis=1, keepdims=True)
        )
        for k in range(1, n):
            greedy = optimal_seats(parameters, k, n_rounds)
            best = optimal_seats(parameters, k, n_rounds, method="exhaustive")
            assert len(set(greedy.seats)) == k
            assert greedy.moved == pytest.approx(
                seats_move(parameters, greedy.seats, n_rounds), abs=1e-9
            )
            assert greedy.moved <= best.moved + 1e-9 <= greedy.at_most + 2e-9
            asked += 1
    assert asked > 400


def test_a_real_difference_is_no_tie() -> None:
    values = np.array([1.0, 1.0 + 1e-10, 1.0 + 1e-10 + 2e-16, 0.5])
    assert without_noise(values).argmax() == 1
    assert without_noise(-values).argmax() == 3
    assert without_noise(np.zeros(3)).argmax() == 0


def test_what_seats_move_is_not_monotone_but_coverage_is() -> None:
    pair = FJParameters(0.1, influence=nx.complete_graph(3))
    one, two = seats_move(pair, (0,)), seats_move(pair, (0, 1))
    assert two < one
    assert two + 2 > one + 1


def test_the_hub_of_a_star_is_the_best_seat() -> None:
    star = FJParameters(0.1, 0.3, influence=nx.star_graph(9))
    found = optimal_seats(star, 1)
    assert found.seats == (0,)
    assert found.moved == pytest.approx(
        9 * takeover(nx.star_graph(9), seats=[0], stubbornness=0.1, self_weight=0.3).mean
    )


@pytest.mark.parametrize("n_rounds", [None, 4])
def test_seat_danger_is_one_adversarys_takeover(n_rounds) -> None:
    parameters = group(3)
    danger = seat_danger(parameters, n_rounds)
    for seat in range(8):
        assert danger[seat] == pytest.approx(seats_move(parameters, (seat,), n_rounds), abs=1e-9)


def test_protected_seats_are_the_most_dangerous_ones() -> None:
    parameters = group(4)
    danger = seat_danger(parameters)
    found = protect_seats(parameters, 2)
    assert set(found.protected) == set(np.argsort(-danger)[:2].tolist())
    assert found.before == pytest.approx(danger.max())
    assert found.after == pytest.approx(np.sort(danger)[-3])
    assert danger[found.worst_seat] == pytest.approx(found.after)
    assert protect_seats(parameters, 0).after == pytest.approx(found.before)


@pytest.mark.parametrize("n_rounds", [None, 3])
@pytest.mark.parametrize("seed", range(4))
def test_protected_edges_match_exhaustive_search_one_at_a_time(seed, n_rounds) -> None:
    parameters = group(seed, n=6)
    greedy = protect_edges(parameters, 1, n_rounds)
    best = protect_edges(parameters, 1, n_rounds, method="exhaustive")
    assert greedy.after == pytest.approx(best.after, abs=1e-9)
    two = protect_edges(parameters, 2, n_rounds)
    both = protect_edges(parameters, 2, n_rounds, method="exhaustive")
    assert both.after - 1e-9 <= two.after <= greedy.after + 1e-9 <= greedy.before + 2e-9
    edges: Any = two.protected
    protected = without_edges(parameters, edges)
    assert seat_danger(protected, n_rounds).max() == pytest.approx(two.after)


def test_rank_one_updates_of_edges_are_exact() -> None:
    from fjsim.dynamics.attacked.seats import _edge_dangers

    parameters = group(5)
    edges = [(int(i), int(j)) for i, j in np.argwhere(parameters.influence > 0)]
    again = [seat_danger(without_edges(parameters, (edge,))).max() for edge in edges]
    np.testing.assert_allclose(_edge_dangers(parameters, edges, None), again, atol=1e-9)


def test_searches_out_of_range_are_refused() -> None:
    parameters = group(0)
    for ask, message in (
        (lambda: optimal_seats(parameters, 0), "0 seats among 8"),
        (lambda: optimal_seats(parameters, 8), "8 seats among 8"),
        (lambda: protect_seats(parameters, 8), "cannot protect 8"),
        (lambda: protect_edges(parameters, 1000), "cannot protect 1000"),
        (
            lambda: optimal_seats(
                FJParameters(0.1, influence=nx.complete_graph(60)), 8, method="exhaustive"
            ),
            "use method='greedy'",
        ),
        (
            lambda: optimal_seats(FJParameters([[0.1] * 3], influence=nx.cycle_graph(3)), 1),
            "one setting",
        ),
    ):
        with pytest.raises(ParameterError, match=message):
            ask()
    with pytest.raises(NotConvergentError):
        optimal_seats(FJParameters(0.0, influence=nx.cycle_graph(4)), 1)
    assert optimal_seats(FJParameters(0.0, influence=nx.cycle_graph(4)), 1, 3).moved > 0
