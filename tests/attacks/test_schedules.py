import numpy as np
import pytest

from fjsim.deliberation import Item
from fjsim.errors import ConfigError
from fjsim.questions import Question
from fjsim.registry import build

KEY, TARGET = 2, 1


def hostile_questions(block, n_questions=12, warmup=0):
    attack = build("attack", block)
    return [order for order in range(n_questions) if attack.attacks_on(order, warmup)]


def tops(attack, view, rounds, **changes):
    stances = [attack.stance(0, view(attack, round=number, **changes)) for number in rounds]
    return [None if stance is None else stance.target for stance in stances]


def test_a_sleeper_is_honest_during_the_warmup() -> None:
    assert hostile_questions("sleeper", 6, warmup=4) == [4, 5]


def test_a_sleeper_can_be_told_how_long_it_sleeps() -> None:
    assert hostile_questions({"kind": "sleeper", "honest_questions": 3}, 5, warmup=1) == [3, 4]


def test_without_warmup_a_sleeper_never_sleeps() -> None:
    assert hostile_questions("sleeper", 3) == [0, 1, 2]


def test_on_off_starts_honest_and_alternates() -> None:
    assert hostile_questions("on-off", 21) == [5, 6, 7, 8, 9, 15, 16, 17, 18, 19]
    assert hostile_questions({"kind": "on-off", "honest_phase": 1, "hostile_phase": 1}, 6) == [
        1,
        3,
        5,
    ]


def test_a_duty_cycle_is_three_honest_one_hostile_after_the_warmup() -> None:
    assert hostile_questions("duty-cycle") == [3, 7, 11]
    assert hostile_questions("duty-cycle", warmup=2) == [5, 9]


@pytest.mark.parametrize("kind", ["schedule", "slow-drift", "stubborn"])
def test_the_others_attack_every_question(kind) -> None:
    assert hostile_questions(kind, 3) == [0, 1, 2]


def test_while_honest_it_states_the_key_with_moderate_certainty(view, sure) -> None:
    attack = build("attack", "sleeper")
    stance = attack.stance(0, view(attack, order=0, warmup=5))
    assert stance.target == KEY
    assert stance.belief.tolist() == pytest.approx(sure(KEY, 0.6))


def test_an_honest_turn_can_be_an_ordinary_agents(view, act) -> None:
    attack = build("attack", {"kind": "sleeper", "honest_as": "ordinary"})
    assert attack.stance(0, view(attack, order=0, warmup=5)) is None
    item = Item(Question("q", "?", ("a", "b", "c", "d"), 2), order=0, warmup=5)
    assert act(attack, item=item).belief(0, 1) == [0.1, 0.1, 0.7, 0.1]


def test_on_a_question_without_key_honest_means_ordinary(view) -> None:
    attack = build("attack", "sleeper")
    unknown = Question("q", "?", ("a", "b", "c", "d"), None)
    assert attack.stance(0, view(attack, question=unknown, warmup=5)) is None


def test_first_rounds_can_be_honest(view) -> None:
    attack = build("attack", {"kind": "sleeper", "honest_rounds": 3})
    assert tops(attack, view, range(6)) == [KEY, KEY, KEY, TARGET, TARGET, TARGET]


def test_a_slow_drift_moves_in_equal_steps_and_then_stays(view) -> None:
    attack = build("attack", "slow-drift")
    stated = [attack.stance(0, view(attack, round=number)).belief[TARGET] for number in range(9)]
    assert stated[0] == pytest.approx(0.4 / 3)
    np.testing.assert_allclose(np.diff(stated[:7]), (0.97 - 0.4 / 3) / 6)
    assert stated[6:] == pytest.approx([0.97] * 3)


def test_a_drift_without_key_starts_from_an_even_belief(view) -> None:
    attack = build("attack", {"kind": "slow-drift", "honest_as": "ordinary"})
    assert attack.stance(0, view(attack, round=0)) is None
    first = attack.stance(0, view(attack, round=3)).belief
    np.testing.assert_allclose(first, [0.13, 0.61, 0.13, 0.13])


def test_a_scheduled_run_states_key_and_target_by_question(act, sure) -> None:
    question = Question("q", "Which one?", ("ant", "bee", "cat", "dog"), 2)
    for order, option, certainty in [(2, 2, 0.6), (3, 1, 0.97)]:
        played = act({"kind": "duty-cycle", "target": 1}, item=Item(question, order=order))
        assert played.belief(0, 2) == pytest.approx(sure(option, certainty))


@pytest.mark.parametrize(
    "values",
    [
        {"honest_phase": -1},
        {"hostile_phase": 0},
        {"honest_questions": -1},
        {"honest_rounds": -1},
        {"drift_rounds": -2},
        {"honest_certainty": 0.0},
        {"certainty": 1.2},
        {"stubbornness": -0.1},
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(values) -> None:
    with pytest.raises(ConfigError, match=f"attack.*{next(iter(values))}"):
        build("attack", {"kind": "schedule", **values})
