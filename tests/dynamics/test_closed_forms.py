"""F1 to F15 against the general solve, and against random walks."""

from typing import Any

import networkx as nx
import numpy as np
import pytest

from fjsim.dynamics import (
    FJParameters,
    closed_forms,
    equilibrium,
    estimate_belief,
    influence_matrix,
    rollout,
    takeover,
    total_influence,
)
from fjsim.errors import ParameterError

SETTINGS = [(0.05, 0.2), (0.1, 0.3), (0.3, 0.5), (0.6, 0.1)]
SIZES = [4, 6, 20]


def moved(graph, seats, held, own, **options):
    """Takeover of the benign agents by the general solve."""
    found = takeover(graph, seats=seats, stubbornness=held, self_weight=own, **options)
    return found, found.equilibrium[~np.isnan(found.equilibrium)]


@pytest.mark.parametrize(("held", "own"), SETTINGS)
@pytest.mark.parametrize("n", SIZES)
class TestFormsMatchTheGeneralSolve:
    def test_f1_and_f4_complete_graph(self, n, held, own) -> None:
        found, reached = moved(nx.complete_graph(n), [0], held, own, n_rounds=10)
        kappa = closed_forms.resistance_of(held, own)
        np.testing.assert_allclose(
            reached, closed_forms.complete_takeover(n - 1, kappa), rtol=0, atol=1e-9
        )
        later = closed_forms.complete_takeover_after(10, n - 1, held, own)
        assert found.mean_after_rounds == pytest.approx(later, abs=1e-9)
        assert found.closed_form.name == "F1"
        assert found.closed_form.mean == pytest.approx(found.mean, abs=1e-9)

    @pytest.mark.parametrize("trust", [0.1, 0.5, 3.0])
    def test_f2_trust_in_a_complete_graph(self, n, held, own, trust) -> None:
        found, reached = moved(nx.complete_graph(n), [2], held, own, trust=trust)
        kappa = closed_forms.resistance_of(held, own)
        expected = closed_forms.complete_takeover(n - 1, kappa, trust=trust)
        np.testing.assert_allclose(reached, expected, rtol=0, atol=1e-9)
        assert found.closed_form.mean == pytest.approx(expected, abs=1e-9)

    def test_f3_colluders(self, n, held, own) -> None:
        found, reached = moved(nx.complete_graph(n), [0, 2], held, own)
        kappa = closed_forms.resistance_of(held, own)
        expected = closed_forms.complete_takeover(n - 2, kappa, n_seats=2)
        np.testing.assert_allclose(reached, expected, rtol=0, atol=1e-9)
        assert expected == pytest.approx(2 / (2 + kappa * (n - 1)), abs=1e-12)
        assert found.closed_form.name == "F3"

    def test_f5_hub_of_a_star(self, n, held, own) -> None:
        found, reached = moved(nx.star_graph(n - 1), ["hub"], held, own, n_rounds=7)
        kappa = closed_forms.resistance_of(held, own)
        np.testing.assert_allclose(reached, closed_forms.hub_takeover(kappa), rtol=0, atol=1e-9)
        assert found.mean_after_rounds == pytest.approx(
            closed_forms.hub_takeover_after(7, held, own), abs=1e-9
        )
        assert found.closed_form.name == "F5"

    @pytest.mark.parametrize("trust", [0.2, 1.0])
    def test_f6_leaf_of_a_star(self, n, held, own, trust) -> None:
        found, reached = moved(nx.star_graph(n - 1), ["leaf"], held, own, trust=trust)
        kappa = closed_forms.resistance_of(held, own)
        hub, leaf = closed_forms.leaf_takeover(n - 1, kappa, trust)
        np.testing.assert_allclose(reached, [hub, *[leaf] * (n - 2)], rtol=0, atol=1e-9)
        assert found.closed_form.name == "F6"
        assert found.closed_form.mean == pytest.approx(found.mean, abs=1e-9)

    def test_f7_ring(self, n, held, own) -> None:
        found, reached = moved(nx.cycle_graph(n), [0], held, own)
        kappa = closed_forms.resistance_of(held, own)
        np.testing.assert_allclose(reached, closed_forms.ring_takeover(n, kappa), rtol=0, atol=1e-9)
        assert found.closed_form.name == "F7"

    def test_f8_chain(self, n, held, own) -> None:
        found, reached = moved(nx.path_graph(n), [0], held, own)
        kappa = closed_forms.resistance_of(held, own)
        np.testing.assert_allclose(
            reached, closed_forms.chain_takeover(n, kappa), rtol=0, atol=1e-9
        )
        assert found.closed_form.name == "F8"

    def test_f9_hub_of_a_wheel(self, n, held, own) -> None:
        found, reached = moved(nx.wheel_graph(n), [0], held, own)
        kappa = closed_forms.resistance_of(held, own)
        np.testing.assert_allclose(reached, closed_forms.wheel_takeover(kappa), rtol=0, atol=1e-9)
        assert found.closed_form.name == ("F9" if n > 4 else "F1")

    @pytest.mark.parametrize("partial", [0.2, 0.8])
    def test_f10_adversary_that_yields_a_little(self, n, held, own, partial) -> None:
        found, reached = moved(nx.complete_graph(n), [0], held, own, adversary_stubbornness=partial)
        kappa = closed_forms.resistance_of(held, own)
        expected = closed_forms.partial_takeover(n - 1, kappa, partial)
        np.testing.assert_allclose(reached, expected, rtol=0, atol=1e-9)
        assert found.closed_form.name == "F10"

    def test_f12_price_of_stubbornness(self, n, held, own) -> None:
        parameters = FJParameters(held, own, influence=nx.complete_graph(n))
        innate = np.random.default_rng(0).random(n)
        settled = equilibrium(parameters, innate).beliefs
        factor = closed_forms.price_of_stubbornness(n, closed_forms.resistance_of(held, own))
        np.testing.assert_allclose(
            settled - settled.mean(), factor * (innate - innate.mean()), atol=1e-9
        )
        assert settled.mean() == pytest.approx(innate.mean(), abs=1e-9)
        found, _ = moved(nx.complete_graph(n), [0], held, own)
        assert found.price == pytest.approx(factor, abs=1e-9)

    @pytest.mark.parametrize("gate", [0.1, 0.5])
    @pytest.mark.parametrize("residual", ["innate", "self", "renormalise"])
    def test_f14_gated_hub(self, n, held, own, gate, residual) -> None:
        _, reached = moved(nx.star_graph(n - 1), ["hub"], held, own, trust=gate, residual=residual)
        kappa = closed_forms.resistance_of(held, own)
        expected = closed_forms.gated_hub_takeover(kappa, gate, residual)
        np.testing.assert_allclose(reached, expected, rtol=0, atol=1e-9)


