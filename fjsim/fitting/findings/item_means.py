"""Means over items of parameters that every item has of its own, with intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.findings.bootstrap import (
    percentiles,
    question_index,
    question_weights,
    tail_share,
)
from fjsim.fitting.findings.identified import Intervals
from fjsim.fitting.findings.result import FJFit
from fjsim.seeds import stream

MOSTLY = 0.9
"""Share of the items below which a mean is said to leave items out."""


def weighted_means(values: Array, weights: Array) -> Array:
    """Return weighted means over items, those left out that are not determined.

    Parameters
    ----------
    values : ndarray of shape (n_items, ...)
        NaN where not determined.
    weights : ndarray of shape (n_draws, n_items)

    Returns
    -------
    ndarray of shape (n_draws, ...)
        NaN where no item with a weight determines it.
    """
    flat = values.reshape(len(values), -1)
    there = (~np.isnan(flat)).astype(float)
    total, mass = weights @ np.nan_to_num(flat), weights @ there
    means = np.divide(total, mass, out=np.full_like(total, np.nan), where=mass > 0)
    return np.asarray(means.reshape(len(weights), *values.shape[1:]))


def with_item_means(
    fit: FJFit,
    question_ids: tuple[str, ...],
    resamples: int,
    level: float,
    seed: int,
) -> FJFit:
    """Put the means over items where one law would have its parameters.

    Parameters
    ----------
    fit : FJFit
        With parameters per item.
    question_ids : tuple of str, length n_items
    resamples : int
        Bootstrap resamples over questions; 0 for no intervals.
    level : float
        Of the intervals.
    seed : int

    Returns
    -------
    FJFit
        With a warning where a mean leaves out items that do not determine it.
    """
    items = fit.items
    assert items is not None, "parameters per item come first"
    once = np.ones((1, len(question_ids)))
    parts = (items.stubbornness, items.self_weight, items.influence, items.influence_shares)
    stubbornness, self_weight, influence, shares = (weighted_means(one, once)[0] for one in parts)
    determined = float((~np.isnan(items.stubbornness)).mean())
    if determined < MOSTLY:
        fit = replace(fit, warnings=(_left_out(determined), *fit.warnings))
    fit = replace(
        fit,
        stubbornness=stubbornness,
        self_weight=self_weight,
        influence=influence,
        influence_shares=shares,
    )
    n_questions = int(question_index(question_ids).max(initial=-1)) + 1
    if not resamples:
        return fit
    drawn = question_weights(question_ids, resamples, stream(seed, "fit-bootstrap"))
    tail = tail_share(level, n_questions)
    ends = [percentiles(weighted_means(one, drawn), tail) for one in parts]
    return replace(fit, intervals=Intervals(level, resamples, n_questions, *ends))


def _left_out(determined: float) -> str:
    return (
        f"only {determined:.0%} of the items determine an agent's stubbornness on their own, and "
        "the means are over those: an agent that holds its belief moves little and is left out, "
        "so they are too low; 'hierarchical' counts everybody"
    )
