"""Reputations over questions, with labels and without."""

import numpy as np
import pytest
from defense_records import then, voted

from fjsim.registry import build
from fjsim_defenses.shared.evidence import agreement

LIAR = [1, 0, 0, 0, 0, 0]
HONEST = [0] * 6


def after(defense, questions, key=None):
    state = defense.initial_state(6)
    for votes in questions:
        state = defense.update(voted(votes), state, key)
    return state


def trust_in_the_liar(name, questions, key=None, **parameters):
    defense = build("defense", {"kind": name, **parameters})
    return defense.gates(voted(HONEST), after(defense, questions, key))[1:, 0]


@pytest.mark.parametrize(
    "name", ["peer-agreement", "beta-reputation", "threshold", "quarantine", "trust-adaptive"]
)
@pytest.mark.parametrize("key", [None, 0])
def test_who_is_always_out_of_step_loses_its_voice(name, key) -> None:
    assert (trust_in_the_liar(name, [LIAR] * 25, key) <= 0.3).all()
    assert (trust_in_the_liar(name, [HONEST] * 25, key) >= 0.8).all()


def test_agreement_with_the_others_does_not_count_ones_own_vote() -> None:
    assert agreement(voted([1, 0, 0, 0, 2, 3]))[0].tolist() == [0, 1, 1, 1, 0, 0]
    assert agreement(voted([1, 1, 0, 0, 2, 3]))[0].tolist() == [0, 0, 0, 0, 0, 0]


def test_label_beats_the_majority() -> None:
    wrong_majority = [0, 1, 1, 1, 1, 1]
    defense = build("defense", "peer-agreement")
    state = after(defense, [wrong_majority] * 20, key=0)
    gates = defense.gates(voted(HONEST), state)
    assert gates[1, 0] == 1
    assert gates[0, 1] == pytest.approx(0.05)


def test_beta_reputation_forgets() -> None:
    assert (trust_in_the_liar("beta-reputation", [LIAR] * 20 + [HONEST] * 60) > 0.8).all()


def test_quarantine_ends_in_probation_and_one_slip_brings_it_back() -> None:
    defense = build("defense", {"kind": "quarantine", "length": 3, "probation": 4})
    state = after(defense, [LIAR] * 6)
    seen = []
    for votes in [HONEST, HONEST, HONEST, HONEST, LIAR, HONEST]:
        state = defense.update(voted(votes), state, None)
        seen.append(float(defense.gates(voted(HONEST), state)[1, 0]))
    assert seen == [0, 0, 0.5, 0.5, 0, 0]


def test_audit_spends_its_budget_on_dangerous_dissent_alone() -> None:
    defense = build("defense", {"kind": "audit", "budget": 3})
    assert after(defense, [HONEST] * 5, key=0).spent == 0
    state = after(defense, [LIAR] * 9, key=0)
    assert state.spent == 3
    assert state.trust[0] < state.trust[1] == 1


def test_audit_fears_a_hub_more_than_a_leaf() -> None:
    star = np.zeros((6, 6))
    star[0, 1:], star[1:, 0] = 0.2, 1.0
    defense, trust = build("defense", "audit"), np.ones(6)
    hub = defense.dangers(voted([1, 0, 0, 0, 0, 0], influence=star), trust)
    leaf = defense.dangers(voted([0, 1, 0, 0, 0, 0], influence=star), trust)
    assert hub[0] > leaf[1] > 0
    assert hub[1:].max() == 0


def test_last_statement_counts_for_the_default_defense() -> None:
    defense = build("defense", "trust-adaptive")
    turned = then(voted(HONEST), LIAR)
    state = defense.update(turned, defense.initial_state(6), None)
    assert (state[1:, 0] < 0.7).all()
    assert (state[1:, 2] > 0.7).all()


def test_missing_turn_leaves_reputation_alone() -> None:
    record = voted(HONEST)
    record.stated[0, 3] = record.accepted[0, 3] = np.nan
    defense = build("defense", "trust-adaptive")
    state = defense.update(record, defense.initial_state(6), None)
    assert (state[:, 3] == 0.7).all()


def test_surprise_of_a_fitted_model_takes_the_place_of_assumed_parameters() -> None:
    from fjsim_defenses.fj_residual import FJResidual

    record = then(voted(HONEST), HONEST)
    surprised = FJResidual(surprise=lambda record: np.array([[0] * 6, [0.55] + [0] * 5]))
    gates = surprised.gates(record, None)
    assert gates[1, 0] == pytest.approx(np.exp(-2.5))
    assert gates[1, 2] == 1
    assert FJResidual().gates(record, None)[1, 0] == 1


def test_detector_trusts_who_moves_and_not_who_is_deaf() -> None:
    record = voted([1, 0, 0, 0, 0, 0])
    for _ in range(3):
        record = then(record, [1, 0, 0, 0, 0, 0])
    gates = build("defense", "stubbornness-detector").gates(record, None)
    assert gates[1, 0] == pytest.approx(0.4**3)
    assert gates[0, 1] == 1
