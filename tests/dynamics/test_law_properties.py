"""Every line of "Properties" in the design's model page, on random groups."""

from importlib import import_module
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fjsim.dynamics import (
    FJParameters,
    equilibrium,
    estimate_belief,
    gated,
    rollout,
    step,
    total_influence,
)
from fjsim.errors import NotConvergentError

MODEST = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def groups(draw, least_stubborn=0.02, most_agents=8, deaf=True):
    """Random parameters, now and then with a listener that hears nobody."""
    n = draw(st.integers(1, most_agents))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = random.exponential(size=(n, n)) * (random.random((n, n)) < draw(st.floats(0.2, 1)))
    np.fill_diagonal(weights, 0)
    if not deaf:
        weights += np.roll(np.eye(n), 1, axis=1) * (n > 1)
    total = weights.sum(axis=1, keepdims=True)
    influence = weights / np.where(total > 0, total, 1)
    stubbornness = random.uniform(least_stubborn, 1, n)
    return FJParameters(stubbornness, random.uniform(0, 1, n), influence=influence)


@st.composite
def groups_with_beliefs(draw: st.DrawFn, /, **options: Any) -> Any:
    parameters = draw(groups(**options))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_options = draw(st.integers(2, 5))
    return parameters, random.dirichlet(np.ones(n_options), parameters.n_agents)


@MODEST
@given(groups())
def test_rows_of_update_plus_anchor_sum_to_one(parameters) -> None:
    carried = parameters.update_matrix() + np.diag(parameters.stubbornness)
    assert (carried >= 0).all()
    np.testing.assert_allclose(carried.sum(axis=1), 1, atol=1e-12)


@MODEST
@given(groups(), st.integers(0, 12))
def test_total_influence_is_row_stochastic_at_every_horizon(parameters, n_rounds) -> None:
    for horizon in (n_rounds, None):
        reached = total_influence(parameters, horizon)
        assert (reached >= 0).all()
        np.testing.assert_allclose(reached.sum(axis=1), 1, atol=1e-12)


@MODEST
@given(groups_with_beliefs(), st.integers(0, 12))
def test_total_influence_carries_innate_to_final_beliefs(drawn, n_rounds) -> None:
    parameters, innate = drawn
    after = rollout(parameters, innate, n_rounds)[-1]
    np.testing.assert_allclose(total_influence(parameters, n_rounds) @ innate, after, atol=1e-12)


@MODEST
@given(groups_with_beliefs())
def test_beliefs_stay_on_the_simplex_and_in_the_hull(drawn) -> None:
    parameters, innate = drawn
    paths = [rollout(parameters, innate, 15), equilibrium(parameters, innate).beliefs]
    for beliefs in paths:
        np.testing.assert_allclose(beliefs.sum(axis=-1), 1, atol=1e-9)
        assert (beliefs >= innate.min(axis=0) - 1e-9).all()
        assert (beliefs <= innate.max(axis=0) + 1e-9).all()


@MODEST
@given(groups_with_beliefs(), st.randoms(use_true_random=False))
def test_relabelling_the_agents_permutes_the_result(drawn, random) -> None:
    parameters, innate = drawn
    order = list(range(parameters.n_agents))
    random.shuffle(order)
    relabelled = FJParameters(
        parameters.stubbornness[order],
        parameters.self_weight[order],
        influence=parameters.influence[np.ix_(order, order)],
    )
    np.testing.assert_allclose(
        rollout(relabelled, innate[order], 7), rollout(parameters, innate, 7)[:, order], atol=1e-12
    )
    np.testing.assert_allclose(
        equilibrium(relabelled, innate[order]).beliefs,
        equilibrium(parameters, innate).beliefs[order],
        atol=1e-9,
    )


@MODEST
@given(groups(least_stubborn=0.1))
def test_finite_horizon_tends_to_the_equilibrium(parameters) -> None:
    np.testing.assert_allclose(
        total_influence(parameters, 400), total_influence(parameters), atol=1e-9
    )


