"""What FJParameters and rollout take, and what they refuse by name."""

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from fjsim.dynamics import (
    FJParameters,
    concentration,
    equilibrium,
    gated,
    hub_seat,
    influence_matrix,
    influence_shares,
    leaf_seat,
    rollout,
    step,
    total_influence,
)
from fjsim.errors import NotConvergentError, ParameterError

PAIR = [[0.0, 1.0], [1.0, 0.0]]
NAN = float("nan")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stubbornness": NAN}, "stubbornness must lie in"),
        ({"stubbornness": -0.1}, "stubbornness must lie in"),
        ({"stubbornness": 1.1}, "stubbornness must lie in"),
        ({"stubbornness": [0.1, 0.2, 0.3]}, "3 entries for 2 agents"),
        ({"stubbornness": "much"}, "stubbornness must be numbers"),
        ({"self_weight": 2.0}, "self_weight must lie in"),
        ({"influence": [[0, NAN], [1, 0]]}, "NaN or infinity"),
        ({"influence": [[0, np.inf], [1, 0]]}, "NaN or infinity"),
        ({"influence": [[-0.5, 1.5], [1, 0]]}, "must be >= 0"),
        ({"influence": [[0, 0.9], [1, 0]]}, r"row 0 of influence sums to 0\.9"),
        ({"influence": [[0, 1.0, 0], [1, 0, 0]]}, "must be square"),
        ({"influence": [1.0, 0.0]}, "must be square"),
        ({"influence": np.empty((0, 0))}, "there is no agent"),
        ({"influence": nx.Graph()}, "the graph is empty"),
        ({"influence": nx.Graph([("a", "b")])}, "must be 0 .. 1"),
        ({"influence": nx.Graph([(1, 2)])}, "must be 0 .. 1"),
        ({"influence": sparse.csr_array(np.array([[0, 0.5], [1, 0]]))}, "row 0"),
        ({"influence": sparse.csr_array(np.array([[0, NAN], [1, 0]]))}, "NaN"),
        ({"stubbornness": np.ones((3, 2)), "self_weight": np.ones((4, 2))}, "do not fit"),
        ({"influence": [[0, "x"], [1, 0]]}, "influence must be numbers"),
    ],
)
def test_numbers_outside_the_model_are_refused(changed, message) -> None:
    with pytest.raises(ParameterError, match=message):
        FJParameters(**({"stubbornness": 0.1, "influence": PAIR} | changed))


def test_a_negative_or_missing_edge_weight_is_refused() -> None:
    for weight in (-1.0, NAN):
        graph: nx.Graph[int] = nx.Graph()
        graph.add_edge(0, 1, weight=weight)
        with pytest.raises(ParameterError, match="edge weight"):
            influence_matrix(graph)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.1, NAN], 3), "innate holds NaN"),
        (([0.1, 0.2, 0.3], 3), r"innate has shape \(3,\)"),
        (([0.1, 0.2], -1), "n_rounds must be"),
        (([0.1, 0.2], 2.5), "n_rounds must be"),
        (([0.1, 0.2], True), "n_rounds must be"),
        (([0.1, 0.2], 2, [[1, 2], [1, 1]]), r"gate must lie in \[0, 1\]"),
        (([0.1, 0.2], 2, [[1, NAN], [1, 1]]), r"gate must lie in \[0, 1\]"),
        (([0.1, 0.2], 2, np.ones((3, 2, 2))), "3 gates for 2 rounds"),
        (([0.1, 0.2], 2, np.ones(2)), "gates have shape"),
        (([0.1, 0.2], 2, None, np.ones((2, 3))), "shaped like innate"),
        (([0.1, 0.2], 2, None, None, "nobody"), "residual must be"),
        ((["a", "b"], 2), "innate must be numbers"),
    ],
)
def test_rollout_refuses_what_does_not_fit(arguments, message) -> None:
    with pytest.raises(ParameterError, match=message):
        rollout(FJParameters(0.1, influence=PAIR), *arguments)


