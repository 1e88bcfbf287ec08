"""Paired differences, their test, and Holm's control."""

import numpy as np
import pytest

from fjsim.errors import ParameterError
from fjsim.metrics import Tally
from fjsim.metrics.differences import NO_DIFFERENCE, difference, holm
from fjsim.metrics.intervals import ratio_of_sums


def tally(successes, questions=None, trials=5):
    names = questions or [f"q{at}" for at in range(len(successes))]
    return Tally.of_items(successes, np.full(len(successes), trials), names)


def test_a_tally_estimates_what_a_ratio_of_sums_does() -> None:
    wins, names = [1, 2, 0, 4], ["a", "b", "a", "c"]
    known = ratio_of_sums(wins, [5, 5, 5, 5], names, seed=3)
    assert tally(wins, names).estimate(3) == known


def test_adding_up_keeps_a_question_one_cluster() -> None:
    both = Tally.pooled([tally([1, 2], ["a", "b"]), tally([3], ["b"])])
    assert both.questions == ("a", "b")
    assert both.numerator.tolist() == [1, 5]
    assert both.denominator.tolist() == [5, 10]


def test_a_difference_has_the_sign_and_interval_of_what_was_put_in() -> None:
    rng = np.random.default_rng(0)
    base = rng.integers(0, 3, 60)
    gap = difference(tally(base + 2), tally(base))
    assert gap.value == pytest.approx(0.4)
    assert gap.low == pytest.approx(0.4)
    assert gap.p_value < 0.001
    assert difference(tally(base), tally(base + 2)).value == pytest.approx(-0.4)


def test_only_common_questions_are_compared() -> None:
    gap = difference(tally([5, 0], ["a", "b"]), tally([0, 5], ["b", "c"]))
    assert gap.n_questions == 1
    assert gap.value == 0


def test_nothing_counted_is_no_difference() -> None:
    assert difference(tally([0], trials=0), tally([1])) == NO_DIFFERENCE


def test_the_paired_test_claims_a_difference_in_one_of_twenty_cases_of_none() -> None:
    rng = np.random.default_rng(1)
    claims = 0
    for seed in range(200):
        level = rng.random(30)
        one, other = rng.binomial(5, level), rng.binomial(5, level)
        claims += difference(tally(one), tally(other), seed).p_value < 0.05
    assert 2 <= claims <= 20


def test_pairing_finds_what_the_spread_of_questions_would_hide() -> None:
    rng = np.random.default_rng(2)
    base = rng.choice([0, 4], 40)
    assert difference(tally(base + 1), tally(base)).p_value < 0.01


def test_holm_of_the_textbook() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == (0.03, 0.06, 0.06, 0.02)
    assert holm([None, 0.5, 0.9]) == (None, 1.0, 1.0)
    assert holm([]) == ()


def test_a_p_value_outside_its_range_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"1\.2"):
        holm([1.2])


def test_no_difference_is_a_claim_that_needs_questions_behind_it() -> None:
    rng = np.random.default_rng(0)
    few, many = (rng.integers(0, 6, n).astype(float) for n in (10, 4000))
    assert difference(tally(many), tally(many)).p_equivalent == pytest.approx(1 / 2001)
    other = rng.permutation(many)
    assert difference(tally(many), tally(other)).p_equivalent < 0.05
    assert difference(tally(few), tally(rng.permutation(few))).p_equivalent > 0.05
    assert difference(tally(many + 1), tally(many)).p_equivalent == 1.0
    assert difference(tally([0], trials=0), tally([1])).p_equivalent is None