@MODEST
@given(groups_with_beliefs())
def test_equilibrium_is_a_fixed_point_of_step(drawn) -> None:
    parameters, innate = drawn
    found = equilibrium(parameters, innate)
    np.testing.assert_allclose(
        step(parameters, found.beliefs, innate), found.beliefs, atol=found.error_bound * 2 + 1e-14
    )


@MODEST
@given(groups_with_beliefs())
def test_full_stubbornness_keeps_the_innate_beliefs(drawn) -> None:
    parameters, innate = drawn
    rigid = FJParameters(1.0, parameters.self_weight, influence=parameters.influence)
    np.testing.assert_array_equal(
        rollout(rigid, innate, 5), np.broadcast_to(innate, (6, *innate.shape))
    )
    np.testing.assert_allclose(equilibrium(rigid, innate).beliefs, innate, atol=1e-12)


@MODEST
@given(groups_with_beliefs(), st.integers(1, 9))
def test_no_stubbornness_is_degroot(drawn, n_rounds) -> None:
    parameters, innate = drawn
    free = FJParameters(0.0, influence=parameters.influence)
    deaf = ~(parameters.influence.sum(axis=1) > 0)
    averaging = parameters.influence + np.diag(deaf.astype(float))
    expected = np.linalg.matrix_power(averaging, n_rounds) @ innate
    np.testing.assert_allclose(rollout(free, innate, n_rounds)[-1], expected, atol=1e-12)


@MODEST
@given(groups_with_beliefs(), st.sampled_from(["innate", "self", "renormalise"]))
def test_full_trust_is_no_defense(drawn, residual) -> None:
    parameters, innate = drawn
    trust = np.ones_like(parameters.influence)
    np.testing.assert_allclose(
        rollout(parameters, innate, 6, trust, residual=residual),
        rollout(parameters, innate, 6),
        atol=1e-12,
    )


@MODEST
@given(groups_with_beliefs(deaf=False))
def test_no_trust_with_innate_residual_is_everyones_solo_belief(drawn) -> None:
    parameters, innate = drawn
    alone = rollout(parameters, innate, 6, np.zeros_like(parameters.influence))
    np.testing.assert_allclose(alone, np.broadcast_to(innate, alone.shape), atol=1e-12)


@MODEST
@given(
    groups_with_beliefs(),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["innate", "self", "renormalise"]),
)
def test_gated_parameters_act_like_a_constant_gate(drawn, seed, residual) -> None:
    parameters, innate = drawn
    random = np.random.default_rng(seed)
    n = parameters.n_agents
    gate = random.random((n, n)) * (random.random((n, n)) < 0.7)
    np.testing.assert_allclose(
        rollout(gated(parameters, gate, residual), innate, 8),
        rollout(parameters, innate, 8, gate, residual=residual),
        atol=1e-12,
    )


@settings(max_examples=15, deadline=None, derandomize=True)
@given(groups_with_beliefs(least_stubborn=0.1), st.sampled_from([None, 0, 3]))
def test_monte_carlo_oracle_agrees_within_its_error(drawn, n_rounds) -> None:
    parameters, innate = drawn
    exact = (
        equilibrium(parameters, innate).beliefs
        if n_rounds is None
        else rollout(parameters, innate, n_rounds)[-1]
    )
    for agent in {0, parameters.n_agents - 1}:
        found = estimate_belief(parameters, innate, agent, n_rounds=n_rounds, n_walks=4000)
        assert (np.abs(found.belief - exact[agent]) <= 5 * found.standard_error + 1e-12).all()


@MODEST
@given(st.integers(2, 6), st.integers(1, 5), st.floats(0.05, 0.9))
def test_a_closed_group_without_stubbornness_is_named(n_closed, n_open, held) -> None:
    listens: nx.DiGraph[int] = nx.DiGraph()
    listens.add_nodes_from(range(n_closed + n_open))
    ring = [(i, (i + 1) % n_closed) for i in range(n_closed)]
    listens.add_edges_from(ring)
    listens.add_edges_from((i, i + 1) for i in range(n_closed - 1, n_closed + n_open - 1))
    stubbornness = np.full(n_closed + n_open, held)
    stubbornness[:n_closed] = 0
    parameters = FJParameters(stubbornness, influence=listens)
    named = ", ".join(map(str, range(n_closed)))
    for ask in (total_influence, lambda p: equilibrium(p, np.zeros(p.n_agents))):
        with pytest.raises(NotConvergentError, match=rf"\[{named}\].*give one of them"):
            ask(parameters)
    assert np.isfinite(total_influence(parameters, 10)).all()


