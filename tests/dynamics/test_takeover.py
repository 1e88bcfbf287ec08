"""Takeover on any graph: seats, mixed groups, flips and critical numbers."""

from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from fjsim.contracts import Residual
from fjsim.dynamics import (
    FJParameters,
    closed_forms,
    influence_matrix,
    phase_diagram,
    takeover,
    total_influence,
)
from fjsim.errors import ParameterError
from fjsim.metrics.intervals import Estimate
from fjsim.report.html.phase import Observed, phase_figure

GRAPHS: dict[str, Callable[[int], Any]] = {
    "complete": nx.complete_graph,
    "star": lambda n: nx.star_graph(n - 1),
    "ring": nx.cycle_graph,
}


@pytest.fixture
def registered(monkeypatch) -> None:
    """Three topologies under their names, without the room that registers them."""

    def build(kind, block):
        assert kind == "topology"
        graph = GRAPHS[block["kind"]]
        return SimpleNamespace(influence=lambda n, random: influence_matrix(graph(n)))

    monkeypatch.setattr(import_module("fjsim.registry"), "build", build)


def test_a_name_a_graph_and_a_matrix_give_the_same(registered) -> None:
    graph = nx.star_graph(5)
    dense = influence_matrix(graph)
    given = [graph, dense, sparse.csr_array(dense), dense.tolist()]
    by_name = takeover("star", 6, [0], stubbornness=0.1, self_weight=0.3, n_rounds=10)
    assert round(by_name.mean, 3) == 0.863
    assert round(by_name.mean_after_rounds, 3) == 0.863
    for topology in given:
        found = takeover(topology, seats=["hub"], stubbornness=0.1, self_weight=0.3, n_rounds=10)
        np.testing.assert_allclose(found.equilibrium, by_name.equilibrium, atol=1e-12)
        np.testing.assert_allclose(found.after_rounds, by_name.after_rounds, atol=1e-12)


def test_a_mixed_group_gives_the_columns_of_total_influence() -> None:
    random = np.random.default_rng(0)
    graph = nx.gnp_random_graph(9, 0.4, seed=1, directed=True)
    held, own = random.uniform(0.05, 0.9, 9), random.random(9)
    found = takeover(
        graph,
        seats=[2, "leaf"],
        stubbornness=held,
        self_weight=own,
        n_rounds=4,
        adversary_stubbornness=0.7,
    )
    seats = list(found.seats)
    held[seats], own[seats] = 0.7, 0.0
    parameters = FJParameters(held, own, influence=graph)
    expected = total_influence(parameters)[:, seats].sum(axis=1)
    later = total_influence(parameters, 4)[:, seats].sum(axis=1)
    benign = ~np.isnan(found.equilibrium)
    assert sorted(np.flatnonzero(~benign)) == sorted(seats)
    np.testing.assert_allclose(found.equilibrium[benign], expected[benign], atol=1e-12)
    np.testing.assert_allclose(found.after_rounds[benign], later[benign], atol=1e-12)
    assert found.closed_form is None
    assert found.bounds[0] == 0.0


def test_the_three_mechanisms_point_the_right_way() -> None:
    def mean(graph, **options):
        return takeover(graph, **{"seats": [0], "stubbornness": 0.1, **options}).mean

    assert mean(nx.complete_graph(5)) > mean(nx.complete_graph(9))
    assert mean(nx.cycle_graph(5)) > mean(nx.cycle_graph(9))
    assert mean(nx.star_graph(4)) == pytest.approx(mean(nx.star_graph(8)))
    for graph in (nx.complete_graph(6), nx.star_graph(5), nx.cycle_graph(6)):
        assert mean(graph, stubbornness=0.1) > mean(graph, stubbornness=0.2)
    assert mean(nx.complete_graph(6), trust=0.5) < mean(nx.complete_graph(6))
    assert mean(nx.star_graph(5), trust=0.5) == pytest.approx(mean(nx.star_graph(5)))


