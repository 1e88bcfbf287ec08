"""What a metric counts before anything is divided: tallies by question, and plain numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.metrics.intervals import NOTHING, Estimate, per_question, ratio_of_sums
from fjsim.records import Transcript


class Counted(Protocol):
    """What one metric counted; counts of several runs are pooled, and estimated at last."""

    def estimate(self, seed: int = 0) -> Estimate:
        """Return the number with its interval."""

    @classmethod
    def pooled(cls, counted: Iterable[Self]) -> Self:
        """Return the counts of several runs as one."""


@dataclass(frozen=True, eq=False)
class Tally:
    """A ratio of sums before it is taken, question by question.

    Parameters
    ----------
    questions : tuple of str, length n_questions
        Each once.
    numerator, denominator : ndarray of shape (n_questions,)
        Summed over replicas, agents and, where tallies were pooled, seeds; read-only.
    cases : ndarray of shape (n_questions,), optional
        How many cases stand behind the denominator, where it is no count by itself (a sum of
        beliefs); read-only.

    Raises
    ------
    ParameterError
        If a count is not finite, or a denominator below 0.
    """

    questions: tuple[str, ...]
    numerator: Array
    denominator: Array
    cases: Array | None = None

    def __post_init__(self) -> None:
        for name in ("numerator", "denominator", "cases"):
            given = getattr(self, name)
            if given is not None:
                kept = np.asarray(given, dtype=float).view()
                kept.setflags(write=False)
                object.__setattr__(self, name, kept)
                # The sum is NaN or infinite if any entry is; one pass suffices.
                if not np.isfinite(kept.sum()):
                    raise ParameterError(f"a tally's {name} holds NaN or infinity; count 0 instead")
        if len(self.denominator) and self.denominator.min() < 0:
            raise ParameterError("a tally's denominator is below 0; count cases, or what could be")

    def __reduce__(self) -> tuple[object, ...]:
        # Pickled arrays come back writable; making the tally again closes them.
        return Tally, (self.questions, self.numerator, self.denominator, self.cases)

    @classmethod
    def of_items(
        cls,
        numerator: ArrayLike,
        denominator: ArrayLike,
        questions: Sequence[str],
        cases: ArrayLike | None = None,
    ) -> Tally:
        """Return the tally of some items; items of one question are added up.

        Parameters
        ----------
        numerator, denominator : array-like of shape (n_items,)
        questions : sequence of str, length n_items
            Question of each item.
        cases : array-like of shape (n_items,), optional
            As in the class.
        """
        return cls(
            tuple(dict.fromkeys(questions)),
            per_question(numerator, questions),
            per_question(denominator, questions),
            None if cases is None else per_question(cases, questions),
        )

    def estimate(self, seed: int = 0) -> Estimate:
        """Return the ratio with its bootstrap interval over questions."""
        n = None if self.cases is None else round(float(self.cases.sum()))
        return ratio_of_sums(self.numerator, self.denominator, self.questions, n, seed)

    @classmethod
    def pooled(cls, counted: Iterable[Tally]) -> Tally:
        """Return one tally of several, question by question; a question stays one cluster."""
        given = list(counted)
        names = [name for tally in given for name in tally.questions]
        if not names:
            return EMPTY
        cases = [tally.denominator if tally.cases is None else tally.cases for tally in given]
        return cls.of_items(
            np.concatenate([tally.numerator for tally in given]),
            np.concatenate([tally.denominator for tally in given]),
            names,
            None if all(tally.cases is None for tally in given) else np.concatenate(cases),
        )


EMPTY = Tally((), np.zeros(0), np.zeros(0))
"""Nothing was counted."""


@dataclass(frozen=True)
class Number:
    """A plain number, such as calls or tokens, which has no interval.

    Parameters
    ----------
    values : tuple of float
        One per run that has it.
    pool : {'sum', 'mean'}
        How the numbers of several runs become one.
    """

    values: tuple[float, ...]
    pool: Literal["sum", "mean"] = "sum"

    def estimate(self, seed: int = 0) -> Estimate:
        """Return the sum or mean without an interval; ``seed`` has no effect."""
        if not self.values:
            return NOTHING
        total = sum(self.values)
        value = total if self.pool == "sum" else total / len(self.values)
        # One value stands as it is, so that a count stays an integer.
        return Estimate(
            self.values[0] if len(self.values) == 1 else value, None, None, len(self.values)
        )

    @classmethod
    def pooled(cls, counted: Iterable[Number]) -> Number:
        """Return the numbers of several runs as one."""
        given = list(counted)
        pool = given[0].pool if given else "sum"
        return cls(tuple(value for one in given for value in one.values), pool)


def tally(
    arm: Transcript, numerator: ArrayLike, denominator: ArrayLike, cases: ArrayLike | None = None
) -> Tally:
    """Return what was counted on the items of an arm, question by question.

    Parameters
    ----------
    arm : Transcript
        Whose items they are.
    numerator, denominator : array-like of shape (n_items,) or (n_items, n_agents)
        Summed over agents.
    cases : array-like of the same shape, optional
        How many cases stand behind the denominator, where it is no count by itself.
    """
    counts = None if cases is None else _per_item(cases)
    return Tally.of_items(_per_item(numerator), _per_item(denominator), arm.question_ids, counts)


def _per_item(counts: ArrayLike) -> Array:
    numbers = np.asarray(counts, dtype=float)
    return numbers if numbers.ndim == 1 else numbers.sum(axis=1)
