"""One law over every registered topology."""

import random

import numpy as np
import pytest

from fjsim import registry
from fjsim.dynamics import influence_matrix
from fjsim.errors import ConfigError
from fjsim_topologies.regular import Isolated

TOPOLOGIES = [pytest.param(entry, id=entry.name) for entry in registry.entries("topology")]
N_AGENTS = 6


@pytest.fixture
def topology(request, block_of):
    return registry.build("topology", block_of(request.param))


over_topologies = pytest.mark.parametrize("topology", TOPOLOGIES, indirect=True)


def draw(topology, seed, n_agents=N_AGENTS):
    graph = topology.graph(n_agents, np.random.default_rng(seed))
    edges = graph.edges(data="weight", default=1.0)
    if graph.is_directed():
        return sorted(edges)
    return sorted((min(one, other), max(one, other), weight) for one, other, weight in edges)


def nodes_or_refusal(topology, n_agents):
    try:
        return sorted(topology.graph(n_agents, np.random.default_rng(0)).nodes), ""
    except ConfigError as error:
        return [], str(error)


@over_topologies
def test_the_same_stream_gives_the_same_graph(topology) -> None:
    assert draw(topology, 3) == draw(topology, 3)


@over_topologies
def test_another_seed_gives_another_graph_where_chance_decides(topology) -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    topology.graph(N_AGENTS, rng)
    distinct = {str(draw(topology, seed)) for seed in range(20)}
    assert (len(distinct) > 1) == (rng.bit_generator.state != before)


@over_topologies
def test_global_random_state_is_left_alone(topology) -> None:
    before = random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tolist()  # noqa: NPY002
    topology.graph(N_AGENTS, np.random.default_rng(0))
    assert (random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tolist()) == before  # noqa: NPY002


@over_topologies
def test_nodes_are_the_seats(topology) -> None:
    graph = topology.graph(N_AGENTS, np.random.default_rng(0))
    assert sorted(graph.nodes) == list(range(N_AGENTS))


@over_topologies
def test_influence_rows_sum_to_one_or_are_empty(topology) -> None:
    influence = influence_matrix(topology.graph(N_AGENTS, np.random.default_rng(0)), N_AGENTS)
    total = influence.sum(axis=1)
    assert influence.shape == (N_AGENTS, N_AGENTS)
    assert (influence >= 0).all()
    assert np.all(np.isclose(total, 1) | (total == 0))


@over_topologies
def test_nobody_hears_itself_and_somebody_hears_somebody(topology) -> None:
    influence = influence_matrix(topology.graph(N_AGENTS, np.random.default_rng(0)))
    assert not np.diagonal(influence).any()
    # The control without edges is the one family in which nobody hears anybody.
    assert influence.any() or isinstance(topology, Isolated)


@over_topologies
@pytest.mark.parametrize("n_agents", range(1, 14))
def test_any_number_of_agents_is_served_or_refused_in_one_line(topology, n_agents) -> None:
    nodes, refusal = nodes_or_refusal(topology, n_agents)
    assert nodes == list(range(n_agents)) or str(n_agents) in refusal
    assert "\n" not in refusal
