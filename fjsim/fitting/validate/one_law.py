"""Does one law hold for all items? A quick test that every automatic fit makes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.findings.bootstrap import question_index
from fjsim.fitting.findings.identified import OneLaw
from fjsim.fitting.rows.grams import Columns, Grams, grams
from fjsim.fitting.rows.mixtures import even_mixture, mixed_columns
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.fitting.validate.shared_world import SharedWorld, item_grams, solve_pooled
from fjsim.records.transcript import Transcript
from fjsim.seeds import stream

MOST_DRAWS = 99
ENOUGH = 10
"""Draws at least as far out as the log at which it is plain that one law may hold."""

MOST_TURNS = 8000
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
        for all members is tested.
    seed : int, default 0

    Returns
    -------
    OneLaw
        With p NaN where it cannot be tested: fewer than three items, gates that renormalise.

    Notes
    -----
    The statistic is :math:`(SSE_{one} - SSE_{own})/SSE_{own}`: how much better a law per item
    explains the turns. Its null distribution is drawn: whole deliberations under the one law
    with the observed noise (`SharedWorld`). Drawing stops once `ENOUGH` draws are as far out as
    the log [1]_, so that a log under one law costs few draws.

    References
    ----------
    .. [1] J. Besag, P. Clifford, "Sequential Monte Carlo p-values", Biometrika 78 (1991) 301-304,
       doi:10.1093/biomet/78.2.301.
    """
    used = _thinned(treated(transcript), seed)
    if used.n_items < 3:
        return OneLaw(float("nan"), None, 0)
    mixed = mixed_columns(even_mixture) if used.exchangeable else None
    try:
        base = item_grams(used, mixed)
    except ParameterError:
        return OneLaw(float("nan"), None, 0)
    common = solve_pooled(base)
    if base.pooled().errors(common).sum() <= EXACT * base.power.sum():
        return OneLaw(1.0, True, 0)
    world, rng = SharedWorld(used, mixed, base), stream(seed, "fit-one-law")
    observed = _gain(grams(used, mixed), common)
    beaten = drawn = 0
    while drawn < MOST_DRAWS and beaten < ENOUGH:
        drawn += 1
        beaten += _drawn_gain(world.draw(rng), mixed) >= observed
    p = beaten / drawn if beaten >= ENOUGH else (beaten + 1) / (drawn + 1)
    return OneLaw(float(p), bool(p > LEVEL), drawn)


def _drawn_gain(transcript: Transcript, mixed: Columns | None) -> float:
    return _gain(grams(transcript, mixed), solve_pooled(item_grams(transcript, mixed)))


def _gain(own: Grams, common: Array) -> float:
    """Return how much better laws of their own explain each item and agent."""
    rows = solve_rows(own.products, own.targets, own.allowed, common).rows
    alone = float(np.maximum(own.errors(rows), 0).sum())
    together = float(np.maximum(own.errors(np.broadcast_to(common, rows.shape)), 0).sum())
    return (together - alone) / max(alone, 1e-300)


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
