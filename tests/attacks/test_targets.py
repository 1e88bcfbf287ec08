import numpy as np
import pytest

from fjsim.contracts.attacks import Opening
from fjsim.errors import ConfigError
from fjsim.questions import Question
from fjsim.registry import build
from fjsim_attacks.shared.targets import choose_target

QUESTION = Question("q", "Which one?", ("ant", "bee", "cat", "dog"), key=2)
BENIGN = np.array([[0.05, 0.5, 0.05, 0.4], [0.1, 0.5, 0.0, 0.4], [0.0, 0.0, 0.1, 0.9]])


def target(choice, benign=BENIGN, question=QUESTION, seed=0):
    return choose_target(choice, question, benign, np.random.default_rng(seed))


def test_a_random_target_is_any_wrong_option() -> None:
    assert {target("random-wrong", seed=seed) for seed in range(40)} == {0, 1, 3}


def test_best_is_the_wrong_option_that_most_answer() -> None:
    assert target("best") == 1


def test_second_best_is_the_wrong_option_that_is_believed_most() -> None:
    assert target("second-best") == 3


def test_without_a_key_every_option_counts_as_wrong() -> None:
    assert target("second-best", question=Question("q", "?", QUESTION.options, None)) == 3


@pytest.mark.parametrize("choice", [3, "D", "dog"])
def test_a_given_target_is_an_index_a_letter_or_a_text(choice) -> None:
    assert target(choice) == 3


@pytest.mark.parametrize("choice", [4, "E", "emu"])
def test_a_target_that_is_no_option_is_refused(choice) -> None:
    with pytest.raises(ConfigError, match="no option of question 'q'"):
        target(choice)


@pytest.mark.parametrize("choice", ["best", "second-best", "most-flips"])
def test_nobody_to_read_gives_some_wrong_option(choice) -> None:
    assert target(choice, benign=None) == 0
    assert target(choice, benign=np.empty((0, 4))) == 0


def test_a_given_target_that_is_right_leaves_the_adversary_honest() -> None:
    attack = build("attack", {"kind": "stubborn", "target": 2})
    plan = attack.plan(Opening(QUESTION, 0, 0, 0, 3, (0,)), np.random.default_rng(0))
    assert (plan.target, plan.active) == (2, ())


def test_the_target_goes_to_the_view_before_anything_is_said(act, sure) -> None:
    played = act({"kind": "stubborn", "target": "second-best"}, beliefs=[(0.1, 0.1, 0.5, 0.3)] * 4)
    assert played.deliberation.target == 3
    assert played.belief(0, 0) == pytest.approx(sure(3, 0.97))
