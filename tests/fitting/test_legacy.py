"""The exact fit is never worse than the per-question search, and much faster."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_deliberations import random_beliefs, random_rows, simulated

from fjsim.fitting.estimators import Legacy, PerItem
from fjsim.fitting.rows.grams import grams
from fjsim.records.transcript import Transcript


def items(n_items: int) -> Transcript:
    rng = np.random.default_rng(11)
    truth = np.stack([random_rows(rng, 5, stubbornness=(0.0, 0.4)) for _ in range(n_items)])
    innate = random_beliefs(rng, n_items, 5, 5)
    return simulated(rng, truth, innate, 5, process_noise=0.05)


def objective_gaps(transcript: Transcript) -> np.ndarray:
    """Return exact minus legacy error, item by item."""
    exact = PerItem(resamples=0).fit(transcript).result_.items
    searched = Legacy().fit(transcript).result_.items
    normal = grams(transcript)
    assert exact is not None
    assert searched is not None
    return (normal.errors(exact.rows) - normal.errors(searched.rows)).sum(-1)


def test_the_exact_objective_is_never_above_the_legacy_one() -> None:
    gaps = objective_gaps(items(6))
    assert (gaps <= 1e-12).all()
    assert (gaps < -1e-9).any()


@pytest.mark.slow
def test_the_exact_objective_is_never_above_the_legacy_one_on_300_items() -> None:
    assert (objective_gaps(items(300)) <= 1e-12).all()
