"""Intervals by resampling questions, from the Gram matrices alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.findings.identified import Intervals
from fjsim.fitting.rows.grams import Grams
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.fitting.rows.solving import finite_influence, split_rows
from fjsim.seeds import stream


def question_weights(
    question_ids: tuple[str, ...], n_resamples: int, rng: np.random.Generator
) -> Array:
    """Draw questions with replacement; all replicas of a question go together.

    Parameters
    ----------
    question_ids : tuple of str, length n_items
        Question of each item.
    n_resamples : int
        How many draws.
    rng : numpy.random.Generator
        Where they come from.

    Returns
    -------
    ndarray of shape (n_resamples, n_items)
        How often each item counts.
    """
    of_item = question_index(question_ids)
    n_questions = int(of_item.max(initial=-1)) + 1
    drawn = rng.multinomial(n_questions, np.full(n_questions, 1 / n_questions), size=n_resamples)
    return drawn[:, of_item].astype(float)


def question_index(question_ids: tuple[str, ...]) -> NDArray[np.int64]:
    """Return 0-based numbers of the questions, in order of appearance, per item."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in question_ids], dtype=np.int64)


def bootstrap_rows(
    normal: Grams,
    question_ids: tuple[str, ...],
    n_resamples: int,
    seed: int = 0,
    prior: Array | None = None,
) -> Array:
    """Fit pooled rows to resampled questions.

    Parameters
    ----------
    normal : Grams
        Per item.
    question_ids : tuple of str, length n_items
    n_resamples : int
    seed : int, default 0
    prior : ndarray of shape (n_agents, n_columns), optional
        Decides where a resample does not.

    Returns
    -------
    ndarray of shape (n_resamples, n_agents, n_columns)
    """
    weights = question_weights(question_ids, n_resamples, stream(seed, "fit-bootstrap"))
    drawn = normal.weighted(weights)
    return solve_rows(drawn.products, drawn.targets, drawn.allowed, prior).rows


def tail_share(level: float, n_questions: int) -> float:
    r"""Return which share of resamples to leave out on either side.

    Parameters
    ----------
    level : float
        Nominal coverage, in (0, 1).
    n_questions : int
        What was resampled; NaN comes back for fewer than two, which say nothing.

    Returns
    -------
    float

    Notes
    -----
    Resamples of n questions vary too little, by the factor :math:`\sqrt{(n-1)/n}`, and as if their
    spread was known. The share :math:`\Phi(\sqrt{n/(n-1)} \, t_{n-1})`, with the quantile
    :math:`t_{n-1}` of Student's distribution at (1 - level)/2, makes up for both: the expanded
    percentile interval [1]_. ``benchmarks/fit/interval_coverage.py`` measures what it does.

    References
    ----------
    .. [1] T. C. Hesterberg, "What teachers should know about the bootstrap", The American
       Statistician 69 (2015) 371-386, doi:10.1080/00031305.2015.1089789.
    """
    from scipy.special import ndtr, stdtrit

    if n_questions < 2:
        return float("nan")
    aside = stdtrit(n_questions - 1, (1 - level) / 2)
    return float(ndtr(np.sqrt(n_questions / (n_questions - 1)) * aside))


def percentiles(values: Array, tail: float) -> Array:
    """Return the ends of resampled values, NaN where too little was resampled.

    Parameters
    ----------
    values : ndarray of shape (n_resamples, ...)
        NaN entries are resamples that say nothing.
    tail : float
        Share to leave out on either side; see `tail_share`.

    Returns
    -------
    ndarray of shape (2, ...)
    """
    blank = np.isnan(values).all(axis=0) | np.isnan(tail)
    inside = 0.5 if np.isnan(tail) else tail
    found = np.nanquantile(np.where(blank, 0.0, values), [inside, 1 - inside], axis=0)
    return np.where(blank, np.nan, found)


def percentile_intervals(
    rows: Array, n_rounds: int, level: float, n_questions: int, acting: Array | None = None
) -> Intervals:
    """Read intervals off resampled rows.

    Parameters
    ----------
    rows : ndarray of shape (n_resamples, n_agents, n_agents + 2)
    n_rounds : int
        For the influence after so many rounds.
    level : float
        Nominal coverage, in (0, 1).
    n_questions : int
        What was resampled; all intervals are NaN for fewer than two.
    acting : ndarray like ``rows``, optional
        Rows by which beliefs move, where something outside the agents adds to theirs.

    Returns
    -------
    Intervals
    """
    parts = split_rows(rows)
    shares = finite_influence(rows if acting is None else acting, n_rounds).mean(axis=-2)
    tail = tail_share(level, n_questions)
    return Intervals(
        level,
        len(rows),
        n_questions,
        stubbornness=percentiles(parts.stubbornness, tail),
        self_weight=percentiles(parts.self_weight, tail),
        influence=percentiles(parts.influence, tail),
        influence_shares=percentiles(shares, tail),
    )
