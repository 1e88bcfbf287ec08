"""What a message shows: one rule, for one message and for many."""

from __future__ import annotations

import numpy as np
import pytest

from fjsim.beliefs import certain
from fjsim.contracts import Message
from fjsim.contracts.speech import expressed_beliefs


@pytest.mark.parametrize("confidence", [None, 0.0, 0.3, 1.0])
@pytest.mark.parametrize("answer", [0, 3, None])
@pytest.mark.parametrize("n_options", [2, 4, 5])
def test_many_messages_are_read_as_each_one_is(
    answer: int | None, confidence: float | None, n_options: int
) -> None:
    answer = None if answer is None else min(answer, n_options - 1)
    one = Message(0, 0, answer, None, confidence).expressed(n_options)
    like = np.zeros((3, 2, 6))
    like[..., n_options:] = np.nan
    many = expressed_beliefs(
        np.full((3, 2), -1 if answer is None else answer),
        np.full((3, 2), np.nan if confidence is None else confidence),
        like,
    )
    assert np.isnan(many[..., n_options:]).all()
    for found in many[..., :n_options].reshape(-1, n_options):
        np.testing.assert_array_equal(found, np.full(n_options, np.nan) if one is None else one)


def test_a_belief_that_is_shown_is_what_a_message_expresses() -> None:
    belief = np.array([0.2, 0.8])
    assert Message(0, 0, 0, belief, 0.9).expressed(2) is belief


def test_an_answer_without_a_confidence_counts_in_full() -> None:
    found = Message(0, 0, 2, None).expressed(4)
    assert found is not None
    assert found.tolist() == [0, 0, 1, 0]
    np.testing.assert_array_equal(
        Message(0, 0, 2, None, 0.7).expressed(4), certain(2, 4, certainty=0.7)
    )
