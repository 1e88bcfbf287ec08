"""Whether one law holds for all items: a quick test that every automatic fit makes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.findings.bootstrap import question_index
from fjsim.fitting.findings.identified import OneLaw
from fjsim.fitting.rows.grams import Columns, Design, design
from fjsim.fitting.rows.mixtures import mixed_columns, settled_mixture
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.fitting.validate.shared_world import SharedWorld, item_grams, solve_pooled
from fjsim.records.transcript import Transcript
from fjsim.seeds import stream

MOST_DRAWS = 99
ENOUGH = 10
"""Draws at least as far out as the log at which it is plain that one law may hold."""

PLAIN = 6.0
"""Standard deviations between the gain of laws of their own and `FEWEST` draws of it at which one
law is plainly wrong."""

FEWEST = 19
MOST_TURNS = 2500
"""Turns that are tested; of a longer log a share of the questions is drawn."""

LEVEL = 0.05
EXACT = 1e-12
"""Share of the movement below which what one law leaves unexplained is rounding."""


def one_law_test(transcript: Transcript, seed: int = 0) -> OneLaw:
    r"""Test whether one law holds for all items.

    Parameters
    ----------
    transcript : Transcript
        Control items are left out. In a crowd, whose members differ from item to item, one law
        for all members is tested. Shares of attention that a log gives are kept.
    seed : int, default 0

    Returns
    -------
    OneLaw
        With p NaN where it cannot be tested: fewer than three items, a single update, gates that
        renormalise.

    Notes
    -----
    Under one law a turn's residual says nothing about the next one's. The statistic is the
    within-item product of residual scores :math:`\sum_i (\|\sum_t x_{it}e_{it}\|^2 - \sum_t
    \|x_{it}e_{it}\|^2)`, divided by its own root sum of squares over items: the score test of a
    law that varies over items. Beliefs are cut at 0 and 1, so the null is drawn: whole
    deliberations under the one law with the observed noise (`SharedWorld`). Drawing stops once
    `ENOUGH` draws are as far out as the log [1]_, or after `FEWEST` draws where a law per item
    explains the turns better than in any draw by far: that is rarely missed, but a little liberal
    as a test of its own.

    References
    ----------
    .. [1] J. Besag, P. Clifford, "Sequential Monte Carlo p-values", Biometrika 78 (1991) 301-304,
       doi:10.1093/biomet/78.2.301.
    """
    used = _thinned(treated(transcript), seed)
    if used.n_items < 3:
        return OneLaw(float("nan"), None, 0)
    mixture = settled_mixture(used)
    mixed = None if mixture is None else mixed_columns(mixture)
    try:
        base = item_grams(used, mixed)
    except ParameterError:
        return OneLaw(float("nan"), None, 0)
    common = solve_pooled(base)
    if base.pooled().errors(common).sum() <= EXACT * base.power.sum():
        return OneLaw(1.0, True, 0)
    if not (used.valid[:, 1:].sum(axis=1) > 1).any():
        return OneLaw(float("nan"), None, 0)
    world, rng = SharedWorld(used, mixed, base), stream(seed, "fit-one-law")
    observed = _statistics(used, mixed)
    drawn: list[tuple[float, float]] = []
    beaten = 0
    while len(drawn) < MOST_DRAWS and beaten < ENOUGH:
        drawn.append(_statistics(world.draw(rng), mixed))
        beaten += drawn[-1][0] >= observed[0]
        if len(drawn) == FEWEST:
            gains = np.array([gain for _, gain in drawn])
            if observed[1] - gains.mean() > PLAIN * max(float(gains.std()), 1e-6):
                return OneLaw(1 / (FEWEST + 1), False, FEWEST)
    n_draws = len(drawn)
    p = beaten / n_draws if beaten >= ENOUGH else (beaten + 1) / (n_draws + 1)
    return OneLaw(float(p), bool(p > LEVEL), n_draws)


def _statistics(transcript: Transcript, mixed: Columns | None) -> tuple[float, float]:
    """Return what residuals of an item have in common, and the log gain of laws of their own."""
    laid = design(transcript, mixed)
    rows = _common_rows(laid, transcript.exchangeable)
    return _excess(transcript, laid, rows), _log_gain(laid, rows[0, 0])


def _log_gain(laid: Design, rows: Array) -> float:
    """Return the log of the relative gain of a law per item and agent."""
    columns = laid.columns.swapaxes(1, 2).reshape(len(laid.columns), len(rows), -1, rows.shape[-1])
    moved = laid.moved.swapaxes(1, 2).reshape(len(columns), len(rows), -1, 1)
    turned = columns.swapaxes(-1, -2)
    products, targets = turned @ columns, (turned @ moved)[..., 0]
    own = solve_rows(products, targets, laid.allowed, rows).rows

    def error(of: Array) -> float:
        left = moved[..., 0] - (columns @ np.broadcast_to(of, own.shape)[..., None])[..., 0]
        return float((left**2).sum())

    alone, together = error(own), error(rows)
    floor = EXACT * max(together, 1e-300)
    return float(np.log(max(together - alone, floor) / max(alone, floor)))


def _excess(transcript: Transcript, laid: Design, rows: Array) -> float:
    """Return how much the residuals of an item have in common, in standard errors."""
    left = np.where(
        laid.counts[..., None], laid.moved - (laid.columns @ rows[..., None])[..., 0], 0.0
    )
    scores = (laid.columns * left[..., None]).sum(axis=3)  # (items, rounds, agents, columns)
    scores = scores / np.maximum(np.sqrt((scores**2).mean(axis=(0, 1))), 1e-300)
    together = (scores.sum(axis=1) ** 2).sum(axis=(-1, -2))
    apart = (scores**2).sum(axis=(1, 2, 3))
    of_item = question_index(transcript.question_ids)
    excess = np.bincount(of_item, together - apart)
    return float(excess.sum() / max(float(np.sqrt((excess**2).sum())), 1e-300))


def _common_rows(laid: Design, alike: bool) -> Array:
    """Return the pooled row of each listener, shape (1, 1, n_agents, n_columns)."""
    width = laid.columns.shape[-1]
    columns = np.moveaxis(laid.columns, 2, 0).reshape(laid.columns.shape[2], -1, width)
    moved = np.moveaxis(laid.moved, 2, 0).reshape(len(columns), -1)
    products = columns.swapaxes(-1, -2) @ columns
    targets = (columns.swapaxes(-1, -2) @ moved[..., None])[..., 0]
    if alike:
        products, targets = products.sum(axis=0), targets.sum(axis=0)
        rows = np.repeat(solve_rows(products, targets).rows[None], len(columns), axis=0)
    else:
        rows = solve_rows(products, targets, laid.allowed).rows
    return rows[None, None]


def _thinned(transcript: Transcript, seed: int) -> Transcript:
    """Return as many questions as are tested."""
    turns = transcript.valid[:, 1:].sum()
    if turns <= MOST_TURNS:
        return transcript
    of_item = question_index(transcript.question_ids)
    n_questions = int(of_item.max()) + 1
    most = max(int(n_questions * MOST_TURNS / turns), 10)
    kept: NDArray[np.int64] = stream(seed, "fit-one-law-items").permutation(n_questions)[:most]
    return transcript.select(np.isin(of_item, kept))
