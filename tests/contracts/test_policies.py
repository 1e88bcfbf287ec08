"""One law over every registered router and defense."""

import numpy as np
import pytest

from fjsim import registry
from fjsim.contracts import Record
from fjsim.dynamics import influence_matrix

N_AGENTS, N_OPTIONS = 6, 4
DEFENSES = [pytest.param(entry, id=entry.name) for entry in registry.entries("defense")]
ROUTERS = [pytest.param(entry, id=entry.name) for entry in registry.entries("router")]
over_rounds = pytest.mark.parametrize("n_rounds_done", [1, 2, 6])
over_graphs = pytest.mark.parametrize("network", ["complete", "star", "layered"])


@pytest.fixture
def defense(request, block_of):
    return registry.build("defense", block_of(request.param))


@pytest.fixture
def router(request, block_of):
    return registry.build("router", block_of(request.param))


over_defenses = pytest.mark.parametrize("defense", DEFENSES, indirect=True)
over_routers = pytest.mark.parametrize("router", ROUTERS, indirect=True)


def record_of(network, n_rounds_done):
    """Return a record in which agent 2 is missing from the last round."""
    graph = registry.build("topology", network).graph(N_AGENTS, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    stated = rng.dirichlet(np.ones(N_OPTIONS), size=(n_rounds_done, N_AGENTS))
    answers = stated.argmax(axis=-1)
    confidence = stated.max(axis=-1)
    stated[-1, 2], answers[-1, 2], confidence[-1, 2] = np.nan, -1, np.nan
    return Record("q", influence_matrix(graph), stated, stated.copy(), answers, confidence)


def frozen(record):
    for array in (record.influence, record.stated, record.accepted, record.answers):
        array.flags.writeable = False
    record.confidence.flags.writeable = False
    return record


@over_defenses
@over_graphs
@over_rounds
def test_gates_are_shares_of_the_right_shape(defense, network, n_rounds_done) -> None:
    record = frozen(record_of(network, n_rounds_done))
    gates = defense.gates(record, defense.initial_state(N_AGENTS))
    assert gates.shape in [(N_AGENTS, N_AGENTS), (N_AGENTS, N_AGENTS, N_OPTIONS)]
    assert ((gates >= 0) & (gates <= 1)).all()


@over_defenses
def test_gates_depend_on_record_and_state_alone(defense) -> None:
    record = record_of("complete", 3)
    state = defense.initial_state(N_AGENTS)
    first = defense.gates(record, state)
    defense.gates(record_of("star", 2), defense.initial_state(N_AGENTS))
    np.testing.assert_array_equal(first, defense.gates(record, state))


@over_defenses
@pytest.mark.parametrize("key", [None, 1])
def test_defense_keeps_working_after_a_question(defense, key) -> None:
    state = defense.initial_state(N_AGENTS)
    for _ in range(3):
        state = defense.update(record_of("complete", 1), state, key)
    gates = defense.gates(record_of("complete", 2), state)
    assert ((gates >= 0) & (gates <= 1)).all()


@over_defenses
def test_defense_declares_memory_channel_and_residual(defense) -> None:
    assert defense.memory in ("none", "round0", "history")
    assert defense.channel in ("label", "withhold", "sample", "blend")
    assert defense.residual in ("innate", "self", "renormalise")


@over_routers
@over_graphs
@over_rounds
def test_routed_weights_are_rows_on_the_graph(router, network, n_rounds_done) -> None:
    record = frozen(record_of(network, n_rounds_done))
    weights = router.weights(record, router.initial_state(N_AGENTS))
    total = weights.sum(axis=1)
    assert weights.shape == (N_AGENTS, N_AGENTS)
    assert (weights >= 0).all()
    assert np.all(np.isclose(total, 1) | (total == 0))
    assert not weights[record.influence == 0].any()


@over_routers
def test_router_declares_memory_and_channel(router) -> None:
    assert router.memory in ("none", "round0", "history")
    assert router.channel in ("label", "withhold", "sample", "blend")
