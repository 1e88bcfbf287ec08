"""Whether the other half of the questions would have given the same numbers."""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.findings.bootstrap import question_index
from fjsim.fitting.findings.identified import SplitHalf
from fjsim.fitting.findings.item_means import weighted_means
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.rows.grams import Grams, grams
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.fitting.rows.solving import finite_influence, split_rows
from fjsim.records.transcript import Transcript
from fjsim.seeds import stream

N_SPLITS = 50
FEWEST_QUESTIONS = 4
FEWEST_SEATS = 3


def split_half(fit: FJFit, transcript: Transcript, seed: int = 0) -> dict[str, SplitHalf] | None:
    """Hold the seats' parameters from one half of the questions against those from the other.

    Parameters
    ----------
    fit : FJFit
        Of ``pooled``, or of a model with parameters per item.
    transcript : Transcript
        What was fitted, without control items.
    seed : int, default 0

    Returns
    -------
    dict of str to SplitHalf, or None
        ``stubbornness``, ``self_weight``, ``influence_shares``; None for other models, for crowds
        and for fewer than `FEWEST_QUESTIONS` questions.

    Notes
    -----
    `N_SPLITS` random halves. What the correlation :math:`r` over seats of two halves promises for
    the whole log is :math:`2r/(1+r)` (Spearman-Brown).
    """
    halves = _halves(transcript.question_ids, seed)
    if halves is None or transcript.exchangeable:
        return None
    if fit.items is not None:
        items = fit.items
        values = {
            "stubbornness": weighted_means(items.stubbornness, halves),
            "self_weight": weighted_means(items.self_weight, halves),
            "influence_shares": weighted_means(items.influence_shares, halves),
        }
    elif fit.model == "pooled" and fit.predictor is None:
        values = _pooled(grams(transcript), halves, transcript.n_rounds)
    else:
        return None
    known = {
        "stubbornness": ~np.isnan(fit.stubbornness),
        "self_weight": ~np.isnan(fit.self_weight),
        "influence_shares": ~np.isnan(fit.influence_shares),
    }
    return {name: _agreement(found[:, known[name]]) for name, found in values.items()}


def _halves(question_ids: tuple[str, ...], seed: int) -> Array | None:
    """Return how each half counts the items, one half and its other in turn."""
    of_item = question_index(question_ids)
    n_questions = int(of_item.max(initial=-1)) + 1
    if n_questions < FEWEST_QUESTIONS:
        return None
    rng = stream(seed, "fit-split-half")
    weights = np.zeros((2 * N_SPLITS, n_questions))
    for split in range(N_SPLITS):
        order = rng.permutation(n_questions)
        weights[2 * split, order[: n_questions // 2]] = 1.0
        weights[2 * split + 1, order[n_questions // 2 :]] = 1.0
    return weights[:, of_item]


def _pooled(normal: Grams, halves: Array, n_rounds: int) -> dict[str, Array]:
    drawn = normal.weighted(halves)
    rows = solve_rows(drawn.products, drawn.targets, drawn.allowed).rows
    parts = split_rows(rows)
    shares = finite_influence(rows, n_rounds).mean(axis=-2)
    return {
        "stubbornness": parts.stubbornness,
        "self_weight": parts.self_weight,
        "influence_shares": shares,
    }


def _agreement(values: Array) -> SplitHalf:
    """Compare halves of values of shape (2 * n_splits, n_seats)."""
    first, second = values[::2], values[1::2]
    gaps = np.abs(first - second)
    kept = ~np.isnan(gaps)
    difference = float(gaps[kept].mean()) if kept.any() else float("nan")
    correlations = [_correlation(a, b) for a, b in zip(first, second, strict=True)]
    clean = [value for value in correlations if np.isfinite(value)]
    mean = float(np.mean(clean)) if clean else float("nan")
    whole = 2 * mean / (1 + mean) if mean > 0 else float("nan")
    return SplitHalf(difference, mean, whole, len(first))


def _correlation(first: Array, second: Array) -> float:
    both = ~np.isnan(first) & ~np.isnan(second)
    if both.sum() < FEWEST_SEATS or min(first[both].std(), second[both].std()) < 1e-12:
        return float("nan")
    return float(np.corrcoef(first[both], second[both])[0, 1])