def test_batches_give_what_single_settings_give() -> None:
    random = np.random.default_rng(1)
    influence = random.random((4, 1, 5, 5))
    influence /= influence.sum(axis=-1, keepdims=True)
    stubbornness = random.uniform(0.1, 0.9, (4, 3, 5))
    innate = random.dirichlet(np.ones(3), (4, 3, 5))
    batch = FJParameters(stubbornness, 0.2, influence=influence)
    settled, path = equilibrium(batch, innate).beliefs, rollout(batch, innate, 6)
    reached, later = total_influence(batch), total_influence(batch, 6)
    assert path.shape == (4, 3, 7, 5, 3)
    for at in np.ndindex(4, 3):
        one = FJParameters(stubbornness[at], 0.2, influence=influence[at[0], 0])
        np.testing.assert_allclose(settled[at], equilibrium(one, innate[at]).beliefs, atol=1e-12)
        np.testing.assert_allclose(path[at], rollout(one, innate[at], 6), atol=1e-12)
        np.testing.assert_allclose(reached[at], total_influence(one), atol=1e-12)
        np.testing.assert_allclose(later[at], total_influence(one, 6), atol=1e-12)


def test_a_gate_per_round_acts_in_its_round_only() -> None:
    parameters = FJParameters(0.0, influence=[[0, 1], [1, 0]])
    gates = np.ones((3, 2, 2))
    gates[2, 0, 1] = 0.0
    path = rollout(parameters, [0.2, 1.0], 3, gates)
    np.testing.assert_allclose(path, [[0.2, 1.0], [1.0, 0.2], [0.2, 1.0], [0.2, 0.2]])


def test_another_start_is_forgotten_at_the_equilibrium() -> None:
    parameters = FJParameters(0.3, 0.5, influence=nx.cycle_graph(5))
    innate = np.arange(5.0)
    path = rollout(parameters, innate, 300, initial=innate[::-1] * 7)
    np.testing.assert_allclose(path[0], innate[::-1] * 7)
    np.testing.assert_allclose(path[-1], equilibrium(parameters, innate).beliefs, atol=1e-9)


def test_large_batches_take_the_compiled_path_and_agree(monkeypatch) -> None:
    random = np.random.default_rng(4)
    for n, n_settings in ((1, 3), (6, 70), (7, 3)):
        influence = random.random((n_settings, n, n))
        influence[:, range(n), range(n)] = 0
        influence[1, 0] = 0
        influence /= np.maximum(influence.sum(axis=-1, keepdims=True), 1e-300)
        parameters = FJParameters(
            random.uniform(0.1, 0.9, (n_settings, n)),
            random.random((n_settings, n)),
            influence=influence,
        )
        innate = random.random((n_settings, n, 2))
        slow = rollout(parameters, innate, 4), equilibrium(parameters, innate)
        with monkeypatch.context() as patch:
            patch.setattr(import_module("fjsim.dynamics.law.rollout"), "COMPILED_WORK", 0)
            patch.setattr(import_module("fjsim.dynamics.equilibria.direct"), "COMPILED_SETTINGS", 1)
            fast = rollout(parameters, innate, 4), equilibrium(parameters, innate)
        np.testing.assert_allclose(fast[0], slow[0], atol=1e-13)
        np.testing.assert_allclose(fast[1].beliefs, slow[1].beliefs, atol=1e-12)
        assert np.abs(fast[1].beliefs - slow[1].beliefs).max() <= fast[1].error_bound + 1e-15
        assert "side by side" in fast[1].why
