"""An alarm goes off soon after a change, and hardly ever without one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from defense_records import COMPLETE, random_record, stacked, then, voted

from fjsim.registry import build
from fjsim_defenses.change_alarm import Usual
from studies.change_alarm import table

LAW = {"stubbornness": 0.1, "self_weight": 0.3}


def lawful(n_rounds=4, seed=0):
    """A record in which everybody follows the law of an honest agent."""
    record = random_record(seed, influence=COMPLETE, n_rounds=0)
    first = beliefs = record.stated[0]
    rounds = [first]
    for _ in range(n_rounds):
        drift = 0.3 * beliefs + 0.7 * COMPLETE @ beliefs
        beliefs = 0.1 * first + 0.9 * drift
        rounds.append(beliefs)
    stated = np.array(rounds)
    return replace(
        record, stated=stated, accepted=stated.copy(), answers=stated.argmax(axis=-1),
        confidence=stated.max(axis=-1),
    )  # fmt: skip


def test_who_follows_the_law_leaves_no_residual_and_sets_off_no_alarm() -> None:
    alarm = build("defense", "change-alarm")
    watch = alarm.watched(lawful(), alarm.initial_state(6))
    np.testing.assert_allclose(watch.residual, 0.0, atol=1e-12)
    assert not watch.alarmed.any()
    assert (alarm.gates(lawful(), alarm.initial_state(6)) == 1).all()


def test_the_sum_is_pages_and_the_gate_falls_where_it_passes_the_limit() -> None:
    record = voted([0, 0, 0, 0, 0, 1], certainty=0.97)
    for _ in range(3):
        record = then(record, [0, 0, 0, 0, 0, 1], certainty=0.97)
    alarm = build("defense", {"kind": "change-alarm", "limit": 4})
    usual = Usual(np.full(6, 0.1), np.full(6, 0.02), np.full(6, 10.0))
    watch = alarm.watched(record, usual)
    excess = (watch.residual[:, 5] - 0.1) / 0.1 - 1
    assert watch.alarmed[:, 5].tolist() == (np.cumsum(excess) > 4).tolist()
    assert watch.alarmed[-1].tolist() == [False] * 5 + [True]
    assert alarm.gates(record, usual)[0].tolist() == [1, 1, 1, 1, 1, 0]


def test_quiet_rounds_teach_what_is_usual_and_rounds_after_an_alarm_do_not() -> None:
    alarm = build("defense", "change-alarm")
    state = alarm.update(lawful(), alarm.initial_state(6), None)
    np.testing.assert_allclose(state.weight, 14.0)
    np.testing.assert_allclose(state.mean, 0.1 * 10 / 14)
    loud = then(
        then(voted([0] * 5 + [1], certainty=0.97), [0] * 5 + [1], 0.97), [0] * 5 + [1], 0.97
    )
    after = alarm.update(loud, state, None)
    assert after.weight[5] < after.weight[0]


def test_a_batch_with_a_history_is_watched_as_each_team_alone() -> None:
    alarm = build("defense", {"kind": "change-alarm", "limit": 0.5})
    records = [random_record(seed, influence=COMPLETE) for seed in range(3)]
    together = alarm.update(stacked(records), alarm.initial_state(6), None)
    gates = alarm.gates(stacked(records[::-1]), together)
    for team, record in enumerate(records):
        alone = alarm.update(record, alarm.initial_state(6), None)
        np.testing.assert_allclose(together.mean[team], alone.mean)
        np.testing.assert_allclose(gates[team], alarm.gates(records[::-1][team], alone))


def test_sleepers_and_on_off_attackers_are_found_within_two_rounds_and_nobody_else() -> None:
    lines = list(table(2, 46, ("sleeper", "on-off", "stubborn")))
    assert float(lines[0].split()[-1]) <= 1
    delay = {line.split()[0]: float(line.split()[1]) for line in lines[2:]}
    assert delay["sleeper"] <= 2
    assert delay["on-off"] <= 2
    # Who was never honest never changes.
    assert delay["stubborn"] == np.inf


@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_has_to_be_positive(value) -> None:
    with pytest.raises(Exception, match="limit"):
        build("defense", {"kind": "change-alarm", "limit": value})
