"""Which seats an adversary takes, and which option it is after: shared by all attacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from fjsim.beliefs import Array
from fjsim.dynamics import hub_seat, leaf_seat
from fjsim.errors import ConfigError
from fjsim.questions import LETTERS, Question

SeatChoice = Literal["hub", "leaf", "random"] | int | list[int]
TargetChoice = Literal["random-wrong", "second-best"] | int | str


def choose_seats(
    choice: SeatChoice, n_seats: int, influence: Array, rng: np.random.Generator
) -> tuple[int, ...]:
    """Return the seats that a choice means on one graph.

    Parameters
    ----------
    choice : {'hub', 'leaf', 'random'}, int or list of int
        The seat with most listeners, one with fewest, drawn, or given.
    n_seats : int
        How many seats are drawn for ``'random'``.
    influence : ndarray of shape (n_agents, n_agents)
        W of the graph.
    rng : numpy.random.Generator
        For ``'random'``.

    Raises
    ------
    ConfigError
        If a seat is not there, or nobody benign would be left.
    """
    n_agents = len(influence)
    if choice == "hub":
        seats: Sequence[int] = [hub_seat(influence)]
    elif choice == "leaf":
        seats = [leaf_seat(influence)]
    elif choice == "random":
        seats = rng.choice(n_agents, size=min(n_seats, n_agents), replace=False).tolist()
    else:
        seats = [choice] if isinstance(choice, int) else choice
    for seat in seats:
        if not 0 <= seat < n_agents:
            raise ConfigError(
                f"attack.seat is {seat}; seats run from 0 to {n_agents - 1}, or give hub, leaf, "
                "random or a list"
            )
    chosen = tuple(sorted(set(seats)))
    if len(chosen) >= n_agents or not chosen:
        raise ConfigError(
            f"attack.seat takes {len(chosen)} of {n_agents} seats; leave at least one benign "
            "agent and take at least one seat"
        )
    return chosen


def choose_target(
    choice: TargetChoice, question: Question, benign: Array | None, rng: np.random.Generator
) -> int:
    """Return the option that a choice means on one question.

    Parameters
    ----------
    choice : {'random-wrong', 'second-best'}, int, or an option's letter or text
        A wrong option drawn at random; the wrong option with the largest mean round-0 belief of
        the benign agents; or one option for all questions.
    question : Question
        With its key; without one every option counts as wrong.
    benign : ndarray of shape (n_benign, n_options) or None
        Needed for ``'second-best'``.
    rng : numpy.random.Generator
        For ``'random-wrong'``.

    Raises
    ------
    ConfigError
        If the question has no such option.
    """
    wrong = [option for option in range(question.n_options) if option != question.answer]
    if choice == "random-wrong":
        return int(rng.choice(wrong))
    if choice == "second-best":
        means = (
            np.zeros(question.n_options) if benign is None or not len(benign) else benign.mean(0)
        )
        return max(wrong, key=lambda option: (means[option], -option))
    given = _given(choice, question)
    if given is None:
        raise ConfigError(
            f"attack.target is {choice!r}, which is no option of question '{question.id}'; give "
            "random-wrong, second-best, an index, a letter or an option's text"
        )
    return given


def _given(choice: int | str, question: Question) -> int | None:
    if isinstance(choice, int):
        return choice if 0 <= choice < question.n_options else None
    if choice in question.options:
        return question.options.index(choice)
    letters = LETTERS[: question.n_options]
    return letters.index(choice) if len(choice) == 1 and choice in letters else None
