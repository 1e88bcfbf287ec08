"""Gates judge the words that reach a listener, not the ones on record."""

from dataclasses import replace

import numpy as np
import pytest
from defense_records import voted

from fjsim.beliefs import certain
from fjsim.contracts import Message
from fjsim.deliberation.hearing import Gating, as_read
from fjsim.registry import build

HONEST = voted([0] * 6)


@pytest.fixture
def gating():
    defense = build("defense", "ballot")
    return Gating(defense, HONEST, None)


def message(option, speaker=0, **parts):
    said = Message(speaker, 0, option, certain(option, 4, 0.7), confidence=0.7, gate=1.0)
    return replace(said, **parts)


def test_words_on_record_keep_their_gate(gating) -> None:
    recorded = message(0, belief=HONEST.stated[0, 0])
    assert gating.judged(recorded, 1, 0) is recorded


def test_words_forged_on_one_edge_are_judged_for_themselves(gating) -> None:
    assert gating.judged(message(2, tampered=True), 1, 0).gate == 0


def test_invented_speaker_is_judged_for_its_own_words(gating) -> None:
    assert gating.judged(message(2, speaker=7), 1, 0).gate == 0


def test_forged_answer_beside_an_honest_belief_is_caught(gating) -> None:
    assert gating.judged(message(2, belief=HONEST.stated[0, 0]), 1, 0).gate == 0


def test_message_without_a_belief_is_read_by_its_answer(gating) -> None:
    assert gating.judged(message(2, belief=None), 1, 0).gate == 0
    np.testing.assert_allclose(message(2, belief=None).expressed(4), certain(2, 4, 0.7))


def test_record_itself_stays_as_it_is() -> None:
    read = as_read(HONEST, message(2), 0)
    assert read.stated[-1, 0].argmax() == 2
    assert HONEST.stated[-1, 0].argmax() == 0
