"""Polarization, disagreement, and their closed forms."""

import networkx as nx
import numpy as np
import pytest

from fjsim.beliefs import from_opinion
from fjsim.dynamics import (
    FJParameters,
    disagreement,
    equilibrium,
    estimate_belief,
    influence_matrix,
    musco_disagreement,
    musco_index,
    musco_polarization,
    network_from_edges,
    polarization,
)
from fjsim.dynamics.networks.generators import grid
from fjsim.errors import NotConvergentError, ParameterError


@pytest.fixture
def opinions():
    return np.random.default_rng(0).random(12)


def test_two_options_give_what_scalar_opinions_give(opinions) -> None:
    influence = influence_matrix(nx.circular_ladder_graph(6))
    beliefs = from_opinion(opinions)
    assert polarization(beliefs) == pytest.approx(polarization(opinions))
    assert polarization(opinions) == pytest.approx(opinions.var())
    assert disagreement(beliefs, influence) == pytest.approx(disagreement(opinions, influence))


def test_disagreement_is_the_gap_to_those_heard(opinions) -> None:
    influence = influence_matrix(nx.gnp_random_graph(12, 0.4, seed=2, directed=True))
    gaps = (opinions[:, None] - opinions[None]) ** 2
    expected = (influence * gaps).sum() / 12
    assert disagreement(opinions, influence) == pytest.approx(expected)


def test_a_network_gives_what_its_matrix_gives(opinions) -> None:
    plain = network_from_edges([0, 1, 2, 3, 3], [1, 2, 3, 4, 3], n_agents=12)
    random = np.random.default_rng(1)
    ends = random.integers(0, 12, (2, 40))
    weighted = network_from_edges(ends[0], ends[1], random.random(40), 12, directed=True)
    for network in (plain, weighted):
        assert disagreement(opinions, network) == pytest.approx(
            disagreement(opinions, network.influence())
        )
        beliefs = from_opinion(opinions)
        assert disagreement(beliefs, network) == pytest.approx(disagreement(opinions, network))


@pytest.mark.parametrize("weighted", [False, True])
def test_the_closed_forms_of_musco_hold_at_equilibrium(opinions, weighted) -> None:
    graph = nx.gnp_random_graph(12, 0.5, seed=3)
    if weighted:
        for one, other in graph.edges:
            graph[one][other]["weight"] = 0.5 + (one * other) % 5
    adjacency = nx.to_numpy_array(graph)
    parameters = FJParameters(1 / (1 + adjacency.sum(axis=1)), influence=graph)
    settled = equilibrium(parameters, opinions).beliefs
    found = musco_index(opinions, adjacency)
    assert found.polarization == pytest.approx(musco_polarization(settled), abs=1e-9)
    assert found.disagreement == pytest.approx(musco_disagreement(settled, adjacency), abs=1e-9)
    assert found.index == pytest.approx(found.polarization + found.disagreement)
    laplacian = np.diag(adjacency.sum(axis=1)) - adjacency
    centred = opinions - opinions.mean()
    assert found.index == pytest.approx(centred @ np.linalg.solve(np.eye(12) + laplacian, centred))


def test_large_networks_take_the_sparse_path() -> None:
    network = grid(50)
    innate = np.random.default_rng(0).random(2500)
    found = musco_index(innate, network.adjacency())
    held = 1 / (1 + np.diff(network.indptr))
    from fjsim.dynamics import solve_network

    settled = solve_network(network, innate, held).beliefs
    assert found.polarization == pytest.approx(musco_polarization(settled), rel=1e-6)
    assert found.disagreement == pytest.approx(
        musco_disagreement(settled, network.adjacency()), rel=1e-6
    )


def test_measures_refuse_what_does_not_fit(opinions) -> None:
    for ask, message in (
        (lambda: polarization([np.nan, 0.1]), "NaN"),
        (lambda: polarization([]), "at least one agent"),
        (lambda: polarization(np.zeros((2, 2, 2))), "expected"),
        (lambda: disagreement(opinions, np.eye(3)), "do not fit"),
        (lambda: disagreement(opinions, grid(3)), "do not fit"),
        (lambda: musco_index(opinions, np.triu(np.ones((12, 12)))), "symmetric"),
        (lambda: musco_index(opinions, -np.ones((12, 12))), ">= 0"),
    ):
        with pytest.raises(ParameterError, match=message):
            ask()


def test_a_local_query_touches_only_its_neighbourhood() -> None:
    network = grid(100)
    innate = np.random.default_rng(0).random(10_000)
    parameters = FJParameters(0.5, influence=network.influence())
    found = estimate_belief(parameters, innate, 17, n_walks=2000)
    assert found.n_visited < 300
    settled = equilibrium(parameters, innate).beliefs
    assert abs(found.belief - settled[17]) < 5 * found.standard_error
    again = estimate_belief(parameters, innate, 17, n_walks=2000)
    assert found.belief == again.belief
    assert found.belief != estimate_belief(parameters, innate, 17, n_walks=2000, seed=1).belief


def test_walks_end_where_total_influence_says() -> None:
    from fjsim.dynamics import total_influence

    graph = nx.gnp_random_graph(6, 0.5, seed=4, directed=True)
    graph.add_edge(2, 2)
    parameters = FJParameters(0.2, 0.4, influence=graph)
    for horizon in (None, 3):
        found = estimate_belief(parameters, np.zeros(6), 2, n_rounds=horizon, n_walks=40_000)
        share = np.bincount(found.ends, minlength=6) / 40_000
        np.testing.assert_allclose(share, total_influence(parameters, horizon)[2], atol=0.012)


def test_estimates_refuse_what_does_not_fit() -> None:
    parameters = FJParameters(0.2, influence=nx.cycle_graph(3))
    for ask, message in (
        (lambda: estimate_belief(parameters, np.zeros(3), 3), "there is no agent 3"),
        (lambda: estimate_belief(parameters, np.zeros(3), 0, n_walks=1), "at least 2"),
        (lambda: estimate_belief(parameters, np.zeros((2, 3, 1)), 0), "one question"),
    ):
        with pytest.raises(ParameterError, match=message):
            ask()
    with pytest.raises(NotConvergentError):
        estimate_belief(FJParameters(0.0, influence=nx.cycle_graph(3)), np.zeros(3), 0)
