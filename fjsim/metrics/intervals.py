"""Estimates with their intervals: a ratio of sums, bootstrapped over questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fjsim.beliefs import Array
from fjsim.html_table import html_table
from fjsim.seeds import stream

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True, slots=True, repr=False)
class Estimate:
    """A number, its 95 % interval, and what it was counted over.

    Parameters
    ----------
    value : float or None
        None where nothing could be counted.
    low, high : float or None
        None too for a plain number, such as calls, which has no interval.
    n : int
        How many cases the denominator holds; of a plain number, how many runs it sums.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int

    def __getitem__(self, name: str) -> float | int | None:
        """Return a part by the name it has in JSON."""
        return self.as_dict()[name]

    def as_dict(self) -> dict[str, float | int | None]:
        """Return ``{"value", "low", "high", "n"}``."""
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}

    @property
    def text(self) -> str:
        """``0.650 [0.610, 0.690]``, a plain number such as ``120``, or ``n/a``."""
        if self.value is None:
            return "n/a"
        if self.low is None or self.high is None:
            return str(self.value)
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def __repr__(self) -> str:
        return f"Estimate({self.text}, n={self.n})"

    def _repr_html_(self) -> str:
        return html_table(("value", "n"), [(self.text, self.n)])


NOTHING = Estimate(None, None, None, 0)


def ratio_of_sums(
    numerator: ArrayLike,
    denominator: ArrayLike,
    questions: Sequence[str],
    n: int | None = None,
    seed: int = 0,
) -> Estimate:
    """Estimate ``sum(numerator) / sum(denominator)`` with a bootstrap over questions.

    Parameters
    ----------
    numerator, denominator : array-like of shape (n_items,)
        Sums of each item; replicas of a question are resampled together.
    questions : sequence of str, length n_items
        Question of each item.
    n : int, optional
        How many cases the denominator counts; by default its sum.
    seed : int
        Seed of the resampling.

    Returns
    -------
    Estimate
        Percentile interval of 2000 resamples; nothing where the denominator is 0. Resamples
        whose denominator is 0 are left out.

    Notes
    -----
    A ratio of sums, not a mean of ratios, which explodes where a denominator is small.
    """
    tops, bottoms = per_question(numerator, questions), per_question(denominator, questions)
    total = float(bottoms.sum())
    if total <= 0:
        return NOTHING
    counts = resamples(len(bottoms), seed)
    drawn = counts @ bottoms
    usable = drawn > 0
    ratios = (counts @ tops)[usable] / drawn[usable]
    low, high = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(tops.sum()) / total
    return Estimate(value, float(low), float(high), round(total) if n is None else n)


def per_question(values: ArrayLike, questions: Sequence[str]) -> Array:
    """Return one sum per question, in order of first appearance."""
    order = {question: at for at, question in enumerate(dict.fromkeys(questions))}
    sums = np.zeros(len(order))
    np.add.at(sums, [order[question] for question in questions], np.asarray(values, dtype=float))
    return sums


@lru_cache(maxsize=4)
def resamples(n_questions: int, seed: int) -> NDArray[np.float64]:
    """Return how often each question stands in each resample, shape (2000, n_questions)."""
    rng = stream(seed, "bootstrap")
    shares = np.full(n_questions, 1 / n_questions)
    counts = rng.multinomial(n_questions, shares, size=RESAMPLES).astype(float)
    # One array serves every metric of a run: nobody may change it.
    counts.setflags(write=False)
    return counts
