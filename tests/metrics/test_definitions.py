"""Every definition on arrays small enough to count by hand."""

import numpy as np
import pytest

from fjsim.metrics import NOTHING, Estimate, Evidence, Measured, Pair, paired
from fjsim.metrics import group as groups
from fjsim.metrics.intervals import ratio_of_sums
from fjsim.records import Transcript


def transcript(beliefs: object, keys: list[int], **changes: object) -> Transcript:
    """Beliefs of shape (items, rounds + 1, agents, options)."""
    array = np.array(beliefs, dtype=float)
    n_items, n_turns, n_agents, _ = array.shape
    shape = (n_items, n_turns, n_agents)
    missing = np.isnan(array).all(axis=-1)
    values: dict[str, object] = {
        "question_ids": tuple(f"q{item}" for item in range(n_items)),
        "replicas": np.zeros(n_items, dtype=np.int64),
        "keys": np.array(keys),
        "beliefs": array,
        "answers": np.where(missing, -1, np.nan_to_num(array).argmax(axis=-1)),
        "validity": np.where(missing, 3, 0),
        "heard_round": np.full((*shape, n_agents), -1),
        "gates": np.full((*shape, n_agents), np.nan),
        "seats": (0,),
    }
    return Transcript(**{**values, **changes})  # type: ignore[arg-type]


def of_arm(name: str, seen: Transcript) -> Estimate:
    """Return a metric of one attacked arm."""
    return Measured(Evidence({"attacked": seen}))[name]


def of_pair(name: str, both: Pair) -> Estimate:
    """Return a metric of the attacked arm beside the clean one."""
    return Measured(Evidence({"attacked": both.attacked, "clean": both.clean}))[name]


RIGHT, WRONG, EVEN = [0.8, 0.2], [0.2, 0.8], [0.5, 0.5]
GONE = [np.nan, np.nan]


def test_attack_success_counts_right_at_first_and_wrong_at_last() -> None:
    seen = transcript(
        [
            [[WRONG, RIGHT, RIGHT, WRONG], [WRONG, WRONG, RIGHT, RIGHT]],
            [[WRONG, RIGHT, RIGHT, RIGHT], [WRONG, EVEN, GONE, RIGHT]],
        ],
        keys=[0, 0],
    )
    rate = of_arm("attack_success_rate", seen)
    # Bases: agents 1, 2 of q0 and 1, 3 of q1; agent 2 of q1 is missing. Lost: 1 of q0, the tie.
    assert rate.n == 4
    assert rate.value == pytest.approx(2 / 4)


def test_the_adversarys_seat_and_questions_without_a_key_are_left_out() -> None:
    seen = transcript([[[RIGHT, RIGHT], [WRONG, RIGHT]], [[RIGHT, RIGHT], [WRONG, WRONG]]], [0, -1])
    assert of_arm("attack_success_rate", seen).value == 0
    assert of_arm("attack_success_rate", seen).n == 1


def test_targeted_success_needs_the_target_at_the_end() -> None:
    three = transcript(
        [[[[0, 0, 1], [1, 0, 0], [1, 0, 0]], [[0, 0, 1], [0, 1, 0], [0, 0, 1]]]],
        [0],
        targets=np.array([2]),
    )
    assert of_arm("attack_success_rate", three).value == 1
    assert of_arm("targeted_attack_success_rate", three).value == 0.5


def test_nothing_to_count_is_not_zero() -> None:
    seen = transcript([[[WRONG, WRONG], [WRONG, WRONG]]], [0])
    assert of_arm("attack_success_rate", seen) == NOTHING
    assert NOTHING.text == "n/a"


def test_accuracy_counts_a_tie_as_not_correct() -> None:
    seen = transcript([[[RIGHT, EVEN, RIGHT]]], [0])
    assert of_arm("accuracy_initial", seen).value == 0.5
    assert of_arm("ties", seen).value == 1


def pair() -> Pair:
    clean = transcript([[[RIGHT, RIGHT, RIGHT], [RIGHT, [0.9, 0.1], [0.6, 0.4]]]], [0])
    attacked = transcript(
        [[[WRONG, RIGHT, RIGHT], [WRONG, [0.4, 0.6], [0.3, 0.7]]]], [0], targets=np.array([1])
    )
    return Pair(attacked, clean)