def test_an_ambiguous_square_is_refused_and_the_remedy_works() -> None:
    batch = FJParameters(np.full((2, 2), 0.5), influence=PAIR)
    square = np.array([[0.0, 1.0], [1.0, 0.0]])
    with pytest.raises(ParameterError, match=r"innate\[\.\.\., None\]"):
        rollout(batch, square, 1)
    assert rollout(batch, square[..., None], 1).shape == (2, 2, 2, 1)
    with pytest.raises(ParameterError, match="do not broadcast"):
        rollout(batch, np.zeros((3, 2, 1)), 1)


def test_a_single_agent_keeps_its_belief() -> None:
    alone = FJParameters(0.0, 0.4, influence=[[0.0]])
    np.testing.assert_array_equal(rollout(alone, [0.7], 3), [[0.7]] * 4)
    assert equilibrium(alone, [0.7]).beliefs.tolist() == [0.7]
    assert total_influence(alone).tolist() == [[1.0]]
    assert total_influence(alone, 4).tolist() == [[1.0]]
    assert alone.effective_stubbornness.tolist() == [1.0]
    assert alone.resistance.tolist() == [np.inf]
    one = influence_matrix(nx.empty_graph(1))
    assert (hub_seat(one), leaf_seat(one)) == (0, 0)


def test_an_edge_runs_from_speaker_to_listener() -> None:
    heard = influence_matrix(nx.DiGraph([(0, 1), (2, 1)]))
    np.testing.assert_array_equal(heard, [[0, 0, 0], [0.5, 0, 0.5], [0, 0, 0]])
    weighted: nx.DiGraph[int] = nx.DiGraph()
    weighted.add_weighted_edges_from([(0, 1, 3.0), (2, 1, 1.0)])
    np.testing.assert_array_equal(influence_matrix(weighted)[1], [0.75, 0, 0.25])
    both = influence_matrix(nx.Graph([(0, 1)]), sparse=True)
    assert both.format == "csr"
    np.testing.assert_array_equal(both.toarray(), PAIR)


def test_seats_follow_listeners_and_break_ties_by_index() -> None:
    star = influence_matrix(nx.star_graph(4))
    assert (hub_seat(star), leaf_seat(star)) == (0, 1)
    ring = influence_matrix(nx.cycle_graph(5), sparse=True)
    assert (hub_seat(ring), leaf_seat(ring)) == (0, 1)
    spoken = influence_matrix(nx.DiGraph([(2, 0), (2, 1), (1, 0)]))
    assert (hub_seat(spoken), leaf_seat(spoken)) == (2, 0)


def test_scalars_vectors_graphs_dense_and_sparse_say_the_same() -> None:
    graph = nx.barbell_graph(3, 1)
    dense = influence_matrix(graph)
    innate = np.linspace(0, 1, 7)
    given = [
        FJParameters(0.2, 0.3, influence=graph),
        FJParameters(np.full(7, 0.2), [0.3] * 7, influence=dense),
        FJParameters(0.2, 0.3, influence=sparse.csr_array(dense)),
        FJParameters(0.2, 0.3, influence=sparse.coo_matrix(dense)),
        FJParameters(0.2, 0.3, influence=dense.astype(np.float32)),
    ]
    for parameters in given:
        np.testing.assert_allclose(
            rollout(parameters, innate, 5), rollout(given[0], innate, 5), atol=1e-7
        )
        np.testing.assert_allclose(
            total_influence(parameters), total_influence(given[0]), atol=1e-7
        )
    stacked = rollout(given[2], np.stack([innate, innate[::-1]])[:, :, None], 5)
    np.testing.assert_allclose(stacked[1, ..., 0], rollout(given[0], innate[::-1], 5), atol=1e-12)


def test_a_self_loop_acts_as_self_weight() -> None:
    looped = FJParameters(0.2, 0.5, influence=[[0.4, 0.6], [1.0, 0.0]])
    folded = FJParameters(0.2, [0.5 + 0.5 * 0.4, 0.5], influence=PAIR)
    np.testing.assert_allclose(rollout(looped, [0.0, 1.0], 6), rollout(folded, [0.0, 1.0], 6))
    np.testing.assert_allclose(total_influence(looped), total_influence(folded))
    np.testing.assert_allclose(looped.resistance, folded.resistance)
    only_self = FJParameters(0.0, influence=[[1.0, 0.0], [1.0, 0.0]])
    assert equilibrium(only_self, [0.3, 0.9]).beliefs.tolist() == [0.3, 0.3]


