import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

import fjsim
from fjsim.errors import BudgetError, ConfigError, StorageError
from fjsim.records import EVENTS, load_transcript, read_log
from fjsim.runs import run
from fjsim.runs.estimate import estimate
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario, load_scenario

Make = Callable[..., Scenario]

METRICS = {
    "attack_success_rate",
    "targeted_attack_success_rate",
    "no_attack_flip_rate",
    "takeover_observed",
    "takeover_predicted",
    "flips_predicted",
    "flips_observed",
    "accuracy_initial",
    "accuracy_final",
    "group_accuracy_majority",
    "group_accuracy_mean_belief",
    "displacement",
    "detection_auc",
    "missing_turns",
    "calls",
    "cached_calls",
    "tokens_in",
    "tokens_out",
    "cost",
    "wall_seconds",
}


def essence(finished: fjsim.Run) -> set[tuple[object, ...]]:
    return {turn.essence() for turn in finished.contents.turns.values()}


def test_every_promised_metric_is_there_with_its_interval(small: Make) -> None:
    plain = run(small()).as_dict()
    metrics = plain["metrics"]
    assert isinstance(metrics, dict)
    assert set(metrics) >= METRICS
    for name in ("attack_success_rate", "takeover_observed", "accuracy_final", "displacement"):
        assert set(metrics[name]) == {"value", "low", "high", "n"}
        assert metrics[name]["low"] <= metrics[name]["value"] <= metrics[name]["high"]
    assert set(plain["prediction"]) == {  # type: ignore[call-overload]
        "declared",
        "fitted_clean",
        "fitted_first_rounds",
        "assumes",
        "because",
    }
    json.dumps(plain, allow_nan=False)


def test_without_a_baseline_what_needs_one_is_null(small: Make) -> None:
    metrics = run(small(baseline=False)).as_dict()["metrics"]
    assert isinstance(metrics, dict)
    for name in ("takeover_observed", "displacement", "no_attack_flip_rate"):
        assert metrics[name] is None
    assert metrics["attack_success_rate"]["n"] > 0


def test_without_an_attack_there_is_one_arm(small: Make) -> None:
    finished = run(small(attack="none"))
    assert finished.baseline is None
    assert finished.transcript.arm == "clean"
    assert finished.scenario.arms == ("clean",)


def test_a_folder_gives_the_same_as_memory_and_is_read_back(small: Make, tmp_path: Path) -> None:
    on_disk, in_memory = run(small(), out=tmp_path / "r"), run(small())
    assert essence(on_disk) == essence(in_memory)
    loaded = load_transcript(tmp_path / "r", "attacked")
    np.testing.assert_array_equal(loaded.beliefs, on_disk.transcript.beliefs)
    np.testing.assert_array_equal(loaded.stubbornness, on_disk.transcript.stubbornness)
    assert loaded.question_ids == on_disk.transcript.question_ids
    names = {path.name for path in (tmp_path / "r").iterdir()}
    assert {"scenario.yaml", "events.jsonl", "metrics.json", "turns.csv"} <= names
    saved = yaml.safe_load((tmp_path / "r" / "scenario.yaml").read_text())
    assert saved["attack"]["certainty"] == 0.97
    assert "fjsim-testbed" in saved["versions"]


def test_the_same_command_again_asks_nothing(small: Make, tmp_path: Path) -> None:
    first = run(small(), out=tmp_path)
    turns = (tmp_path / EVENTS).read_text().count('"type":"turn"')
    second = run(small(), out=tmp_path)
    assert (tmp_path / EVENTS).read_text().count('"type":"turn"') == turns
    assert essence(first) == essence(second)
    assert first.metrics["calls"].value == second.metrics["calls"].value


