"""A round in which nobody moves has no skill to be measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fjsim.fitting.findings.summary import comparison_cells
from fjsim.fitting.validate.comparison import compare
from studies.influencer_truths import planted


@pytest.fixture(scope="module")
def rows() -> tuple[object, ...]:
    transcript = planted("constant", 0, 20)
    beliefs = transcript.beliefs.copy()
    beliefs[:, -1] = beliefs[:, -2] + 1e-5 * np.array([1, -1, 0, 0])
    return compare(replace(transcript, beliefs=beliefs), ("pooled",), ("last-round",))


def test_nothing_left_to_change_is_no_skill_of_minus_many(rows: tuple[object, ...]) -> None:
    (row,) = rows
    assert np.isnan([row.skill, row.low, row.high]).all()  # type: ignore[attr-defined]
    assert row.one_step_mse > 0  # type: ignore[attr-defined]


def test_the_table_says_it_in_words(rows: tuple[object, ...]) -> None:
    from types import SimpleNamespace

    cells = comparison_cells(SimpleNamespace(comparison=rows))  # type: ignore[arg-type]
    assert cells[0][3] in ("no change left to predict", "worse than no change")
