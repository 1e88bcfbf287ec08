"""``fjsim influencers``: findings in words, every table, one JSON object, and sweeps."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from fjsim.cli import main
from fjsim.sweeps.influencers import sweep_influencers

TEAM = ("--agents", "4", "--rounds", "4", "--limit", "12", "--attack", "none")
NUMERIC = ("--set", "agents.kind=numeric")


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    said = capsys.readouterr()
    return int(stopped.value.code or 0), said.out, said.err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("run") / "team"
    with pytest.raises(SystemExit) as stopped:
        main(("run", *TEAM, *NUMERIC, "--out", str(made)))
    assert not stopped.value.code
    return made


def test_findings_are_told_in_words_and_tables_are_hidden(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, "influencers", str(folder))
    assert code == 0
    assert out.startswith("simulated · who is listened to: 12 items, 4 agents")
    assert "not asked: set probe=perceived-confidence" in out
    assert "does it pay?" in out
    assert "importances" not in out
    assert len(out.splitlines()) <= 32
    assert max(map(len, out.splitlines())) <= 80


def test_full_prints_every_table_and_out_keeps_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, "influencers", str(folder), "--full", "--out", str(tmp_path))
    assert code == 0
    assert "importances (" in out
    values = json.loads((tmp_path / "influencers.json").read_text())
    for name, rows in values["tables"].items():
        assert len(pd.read_csv(tmp_path / f"{name}.csv")) == len(rows)
    subjects = {row["rule"] for row in values["tables"]["ledger"]}
    assert "domain oracle" in subjects


def test_json_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "influencers", str(folder), "--json")
    assert code == 0
    assert {"simulated", "by_item", "ceiling", "absent", "lines", "tables"} <= set(json.loads(out))


def test_another_run_on_the_same_questions_stands_beside_the_team(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = f"self-reflection={folder}"
    code, out, _ = call(capsys, "influencers", str(folder), "--against", beside, "--json")
    assert code == 0
    against = {row["against"]: row for row in json.loads(out)["tables"]["pairs"]}
    assert against["self-reflection"]["value"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--model", "pooled"), "no gates from 'pooled'"),
        (("--against", "solo"), "give NAME=RUN"),
    ],
)
def test_a_wrong_option_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    code, out, err = call(capsys, "influencers", str(folder), *arguments)
    assert code == 2
    assert not out
    assert says in err
    assert len(err.splitlines()) == 1


def test_cells_of_a_sweep_stand_in_one_table_and_those_that_are_alike_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(
        "name: s\n"
        "base: {questions: {limit: 5}, attack: none, rounds: 2}\n"
        "vary:\n"
        "  team:\n"
        "    neutral: {agents: {kind: llm, count: 3, persona: neutral}}\n"
        "    experts: {agents: {kind: llm, count: 3, persona: scientist}}\n"
        "    law: {agents: {kind: numeric, count: 3}}\n"
    )
    out = tmp_path / "out"
    assert call(capsys, "sweep", str(sweep), "--out", str(out))[0] == 0
    code, said, _ = call(capsys, "influencers", str(out), "--workers", "1")
    assert code == 0
    assert said.startswith("simulated · who is listened to, over 3 cells")
    assert " ".join(said.split()).count("hold identical beliefs") == 1
    code, said, _ = call(capsys, "influencers", str(out), "--json", "--workers", "1")
    rows = json.loads(said)["table"]
    assert [row["team"] for row in rows] == ["neutral", "experts", "law"]
    assert {"gain_over_static", "routing", "by_item"} <= set(rows[0])
    code, _, err = call(capsys, "influencers", str(out), "--against", f"a={out}")
    assert code == 2
    assert "give the folder of a cell" in err


@pytest.mark.slow
def test_cells_analysed_side_by_side_say_what_one_after_the_other_says(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(
        "name: s\n"
        "base: {questions: {limit: 8}, attack: none, rounds: 3, agents: {kind: numeric}}\n"
        "vary: {seed: [1, 2]}\n"
    )
    with pytest.raises(SystemExit) as stopped:
        main(("sweep", str(sweep), "--workers", "1", "--out", str(tmp_path / "out")))
    assert not stopped.value.code
    alone, beside = (sweep_influencers(tmp_path / "out", workers=cores) for cores in (1, 2))
    assert alone.as_json() == beside.as_json()
