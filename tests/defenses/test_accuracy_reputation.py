"""The papers' trust: accuracy, squared after a warm-up, then with momentum."""

import numpy as np
import pytest
from defense_records import voted

from fjsim.registry import build

PUBLISHED = [1, 0.92, 0.782, 0.610, 0.423, 0.239, 0.074, 0]
RIGHT, WRONG = 0, 1


def after(defense, votes, keys):
    state = defense.initial_state(6)
    path = [state]
    for key in keys:
        state = defense.update(voted(votes), state, key)
        path.append(state)
    return path


def test_always_wrong_agent_follows_the_published_sequence() -> None:
    path = after(build("defense", "t-s"), [WRONG] + [RIGHT] * 5, [RIGHT] * 7)
    assert [round(float(state.trust[0]), 3) for state in path] == PUBLISHED
    assert (path[-1].trust[1:] == 1).all()


def test_warm_up_squares_the_accuracy() -> None:
    defense = build("defense", {"kind": "t-w", "warmup": 4})
    state = after(defense, [RIGHT, WRONG, RIGHT, RIGHT, RIGHT, RIGHT], [0, 0, 0, 1])[-1]
    assert state.trust.tolist() == [0.5625, 0.0625, 0.5625, 0.5625, 0.5625, 0.5625]


@pytest.mark.parametrize("name", ["t-w", "t-wa"])
def test_frozen_trust_forgives_a_sleeper_everything(name) -> None:
    defense = build("defense", name)
    path = after(defense, [RIGHT] * 6, [RIGHT] * 10)
    state = path[-1]
    for _ in range(30):
        state = defense.update(voted([WRONG] + [RIGHT] * 5), state, RIGHT)
    assert state.trust[0] == 1


def test_sparse_updates_move_trust_only_where_a_key_is_shown() -> None:
    defense = build("defense", {"kind": "t-ws", "warmup": 2})
    path = after(defense, [WRONG] + [RIGHT] * 5, [RIGHT, RIGHT, None, WRONG])
    assert path[2].trust.tolist() == path[3].trust.tolist() == [0, 1, 1, 1, 1, 1]
    assert path[4].trust[0] > 0
    assert path[4].trust[1] < 1


def test_gate_is_the_speakers_trust_in_everybodys_eyes() -> None:
    defense = build("defense", "t-s")
    state = after(defense, [WRONG] + [RIGHT] * 5, [RIGHT] * 2)[-1]
    gates = defense.gates(voted([RIGHT] * 6), state)
    assert np.allclose(gates, np.tile(state.trust, (6, 1)))


def test_missing_answer_costs_and_earns_nothing() -> None:
    defense = build("defense", "t-s")
    record = voted([RIGHT] * 6)
    record.stated[0, 2] = np.nan
    state = defense.update(record, defense.initial_state(6), WRONG)
    assert state.trust[2] == 1
    assert state.trust[1] == pytest.approx(0.92)