@pytest.mark.parametrize("margin", [0.1, 0.5, 0.9])
def test_critical_numbers_of_a_complete_graph_are_the_closed_ones(registered, margin) -> None:
    kappa = closed_forms.resistance_of(0.1, 0.3)
    flips = takeover("complete", 6, [0], stubbornness=0.1, self_weight=0.3, margin=margin).flips
    assert flips.critical_agents == int(np.ceil(1 / (kappa * margin)))
    assert flips.critical_resistance == pytest.approx(1 / (5 * margin), rel=1e-9)
    weight = kappa * margin
    assert flips.critical_trust == pytest.approx(4 * weight / (1 - weight), rel=1e-9)


def test_nobody_flips_with_any_critical_number(registered) -> None:
    common: dict[str, Any] = {"seats": ["leaf"], "self_weight": 0.3, "margin": 0.4}
    first = takeover("star", 6, stubbornness=0.1, **common)
    assert first.flips.flips > 0
    agents = first.flips.critical_agents
    assert takeover("star", agents + 1, stubbornness=0.1, **common).flips.flips == 0
    assert takeover("star", agents, stubbornness=0.1, **common).flips.flips > 0
    yielded = first.flips.critical_resistance * 0.7
    for nudge, flipping in ((1.0001, False), (0.9999, True)):
        held = nudge * yielded / (1 + nudge * yielded)
        assert (takeover("star", 6, stubbornness=held, **common).flips.flips > 0) == flipping
        shifts: list[tuple[float, Residual]] = [
            (first.flips.critical_trust, "renormalise"),
            (first.flips.critical_gate, "innate"),
        ]
        for trust, residual in shifts:
            shifted = takeover(
                "star", 6, stubbornness=0.1, trust=trust / nudge, residual=residual, **common
            )
            assert (shifted.flips.flips > 0) == flipping


def test_a_hub_is_not_stopped_by_more_agents_or_renormalised_trust(registered) -> None:
    flips = takeover("star", 6, stubbornness=0.1, self_weight=0.3, margin=0.5).flips
    assert flips.flips == 5
    assert flips.critical_agents is None
    assert flips.critical_trust is None
    assert flips.critical_resistance == pytest.approx(2)
    kappa = closed_forms.resistance_of(0.1, 0.3)
    assert flips.critical_gate == pytest.approx((0.5 / 1.5) * (1 + kappa))


def test_a_safe_group_needs_nothing_more() -> None:
    flips = takeover(nx.complete_graph(8), seats=[0], stubbornness=0.8, margin=0.9).flips
    assert flips.flips == 0
    assert flips.critical_agents is None
    assert flips.critical_gate == 1.0
    unreached = nx.DiGraph([(1, 0), (2, 1), (1, 2)])
    found = takeover(unreached, seats=[0], stubbornness=0.3, margin=0.5)
    assert found.mean == 0
    assert found.flips.critical_resistance == 0
    assert found.flips.critical_trust is None


def common_resistance(influence, seats, resistance):
    """Stubbornness with which every benign agent has this resistance, self-loops counted."""
    yielded = resistance * (1 - np.diagonal(influence))
    return yielded / (1 + yielded)


def test_critical_resistance_counts_what_agents_hear_from_themselves() -> None:
    influence = np.array([[0, 0.5, 0.5], [0.3, 0.6, 0.1], [0.3, 0.1, 0.6]])
    first = takeover(influence, seats=[0], stubbornness=0.1, margin=0.5)
    critical = first.flips.critical_resistance
    # Both hear the adversary with 3/4 of what they hear from others, and 3/4 = 0.5 * 1.5.
    assert critical == pytest.approx(1.5, rel=1e-9)
    for nudge, flipping in ((1.001, 0), (0.999, 2)):
        held = common_resistance(influence, [0], critical * nudge)
        found = takeover(influence, seats=[0], stubbornness=held, margin=0.5)
        np.testing.assert_allclose(found.resistance[1:], critical * nudge)
        assert found.flips.flips == flipping


