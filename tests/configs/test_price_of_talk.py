"""The baselines that spend as many calls as a deliberation, without talking."""

from pathlib import Path

import numpy as np

from fjsim.records import counted
from fjsim.runs import run
from fjsim.sweeps.cells import expand
from fjsim.sweeps.grid import load_sweep

CONFIG = Path(__file__).parents[2] / "configs" / "sweeps" / "price-of-talk.yaml"


def played():
    cells = expand(load_sweep(CONFIG))
    few = [cell.scenario.with_values(questions={"source": "builtin", "limit": 2}) for cell in cells]
    return [run(scenario) for scenario in few]


def test_every_way_spends_the_same_calls_and_only_one_talks() -> None:
    runs = played()
    assert {counted(run.contents)["calls"] for run in runs} == {2 * 66}
    talks = [bool((run.transcript.heard_round >= 0).any()) for run in runs]
    assert talks == [True, False, False, False]


def test_self_consistency_believes_how_often_it_gave_each_answer() -> None:
    consistent = played()[2].transcript
    counts = consistent.beliefs[:, 0] * 11
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-9)
    assert (consistent.beliefs[:, 0].max(axis=-1) < 1).any()
