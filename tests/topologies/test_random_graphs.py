"""Random families: what every draw keeps, and what is refused."""

import networkx as nx
import numpy as np
import pytest

from fjsim.dynamics import influence_matrix
from fjsim.errors import ConfigError
from fjsim_topologies.community import StochasticBlock
from fjsim_topologies.drawing import is_connected
from fjsim_topologies.random_graphs import (
    BarabasiAlbert,
    ErdosRenyi,
    RandomRegular,
    WattsStrogatz,
)

FAMILIES = [
    ErdosRenyi(edge_probability=0.35),
    ErdosRenyi(edge_probability=0.45, directed=True),
    WattsStrogatz(neighbours=2, rewiring=0.5),
    RandomRegular(degree=2),
    RandomRegular(degree=2, directed=True),
    StochasticBlock(within=0.7, between=0.15),
    StochasticBlock(blocks=(3, 5), between=0.3, directed=True),
]


def draws(topology, n_agents, count=60):
    return [topology.graph(n_agents, np.random.default_rng(seed)) for seed in range(count)]


@pytest.mark.parametrize("topology", FAMILIES, ids=str)
def test_everybody_reaches_everybody(topology) -> None:
    assert all(is_connected(graph) for graph in draws(topology, 8))


@pytest.mark.parametrize("directed", [False, True])
def test_connectivity_can_be_waived(directed) -> None:
    sparse = ErdosRenyi(edge_probability=0.1, directed=directed, connected=False)
    assert not all(is_connected(graph) for graph in draws(sparse, 8))


def test_edge_probability_is_kept() -> None:
    graphs = draws(ErdosRenyi(edge_probability=0.4), 20)
    assert np.mean([nx.density(graph) for graph in graphs]) == pytest.approx(0.4, abs=0.02)


def test_newcomers_attach_to_as_many_as_asked() -> None:
    assert all(graph.number_of_edges() == 3 * 7 for graph in draws(BarabasiAlbert(3), 10))


def test_directed_newcomers_hear_only_their_elders() -> None:
    for graph in draws(BarabasiAlbert(directed=True), 10, count=10):
        influence = influence_matrix(graph)
        assert not np.triu(influence).any()
        assert not influence[0].any()


def test_rewiring_keeps_the_number_of_links() -> None:
    assert {graph.number_of_edges() for graph in draws(WattsStrogatz(), 10)} == {20}


def test_without_rewiring_a_small_world_is_a_ring_of_neighbours() -> None:
    graph = WattsStrogatz(neighbours=2, rewiring=0).graph(6, np.random.default_rng(0))
    assert nx.utils.graphs_equal(graph, nx.cycle_graph(6))


@pytest.mark.parametrize("directed", [False, True])
def test_everybody_hears_as_many_as_asked(directed) -> None:
    for graph in draws(RandomRegular(degree=3, directed=directed), 8, count=20):
        assert ((influence_matrix(graph) > 0).sum(axis=1) == 3).all()


def test_directed_degree_may_be_odd_for_an_odd_team() -> None:
    assert RandomRegular(degree=3, directed=True).graph(7, np.random.default_rng(0)).size() == 21


def test_blocks_are_denser_inside_than_between() -> None:
    graphs = draws(StochasticBlock(blocks=(4, 6), within=0.9, between=0.1), 10)
    inside = [nx.density(graph.subgraph(range(4))) for graph in graphs]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.05)
    assert all(graph.nodes[3]["block"] == 0 for graph in graphs)
    assert all(graph.nodes[4]["block"] == 1 for graph in graphs)


@pytest.mark.parametrize("directed", [False, True])
def test_random_weights_leave_rows_that_sum_to_one(directed) -> None:
    topology = ErdosRenyi(edge_probability=0.6, directed=directed, weights="random")
    graph = topology.graph(8, np.random.default_rng(0))
    influence = influence_matrix(graph)
    assert graph.is_directed()
    assert np.allclose(influence.sum(axis=1), 1)
    assert np.unique(influence[influence > 0]).size == graph.number_of_edges()


def test_weights_do_not_change_who_hears_whom() -> None:
    plain = ErdosRenyi().graph(8, np.random.default_rng(4))
    weighed = ErdosRenyi(weights="random").graph(8, np.random.default_rng(4))
    assert set(plain.to_directed().edges) == set(weighed.edges)


@pytest.mark.parametrize(
    ("make", "n_agents", "message"),
    [
        (lambda: ErdosRenyi(edge_probability=1.2), 6, r"'edge_probability': got 1\.2"),
        (lambda: ErdosRenyi(edge_probability=float("nan")), 6, "got nan"),
        (lambda: ErdosRenyi(edge_probability=0.0), 6, "raise edge_probability, or set connected"),
        (lambda: BarabasiAlbert(attachments=6), 6, r"'attachments': got 6; .* lies in 1\.\.5"),
        (lambda: BarabasiAlbert(attachments=0), 6, "'attachments': got 0"),
        (lambda: WattsStrogatz(neighbours=6), 6, "'neighbours': got 6"),
        (lambda: WattsStrogatz(neighbours=3), 6, "give an even number"),
        (lambda: WattsStrogatz(rewiring=-0.1), 6, r"'rewiring': got -0\.1"),
        (lambda: RandomRegular(degree=6), 6, "'degree': got 6"),
        (lambda: RandomRegular(degree=3), 7, "3 × 7 agents is odd"),
        (lambda: RandomRegular(degree=1), 6, "none of 100 draws was connected; raise degree"),
        (lambda: StochasticBlock(within=2), 6, "'within': got 2"),
        (lambda: StochasticBlock(between=-1), 6, "'between': got -1"),
        (lambda: StochasticBlock(between=0), 6, "connected: false"),
        (lambda: StochasticBlock(blocks=(2, 2)), 6, "sum to the 6 agents"),
        (lambda: StochasticBlock(blocks=0), 6, "'blocks': got 0"),
    ],
)
def test_impossible_draws_are_refused(make, n_agents, message) -> None:
    with pytest.raises(ConfigError, match=message):
        make().graph(n_agents, np.random.default_rng(0))
