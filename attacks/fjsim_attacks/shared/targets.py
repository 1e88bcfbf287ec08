"""Which option an adversary is after: shared by all attacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.contracts.attacks import Opening
from fjsim.errors import ConfigError
from fjsim.questions import LETTERS, Question
from fjsim_attacks.shared.law import Assumed, expect

TargetChoice = Literal["random-wrong", "second-best", "best", "most-flips"] | int | str

AFTER_ROUND0 = frozenset({"second-best", "best", "most-flips"})
"""Choices that read what the benign agents say in round 0."""


def choose_target(
    choice: TargetChoice, question: Question, benign: Array | None, rng: np.random.Generator
) -> int:
    """Return the option that a choice means on one question.

    Parameters
    ----------
    choice : {'random-wrong', 'second-best', 'best', 'most-flips'}, int, letter or text
        A wrong option drawn at random; the wrong option with the largest mean round-0 belief of
        the benign agents; the wrong option that most of them answer, by mean belief among equals
        (also where ``'most-flips'`` has no graph to play the law on); or one option for all
        questions.
    question : Question
        With its key; without one every option counts as wrong.
    benign : ndarray of shape (n_benign, n_options) or None
        Needed for what depends on round 0.
    rng : numpy.random.Generator
        For ``'random-wrong'``.

    Raises
    ------
    ConfigError
        If the question has no such option.

    Examples
    --------
    >>> asked = Question("q", "Which?", ("a", "b", "c"), key=0)
    >>> said = np.array([[0.1, 0.6, 0.3], [0.1, 0.5, 0.4], [0.0, 0.1, 0.9]])
    >>> choose_target("best", asked, said, np.random.default_rng(0))
    1
    >>> choose_target("second-best", asked, said, np.random.default_rng(0))
    2
    """
    wrong = wrong_options(question)
    if choice == "random-wrong":
        return int(rng.choice(wrong))
    if choice in AFTER_ROUND0:
        return _popular(wrong, question.n_options, benign, by_answer=choice != "second-best")
    given = _given(choice, question)
    if given is None:
        raise ConfigError(
            f"attack.target is {choice!r}, which is no option of question '{question.id}'; give "
            "random-wrong, second-best, best, most-flips, an index, a letter or an option's text"
        )
    return given


@dataclass(frozen=True, slots=True, order=True)
class Prospect:
    """What an option promises; the larger, the better for the adversary.

    Parameters
    ----------
    flips : int
        Benign agents that the law expects to move to it.
    belief : float
        Their summed belief in it at the end.
    preference : int
        Minus the option, so that the first one wins a tie.
    """

    flips: int
    belief: float
    preference: int

    @property
    def target(self) -> int:
        """The option."""
        return -self.preference


def most_flipped(
    opening: Opening,
    active: Sequence[int],
    certainty: float,
    assumed: Assumed,
    targets: Sequence[int],
) -> Prospect:
    """Return the option by which the law expects most flips.

    Parameters
    ----------
    opening : Opening
        With graph and round-0 beliefs.
    active : sequence of int
        The seats that attack.
    certainty : float
        What they state.
    assumed : Assumed
        What the benign agents are taken for.
    targets : sequence of int
        The options to choose from.
    """
    assert opening.influence is not None, "checked by the caller"
    assert opening.innate is not None, "checked by the caller"
    expected = expect(
        opening.influence,
        opening.innate,
        active,
        opening.seats,
        targets,
        certainty,
        opening.n_rounds,
        assumed,
    )
    return max(
        Prospect(int(flips), round(float(belief), 9), -option)
        for option, flips, belief in zip(targets, expected.flips, expected.belief, strict=True)
    )


def wrong_options(question: Question) -> list[int]:
    """Return the options that are not the key; all of them where there is none."""
    return [option for option in range(question.n_options) if option != question.key]


def _popular(wrong: list[int], n_options: int, benign: Array | None, by_answer: bool) -> int:
    if benign is None or not len(benign):
        return wrong[0]
    means = benign.mean(axis=0)
    tops = top_option(benign)
    answers = np.bincount(tops[tops >= 0], minlength=n_options) * by_answer
    return max(wrong, key=lambda option: (answers[option], means[option], -option))


def _given(choice: int | str, question: Question) -> int | None:
    if isinstance(choice, int):
        return choice if 0 <= choice < question.n_options else None
    if choice in question.options:
        return question.options.index(choice)
    letters = LETTERS[: question.n_options]
    return letters.index(choice) if len(choice) == 1 and choice in letters else None
