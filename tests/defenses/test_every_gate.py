"""What holds for every gate of the catalogue."""

import dataclasses

import numpy as np
import pytest
from defense_records import permuted, random_record, stacked

import fjsim
from fjsim import registry
from fjsim.scenario import Scenario

OURS = [entry for entry in registry.entries("defense") if entry.package == "fjsim_defenses"]
DEFENSES = [pytest.param(entry.name, id=entry.name) for entry in OURS]
BATCHED = [case for case in DEFENSES if case.id not in ("audit", "none")]
ORDER = np.array([3, 0, 5, 1, 4, 2])


def gates_after(defense, seeds, record, change=lambda record: record):
    state = defense.initial_state(6)
    for seed in seeds:
        state = defense.update(change(random_record(seed)), state, seed % 4)
    return defense.gates(change(record), state)


@pytest.mark.parametrize("name", DEFENSES)
@pytest.mark.parametrize("seed", range(3))
def test_another_order_of_the_seats_permutes_the_gates(name, seed) -> None:
    defense = registry.build("defense", name)
    record = random_record(seed + 100)
    plain = gates_after(defense, range(12), record)
    moved = gates_after(defense, range(12), record, lambda one: permuted(one, ORDER))
    np.testing.assert_allclose(moved, plain[np.ix_(ORDER, ORDER)], atol=1e-12)


@pytest.mark.parametrize("name", DEFENSES)
@pytest.mark.parametrize("seed", range(5))
def test_gates_lie_between_zero_and_one(name, seed) -> None:
    gates = gates_after(registry.build("defense", name), range(seed, seed + 9), random_record(seed))
    assert ((gates >= 0) & (gates <= 1)).all()


@pytest.mark.parametrize("name", BATCHED)
def test_batch_of_teams_is_gated_as_each_team_alone(name) -> None:
    defense = registry.build("defense", name)
    histories = [[random_record(10 * team + number) for number in range(4)] for team in range(3)]
    state = defense.initial_state(6)
    for number in range(3):
        keys = np.array([number, 1, 2])
        state = defense.update(stacked([history[number] for history in histories]), state, keys)
    together = defense.gates(stacked([history[3] for history in histories]), state)
    for team, history in enumerate(histories):
        alone = defense.initial_state(6)
        for number in range(3):
            alone = defense.update(history[number], alone, [number, 1, 2][team])
        np.testing.assert_allclose(together[team], defense.gates(history[3], alone), atol=1e-12)


def finished(agents="numeric", defense="none", **values):
    return fjsim.run(
        Scenario(
            topology="complete",
            attack="stubborn",
            agents={"kind": agents, "count": 5},
            questions={"limit": 2},
            rounds=3,
            baseline=False,
            defense=defense,
            **values,
        )
    )


@pytest.mark.parametrize("agents", ["numeric", "llm"])
@pytest.mark.parametrize("residual", ["innate", "self"])
def test_full_trust_equals_no_defense(agents, residual) -> None:
    trusting = finished(agents, {"kind": "fixed-trust", "level": 1, "residual": residual})
    plain = finished(agents)
    np.testing.assert_allclose(trusting.transcript.beliefs, plain.transcript.beliefs, atol=1e-9)


@pytest.mark.parametrize("agents", ["numeric", "llm"])
def test_no_trust_with_the_innate_residual_leaves_everybody_alone(agents) -> None:
    run = finished(agents, {"kind": "fixed-trust", "level": 0})
    benign = list(run.transcript.benign)
    beliefs = run.transcript.beliefs[:, :, benign]
    np.testing.assert_allclose(beliefs, beliefs[:, :1].repeat(4, axis=1), atol=1e-9)


@pytest.mark.parametrize("name", DEFENSES)
def test_silenced_team_keeps_its_round_zero_whatever_the_defense_thinks(name, monkeypatch) -> None:
    if name == "none":
        pytest.skip("no defense is no gate")
    plugin = type(registry.build("defense", name))
    monkeypatch.setattr(
        plugin, "gates", lambda self, record, state: np.zeros((record.n_agents,) * 2)
    )
    # Two questions are played: those that ask for a warm-up would spend them on it.
    asks = any(item.name == "warmup" for item in dataclasses.fields(plugin))
    warmup = {"warmup": 0} if asks else {}
    run = finished("numeric", {"kind": name, "residual": "innate", **warmup})
    benign = list(run.transcript.benign)
    beliefs = run.transcript.beliefs[:, :, benign]
    np.testing.assert_allclose(beliefs, beliefs[:, :1].repeat(4, axis=1), atol=1e-9)
