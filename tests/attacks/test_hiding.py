"""Attacks that hide from whoever looks for unlike first statements."""

from __future__ import annotations

import numpy as np
import pytest

from fjsim import registry
from fjsim_attacks.benign_wrapper import restated


def test_a_wrapped_lie_is_told_in_the_words_of_the_question(view) -> None:
    attack = registry.build("attack", {"kind": "benign-wrapper", "wrapping": 4})
    seen = view(attack)
    stance = attack.stance(0, seen)
    assert stance.payload == restated(seen.question, 4) == "? ant bee cat"
    assert stance.target == 1
    assert stance.belief[1] == pytest.approx(0.97)
    assert "ordinary" in stance.brief
    assert attack.threat.sees == frozenset()


def test_a_seeding_seat_is_undecided_first_and_hostile_then(view) -> None:
    attack = registry.build("attack", {"kind": "chaos-seeding", "seeding_rounds": 2})
    beliefs = [attack.stance(0, view(attack, round=number)).belief for number in range(3)]
    np.testing.assert_allclose(beliefs[0], [0.2125, 0.3625, 0.2125, 0.2125])
    np.testing.assert_allclose(beliefs[0], beliefs[1])
    assert beliefs[2][1] == pytest.approx(0.97)
    assert attack.take_seats(np.ones((4, 4)) / 3, np.random.default_rng(0)) != ()


def test_wholly_spread_statements_favour_nobody(view) -> None:
    attack = registry.build("attack", {"kind": "chaos-seeding", "spread": 1})
    np.testing.assert_allclose(attack.stance(0, view(attack, round=0)).belief, 0.25)
