import numpy as np
import pytest

from fjsim.contracts.attacks import Opening
from fjsim.questions import Question
from fjsim.registry import build
from fjsim_attacks.shared.law import Assumed, expect

QUESTION = Question("q", "Which one?", ("ant", "bee", "cat", "dog"), key=2)
N_AGENTS = 5
STAR = np.zeros((N_AGENTS, N_AGENTS))
STAR[0, 1:], STAR[1:, 0] = 1 / (N_AGENTS - 1), 1.0
COMPLETE = (np.ones((N_AGENTS, N_AGENTS)) - np.eye(N_AGENTS)) / (N_AGENTS - 1)


def opening(beliefs, seats=(0,), influence=COMPLETE, n_rounds=10):
    innate = np.array(beliefs, dtype=float)
    innate[list(seats)] = np.nan
    return Opening(QUESTION, 0, 0, 0, n_rounds, seats, innate, influence)


def plan(block, given):
    return build("attack", {"kind": "adaptive", **block}).plan(given, np.random.default_rng(0))


def test_expected_flips_are_those_of_the_law() -> None:
    """At a hub everybody who holds less than A on its own option follows."""
    beliefs = np.tile([0.0, 0.3, 0.7, 0.0], (N_AGENTS, 1))
    expected = expect(STAR, beliefs, (0,), (0,), (0, 1, 3), 1.0, 50, Assumed())
    assert expected.flips.tolist() == [4, 4, 4]
    share = 0.63 / 0.73
    assert expected.belief[1] == pytest.approx(4 * (share + (1 - share) * 0.3))


def test_who_is_at_the_target_already_does_not_flip() -> None:
    beliefs = [[0.0, 0.9, 0.1, 0.0]] * 3 + [[0.0, 0.1, 0.9, 0.0]] * 2
    expected = expect(COMPLETE, np.array(beliefs), (0,), (0,), (1,), 0.97, 20, Assumed())
    assert expected.flips.tolist() == [2]


def test_it_goes_for_the_option_that_is_closest_to_winning() -> None:
    beliefs = [[0.05, 0.05, 0.5, 0.4]] * N_AGENTS
    assert plan({}, opening(beliefs, n_rounds=1)).target == 3


def test_it_chooses_which_of_its_seats_speak_anew_on_each_question() -> None:
    beliefs = [[0.1, 0.2, 0.6, 0.1]] * N_AGENTS
    given = opening(beliefs, seats=(0, 3), influence=STAR)
    assert plan({"budget": 1}, given).active == (0,)
    assert plan({}, given).active == (0, 3)


def test_it_keeps_quiet_where_too_little_is_to_be_won() -> None:
    firm = [[0.0, 0.0, 1.0, 0.0]] * N_AGENTS
    given = opening(firm, n_rounds=1)
    assert plan({"least_flips": 1}, given).active == ()
    assert plan({}, given).active == (0,)
    shaky = opening([[0.1, 0.4, 0.45, 0.05]] * N_AGENTS)
    assert plan({"least_flips": 1}, shaky).active == (0,)


def test_a_given_target_is_kept_and_only_the_seats_are_planned() -> None:
    beliefs = [[0.05, 0.05, 0.5, 0.4]] * N_AGENTS
    planned = plan({"target": 0, "budget": 1}, opening(beliefs, seats=(0, 1), influence=STAR))
    assert (planned.target, planned.active) == (0, (0,))
    assert plan({"target": 2}, opening(beliefs)).active == ()


def test_without_anybody_to_read_it_falls_back_on_some_wrong_option() -> None:
    blank = Opening(QUESTION, 0, 0, 0, 3, (0,), None, COMPLETE)
    assert plan({}, blank).target != QUESTION.key


def test_idle_seats_play_an_ordinary_agents_turn(act, sure) -> None:
    block = {"kind": "adaptive", "seat": [0, 3], "budget": 1}
    played = act(block, beliefs=[(0.1, 0.2, 0.6, 0.1)] * 4)
    assert played.deliberation.target == 1
    assert played.belief(0, 1) == pytest.approx(sure(1, 0.97))
    assert played.belief(3, 1) == [0.1, 0.2, 0.6, 0.1]


def test_most_flips_is_a_target_for_any_attack(act) -> None:
    for kind in ("stubborn", "sleeper", "tamper", "sybil"):
        played = act({"kind": kind, "target": "most-flips"}, beliefs=[(0.1, 0.1, 0.5, 0.3)] * 4)
        assert played.deliberation.target == 3
