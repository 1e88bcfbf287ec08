"""A sweep end to end: paired, resumable, pooled, with the law beside what was seen."""

import json
from typing import Any

import pandas as pd
import pytest

from fjsim import registry
from fjsim.errors import BackendError, ConfigError, StorageError, UnknownNameError
from fjsim.metrics import MetricKey, registered
from fjsim.runs import run
from fjsim.scenario import Scenario
from fjsim.sweeps import cell as sweep_cell
from fjsim.sweeps import planning
from fjsim.sweeps.cell import CellJob, CellResult, play
from fjsim.sweeps.executors import open_executor
from fjsim.sweeps.grid import Sweep
from fjsim.sweeps.planning import plan
from fjsim.sweeps.sweep import load_sweep_result, run_sweep

MUTED = {"kind": "fixed-trust", "level": 0.0}


@pytest.fixture
def grid(base):
    return Sweep(base=base, attacks=["none", "stubborn"], defenses=["none", MUTED], seeds=2)


@pytest.fixture
def pair(base):
    return Sweep(base=base, attacks=["stubborn"], defenses=["none", MUTED])


def test_what_a_cell_counts_is_what_the_run_reports(base) -> None:
    scenario = Scenario(**base | {"attack": "stubborn", "defense": MUTED})
    counts, measured = play(CellJob(scenario, None, 0)).counts, run(scenario).measured
    again = counts.measured(registered(), scenario.seed)
    assert list(measured) == list(again)
    for key in measured:
        if key.name != "wall_seconds":
            assert again[key] == measured[key], key
    assert sum(measured[key].value is not None for key in measured) >= 40


def test_a_drawn_metric_is_kept_after_every_round(base) -> None:
    scenario = Scenario(**base | {"attack": "stubborn"})
    measured = play(CellJob(scenario, None, 0)).counts.measured(registered())
    known = run(scenario).measured.by_round("attack_success_rate")
    assert measured.by_round("attack_success_rate") == known
    assert known[0].value == 0
    with pytest.raises(UnknownNameError, match="kept after the last round alone"):
        measured["takeover_observed", "attacked", 1]


def test_a_metric_installed_later_is_counted_from_the_log(pair, tmp_path, strangers_metric) -> None:
    registry._entries.pop(("metric", strangers_metric.name))
    before = run_sweep(pair, tmp_path).table
    assert strangers_metric.name not in before
    registry._entries["metric", strangers_metric.name] = strangers_metric
    after = run_sweep(pair, tmp_path).table
    assert after[strangers_metric.name].notna().all()
    shared = [name for name in before if name in after and name != "wall_seconds"]
    pd.testing.assert_frame_equal(before[shared], after[shared])


def test_a_cell_survives_its_way_to_disk(base) -> None:
    scenario = Scenario(**base | {"attack": "stubborn", "defense": MUTED})
    result = play(CellJob(scenario, None, 0))
    again = CellResult.from_json(result.to_json())
    assert again.to_json() == result.to_json()
    scores: Any = again.counts.counts[MetricKey("detection_auc", "attacked", None)]
    assert scores.trust.size


def test_the_table_has_a_row_per_setting_with_seeds_pooled(grid) -> None:
    table = run_sweep(grid).table
    assert table[["attack", "defense"]].values.tolist() == [
        ["none", "none"],
        ["none", "fixed-trust(level=0.0)"],
        ["stubborn", "none"],
        ["stubborn", "fixed-trust(level=0.0)"],
    ]
    assert table["seeds"].tolist() == [2] * 4
    bare, muted = table.iloc[2], table.iloc[3]
    assert bare["takeover_observed"] == pytest.approx(bare["takeover_predicted"])
    assert bare["attack_success_rate_low"] <= bare["attack_success_rate"]
    assert muted["attack_success_rate"] == 0
    assert muted["asr_change"] == pytest.approx(-bare["attack_success_rate"])
    assert muted["asr_change_p_holm"] >= muted["asr_change_p"]
    assert muted["asr_change_p_equivalent"] == 1
    # Who mutes everybody asks the embedded model as much as before, in other words.
    assert abs(muted["tokens_per_avoided_flip"]) < 1e5
    assert pd.isna(bare["tokens_per_avoided_flip"])
    assert pd.isna(bare["detection_auc"])
    assert muted["detection_auc"] == 0.5
    assert table.attrs["direction"]["attack_success_rate"] == "lower is safer"


def test_pairs_differ_in_nothing_but_the_defense(grid) -> None:
    played = run_sweep(grid).played
    key = MetricKey("accuracy_initial", "clean")
    first: dict[str, Any] = {
        one.cell.labels["defense"]: one.result.counts.counts[key] for one in played[::2]
    }
    assert len({str(counted.numerator) for counted in first.values()}) == 1


