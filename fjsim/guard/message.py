"""What a member of somebody's team said, by the team's own names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array, as_belief
from fjsim.errors import ParameterError
from fjsim.foreign_text import shown

MOST_ROUNDS = 10_000
"""Rounds of one question."""
EXACT = 1e-12


@dataclass(frozen=True, slots=True)
class Message:
    """One statement of one member of a team.

    Parameters
    ----------
    speaker : str
        Who says it, as the team names it.
    answer : str or int or None, default None
        The answer: one of the question's options, or its number from 0. None is read off
        ``belief`` or, where there is none, off ``text``.
    belief : sequence of float or None, default None
        A probability for each option; None where nobody stated one.
    text : str, default ''
        The words. They are read for an answer only where none is given.
    confidence : float or None, default None
        How sure the speaker says it is, in [0, 1]. Without a belief it is what stands on the
        answer; None counts as 1.
    question : str, default ''
        Which question it belongs to, where several are open at once.
    round : int or None, default None
        When it was said, from 0, the first answers. None is the speaker's next statement or, in
        `Guard.heard`, the first one that this listener has not heard yet.

    Examples
    --------
    >>> Message("eve", answer="B", confidence=0.9).speaker
    'eve'
    """

    speaker: str
    answer: str | int | None = None
    belief: Sequence[float] | Array | None = None
    text: str = ""
    confidence: float | None = None
    question: str = ""
    round: int | None = None

    def __post_init__(self) -> None:
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise ParameterError(
                f"confidence {shown(self.confidence)} of {shown(self.speaker)}; "
                "it must lie in [0, 1]"
            )
        if self.round is not None and not 0 <= self.round < MOST_ROUNDS:
            raise ParameterError(
                f"round {shown(self.round)} of {shown(self.speaker)}; rounds count from 0, "
                f"up to {MOST_ROUNDS - 1}"
            )

    def stated_belief(self, n_options: int) -> Array | None:
        """Return the stated belief, checked; None where there is none.

        Raises
        ------
        BeliefError
            If it is no probability for each option.
        """
        if self.belief is None:
            return None
        given = np.array(self.belief, dtype=float)
        checked = as_belief(given, n_options=n_options)
        # What sums to 1 up to rounding stays as it was said, to the last bit.
        return given if float(np.abs(given - checked).max()) <= EXACT else checked
