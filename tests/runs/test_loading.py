"""A run read from its folder is the run that was played."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import fjsim
from fjsim.errors import IncompleteRunWarning, StorageError
from fjsim.records import EVENTS, SCENARIO
from fjsim.runs import load_run, run
from fjsim.scenario import Scenario

Make = Callable[..., Scenario]
OLD = Path(__file__).parents[1] / "records" / "recorded" / "version-0.1.0"
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "no attack": {"attack": "none"},
    "no baseline": {"baseline": False},
    "numeric agents": {"agents": {"kind": "numeric", "count": 4}},
    "warm-up and labels": {"defense": {"kind": "t-s", "labels": "all"}, "warmup": 1},
    "forged messages": {"attack": "tamper", "topology": "complete"},
    "routed": {"router": "self-confidence", "replicas": 2},
    "missing turns": {"backend": {"kind": "simulated", "invalid": 0.3}},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_loaded_run_prints_what_the_fresh_one_prints(
    small: Make, tmp_path: Path, name: str
) -> None:
    fresh = run(small(**VARIANTS[name]), out=tmp_path)
    loaded = load_run(tmp_path)
    assert isinstance(loaded, fjsim.Run)
    assert json.dumps(loaded.as_dict()) == json.dumps(fresh.as_dict())
    assert json.loads((tmp_path / "metrics.json").read_text()) == fresh.as_dict()
    assert loaded.scenario == fresh.scenario
    assert (loaded.notes, loaded.simulated, loaded.folder) == ((), True, tmp_path)
    assert list(loaded.arms) == list(fresh.arms)
    for arm, transcript in fresh.arms.items():
        for field in ("beliefs", "targets", "gates", "heard_round", "keys"):
            given, again = getattr(transcript, field), getattr(loaded.arms[arm], field)
            np.testing.assert_array_equal(given, again)
    assert loaded.frames["turns"].equals(fresh.frames["turns"])


def test_a_run_that_is_called_again_keeps_its_numbers(small: Make, tmp_path: Path) -> None:
    first, again = run(small(), out=tmp_path), run(small(), out=tmp_path)
    assert again.as_dict() == first.as_dict()


def test_a_metric_that_is_installed_later_is_measured_on_the_log(
    small: Make, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    fresh = run(small(), out=tmp_path)
    assert "steadfast" not in fresh.metrics
    request.getfixturevalue("strangers_metric")
    assert load_run(tmp_path).metrics["steadfast"].value is not None


def cut(folder: Path, n_items: int) -> None:
    """Leave the log as it was when so many deliberations were finished."""
    kept: list[bytes] = []
    for line in (folder / EVENTS).read_bytes().splitlines(keepends=True):
        kept.append(line)
        n_items -= b'"type":"item"' in line
        if not n_items:
            break
    (folder / EVENTS).write_bytes(b"".join(kept))
    (folder / "metrics.json").unlink()


def test_an_unfinished_run_holds_what_is_finished_and_says_so(small: Make, tmp_path: Path) -> None:
    whole = run(small(), out=tmp_path)
    cut(tmp_path, 3)
    with pytest.warns(IncompleteRunWarning, match="3 of 8 deliberations are finished"):
        loaded = load_run(tmp_path)
    assert loaded.notes[0].endswith("the same fjsim run goes on with it")
    assert sum(transcript.n_items for transcript in loaded.arms.values()) == 3
    n_pairs = min(transcript.n_items for transcript in loaded.arms.values())
    assert loaded.measured.source.arms["attacked"].n_items == n_pairs  # type: ignore[attr-defined]
    assert loaded.metrics["attack_success_rate"].value is not None
    resumed = run(small(), out=tmp_path)
    assert resumed.measured.as_dict("clean") == whole.measured.as_dict("clean")


def test_a_run_of_which_nothing_is_finished_is_shown_and_not_measured(
    small: Make, tmp_path: Path
) -> None:
    run(small(), out=tmp_path)
    lines = (tmp_path / EVENTS).read_bytes().splitlines(keepends=True)
    (tmp_path / EVENTS).write_bytes(b"".join(lines[:10]))
    with pytest.warns(IncompleteRunWarning, match="0 of 8"):
        loaded = load_run(tmp_path)
    assert "no question is finished" in repr(loaded)
    (name,) = {key.question for key in loaded.contents.turns}
    assert loaded.deliberation(name).turns
    for asked in ("transcript", "metrics", "measured", "prediction"):
        with pytest.raises(StorageError, match="no question of this run is finished"):
            getattr(loaded, asked)


def test_where_the_scenario_cannot_be_resolved_the_recorded_numbers_stand(
    small: Make, tmp_path: Path
) -> None:
    questions = tmp_path / "q.jsonl"
    rows = [{"question": f"{n}?", "options": ["a", "b"], "answer": "a"} for n in range(3)]
    questions.write_text("\n".join(map(json.dumps, rows)))
    fresh = run(small(questions=str(questions)), out=tmp_path / "r")
    questions.unlink()
    with pytest.warns(IncompleteRunWarning, match="its numbers are those of metrics.json"):
        loaded = load_run(tmp_path / "r")
    assert json.dumps(loaded.as_dict()) == json.dumps(fresh.as_dict())
    assert loaded.measured.by_round("takeover_observed")[-1].value == pytest.approx(
        fresh.metrics["takeover_observed"].value
    )
    assert loaded.prediction["declared"] == fresh.prediction["declared"]
    (tmp_path / "r" / "metrics.json").unlink()
    with pytest.warns(IncompleteRunWarning, match="only what its log shows is measured"):
        loaded = load_run(tmp_path / "r")
    assert loaded.metrics["accuracy_final"] == fresh.metrics["accuracy_final"]
    assert loaded.metrics["calls"].value is None
    assert loaded.prediction == {
        "declared": None,
        "fitted_clean": None,
        "fitted_first_rounds": None,
    }
    with pytest.raises(StorageError, match="the scenario of this run is not known"):
        _ = loaded.scenario


def test_questions_or_a_graph_that_changed_are_not_measured_with(
    small: Make, tmp_path: Path
) -> None:
    questions, graph = tmp_path / "q.csv", tmp_path / "g.csv"
    questions.write_text("question,options,answer\nOne?,a|b,0\n")
    graph.write_text("speaker,listener\n0,1\n1,2\n2,3\n3,0\n")
    topology = {"kind": "from-file", "path": str(graph)}
    fresh = run(small(questions=str(questions), topology=topology), out=tmp_path / "r")
    graph.write_text("speaker,listener\n0,1\n1,2\n2,3\n3,1\n")
    with pytest.warns(IncompleteRunWarning, match="its graph has changed"):
        assert load_run(tmp_path / "r").as_dict() == fresh.as_dict()
    questions.write_text("question,options,answer\nTwo?,a|b,1\n")
    with pytest.warns(IncompleteRunWarning, match="its questions have changed"):
        assert load_run(tmp_path / "r").as_dict() == fresh.as_dict()


def test_a_scenario_of_another_size_is_not_built(small: Make, tmp_path: Path) -> None:
    fresh = run(small(), out=tmp_path)
    path = tmp_path / SCENARIO
    values = yaml.safe_load(path.read_text())
    values["agents"] = {"kind": "numeric", "count": 1500}
    path.write_text(yaml.safe_dump(values))
    with pytest.warns(IncompleteRunWarning, match="its size has changed"):
        assert load_run(tmp_path).measured.as_dict() == fresh.measured.as_dict()
    values["agents"] = {"kind": "numeric", "count": 4}
    values["attack"] = {"kind": "stubborn", "seat": "leaf"}
    path.write_text(yaml.safe_dump(values))
    with pytest.warns(IncompleteRunWarning, match="its attack has changed"):
        assert load_run(tmp_path).measured.as_dict() == fresh.measured.as_dict()
    values["attack"] = {"kind": "stubborn", "certainty": 0.6}
    path.write_text(yaml.safe_dump(values))
    with pytest.warns(IncompleteRunWarning, match="its scenario has changed"):
        assert load_run(tmp_path).measured.as_dict() == fresh.measured.as_dict()


NASTY = ["", "[", "[]", "null", '{"metrics": 5}', '{"metrics": {"calls": {"value": "x"}}}']
NASTY += ['{"metrics": {"calls": true}}', '{"metrics": {}, "prediction": {"declared": 7}}']
NASTY += ['{"metrics": {}, "scenario": {"agents": "\\u001b"}}', "[" * 100_000]


@pytest.mark.parametrize("text", NASTY)
def test_recorded_numbers_that_cannot_be_are_not_believed(
    small: Make, tmp_path: Path, text: str
) -> None:
    run(small(), out=tmp_path)
    (tmp_path / "metrics.json").write_text(text)
    (tmp_path / SCENARIO).write_text("agents: {")
    with pytest.warns(IncompleteRunWarning):
        loaded = load_run(tmp_path)
    assert loaded.metrics["accuracy_final"].value is not None
    json.dumps(loaded.as_dict(), allow_nan=False)


def test_a_link_in_a_run_folder_is_not_followed(small: Make, tmp_path: Path) -> None:
    run(small(), out=tmp_path / "r")
    secret = tmp_path / "secret"
    for name in (SCENARIO, "metrics.json"):
        (tmp_path / "r" / SCENARIO).unlink(missing_ok=True)
        secret.write_text("{}")
        (tmp_path / "r" / name).unlink(missing_ok=True)
        (tmp_path / "r" / name).symlink_to(secret)
        with pytest.raises(StorageError, match="is a link out of its folder"):
            load_run(tmp_path / "r")


def test_a_run_of_version_0_1_0_is_loaded_measured_and_shown(tmp_path: Path) -> None:
    shutil.copytree(OLD, tmp_path / "old")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = load_run(tmp_path / "old")
    assert loaded.contents.known_header.options is None
    recorded = json.loads((OLD / "metrics.json").read_text())
    for name in ("attack_success_rate", "accuracy_final", "takeover_observed", "calls"):
        assert loaded.measured.as_dict()[name] == recorded["metrics"][name]
    assert len(loaded.deliberation("general-002").rounds) == 3
    assert loaded.scenario.attack.kind == "stubborn"
    again = run(loaded.scenario.coming_from(None), out=tmp_path / "old")
    assert again.metrics["calls"].value == recorded["metrics"]["calls"]


def test_loading_a_run_changes_nothing_in_its_folder(small: Make, tmp_path: Path) -> None:
    run(small(), out=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    load_run(tmp_path).as_dict()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