def test_f11_bounds_hold_on_random_directed_graphs() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        n = int(random.integers(3, 12))
        weights = random.random((n, n)) * (random.random((n, n)) < 0.6)
        weights += np.roll(np.eye(n), 1, axis=1) * 1e-3
        np.fill_diagonal(weights, 0)
        weights /= weights.sum(axis=1, keepdims=True)
        held = random.uniform(0.01, 0.9, n)
        found = takeover(weights, seats=[0], stubbornness=held, self_weight=random.random(n))
        low, high = found.bounds
        assert low - 1e-12 <= np.nanmin(found.equilibrium)
        assert np.nanmax(found.equilibrium) <= high + 1e-12


def test_f13_a_decision_flips_iff_direct_weight_exceeds_resistance_times_margin() -> None:
    random = np.random.default_rng(1)
    for _ in range(60):
        n = int(random.integers(3, 9))
        held, own = random.uniform(0.05, 0.6), random.uniform(0, 0.8)
        target, right = np.sort(random.dirichlet(np.ones(3))[:2])
        innate = np.tile([right, target, 1 - right - target], (n, 1))
        innate[0] = [0, 1, 0]
        held_by = np.full(n, held)
        held_by[0] = 1.0
        own_by = np.full(n, own)
        parameters = FJParameters(held_by, own_by, influence=nx.complete_graph(n))
        settled = equilibrium(parameters, innate).beliefs[1]
        kappa = closed_forms.resistance_of(held, own)
        flips = settled[1] > settled[0]
        assert flips == (1 / (n - 1) > kappa * (right - target))
        found = takeover(
            nx.complete_graph(n),
            seats=[0],
            stubbornness=held,
            self_weight=own,
            margin=right - target,
        )
        assert found.flips.flips == flips * (n - 1)


@pytest.mark.parametrize(
    "graph", [nx.complete_graph(6), nx.star_graph(5), nx.cycle_graph(6), nx.path_graph(6)]
)
def test_f15_without_stubbornness_the_adversary_takes_all(graph) -> None:
    found, reached = moved(graph, [0], 0.0, 0.5, n_rounds=400)
    np.testing.assert_allclose(reached, 1, atol=1e-9)
    assert found.mean_after_rounds == pytest.approx(1, abs=1e-4)


def test_f15_needs_a_self_weight_below_one() -> None:
    found = takeover(nx.cycle_graph(4), seats=[0], stubbornness=0.0, self_weight=1.0, n_rounds=5)
    assert found.equilibrium is None
    assert found.mean is None
    assert "not unique" in found.reason
    assert found.mean_after_rounds == 0


