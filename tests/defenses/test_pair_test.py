"""The test for pairs that agree too often where it matters."""

import numpy as np
import pytest
from defense_records import voted

from fjsim.errors import ConfigError
from fjsim_defenses.pair_test import PairTest
from fjsim_defenses.trust_adaptive import TrustAdaptive

LIARS = (4, 5)


def after(n_questions, colluding, seed=0):
    """Return the state after close questions on which two seats agree always, or by chance."""
    rng, defense = np.random.default_rng(seed), PairTest()
    state = defense.initial_state(6)
    for _ in range(n_questions):
        votes = np.where(rng.random(6) < 0.5, 0, rng.integers(1, 4, 6))
        if colluding:
            votes[list(LIARS)] = rng.integers(0, 4)
        state = defense.update(voted(votes), state, None)
    return defense, state


def test_pair_that_always_agrees_on_close_votes_is_suspected_and_others_are_not() -> None:
    _, state = after(60, colluding=True)
    assert state.statistic[LIARS] > 3
    honest = state.statistic[:4, :4][~np.eye(4, dtype=bool)]
    assert honest.max() < 1.5
    _, clean = after(60, colluding=False)
    assert clean.statistic.max() < 3


def test_two_suspects_that_vote_alike_count_as_one() -> None:
    defense, state = after(60, colluding=True)
    trusting = state._replace(reputation=np.ones((6, 6)))
    # Two honest votes for 0, two bought ones for 1: by count a tie for a listener outside.
    record = voted((0, 0, 2, 3, 1, 1))
    plain = TrustAdaptive().gates(record, np.ones((6, 6)))
    tested = defense.gates(record, trusting)
    assert plain[2, 4] == tested[2, 4] == 0, "without its own vote a bought one has no lead"
    assert plain[4, 0] == tested[4, 0]
    bought = voted((0, 1, 2, 3, 1, 1))
    assert TrustAdaptive().gates(bought, np.ones((6, 6)))[0, 1] == 1
    assert defense.gates(bought, trusting)[0, 1] < 1


def test_question_that_others_agree_on_says_nothing_about_a_pair() -> None:
    defense = PairTest()
    state = defense.update(voted((0, 0, 0, 0, 0, 0)), defense.initial_state(6), None)
    assert state.statistic.max() == 0
    assert state.asked[0, 1] == state.agreed[0, 1] == 1


def test_negative_suspicion_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"defense\.suspect_from"):
        PairTest(suspect_from=-1)
