"""What a family of graphs has to keep."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from fjsim.dynamics import influence_matrix
from fjsim.errors import ConfigError
from fjsim.testing.samples import N_AGENTS, generator
from fjsim.testing.subject import Subject, require


def _edges(topology: Any, seed: int) -> list[tuple[int, int, float]]:
    graph = topology.graph(N_AGENTS, generator(seed))
    edges = graph.edges(data="weight", default=1.0)
    if graph.is_directed():
        return sorted(edges)
    return sorted((min(one, other), max(one, other), weight) for one, other, weight in edges)


def the_same_stream_gives_the_same_graph(subject: Subject) -> None:
    """Chance comes from the generator that it is handed."""
    same = _edges(subject.plugin, 3) == _edges(subject.plugin, 3)
    require(same, f"{subject.name}: the same generator gave two graphs; draw from it alone")


def another_seed_gives_another_graph_where_chance_decides(subject: Subject) -> None:
    """A generator that is drawn from decides something."""
    rng = generator()
    before = rng.bit_generator.state
    subject.plugin.graph(N_AGENTS, rng)
    draws = rng.bit_generator.state != before
    distinct = {str(_edges(subject.plugin, seed)) for seed in range(20)}
    require(
        (len(distinct) > 1) == draws,
        f"{subject.name}: {'draws' if draws else 'does not draw'} from its generator and gave "
        f"{len(distinct)} graphs over 20 seeds",
    )


def global_random_state_is_left_alone(subject: Subject) -> None:
    """Nothing else in the process draws other numbers because of it."""
    before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    subject.plugin.graph(N_AGENTS, generator())
    after = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    require(before == after, f"{subject.name}: touched global random state; use its generator")


def nodes_are_the_seats(subject: Subject) -> None:
    """Nodes are 0 to n - 1."""
    nodes = sorted(subject.plugin.graph(N_AGENTS, generator()).nodes)
    require(
        nodes == list(range(N_AGENTS)),
        f"{subject.name}: nodes are {nodes}; make them 0 to {N_AGENTS - 1}",
    )


def nobody_hears_itself_and_rows_sum_to_one(subject: Subject) -> None:
    """Weights are shares of what each listener hears of others."""
    influence = influence_matrix(subject.plugin.graph(N_AGENTS, generator()), N_AGENTS)
    total = influence.sum(axis=1)
    require(not np.diagonal(influence).any(), f"{subject.name}: has an edge from a node to itself")
    require(
        (influence >= 0).all() and np.all(np.isclose(total, 1) | (total == 0)),
        f"{subject.name}: weights of a listener are not shares; give weights >= 0",
    )


def shares_are_those_of_the_graph(subject: Subject) -> None:
    """A run reads ``influence``, people read ``graph``, and both say the same."""
    graph = influence_matrix(subject.plugin.graph(N_AGENTS, generator()), N_AGENTS)
    shares = subject.plugin.influence(N_AGENTS, generator())
    require(
        np.array_equal(graph, shares),
        f"{subject.name}: influence is not that of its graph; leave influence out to derive it",
    )


def any_number_of_agents_is_served_or_refused_in_one_line(subject: Subject) -> None:
    """A size that cannot be made is a ``ConfigError`` of one line that names it."""
    for n_agents in range(1, 14):
        nodes, refusal = _nodes_or_refusal(subject.plugin, n_agents)
        require(
            nodes == list(range(n_agents)) or str(n_agents) in refusal,
            f"{subject.name}: for {n_agents} agents gave nodes {nodes} and said {refusal!r}",
        )
        require("\n" not in refusal, f"{subject.name}: refuses {n_agents} agents in several lines")


def _nodes_or_refusal(topology: Any, n_agents: int) -> tuple[list[int], str]:
    try:
        return sorted(topology.graph(n_agents, generator()).nodes), ""
    except ConfigError as error:
        return [], str(error)


LAWS = (
    the_same_stream_gives_the_same_graph,
    another_seed_gives_another_graph_where_chance_decides,
    global_random_state_is_left_alone,
    nodes_are_the_seats,
    nobody_hears_itself_and_rows_sum_to_one,
    shares_are_those_of_the_graph,
    any_number_of_agents_is_served_or_refused_in_one_line,
)