def test_critical_resistance_brackets_the_flip_on_random_groups_with_self_loops() -> None:
    for seed in range(25):
        random = np.random.default_rng(seed)
        n = int(random.integers(2, 9))
        influence = random.exponential(size=(n, n)) * (random.random((n, n)) < 0.7)
        influence += np.diag(random.exponential(size=n))
        influence /= influence.sum(axis=1, keepdims=True)
        margin = float(random.uniform(0.1, 1))
        options: dict[str, Any] = {"seats": [0], "margin": margin}
        critical = takeover(influence, stubbornness=0.2, **options).flips.critical_resistance
        above = common_resistance(influence, [0], critical * 1.001)
        assert takeover(influence, stubbornness=above, **options).flips.flips == 0, seed
        if critical > 0:
            below = common_resistance(influence, [0], critical * 0.999)
            assert takeover(influence, stubbornness=below, **options).flips.flips > 0, seed


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seats": [9]}, "there is no seat 9"),
        ({"seats": [-1]}, "there is no seat -1"),
        ({"seats": ["centre"]}, "'hub', 'leaf' or an index"),
        ({"seats": [0, "hub"]}, "one seat twice"),
        ({"seats": []}, "at least one adversary"),
        ({"seats": [0, 1, 2]}, "one benign agent"),
        ({"n_agents": 4}, "has 3 agents, not 4"),
        ({"topology": "ring"}, "needs n_agents"),
        ({"topology": np.ones((2, 3, 3)) / 3}, "one influence matrix"),
        ({"stubbornness": np.full((2, 3), 0.1)}, "one stubbornness"),
        ({"stubbornness": float("nan")}, "stubbornness must lie"),
        ({"trust": -1.0}, "trust must lie"),
        ({"trust": 2.0, "residual": "innate"}, "trust must lie"),
        ({"margin": 0.0}, "margin must lie"),
        ({"margin": float("nan")}, "margin must lie"),
        ({"adversary_stubbornness": 2.0}, "stubbornness must lie"),
        ({"n_rounds": -1}, "n_rounds must be"),
    ],
)
def test_what_does_not_fit_is_refused(changed, message) -> None:
    given = {"topology": nx.cycle_graph(3), "seats": [0], "stubbornness": 0.1}
    with pytest.raises(ParameterError, match=message):
        takeover(**(given | changed))


def test_a_group_of_two_is_moved_like_a_leaf() -> None:
    found = takeover(nx.path_graph(2), seats=[0], stubbornness=0.1, self_weight=0.3, margin=0.5)
    assert found.mean == pytest.approx(1 / (1 + closed_forms.resistance_of(0.1, 0.3)))
    with pytest.raises(ParameterError, match="one benign agent"):
        takeover(nx.empty_graph(1), seats=[0], stubbornness=0.1)


def test_bounds_name_zero_for_agents_the_adversary_does_not_reach_directly() -> None:
    found = takeover(nx.path_graph(4), seats=[0], stubbornness=[0, 0.1, 0.2, 0.3])
    low, high = found.bounds
    assert low == 0
    assert high == pytest.approx(0.5 / (0.5 + 1 / 9))
    assert np.nanmax(found.equilibrium) <= high