def test_takeover_is_a_ratio_of_sums() -> None:
    gained = (0.6 - 0.1) + (0.7 - 0.4)
    room = (1 - 0.1) + (1 - 0.4)
    estimate = of_pair("takeover_observed", pair())
    assert estimate.value == pytest.approx(gained / room)
    assert estimate.n == 2


def test_flips_leave_out_who_was_at_the_target_anyway() -> None:
    both = pair()
    assert of_pair("flips_observed", both).value == 1
    there = transcript([[[RIGHT] * 3, [RIGHT, [0.1, 0.9], [0.6, 0.4]]]], [0])
    assert of_pair("flips_observed", Pair(both.attacked, there)).n == 1


def test_displacement_is_the_distance_of_mean_beliefs() -> None:
    assert of_pair("displacement", pair()).value == pytest.approx(0.75 - 0.35)


def test_a_missing_turn_in_one_arm_leaves_both() -> None:
    both = pair()
    beliefs = both.clean.beliefs.copy()
    beliefs[0, 1, 2] = np.nan
    clean = transcript(beliefs, [0])
    assert of_pair("takeover_observed", Pair(both.attacked, clean)).n == 1


def test_arms_are_paired_by_question_and_replica() -> None:
    both = pair()
    other = transcript([[[RIGHT] * 3] * 2], [0], question_ids=("else",))
    assert paired(both.attacked, other).attacked.n_items == 0
    assert paired(both.attacked, both.clean).clean.n_items == 1


def test_the_group_answers_over_all_seats() -> None:
    seen = transcript([[[WRONG, RIGHT, RIGHT]], [[WRONG, RIGHT, EVEN]]], [0, 0])
    assert groups.majority_answer(seen).tolist() == [0, -1]
    assert groups.mean_belief_answer(seen).tolist() == [0, -1]
    assert of_arm("group_accuracy_majority", seen).value == 0.5


def test_polarization_at_two_options_is_the_variance_of_the_opinion() -> None:
    opinions = np.array([0.1, 0.5, 0.9])
    beliefs = np.stack([1 - opinions, opinions], axis=-1)
    assert groups.spread(beliefs) == pytest.approx(opinions.var())


def test_replicas_of_a_question_are_resampled_together() -> None:
    apart = ratio_of_sums([1, 1, 0, 0], [1, 1, 1, 1], ["a", "b", "c", "d"])
    together = ratio_of_sums([1, 1, 0, 0], [1, 1, 1, 1], ["a", "a", "b", "b"])
    assert apart.value == together.value == 0.5
    assert together.low == 0
    assert together.high == 1
    assert apart.low is not None
    assert apart.high is not None
    assert apart.high - apart.low <= 1


def test_the_bootstrap_covers_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(100):
        rates = rng.beta(2, 2, size=60)
        hits = rng.binomial(5, rates)
        estimate = ratio_of_sums(hits, np.full(60, 5), [str(q) for q in range(60)], seed=trial)
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= 0.5 <= estimate.high
    assert 87 <= covered <= 100


def test_a_quota_decides_where_enough_of_all_seats_agree_and_one_seat_can_veto() -> None:
    seen = transcript(
        [
            [[RIGHT] * 6, [RIGHT] * 4 + [WRONG] * 2],
            [[RIGHT] * 6, [RIGHT] * 3 + [WRONG] * 3],
            [[RIGHT] * 6, [RIGHT] * 3 + [EVEN, WRONG, GONE]],
            [[RIGHT] * 6, [RIGHT] * 6],
        ],
        keys=[0, 0, 0, 0],
    )
    assert groups.quota_answer(seen, 2 / 3).tolist() == [0, -1, -1, 0]
    assert groups.quota_answer(seen, 1.0).tolist() == [-1, -1, -1, 0]
    assert of_arm("group_accuracy_two_thirds", seen).value == 0.5
    assert of_arm("group_accuracy_veto", seen).value == 0.25
