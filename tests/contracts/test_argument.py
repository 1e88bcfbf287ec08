"""What a reason conveys: how sure it sounds, and whom it persuades."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fjsim.contracts import Message
from fjsim.contracts.argument import in_words, persuaded, sureness, sureness_in

share = st.floats(0, 1)


@given(share, share)
def test_words_carry_a_sureness_to_the_twelfth_decimal(words: float, confidence: float) -> None:
    sounding = float(sureness(words, confidence))
    assert sureness_in(in_words(sounding)) == pytest.approx(sounding, abs=1e-12)
    assert confidence - 1e-12 <= sounding <= 1


def test_without_words_an_answer_sounds_certain_and_with_all_of_them_it_says_the_confidence() -> (
    None
):
    assert float(sureness(0.0, 0.3)) == 1.0
    assert float(sureness(1.0, 0.3)) == pytest.approx(0.3)


@pytest.mark.parametrize(
    "prose",
    [
        "",
        "I find A most convincing. I sound 0.1 sure.",
        "I sound 7 sure.",
        "I sound 1.5 sure.",
        "I sound -0.5 sure.",
        "I sound nan sure.",
        "I sound 1e-3 sure.",
        "I sound 0." + "1" * 10_000 + " sure.",
        "i sound 0.5 sure",
    ],
)
def test_other_prose_conveys_nothing(prose: str) -> None:
    assert sureness_in(prose) is None
    assert Message(0, 0, 1, None, reason=prose).expressed(4) == pytest.approx([0, 1, 0, 0])


def test_a_message_is_heard_by_its_belief_then_its_confidence_then_its_words() -> None:
    words = in_words(0.7)
    belief = np.array([0.4, 0.6])
    assert Message(0, 0, 1, belief, 0.9, words).expressed(2) is belief
    assert Message(0, 0, 1, None, 0.9, words).expressed(2) == pytest.approx([0.1, 0.9])
    assert Message(0, 0, 1, None, None, words).expressed(2) == pytest.approx([0.3, 0.7])
    assert Message(0, 0, None, None, None, words).expressed(2) is None


@given(st.lists(st.tuples(st.floats(0.001, 1), st.floats(0.01, 100)), min_size=1, max_size=6))
def test_persuasion_keeps_the_sum_of_a_row_and_the_ratio_of_two_weights(
    pairs: list[tuple[float, float]],
) -> None:
    weights, factors = np.array(pairs).T
    after = persuaded(weights, factors)
    assert after.sum() == pytest.approx(weights.sum())
    np.testing.assert_allclose(after * (weights @ factors), weights * factors * weights.sum())
