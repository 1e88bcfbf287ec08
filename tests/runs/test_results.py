"""Results can be compared, copied, pickled and shown, and not changed by accident."""

from __future__ import annotations

import copy
import pickle
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fjsim
from fjsim.metrics import Estimate
from fjsim.readonly import ReadOnly
from fjsim.scenario import Scenario

HOSTILE = '<img src=x onerror="alert(1)">\x1b[31m\u202e'


def make(tmp_path: Path) -> dict[str, Any]:
    scenario = Scenario(
        topology="star", attack="stubborn", agents=4, rounds=2, questions={"limit": 3}
    )
    run = fjsim.run(scenario, out=tmp_path / "r")
    graph = [[0, 1], [1, 0]]
    return {
        "run": run,
        "loaded run": fjsim.load_run(tmp_path / "r"),
        "transcript": run.transcript,
        "measured": run.measured,
        "metrics": run.metrics,
        "estimate": run.metrics["takeover_observed"],
        "prediction": run.prediction,
        "arms": run.arms,
        "fit": fjsim.fit(run.arms["clean"], resamples=20),
        "fit by item": fjsim.fit(run.arms["clean"], model="item", resamples=0),
        "takeover": fjsim.takeover("star", n_agents=4, seats=[0], stubbornness=0.1, margin=0.3),
        "equilibrium": fjsim.equilibrium(fjsim.FJParameters(0.5, influence=graph), [0.0, 1.0]),
        "deliberation": run.deliberation("general-001"),
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return make(tmp_path_factory.mktemp("results"))


NAMES = (
    "run", "loaded run", "transcript", "measured", "metrics", "estimate", "prediction", "arms",
    "fit", "fit by item", "takeover", "equilibrium", "deliberation",
)  # fmt: skip


def arrays(value: Any) -> list[np.ndarray[Any, Any]]:
    """Return the arrays of a result, its parts included."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, ReadOnly):
        return [found for one in value.values() for found in arrays(one)]
    if is_dataclass(value):
        return [found for one in fields(value) for found in arrays(getattr(value, one.name))]
    return []


@pytest.mark.parametrize("name", NAMES)
def test_a_result_can_be_compared_pickled_and_copied(results: dict[str, Any], name: str) -> None:
    result = results[name]
    for again in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert type(again) is type(result)
        assert isinstance(result == again, bool)
        assert result == result
        assert repr(again) == repr(result)
        assert len(repr(result)) < 200 or isinstance(result, ReadOnly)
        assert all(not one.flags.writeable for one in arrays(again))


@pytest.mark.parametrize("name", NAMES)
def test_the_arrays_of_a_result_cannot_be_written_to(results: dict[str, Any], name: str) -> None:
    found = arrays(results[name])
    if name in ("transcript", "arms", "fit", "fit by item", "takeover", "equilibrium"):
        assert found
    for one in found:
        with pytest.raises(ValueError, match="read-only"):
            one[...] = 0


def test_an_array_that_a_transcript_is_made_of_stays_its_makers(results: dict[str, Any]) -> None:
    mine = np.array(results["transcript"].beliefs)
    made = replace(results["transcript"], beliefs=mine)
    mine[0] = 0.5
    assert not made.beliefs.flags.writeable


@pytest.mark.parametrize("name", ["metrics", "prediction", "arms"])
def test_the_mappings_of_a_result_cannot_be_written_to(results: dict[str, Any], name: str) -> None:
    key = next(iter(results[name]))
    with pytest.raises(TypeError, match="does not support item assignment"):
        results[name][key] = None
    with pytest.raises(TypeError, match="does not support item assignment"):
        results["measured"].metrics["calls"] = None


@pytest.mark.parametrize(
    "name",
    [
        "run", "loaded run", "transcript", "measured", "estimate", "fit", "takeover", "equilibrium",
        "deliberation",
    ],
)  # fmt: skip
def test_a_notebook_shows_a_result_as_a_table(results: dict[str, Any], name: str) -> None:
    shown = results[name]._repr_html_()
    assert "<table" in shown
    assert "<script" not in shown


def test_what_others_wrote_stays_text_in_a_notebook(results: dict[str, Any]) -> None:
    transcript = replace(results["transcript"], question_ids=(HOSTILE,) * 3)
    fit = replace(results["fit"], warnings=(HOSTILE,), agents=(HOSTILE,) * 4)
    run = replace(results["run"], notes=(HOSTILE,), run_dir=Path(HOSTILE))
    recorded = results["deliberation"]
    turns = tuple(turn._replace(reason=HOSTILE) for turn in recorded.turns)
    spoken = replace(recorded, question=HOSTILE, turns=turns)
    for result in (transcript, fit, run, spoken):
        shown = result._repr_html_()
        assert "<img" not in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "&lt;img" in shown


def test_estimates_are_equal_where_their_numbers_are() -> None:
    assert Estimate(0.5, 0.4, 0.6, 9) == Estimate(0.5, 0.4, 0.6, 9)
    assert Estimate(0.5, 0.4, 0.6, 9) != Estimate(0.5, 0.4, 0.6, 10)


def test_a_read_only_mapping_equals_the_plain_one() -> None:
    assert ReadOnly({"a": 1}) == {"a": 1}
