"""Opinions without a scale: estimates over orders of magnitude, outliers, units."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_logs import World, play, write_rows

import fjsim
from fjsim.cli.program import main
from fjsim.errors import ConfigError, LogFormatError
from fjsim.fitting import FJFit, fit
from fjsim.fitting.validate.comparison import compare
from fjsim.records.building import load_transcript
from fjsim.records.importers import ImportedLog, read_log
from fjsim.records.importers.run_folder import write_run_folder


def estimates(world: World, seed: int) -> NDArray[np.float64]:
    """Return estimates from 1 to 1e9: the law holds for their logarithms, item by item."""
    rng = np.random.default_rng(seed)
    items = len(world.said)
    location = rng.uniform(0, 9, items) * np.log(10)
    spread = np.exp(rng.normal(-0.5, 0.5, items))
    logs = location[:, None, None] + spread[:, None, None] * world.said
    return np.asarray(np.exp(logs))


def error(found: FJFit, world: World) -> float:
    parts = (found.stubbornness - world.stubbornness, found.self_weight - world.self_weight,
             found.influence - world.influence)  # fmt: skip
    return float(np.mean([np.abs(part).mean() for part in parts]))


def on_log_scale(log: ImportedLog, given: NDArray[np.float64]) -> FJFit:
    """Fit the logarithms on one scale for all items, with nothing masked."""
    logs = np.log(given)
    shares = (logs - logs.min()) / (logs.max() - logs.min())
    heard = log.transcript.heard_round.copy()
    heard[..., np.arange(heard.shape[-1]), np.arange(heard.shape[-1])] = -1
    beliefs = np.stack([1 - shares, shares], axis=-1)
    return fit(replace(log.transcript, beliefs=beliefs, heard_round=heard, unit=None), resamples=0)


def test_parameters_of_estimates_from_1_to_1e9_are_recovered(tmp_path: Path) -> None:
    ours, logs = [], []
    for seed in range(4):
        world = play(seed, items=50, agents=6, rounds=5, noise=0.1)
        given = estimates(world, seed)
        log = read_log(write_rows(tmp_path / "log.csv", given))
        assert log.transcript.unit is not None
        assert log.transcript.unit.kind == "log"
        ours.append(error(fit(log.transcript, resamples=0), world))
        logs.append(error(on_log_scale(log, given), world))
    assert np.mean(ours) <= 1.25 * np.mean(logs)


@pytest.mark.parametrize("at", [0, 2])
def test_a_cauchy_outlier_moves_the_parameters_by_less_than_a_standard_error(
    at: int, tmp_path: Path
) -> None:
    world = play(0, items=50, agents=6, rounds=5, noise=0.1)
    given = estimates(world, 0)
    clean = fit(read_log(write_rows(tmp_path / "log.csv", given)).transcript, resamples=200)
    assert clean.intervals is not None
    wild = given.copy()
    # The largest of a few Cauchy numbers, in spreads of the item.
    wild[7, at, 2] *= np.exp(np.abs(np.random.default_rng(0).standard_cauchy(50)).max() * 0.6)
    log = read_log(write_rows(tmp_path / "wild.csv", wild))
    assert any("set there" in reason for reason in log.dropped)
    found = fit(log.transcript, resamples=0)
    for name in ("stubbornness", "self_weight"):
        low, high = getattr(clean.intervals, name)
        moved = np.abs(getattr(found, name) - getattr(clean, name))
        assert (moved < (high - low) / 3.92).all()


def test_errors_of_estimates_are_in_spreads_and_answers_are_no_measure(tmp_path: Path) -> None:
    world = play(0, noise=0.1)
    log = read_log(write_rows(tmp_path / "log.csv", estimates(world, 0)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = {row.model: row for row in compare(log.transcript, None, ["held-out-questions"])}
    # The noise is a tenth of the spread.
    assert 0.005 < rows["pooled"].one_step_mse < 0.03
    assert rows["persistence"].one_step_mse > 3 * rows["pooled"].one_step_mse
    assert all(np.isnan([row.top1, row.brier, row.kl]).all() for row in rows.values())


RULES = {
    "probabilities": ([0.2, 0.9], "bounded", (0.0, 1.0)),
    "percent": ([2.0, 90.0], "bounded", (0.0, 100.0)),
    "signed": ([-5.0, 9.0], "bounded", (-10.0, 10.0)),
    "ratios": ([3.0, 30_000.0], "log", (-5.0, 5.0)),
    "a narrow range": ([1000.0, 1200.0], "standardised", (-5.0, 5.0)),
    "far below 0": ([-5000.0, 1200.0], "standardised", (-5.0, 5.0)),
}


@pytest.mark.parametrize("case", RULES)
def test_the_unit_of_opinions_is_chosen_by_the_stated_rule(case: str, tmp_path: Path) -> None:
    values, kind, ends = RULES[case]
    path = tmp_path / "log.csv"
    lines = [f"q,{name},0,{value}" for name, value in zip("xy", values, strict=True)]
    path.write_text("item_id,agent_id,round,opinion\n" + "\n".join(lines) + "\n")
    log = read_log(path)
    unit = log.transcript.unit
    assert unit is not None
    assert (unit.kind, (unit.low, unit.high)) == (kind, ends)
    back = unit.original(log.transcript.beliefs[0, 0, :, 1], np.zeros(2, dtype=np.int64))
    assert np.allclose(back, values)
    if case != "probabilities":
        assert any("--opinions" in text for text in log.warnings)


def test_the_unit_can_be_set_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("item_id,agent_id,round,opinion\nq,x,0,25\nq,y,0,0\n")
    assert read_log(path, opinions="bounded:0:50").transcript.beliefs[0, 0, 0, 1] == 0.5
    log = read_log(path, opinions="log")
    assert log.dropped["opinions that are not above 0, masked"] == 1
    assert not log.transcript.valid[0, 0, 1]
    for wrong in ("bounded", "bounded:5:1", "bounded:a:b", "logs"):
        with pytest.raises(ConfigError, match="opinions is"):
            read_log(path, opinions=wrong)
    with pytest.raises(LogFormatError, match="line 2: opinion 25 is outside the scale"):
        read_log(path, opinions="bounded:0:1")


def test_a_european_csv_with_other_column_names_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("topic;person;round;opinion\nt;anna;0;0,25\nt;ben;0;0,5\nt;anna;1;0,3\n")
    with pytest.raises(LogFormatError, match="columns 'item_id', 'agent_id' are missing"):
        read_log(path)
    log = fjsim.read_log(path, map={"topic": "item_id", "person": "agent_id"})
    assert log.transcript.agents == ("anna", "ben")
    assert log.transcript.beliefs[0, 0, :, 1].tolist() == [0.25, 0.5]
    assert log.warnings[0] == "cells are separated by ';', with decimal commas"
    with pytest.raises(LogFormatError, match="--map names column 'topics'"):
        read_log(path, map={"topics": "item_id"})


def test_names_units_and_means_survive_in_the_run_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "item_id,agent_id,round,opinion,neighbours\nprice,anna,0,1000,\nprice,ben,0,90000,\n"
        "price,anna,1,3000,mean_prev=5000\nprice,ben,1,80000,anna\n"
    )
    log = read_log(path)
    write_run_folder(log, tmp_path / "run")
    back, given = load_transcript(tmp_path / "run"), log.transcript
    assert back.agents == ("anna", "ben")
    assert back.question_ids == ("price",)
    assert back.unit is not None
    assert given.unit is not None
    assert np.allclose(
        back.unit.original(back.beliefs[..., 1], np.zeros((1, 2, 2), dtype=np.int64)),
        [[[1000, 90000], [3000, 80000]]],
    )
    assert back.exposure is not None
    assert given.exposure is not None
    assert np.array_equal(back.exposure, given.exposure, equal_nan=True)
    assert back.exchangeable
    with pytest.raises(SystemExit):
        main(("show", str(tmp_path / "run"), "price"))
    shown = capsys.readouterr().out
    assert "anna" in shown
    assert "90000" in shown


def test_shares_of_attention_survive_in_the_run_folder(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "item_id,agent_id,round,opinion,neighbours\nq,x,0,0.1,\nq,y,0,0.5,\nq,z,0,0.9,\n"
        "q,x,1,0.3,y:3;z:1\nq,y,1,0.5,x:1\nq,z,1,0.6,none\n"
    )
    log = read_log(path)
    write_run_folder(log, tmp_path / "run")
    back = load_transcript(tmp_path / "run")
    assert back.given_influence is not None
    assert back.given_influence[0, 1].tolist() == [[0, 0.75, 0.25], [1, 0, 0], [0, 0, 0]]
    assert np.array_equal(back.given_influence, log.transcript.given_influence)


CONFIDENCE = {"shares": (0.5, 0.5, ""), "percent": (50, 0.5, "percent"), "wild": (500, None, "500")}


@pytest.mark.parametrize("case", CONFIDENCE)
def test_confidence_is_a_share_or_left_out_and_a_run_folder_holds_it(
    case: str, tmp_path: Path
) -> None:
    given, expected, said = CONFIDENCE[case]
    path = tmp_path / "log.csv"
    path.write_text(f"item_id,agent_id,round,answer,confidence\nq,x,0,A,{given}\nq,y,0,B,\n")
    log = read_log(path)
    assert any("confidence" in text and said in text for text in log.warnings) is bool(said)
    write_run_folder(log, tmp_path / "run")
    back = load_transcript(tmp_path / "run")
    assert back.valid.all()
    assert back.confidence is not None
    assert np.nan_to_num(back.confidence[0, 0, 0], nan=-1.0) == (-1.0 if expected is None else 0.5)
