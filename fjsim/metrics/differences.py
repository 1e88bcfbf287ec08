"""Is one arm better than another? Paired differences by question, and how many were asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.metrics.counting import Tally
from fjsim.metrics.intervals import LEVEL, resamples
from fjsim.seeds import stream

SWAPS = 2000

NO_MATTER = 0.02
"""A difference smaller than this, either way, counts as none where equivalence is tested."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How two arms differ on the same questions.

    Parameters
    ----------
    value, low, high : float or None
        First minus second, with its 95 % interval; None where one of them counted nothing.
    p_value : float or None
        From the two-sided test that swapping the arms of a question changes nothing.
    n_questions : int
        On how many questions both were counted.
    p_equivalent : float or None
        From the test of the opposite claim, that they differ by `NO_MATTER` or more: small where
        there is "no difference above .02", which a large ``p_value`` alone never says.
    """

    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n_questions: int
    p_equivalent: float | None = None


NO_DIFFERENCE = Difference(None, None, None, None, 0)


def difference(first: Tally, second: Tally, seed: int = 0) -> Difference:
    """Compare two arms on the questions that both have.

    Parameters
    ----------
    first, second : Tally
    seed : int
        Seed of bootstrap and test.

    Returns
    -------
    Difference

    Notes
    -----
    The interval is a percentile bootstrap in which both arms of a question are drawn together.
    The p-value is that of a randomisation test: under the null hypothesis the two arms of a
    question may be swapped, so the observed difference is ranked among 2000 differences with
    random swaps; it is never below 1/2001. Equivalence is two one-sided tests on the same
    bootstrap: the larger of the shares of resampled differences at or beyond either bound.

    References
    ----------
    .. [1] E. S. Edgington and P. Onghena, "Randomization Tests", 4th ed., 2007.
    .. [2] D. J. Schuirmann, "A comparison of the Two One-Sided Tests Procedure and the Power
       Approach for assessing the equivalence of average bioavailability", Journal of
       Pharmacokinetics and Biopharmaceutics 15 (1987) 657-680, doi:10.1007/BF01068419.
    """
    one, other = _matched(first, second)
    if one.denominator.sum() <= 0 or other.denominator.sum() <= 0:
        return NO_DIFFERENCE
    counts = resamples(len(one.questions), seed)
    drawn = _ratios(counts, one) - _ratios(counts, other)
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    whole = np.ones((1, len(one.questions)))
    value = float(_ratios(whole, one)[0] - _ratios(whole, other)[0])
    return Difference(
        value,
        float(low),
        float(high),
        _swap_test(one, other, value, seed),
        len(one.questions),
        _equivalence_test(drawn),
    )


def _matched(first: Tally, second: Tally) -> tuple[Tally, Tally]:
    place = {question: at for at, question in enumerate(second.questions)}
    common = [at for at, question in enumerate(first.questions) if question in place]
    partner = [place[first.questions[at]] for at in common]
    names = tuple(first.questions[at] for at in common)
    return (
        Tally(names, first.numerator[common], first.denominator[common]),
        Tally(names, second.numerator[partner], second.denominator[partner]),
    )


def _ratios(counts: Array, tally: Tally) -> Array:
    bottoms = counts @ tally.denominator
    safe = np.where(bottoms > 0, bottoms, np.nan)
    return np.asarray((counts @ tally.numerator) / safe)


def _equivalence_test(drawn: Array) -> float:
    """Return the larger of the shares of differences at or beyond either bound."""
    known = drawn[~np.isnan(drawn)]
    beyond = max((known >= NO_MATTER).sum(), (known <= -NO_MATTER).sum())
    return float((1 + beyond) / (1 + len(known)))


def _swap_test(one: Tally, other: Tally, value: float, seed: int) -> float:
    """Return how often random swaps give a difference at least as large."""
    swapped = stream(seed, "swaps").integers(0, 2, size=(SWAPS, len(one.questions)))
    kept = 1.0 - swapped
    tops = kept @ one.numerator + swapped @ other.numerator
    bottoms = kept @ one.denominator + swapped @ other.denominator
    both_tops = one.numerator.sum() + other.numerator.sum()
    both_bottoms = one.denominator.sum() + other.denominator.sum()
    rest = both_bottoms - bottoms
    usable = (bottoms > 0) & (rest > 0)
    gaps = tops[usable] / bottoms[usable] - (both_tops - tops[usable]) / rest[usable]
    tolerance = 1e-12
    return float((1 + (np.abs(gaps) >= abs(value) - tolerance).sum()) / (1 + usable.sum()))


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return p-values adjusted so that the chance of any false claim stays below the level.

    Parameters
    ----------
    p_values : sequence of float or None
        In [0, 1]; None (nothing was tested) stays None and does not count.

    Returns
    -------
    tuple of float or None
        In the order given.

    Raises
    ------
    ParameterError
        If one lies outside [0, 1].

    References
    ----------
    .. [1] S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
       Journal of Statistics 6, 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, None, 0.03])
    (0.03, 0.06, None, 0.06)
    """
    tested = [(p, at) for at, p in enumerate(p_values) if p is not None]
    if any(not 0 <= p <= 1 for p, _ in tested):
        raise ParameterError(f"p-values {list(p_values)} must lie in [0, 1]")
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, at) in enumerate(sorted(tested)):
        highest = max(highest, min(1.0, p * (len(tested) - rank)))
        adjusted[at] = highest
    return tuple(adjusted)