def test_all_cells_leave_out_the_longest_warm_up(base) -> None:
    sweep = Sweep(
        base=base | {"questions": {"limit": 14}},
        attacks="stubborn",
        defenses=["none", {"kind": "t-w", "warmup": 10}],
    )
    key = MetricKey("accuracy_initial", "attacked")
    counted: list[Any] = [one.result.counts.counts[key] for one in run_sweep(sweep).played]
    assert len(counted[0].questions) == 4
    assert counted[0].questions == counted[1].questions


def test_the_same_command_again_plays_nothing(pair, tmp_path, monkeypatch) -> None:
    first = run_sweep(pair, tmp_path)
    monkeypatch.setattr(sweep_cell, "run_setup", lambda *_: pytest.fail("played again"))
    again = run_sweep(pair, tmp_path)
    pd.testing.assert_frame_equal(first.table, again.table)
    assert (tmp_path / "table.csv").is_file()
    assert (tmp_path / "leaderboard.csv").is_file()


def test_an_interrupted_sweep_goes_on_where_it_was(pair, tmp_path, monkeypatch) -> None:
    real = vars(sweep_cell)["run_setup"]
    calls: list[Any] = []

    async def flaky(setup, folder, watch):
        calls.append(setup.hash)
        if len(calls) == 2:
            raise BackendError("gone")
        return await real(setup, folder, watch)

    monkeypatch.setattr(sweep_cell, "run_setup", flaky)
    with pytest.raises(BackendError, match=r"cell star-stubborn-fixed-trust.*gone"):
        run_sweep(pair, tmp_path)
    result = run_sweep(pair, tmp_path)
    assert len(calls) == 2 + 1
    assert len(result.played) == 2


def test_a_damaged_result_is_counted_again_from_the_log(pair, tmp_path) -> None:
    whole = run_sweep(pair, tmp_path)
    broken = sorted((tmp_path / "cells").glob("*/cell.json"))[0]
    broken.write_text('{"format": 2')
    with pytest.raises(StorageError, match="run the sweep again"):
        load_sweep_result(tmp_path)
    pd.testing.assert_frame_equal(
        run_sweep(pair, tmp_path).table[["attack_success_rate"]],
        whole.table[["attack_success_rate"]],
    )
    assert load_sweep_result(tmp_path).table.shape == whole.table.shape


def test_progress_counts_runs(pair) -> None:
    seen = []
    run_sweep(pair, watch=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 2)
    assert seen[-1] == (2, 2)


def test_another_process_plays_the_same(base) -> None:
    sweep = Sweep(base=base, attacks=["stubborn"], topologies=["star", "ring"])
    here, there = run_sweep(sweep), run_sweep(sweep, workers=2)
    columns = ["attack_success_rate", "takeover_observed"]
    pd.testing.assert_frame_equal(here.table[columns], there.table[columns])


def test_ray_that_is_not_installed_is_one_line(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ConfigError, match="executor 'ray' is not installed"), open_executor("ray"):
        pass


def test_no_workers_are_refused() -> None:
    with pytest.raises(ConfigError, match="give at least 1"), open_executor("local", 0):
        pass


def test_one_cell_of_a_real_model_opens_for_the_others(base) -> None:
    backend = {"kind": "openai", "model": "m", "base_url": "http://localhost:1/v1"}
    real = base | {"agents": 4, "backend": backend}
    sweep = Sweep(base=real, attacks=["none", "stubborn"], topologies=["star", "ring"])
    planned = plan(sweep)
    first, rest = planning._batches(planned, list(planned.jobs))
    assert len(first) == 1
    assert len(rest) == 3
    simulated = plan(Sweep(base=base | {"agents": 4}, topologies=["star", "ring"]))
    assert [len(batch) for batch in planning._batches(simulated, list(simulated.jobs))] == [2]


def test_a_dry_run_says_what_is_left(pair, tmp_path) -> None:
    before = plan(pair, tmp_path).expected()
    run_sweep(pair, tmp_path)
    after = plan(pair, tmp_path).expected()
    assert (before["runs"], before["runs_done"], after["runs_done"]) == (2, 0, 2)
    assert (before["turns"] > 0, after["turns"]) == (True, 0)
    assert json.dumps(before)


def test_the_leaderboard_is_decided_by_the_worst_upper_bound(base) -> None:
    weak = {"kind": "fixed-trust", "level": 0.9}
    sweep = Sweep(
        base=base,
        attacks=["stubborn"],
        defenses=["none", weak, MUTED],
        topologies=["star", "complete"],
    )
    result = run_sweep(sweep)
    board = result.leaderboard
    assert board["defense"].tolist()[0] == "fixed-trust(level=0.0)"
    assert board["worst_case_high"].is_monotonic_increasing
    rows = result.table[result.table["defense"] == "none"]
    worst = board[board["defense"] == "none"].iloc[0]
    assert worst["worst_case_high"] == rows["attack_success_hostile_high"].max()
    assert worst["worst_at"] == "star · stubborn"