def test_a_phase_diagram_holds_what_single_predictions_say(registered) -> None:
    diagram = phase_diagram("complete", [4, 8, 16], [0.05, 0.5, 5.0], self_weight=0.3, margin=0.5)
    for row, n in enumerate(diagram.n_agents):
        for column, kappa in enumerate(diagram.resistance):
            assert diagram.takeover[row, column] == pytest.approx(1 / (1 + (n - 1) * kappa))
            flips = (n - 1) * kappa * 0.5 < 1
            assert diagram.flipped[row, column] == flips
    later = phase_diagram("complete", 6, 0.1, n_rounds=3)
    assert later.takeover[0, 0] < 1 / 1.5
    seen = Observed("eight <agents>", 0.1, 8, Estimate(0.5, 0.4, 0.6, 9))
    figure = phase_figure(diagram, (seen, seen._replace(n_agents=99)))
    assert figure.count('class="phase"') == diagram.takeover.size + 11 + 1
    assert figure.count('class="boundary"') == figure.count('class="group"') == 1
    assert "began 50 points on the right side" in figure
    assert "eight &lt;agents&gt;: 0.50 [0.40, 0.60]" in figure
    with pytest.raises(ParameterError, match="resistance must be"):
        phase_diagram("complete", 6, 0.0)


@pytest.mark.parametrize("factor", [0.25, 3.0, 40.0])
@pytest.mark.parametrize("n_agents", [3, 6, 12])
def test_a_persuasive_adversary_is_the_relative_trust_of_the_closed_forms(
    factor: float, n_agents: int
) -> None:
    kappa = closed_forms.resistance_of(0.2, 0.3)
    given: dict[str, Any] = {"stubbornness": 0.2, "self_weight": 0.3, "persuasiveness": factor}
    whole = takeover(nx.complete_graph(n_agents), seats=[1], **given)
    expected = closed_forms.complete_takeover(n_agents - 1, kappa, trust=factor)
    assert whole.mean == pytest.approx(expected, abs=1e-12)
    leaf = takeover(nx.star_graph(n_agents - 1), seats=["leaf"], **given)
    at_hub, at_leaf = closed_forms.leaf_takeover(n_agents - 1, kappa, factor)
    assert leaf.equilibrium is not None
    assert leaf.equilibrium[0] == pytest.approx(at_hub, abs=1e-12)
    assert leaf.equilibrium[2] == pytest.approx(at_leaf, abs=1e-12)
    hub = takeover(nx.star_graph(n_agents - 1), seats=[0], **given)
    assert hub.mean == pytest.approx(closed_forms.hub_takeover(kappa), abs=1e-12)


def test_a_gate_acts_on_the_weights_that_persuasiveness_gives() -> None:
    given: dict[str, Any] = {"stubbornness": 0.2, "seats": [0], "residual": "self", "trust": 0.5}
    both = takeover(nx.complete_graph(5), persuasiveness=4.0, **given)
    # 4 of 7 parts are the adversary's, of which half stays with the own last belief.
    kappa, weight = closed_forms.resistance_of(0.2), 4 / 7 / 2
    assert both.mean == pytest.approx(weight / (weight + kappa))


def test_a_persuasive_adversary_needs_a_larger_team_to_flip_nobody(registered: None) -> None:
    given: dict[str, Any] = {"stubbornness": 0.2, "margin": 0.5}
    plain = takeover("complete", 6, **given).flips
    loud = takeover("complete", 6, persuasiveness=3.0, **given).flips
    assert plain is not None
    assert loud is not None
    assert plain.critical_agents is not None
    assert loud.critical_agents is not None
    kappa, threshold = closed_forms.resistance_of(0.2), closed_forms.flip_threshold(0.5)
    for found, factor in ((plain, 1.0), (loud, 3.0)):
        fewest = found.critical_agents
        assert fewest is not None
        assert closed_forms.complete_takeover(fewest, kappa, trust=factor) <= threshold * 1.000001
        assert closed_forms.complete_takeover(fewest - 1, kappa, trust=factor) > threshold
    assert loud.critical_agents > plain.critical_agents
    assert plain.critical_trust == pytest.approx(3 * (loud.critical_trust or 0.0))


@pytest.mark.parametrize("factor", [0.0, -1.0, float("inf"), float("nan")])
def test_persuasiveness_is_a_number_above_zero(factor: float) -> None:
    with pytest.raises(ParameterError, match="persuasiveness must be a number > 0"):
        takeover(nx.complete_graph(4), seats=[0], stubbornness=0.1, persuasiveness=factor)
