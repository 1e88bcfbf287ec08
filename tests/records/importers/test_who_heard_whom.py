"""Who heard whom, whichever way a log says it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from synthetic_logs import play, write_rows

from fjsim.fitting import fit
from fjsim.fitting.validate.comparison import compare
from fjsim.records.importers import read_log

AGENTS = 5


def bare(item: int, at: int, agent: int) -> str:
    return ";".join(f"a{other}" for other in range(AGENTS) if other != agent)


def with_rounds(item: int, at: int, agent: int) -> str:
    return ";".join(
        f"a{other}@{at if other < agent else at - 1}" for other in range(AGENTS) if other != agent
    )


def test_a_sequential_log_fits_alike_however_its_neighbours_are_written(tmp_path: Path) -> None:
    said = play(0, sequential=True).said
    spellings = {"bare": bare, "rounds": with_rounds, "none": None}
    rows, errors = {}, {}
    for name, cell in spellings.items():
        path = tmp_path / f"{name}.csv"
        write_rows(path, said, neighbours=cell, topology="complete,sequential", turns=True)
        transcript = read_log(path, opinions="bounded:-10:10").transcript
        rows[name] = fit(transcript, "pooled", resamples=0).rows
        errors[name] = compare(transcript, ["pooled"], ["held-out-questions"])[0].one_step_mse
    for name in ("bare", "none"):
        assert np.abs(rows[name] - rows["rounds"]).max() < 1e-9
        assert errors[name] == pytest.approx(errors["rounds"], rel=1e-9)
    simultaneous = write_rows(tmp_path / "s.csv", said, neighbours=bare)
    wrong = read_log(simultaneous, opinions="bounded:-10:10").transcript
    assert (
        compare(wrong, ["pooled"], ["held-out-questions"])[0].one_step_mse > 1.5 * errors["rounds"]
    )


def test_turn_numbers_without_a_sequential_topology_are_said_not_to_count(tmp_path: Path) -> None:
    said = play(0, items=3).said
    log = read_log(write_rows(tmp_path / "log.csv", said, turns=True), opinions="bounded:-9:9")
    assert any("'turn' is not used" in text for text in log.warnings)
    assert (log.transcript.heard_round[:, 2] <= 1).all()


HEADER = "item_id,agent_id,round,answer,neighbours,topology\n"


def rows(*given: str) -> str:
    return HEADER + "\n".join(given) + "\n"


def heard(path: Path, text: str) -> np.ndarray:
    path.write_text(text, encoding="utf-8")
    return read_log(path).transcript.heard_round


def test_a_solo_row_concerns_its_turn_and_not_its_item(tmp_path: Path) -> None:
    text = rows("q,x,0,A,,", "q,y,0,B,,", "q,x,1,A,,solo", "q,y,1,A,,", "q,x,2,A,,", "q,y,2,A,,")
    found = heard(tmp_path / "log.csv", text)
    assert found[0, 1].tolist() == [[-1, -1], [0, -1]]
    assert found[0, 2].tolist() == [[-1, 1], [1, -1]]
    assert read_log(tmp_path / "log.csv").transcript.control is None


def test_an_item_in_which_every_turn_is_solo_is_a_control_item(tmp_path: Path) -> None:
    text = rows("q,x,0,A,,", "q,y,0,B,,", "q,x,1,A,,solo", "q,y,1,A,,Control", "r,x,0,A,,",
                "r,y,0,B,,", "r,x,1,A,,", "r,y,1,A,,")  # fmt: skip
    (tmp_path / "log.csv").write_text(text, encoding="utf-8")
    control = read_log(tmp_path / "log.csv").transcript.control
    assert control is not None
    assert control.tolist() == [True, False]


def test_none_and_an_empty_list_are_a_turn_that_heard_nobody(tmp_path: Path) -> None:
    text = rows("q,x,0,A,,", "q,y,0,B,,", "q,x,1,A,none,", "q,y,1,A,x,")
    assert heard(tmp_path / "log.csv", text)[0, 1].tolist() == [[-1, -1], [0, -1]]
    names = ("item_id", "agent_id", "round", "answer", "neighbours")
    lines = [("q", "x", 0, "A", None), ("q", "y", 0, "B", None), ("q", "x", 1, "A", []),
             ("q", "y", 1, "A", ["x"])]  # fmt: skip
    text = "\n".join(json.dumps(dict(zip(names, line, strict=True))) for line in lines)
    assert heard(tmp_path / "log.jsonl", text)[0, 1].tolist() == [[-1, -1], [0, -1]]


def test_an_agent_called_none_can_be_heard(tmp_path: Path) -> None:
    text = rows("q,x,0,A,,", "q,none,0,B,,", "q,x,1,A,none,")
    assert heard(tmp_path / "log.csv", text)[0, 1, 0].tolist() == [-1, 0]


def test_shares_of_attention_hold_turn_by_turn_and_are_not_fitted(tmp_path: Path) -> None:
    world = play(3, items=60)

    def weighed(item: int, at: int, agent: int) -> str:
        return (
            ";".join(f"a{k}:{world.influence[agent, k]!r}" for k in range(AGENTS) if k != agent)
            .replace("np.float64(", "")
            .replace(")", "")
        )

    path = write_rows(tmp_path / "log.csv", world.said, neighbours=weighed)
    transcript = read_log(path, opinions="bounded:-10:10").transcript
    assert transcript.given_influence is not None
    assert np.allclose(transcript.given_influence[:, 1:], world.influence)
    found = fit(transcript, resamples=0)
    assert np.allclose(found.influence, world.influence)
    assert np.abs(found.stubbornness - world.stubbornness).max() < 0.03
    assert np.abs(found.self_weight - world.self_weight).max() < 0.05


def test_weights_of_a_crowd_make_its_peers_column(tmp_path: Path) -> None:
    path = tmp_path / "crowd.csv"
    lines, rng = ["item_id,agent_id,round,opinion,neighbours"], np.random.default_rng(0)
    for item in range(30):
        first = rng.uniform(0, 1, 4)
        shares = rng.dirichlet(np.ones(4), 4)
        np.fill_diagonal(shares, 0)
        shares /= shares.sum(axis=1, keepdims=True)
        second = 0.3 * first + 0.7 * shares @ first
        third = 0.2 * first + 0.8 * (0.125 * second + 0.875 * shares @ second)
        for at, opinions in enumerate((first, second, third)):
            for k in range(4):
                cell = ";".join(f"p{item}_{j}:{float(shares[k, j])!r}" for j in range(4) if j != k)
                lines.append(
                    f"q{item},p{item}_{k},{at},{float(opinions[k])!r},{cell if at else ''}"
                )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    transcript = read_log(path).transcript
    assert transcript.exchangeable
    skill = {row.model: row.skill for row in compare(transcript, None, ["held-out-questions"])}
    assert skill["exchangeable"] > 0.98
    assert fit(transcript, resamples=0).model == "exchangeable"


def test_a_recorded_mean_is_what_was_heard(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    lines = ["item_id,agent_id,round,opinion,neighbours"]
    for item in range(40):
        first = rng.uniform(0, 100, 6)
        last = first
        for at in range(4):
            hidden = rng.permutation(6)
            means = (last[hidden] + last[np.roll(hidden, 1)]) / 2
            if at:
                last = 0.25 * first + 0.75 * (0.4 * last + 0.6 * means)
            for k in range(6):
                cell = f"mean_prev={float(means[k])!r}" if at else ""
                lines.append(f"q{item},p{item}_{k},{at},{float(last[k])!r},{cell}")
    path = tmp_path / "means.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    log = read_log(path, opinions="bounded:0:100")
    assert any("240" not in text and "record the mean" in text for text in log.warnings)
    found = fit(log.transcript, resamples=0)
    assert np.allclose(found.stubbornness, 0.25, atol=1e-6)
    assert np.allclose(found.self_weight, 0.4, atol=1e-6)
    skill = {row.model: row.skill for row in compare(log.transcript, None, ["held-out-questions"])}
    assert skill["exchangeable"] > 0.999