def test_a_run_cut_off_anywhere_resumes_to_the_same_transcript(small: Make, tmp_path: Path) -> None:
    whole = run(small(), out=tmp_path / "whole")
    lines = (tmp_path / "whole" / EVENTS).read_bytes().splitlines(keepends=True)
    rng = np.random.default_rng(0)
    for cut in rng.integers(2, len(lines), size=5):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / EVENTS).write_bytes(b"".join(lines[:cut]) + lines[cut][: len(lines[cut]) // 2])
        (folder / "scenario.yaml").write_bytes((tmp_path / "whole" / "scenario.yaml").read_bytes())
        resumed = run(small(), out=folder)
        assert essence(resumed) == essence(whole)
        keys = [turn.key for turn in read_log(folder / EVENTS).turns.values()]
        assert (folder / EVENTS).read_text().count('"type":"turn"') == len(keys)


def test_another_seed_differs_and_the_same_seed_does_not(small: Make) -> None:
    assert essence(run(small(seed=1))) == essence(run(small(seed=1)))
    assert essence(run(small(seed=1))) != essence(run(small(seed=2)))


def test_raising_limit_or_replicas_extends_a_run(small: Make, tmp_path: Path) -> None:
    run(small(questions={"limit": 2}), out=tmp_path)
    before = {turn.key for turn in read_log(tmp_path / EVENTS).turns.values()}
    grown = run(small(questions={"limit": 3}, replicas=2), out=tmp_path)
    assert grown.transcript.n_items == 6
    assert before < set(grown.contents.turns)
    assert essence(grown) == essence(run(small(questions={"limit": 3}, replicas=2)))


def test_a_folder_of_another_scenario_is_refused_and_names_the_key(
    small: Make, tmp_path: Path
) -> None:
    run(small(), out=tmp_path)
    with pytest.raises(ConfigError, match="rounds = 3, and this one has 2"):
        run(small(rounds=2), out=tmp_path)
    with pytest.raises(ConfigError, match="questions"):
        run(small(questions={"limit": 2}), out=tmp_path)


def test_name_concurrency_and_budget_do_not_change_whose_run_it_is(
    small: Make, tmp_path: Path
) -> None:
    run(small(), out=tmp_path)
    run(small(name="other", budget={"max_calls": 10_000}), out=tmp_path)


def test_a_changed_question_file_is_another_run(small: Make, tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    path.write_text("question,options,answer\nOne?,a|b,0\n")
    run(small(questions=str(path)), out=tmp_path / "r")
    path.write_text("question,options,answer\nTwo?,a|b,0\n")
    with pytest.raises(ConfigError, match="questions"):
        run(small(questions=str(path)), out=tmp_path / "r")


def test_a_budget_stops_before_the_call_and_a_higher_one_goes_on(
    small: Make, tmp_path: Path
) -> None:
    with pytest.raises(BudgetError, match="max_calls is 20"):
        run(small(budget={"max_calls": 20}), out=tmp_path)
    spent = [turn.cost.calls for turn in read_log(tmp_path / EVENTS).turns.values()]
    assert sum(spent) <= 20
    assert sum(spent) >= 15
    finished = run(small(), out=tmp_path)
    assert essence(finished) == essence(run(small()))


def test_the_dry_run_counts_exactly_the_calls_that_are_made(small: Make, tmp_path: Path) -> None:
    setup = resolve(small(warmup=1))
    expected = estimate(setup, tmp_path / "r")
    assert not (tmp_path / "r").exists()
    finished = run(small(warmup=1), out=tmp_path / "r")
    assert expected.calls == finished.metrics["calls"].value
    assert expected.turns == len(finished.contents.turns)
    assert estimate(setup, tmp_path / "r").calls == 0
    tokens = finished.metrics["tokens_in"].value
    assert isinstance(tokens, int)
    assert 0.5 < expected.tokens_in / tokens < 2


def test_unparsable_replies_are_repaired_or_missing_and_the_run_says_so(small: Make) -> None:
    finished = run(small(backend={"kind": "simulated", "invalid": 0.3}, questions={"limit": 10}))
    kinds = {str(turn.validity) for turn in finished.contents.turns.values()}
    assert kinds == {"ok", "repaired", "missing"}
    assert finished.outcome.missing_share > 0.05
    assert finished.metrics["missing_turns"].value == sum(
        str(turn.validity) == "missing" for turn in finished.contents.turns.values()
    )


def test_an_unwritable_folder_is_one_clear_error(small: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        run(small(), out=tmp_path / "file" / "run")


def test_frames_are_flat_tables(small: Make) -> None:
    frames = run(small()).frames
    turns = frames["turns"]
    assert len(turns) == 2 * 4 * 4 * 4
    assert turns.loc[turns.adversary, "agent"].unique().tolist() == [0]
    assert not turns.duplicated(["arm", "question", "replica", "round", "agent"]).any()
    assert set(frames["metrics"].metric) >= METRICS


def test_the_python_names_of_the_interface_are_there() -> None:
    for name in fjsim.__all__:
        assert getattr(fjsim, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fjsim.nothing


def test_a_declared_law_predicts_the_embedded_model(small: Make) -> None:
    finished = run(small(questions={"limit": 12}, agents=6))
    metrics = finished.as_dict()["metrics"]
    observed, predicted = metrics["takeover_observed"], metrics["takeover_predicted"]  # type: ignore[index]
    assert observed["low"] <= predicted["value"] <= observed["high"]
    assert abs(observed["value"] - predicted["value"]) < 1e-3


def test_the_scenario_of_the_interface_runs(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: star-stubborn\nquestions: {source: builtin, limit: 2}\n"
        "agents: {kind: llm, count: 6, persona: neutral}\ntopology: {kind: star}\n"
        "router: uniform\nattack: {kind: stubborn, seat: hub, target: random-wrong}\n"
        "defense: none\nrounds: 2\nbackend: {kind: simulated}\nbaseline: true\nseed: 0\n"
    )
    assert run(load_scenario(path)).transcript.n_items == 2


def test_a_run_folders_scenario_is_a_scenario_and_resumes_that_run(
    small: Make, tmp_path: Path
) -> None:
    first = run(small(), out=tmp_path)
    saved = tmp_path / "scenario.yaml"
    assert yaml.safe_load(saved.read_text())["models"] == ["fjsim-simulated"]
    again = load_scenario(saved)
    assert resolve(again).hash == resolve(small()).hash
    assert essence(run(again, out=tmp_path)) == essence(first)


def test_a_changed_graph_file_is_another_run(small: Make, tmp_path: Path) -> None:
    path = tmp_path / "graph.csv"
    path.write_text("speaker,listener\n0,1\n1,2\n2,3\n3,0\n")
    topology = {"kind": "from-file", "path": str(path)}
    run(small(topology=topology), out=tmp_path / "r")
    path.write_text("speaker,listener\n0,1\n1,2\n2,3\n3,1\n")
    with pytest.raises(ConfigError, match="the graph of from-file has changed"):
        run(small(topology=topology), out=tmp_path / "r")


def test_detection_and_labels_are_counted_where_a_defense_is_at_work(small: Make) -> None:
    defended = run(small(defense={"kind": "t-s", "labels": "all"}))
    plain = run(small())
    assert defended.metrics["labels_used"].value == 4
    assert plain.metrics["labels_used"].value == 0
    assert plain.measured.as_dict()["detection_auc"] is None
    auc = defended.metrics["detection_auc"]
    assert auc["n"] > 0


def test_questions_without_a_key_run_and_are_read_back(small: Make, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"question": "Tea or coffee?", "options": ["tea", "coffee", "water"]}\n')
    finished = run(small(questions=str(path)), out=tmp_path / "r")
    assert finished.metrics["accuracy_final"].value is None
    assert load_transcript(tmp_path / "r", "clean").keys.tolist() == [-1]


def test_a_defense_that_asks_for_a_warm_up_gets_it_from_any_scenario(small: Make) -> None:
    finished = run(small(defense={"kind": "t-w", "warmup": 1}))
    assert finished.transcript.n_items == 3
    with pytest.raises(ConfigError, match="warmup is 10 and there are 4 questions"):
        run(small(defense="t-w"))