FORMS: dict[str, tuple[Any, int, Any]] = {
    "F1": (nx.complete_graph(6), 0, lambda k: closed_forms.complete_takeover(5, k)),
    "F5": (nx.star_graph(5), 0, closed_forms.hub_takeover),
    "F6": (nx.star_graph(5), 1, lambda k: closed_forms.leaf_takeover(5, k)[1]),
    "F7": (nx.cycle_graph(6), 0, lambda k: closed_forms.ring_takeover(6, k)[-1]),
    "F8": (nx.path_graph(6), 0, lambda k: closed_forms.chain_takeover(6, k)[-1]),
    "F9": (nx.wheel_graph(6), 0, closed_forms.wheel_takeover),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_match_the_monte_carlo_oracle(form) -> None:
    graph, seat, expected = FORMS[form]
    held, own = np.full(6, 0.1), np.full(6, 0.3)
    held[seat], own[seat] = 1.0, 0.0
    innate = np.zeros(6)
    innate[seat] = 1.0
    parameters = FJParameters(held, own, influence=graph)
    found = estimate_belief(parameters, innate, 5, n_walks=40_000)
    exact = expected(closed_forms.resistance_of(0.1, 0.3))
    assert abs(found.belief - exact) < 5 * found.standard_error


@pytest.mark.parametrize(
    ("partial", "seats", "trust", "expected"),
    [
        (1.0, [0], 0.5, lambda k: closed_forms.complete_takeover(5, k, trust=0.5)),
        (1.0, [0, 1], 1.0, lambda k: closed_forms.complete_takeover(4, k, n_seats=2)),
        (0.4, [0], 1.0, lambda k: closed_forms.partial_takeover(5, k, 0.4)),
    ],
    ids=["F2", "F3", "F10"],
)
def test_forms_of_the_complete_graph_match_the_monte_carlo_oracle(
    partial, seats, trust, expected
) -> None:
    influence = influence_matrix(nx.complete_graph(6))
    influence[len(seats) :, seats] *= trust
    influence /= influence.sum(axis=1, keepdims=True)
    held, own, innate = np.full(6, 0.1), np.full(6, 0.3), np.zeros(6)
    held[seats], own[seats], innate[seats] = partial, 0.0, 1.0
    found = estimate_belief(FJParameters(held, own, influence=influence), innate, 5, n_walks=40_000)
    exact = expected(closed_forms.resistance_of(0.1, 0.3))
    assert abs(found.belief - exact) < 5 * found.standard_error


def test_f4_matches_the_monte_carlo_oracle_within_ten_rounds() -> None:
    held, own, innate = np.full(6, 0.1), np.full(6, 0.3), np.zeros(6)
    held[0], own[0], innate[0] = 1.0, 0.0, 1.0
    parameters = FJParameters(held, own, influence=nx.complete_graph(6))
    found = estimate_belief(parameters, innate, 3, n_rounds=10, n_walks=40_000)
    exact: Any = closed_forms.complete_takeover_after(10, 5, 0.1, 0.3)
    assert abs(found.belief - exact) < 5 * found.standard_error


def test_the_illustration_of_the_model_page() -> None:
    hub, leaf = [0], [1]
    table = {
        6: (".558/.515", ".863/.863", ".380/.313", ".487/.432"),
        16: (".296/.232", ".863/.863", ".165/.116", ".179/.146"),
    }
    for n, expected in table.items():
        graphs = (
            nx.complete_graph(n),
            nx.star_graph(n - 1),
            nx.star_graph(n - 1),
            nx.cycle_graph(n),
        )
        shown = []
        for graph, seats in zip(graphs, (hub, hub, leaf, hub), strict=True):
            found, _ = moved(graph, seats, 0.1, 0.3, n_rounds=10)
            shown.append(f"{found.mean:.3f}/{found.mean_after_rounds:.3f}".replace("0.", "."))
        assert tuple(shown) == expected


def test_forms_survive_extreme_resistance() -> None:
    assert closed_forms.complete_takeover(5, np.inf) == 0
    assert closed_forms.resistance_of(1.0, 0.3) == np.inf
    np.testing.assert_allclose(closed_forms.ring_takeover(2000, 50.0)[1000], 0, atol=1e-300)
    tiny = closed_forms.chain_takeover(4, 1e-14)
    np.testing.assert_allclose(tiny, 1, atol=1e-12)
    assert closed_forms.takeover_bounds(np.zeros(2), np.zeros(2)) == (0.0, 1.0)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_numbers_outside_the_model_are_refused(value) -> None:
    with pytest.raises(ParameterError, match="stubbornness must lie"):
        closed_forms.resistance_of(value)
    with pytest.raises(ParameterError, match="margin must lie"):
        closed_forms.flip_threshold(value)
    with pytest.raises(ParameterError, match="undecided"):
        closed_forms.resistance_of(0.0, 1.0)


def test_finite_horizon_of_the_law_matches_f4_and_rollout() -> None:
    held, innate = np.array([1.0, 0.1, 0.1, 0.1]), np.eye(4)
    parameters = FJParameters(held, [0, 0.3, 0.3, 0.3], influence=nx.complete_graph(4))
    np.testing.assert_allclose(
        total_influence(parameters, 10), rollout(parameters, innate, 10)[-1], atol=1e-14
    )
