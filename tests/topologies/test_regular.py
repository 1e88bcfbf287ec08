"""Fixed shapes: who hears whom."""

import numpy as np
import pytest

from fjsim.dynamics import hub_seat, influence_matrix
from fjsim.errors import ConfigError
from fjsim_topologies.regular import Chain, Complete, Grid, Layered, Ring, Star, Tree, Wheel


def hears(topology, n_agents=6):
    """Return for each listener the seats it hears, read off W."""
    influence = influence_matrix(topology.graph(n_agents, np.random.default_rng(0)))
    return [np.flatnonzero(row).tolist() for row in influence]


def test_in_a_complete_graph_everybody_hears_everybody_else() -> None:
    assert hears(Complete(), 4) == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]


def test_one_agent_alone_hears_nobody() -> None:
    assert hears(Complete(), 1) == [[]]


def test_star_hub_hears_all_leaves_and_leaves_hear_only_the_hub() -> None:
    assert hears(Star()) == [[1, 2, 3, 4, 5], [0], [0], [0], [0], [0]]


def test_wheel_hub_hears_the_rim_and_the_rim_its_neighbours_too() -> None:
    assert hears(Wheel(), 5) == [[1, 2, 3, 4], [0, 2, 4], [0, 1, 3], [0, 2, 4], [0, 1, 3]]


@pytest.mark.parametrize(
    ("directed", "expected"), [(False, [[1], [0, 2], [1, 3], [2]]), (True, [[], [0], [1], [2]])]
)
def test_chain_listens_both_ways_unless_directed(directed, expected) -> None:
    assert hears(Chain(directed=directed), 4) == expected


@pytest.mark.parametrize(
    ("directed", "expected"),
    [(False, [[1, 3], [0, 2], [1, 3], [0, 2]]), (True, [[3], [0], [1], [2]])],
)
def test_ring_listens_both_ways_unless_directed(directed, expected) -> None:
    assert hears(Ring(directed=directed), 4) == expected


def test_tree_links_parents_and_children() -> None:
    assert hears(Tree()) == [[1, 2], [0, 3, 4], [0, 5], [1], [1], [2]]


def test_directed_tree_passes_orders_down_only() -> None:
    assert hears(Tree(branching=3, directed=True)) == [[], [0], [0], [0], [1], [1]]


def test_grid_is_as_square_as_can_be() -> None:
    assert hears(Grid()) == [[1, 3], [0, 2, 4], [1, 5], [0, 4], [1, 3, 5], [2, 4]]


def test_grid_of_one_row_is_a_chain() -> None:
    assert hears(Grid(rows=1), 5) == hears(Chain(), 5)


def test_periodic_grid_has_no_border() -> None:
    assert all(len(speakers) == 4 for speakers in hears(Grid(rows=3, periodic=True), 12))


def test_layers_hear_the_whole_layer_before() -> None:
    assert hears(Layered()) == [[], [], [0, 1], [0, 1], [2, 3], [2, 3]]


def test_layer_sizes_may_be_given() -> None:
    assert hears(Layered(layers=(1, 2, 3))) == [[], [0], [0], [1, 2], [1, 2], [1, 2]]


@pytest.mark.parametrize("topology", [Star(), Wheel(), Complete(), Layered()])
def test_seat_zero_is_the_hub(topology) -> None:
    assert hub_seat(influence_matrix(topology.graph(7, np.random.default_rng(0)))) == 0


def test_random_weights_are_evenly_drawn_shares() -> None:
    rng = np.random.default_rng(0)
    rows = np.stack(
        [influence_matrix(Complete(weights="random").graph(4, rng))[0] for _ in range(2000)]
    )
    assert rows[:, 1:].mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.02)
    assert rows[:, 1:].var(axis=0) == pytest.approx([1 / 18] * 3, abs=0.005)


@pytest.mark.parametrize(
    ("make", "n_agents", "message"),
    [
        (Star, 1, "at least 2 agents, got 1"),
        (Wheel, 3, "at least 4 agents, got 3"),
        (Chain, 1, "at least 2 agents, got 1"),
        (Ring, 2, "at least 3 agents, got 2"),
        (Grid, 7, "rows: 1 for a line"),
        (lambda: Grid(rows=4), 6, r"give one of 1, 2, 3, 6"),
        (lambda: Grid(rows=9), 6, r"with 6 agents it lies in 1\.\.6"),
        (lambda: Tree(branching=0), 6, "'branching': got 0"),
        (lambda: Layered(layers=7), 6, r"'layers': got 7; with 6 agents"),
        (lambda: Layered(layers=(2, 3)), 6, r"sizes \[2, 3\].*sum to the 6 agents"),
        (lambda: Layered(layers=(6, 0)), 6, "each must be at least 1"),
        (lambda: Layered(layers=()), 6, "each must be at least 1"),
    ],
)
def test_impossible_shapes_are_refused(make, n_agents, message) -> None:
    with pytest.raises(ConfigError, match=message):
        make().graph(n_agents, np.random.default_rng(0))