def test_resistance_is_the_odds_of_effective_stubbornness() -> None:
    parameters = FJParameters([0.1, 0.6, 1.0], [0.3, 0.0, 0.5], influence=nx.cycle_graph(3))
    effective = parameters.effective_stubbornness
    np.testing.assert_allclose(
        parameters.resistance[:2], (effective / (1 - effective + 1e-300))[:2]
    )
    assert parameters.resistance[2] == np.inf
    assert parameters.resistance[0] == pytest.approx(0.1 / 0.9 / 0.7)


def test_shares_and_concentration_of_sparse_networks_match_the_dense_ones() -> None:
    graph = nx.star_graph(5)
    graph.add_edge(2, 2)
    dense = FJParameters(0.2, 0.3, influence=graph)
    thin = FJParameters(0.2, 0.3, influence=influence_matrix(graph, sparse=True))
    for horizon in (None, 0, 4):
        np.testing.assert_allclose(
            influence_shares(thin, horizon), influence_shares(dense, horizon), atol=1e-9
        )
    shares = influence_shares(dense)
    assert shares.sum() == pytest.approx(1)
    assert shares.argmax() == 0
    found = concentration(shares)
    assert found.effective_agents == pytest.approx(1 / (shares**2).sum())
    assert 1 < found.effective_agents < 6
    assert 0 < found.entropy < np.log(6)
    batch = FJParameters(np.full((2, 6), 0.2), influence=thin.influence)
    with pytest.raises(ParameterError, match="batch"):
        influence_shares(batch)


def test_step_is_one_round_of_rollout() -> None:
    parameters = FJParameters(0.3, 0.2, influence=nx.path_graph(4))
    innate = np.eye(4)[:, :2]
    path = rollout(parameters, innate, 2)
    np.testing.assert_allclose(step(parameters, path[1], innate), path[2])
    gate = np.full((4, 4), 0.5)
    np.testing.assert_allclose(
        step(parameters, innate, innate, gate, "self"),
        rollout(parameters, innate, 1, gate, residual="self")[1],
    )
    with pytest.raises(ParameterError, match="shaped like innate"):
        step(parameters, np.zeros(4), innate)


def test_sparse_influence_takes_gates_too() -> None:
    graph = nx.wheel_graph(5)
    gate = np.random.default_rng(0).random((3, 5, 5))
    thin = FJParameters(0.2, 0.1, influence=influence_matrix(graph, sparse=True))
    dense = FJParameters(0.2, 0.1, influence=graph)
    for residual in ("innate", "self", "renormalise"):
        np.testing.assert_allclose(
            rollout(thin, np.arange(5.0), 3, gate, residual=residual),
            rollout(dense, np.arange(5.0), 3, gate, residual=residual),
        )
    with pytest.raises(ParameterError, match="dense influence"):
        rollout(thin, np.arange(5.0), 3, np.stack([gate, gate]))


def test_a_gate_out_of_range_is_refused_unless_only_ratios_count() -> None:
    parameters = FJParameters(0.2, influence=PAIR)
    with pytest.raises(ParameterError, match="gate must be"):
        gated(parameters, np.full((2, 2), 2.0))
    same = gated(parameters, np.full((2, 2), 2.0), "renormalise")
    np.testing.assert_allclose(np.asarray(same.influence), np.asarray(PAIR))


def test_an_agent_frozen_by_self_weight_is_named() -> None:
    frozen = FJParameters([0.0, 0.2], [1.0, 0.0], influence=PAIR)
    with pytest.raises(NotConvergentError, match=r"\[0\] listen to nobody but themselves"):
        equilibrium(frozen, [0.1, 0.2])
    with pytest.raises(ParameterError, match="n_rounds"):
        total_influence(frozen, -1)


def test_a_batch_names_the_closed_group_of_its_setting() -> None:
    held = np.array([[0.1, 0.1], [0.0, 0.0]])
    with pytest.raises(NotConvergentError, match=r"\[0, 1\] hear only each other"):
        total_influence(FJParameters(held, influence=np.array([PAIR, PAIR])))
