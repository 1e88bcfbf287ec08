"""The long format, whole and broken."""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fjsim.errors import ConfigError, LogFormatError
from fjsim.fitting import fit
from fjsim.records.building import load_transcript
from fjsim.records.importers import read_log
from fjsim.records.importers.run_folder import write_run_folder

HEADER = "item_id,agent_id,round,answer,neighbours\n"
TURNS = [("a", "x", 0, "A"), ("a", "y", 0, "B"), ("a", "x", 1, "B"), ("a", "y", 1, "B")]


def write(folder: Path, text: str, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def csv_of(turns: list[tuple[str, str, int, str]], neighbours: str = "") -> str:
    return HEADER + "".join(f"{i},{a},{r},{v},{neighbours if r else ''}\n" for i, a, r, v in turns)


def test_answers_become_certain_beliefs_and_everybody_hears_everybody(tmp_path: Path) -> None:
    log = read_log(write(tmp_path, csv_of(TURNS)))
    transcript = log.transcript
    assert log.target == "answer"
    assert log.options == (("A", "B"),)
    assert transcript.beliefs[0, :, 0].tolist() == [[1, 0], [0, 1]]
    assert transcript.heard_round[0, 1].tolist() == [[-1, 0], [0, -1]]
    assert transcript.agents == ("x", "y")


def test_an_empty_answer_is_a_category_of_its_own(tmp_path: Path) -> None:
    turns = [*TURNS[:2], ("a", "x", 1, ""), ("a", "y", 1, "B")]
    transcript = read_log(write(tmp_path, csv_of(turns))).transcript
    assert transcript.abstention == 2
    assert transcript.beliefs[0, 1, 0].tolist() == [0, 0, 1]
    assert transcript.validity[0, 1, 0] == 2


def test_compressed_and_json_and_parquet_logs_say_the_same(tmp_path: Path) -> None:
    text = csv_of(TURNS)
    packed = tmp_path / "log.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    names = ("item_id", "agent_id", "round", "answer")
    rows = [dict(zip(names, turn, strict=True)) for turn in TURNS]
    lines = write(tmp_path, "\n".join(map(json.dumps, rows)), "log.jsonl")
    expected = read_log(write(tmp_path, text)).transcript
    for path in (packed, lines):
        assert np.array_equal(read_log(path).transcript.beliefs, expected.beliefs)
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "log.parquet")
    read = read_log(tmp_path / "log.parquet").transcript
    assert np.array_equal(read.beliefs, expected.beliefs)


def test_beliefs_come_as_json_or_as_one_column_per_option(tmp_path: Path) -> None:
    as_json = 'item_id,agent_id,round,belief,correct_answer\na,x,0,"[0.2, 0.8]",1\n'
    as_columns = "item_id,agent_id,round,p_no,p_yes,correct_answer\na,x,0,0.2,0.8,yes\n"
    first = read_log(write(tmp_path, as_json))
    second = read_log(write(tmp_path, as_columns, "columns.csv"))
    assert np.allclose(first.transcript.beliefs, second.transcript.beliefs)
    assert second.options == (("no", "yes"),)
    assert first.transcript.keys.tolist() == second.transcript.keys.tolist() == [1]


def test_opinions_outside_the_unit_interval_get_a_scale_and_a_warning(tmp_path: Path) -> None:
    path = write(tmp_path, "item_id,agent_id,round,opinion\na,x,0,25\na,y,0,80\n")
    log = read_log(path)
    assert log.transcript.beliefs[0, 0, :, 1].tolist() == [0.25, 0.8]
    assert "scale inferred" in log.warnings[0]
    given = read_log(path, opinions="bounded:0:200")
    assert given.transcript.beliefs[0, 0, 1, 1] == 0.4
    assert given.warnings == ()


def test_neighbours_say_who_was_heard_and_when(tmp_path: Path) -> None:
    text = csv_of(TURNS[:3]) + "a,y,1,B,x@1\n"
    heard = read_log(write(tmp_path, text)).transcript.heard_round
    assert heard[0, 1, 1].tolist() == [1, -1]
    weighted = csv_of([*TURNS, ("a", "z", 0, "A"), ("a", "z", 1, "A")]).replace(
        "a,z,1,A,", "a,z,1,A,x:3;y:1"
    )
    influence = read_log(write(tmp_path, weighted, "weights.csv")).transcript.influence
    assert influence is not None
    assert influence[0, 2].tolist() == [0.75, 0.25, 0]


UNPLACED = {"name no speaker": "?=B;z@0", "name a speaker twice": "y@0;y@0",
            "name a turn that the log does not hold": "y@0;z@1"}  # fmt: skip


@pytest.mark.parametrize("case", UNPLACED)
def test_a_turn_that_heard_what_the_log_does_not_hold_is_masked(case: str, tmp_path: Path) -> None:
    rows = [("a", "x", 0, "A"), ("a", "y", 0, "B"), ("a", "z", 0, "B"), ("a", "y", 1, "B")]
    text = csv_of(rows) + f"a,x,1,B,{UNPLACED[case]}\n" + "b,x,0,A,\nb,y,0,B,\nb,y,1,A,x@0\n"
    log = read_log(write(tmp_path, text))
    assert log.warnings[0].startswith("in 1 turns a statement heard is not in the log")
    assert f"(1 {case}" in log.warnings[0]
    # Both turns of y stay; x's belief stays as what others heard.
    assert fit(log.transcript, resamples=0).n_turns == 2
    assert log.transcript.valid[0, 1, 0]
    write_run_folder(log, tmp_path / "run")
    assert fit(load_transcript(tmp_path / "run"), resamples=0).n_turns == 2


def test_a_neighbour_that_fell_silent_is_heard_in_its_last_words_only_where_it_is_named(
    tmp_path: Path,
) -> None:
    rows = [("a", "x", 0, "A"), ("a", "y", 0, "B"), ("a", "x", 1, "A"), ("a", "x", 2, "A")]
    heard = {}
    for cell in ("x;y", "all", ""):
        log = read_log(write(tmp_path, csv_of(rows, cell)))
        assert log.warnings == ()
        assert fit(log.transcript, resamples=0).n_turns == 2
        heard[cell] = log.transcript.heard_round[0, 2, 0].tolist()
    assert heard == {"x;y": [-1, 0], "all": [-1, -1], "": [-1, -1]}


def test_turn_numbers_order_a_sequential_round(tmp_path: Path) -> None:
    text = "item_id,agent_id,round,answer,turn,topology\n" + "".join(
        f"a,{agent},{at},A,{turn},sequential\n" for at in (0, 1) for turn, agent in enumerate("xyz")
    )
    heard = read_log(write(tmp_path, text)).transcript.heard_round[0, 1]
    assert heard.tolist() == [[-1, 0, 0], [1, -1, 0], [1, 1, -1]]


def test_people_that_differ_from_item_to_item_are_a_crowd(tmp_path: Path) -> None:
    turns = [(f"i{k}", f"p{k}{j}", r, "A") for k in range(5) for j in range(3) for r in (0, 1)]
    transcript = read_log(write(tmp_path, csv_of(turns))).transcript
    assert transcript.exchangeable
    assert transcript.n_agents == 3


def test_gaps_in_rounds_are_masked_and_said(tmp_path: Path) -> None:
    turns = [*TURNS, ("a", "x", 3, "A"), ("a", "y", 2, "B"), ("a", "y", 3, "B")]
    log = read_log(write(tmp_path, csv_of(turns)))
    assert any("gaps: 1 agents" in text for text in log.warnings)
    assert np.isnan(log.transcript.beliefs[0, 2, 0]).all()
    assert fit(log.transcript, resamples=0).n_turns == 4


BROKEN = {
    "a missing column": ("item_id,agent,round,answer\na,x,0,A\n", "line 1: column 'agent_id'"),
    "no belief column": ("item_id,agent_id,round\na,x,0\n", "line 1: no column says"),
    "a duplicate turn": (csv_of([*TURNS, TURNS[2]]), "line 6: item 'a', agent 'x', round 1"),
    "a strange round": (csv_of([("a", "x", -1, "A")]), "line 2: round is '-1'"),
    "a round in words": (HEADER + "a,x,one,A,\n", "line 2: round is 'one'"),
    "a huge round": (csv_of([("a", "x", 10**9, "A")]), "line 2: round is"),
    "an unknown agent": (csv_of(TURNS, "w"), "line 4: neighbours names 'w'"),
    "the future heard": (csv_of(TURNS, "y@2"), "line 4: heard a statement of round 2"),
    "a short row": (HEADER + "a,x,0\n", "line 2: 3 cells"),
    "no round 0": (csv_of(TURNS[2:]), "line 2: no row has round 0"),
    "an empty id": (HEADER + ",x,0,A,\n", "line 2: 'item_id' is empty"),
    "beliefs off one": (
        'item_id,agent_id,round,belief\na,x,0,"[0.5, 0.6]"\n',
        "line 2: the probabilities must sum to 1",
    ),
    "beliefs of two sizes": (
        'item_id,agent_id,round,belief\na,x,0,"[0.5, 0.5]"\na,y,0,"[0.2,0.3,0.5]"\n',
        "line 3: 3 options",
    ),
    "a belief that is no array": (
        "item_id,agent_id,round,belief\na,x,0,half\n", "line 2: belief is no JSON array",
    ),
    "an opinion in words": ("item_id,agent_id,round,opinion\na,x,0,high\n", "line 2: opinion is"),
    "nothing": (HEADER, "no rows"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_log_gives_its_line(case: str, tmp_path: Path) -> None:
    text, message = BROKEN[case]
    with pytest.raises(LogFormatError) as caught:
        read_log(write(tmp_path, text))
    assert message in str(caught.value)


def test_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(LogFormatError, match="no such file"):
        read_log(tmp_path / "none.csv")
    with pytest.raises(LogFormatError, match=r"line 1: not JSON"):
        read_log(write(tmp_path, "{", "log.jsonl"))
    with pytest.raises(LogFormatError, match=r"line 1: not JSON \(nested too deeply"):
        read_log(write(tmp_path, '{"a":' * 100_000, "deep.jsonl"))
    with pytest.raises(LogFormatError, match="logs end in"):
        read_log(write(tmp_path, "x", "log.docx"))
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"item_id" * 100)[:30])
    with pytest.raises(LogFormatError, match="cannot be read"):
        read_log(tmp_path / "cut.csv.gz")
    with pytest.raises(ConfigError, match="no log format 'lng'"):
        read_log(write(tmp_path, csv_of(TURNS)), "lng")


def test_a_large_log_is_read_within_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    rng = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as handle:
        handle.write(HEADER)
        for item in range(5000):
            letters = rng.integers(0, 4, 20)
            handle.writelines(
                f"q{item},agent{at % 4},{at // 4},{'ABCD'[letters[at]]},\n" for at in range(20)
            )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    log = read_log(path)
    used = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert log.n_rows == 100_000
    # A few hundred bytes a row, the arrays included.
    assert used < 1500 * log.n_rows


MILLION = 1_000_000
WITH_ANSWERS = "q{item},agent{agent},{at},{letter},\n"
WITH_NEIGHBOURS = "q{item},agent{agent},{at},{letter},agent0;agent1@0\n"
WITH_BELIEFS = '{{"item_id": {item}, "agent_id": {agent}, "round": {at}, "belief": [0.7, 0.3]}}\n'

MEASURED = """
import resource, sys
from fjsim.errors import LogFormatError
from fjsim.fitting import fit
from fjsim.records.importers import read_log
try:
    print(fit(read_log(sys.argv[1]).transcript, resamples=20).n_turns)
except LogFormatError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def million_rows(path: Path, template: str, last: str) -> Path:
    """Write a million rows, less those that ``last`` stands for."""
    with path.open("w", encoding="utf-8") as handle:
        handle.write(HEADER if path.suffix == ".csv" else "")
        for item in range(MILLION // 20):
            rows = [
                template.format(item=item, agent=k % 4, at=k // 4, letter="ABCD"[(item + k) % 4])
                for k in range(20)
            ]
            handle.writelines(rows[:-1] if last and item == MILLION // 20 - 1 else rows)
        handle.write(last)
    return path


LAST = {
    "whole": ("csv", WITH_ANSWERS, "", "800000"),
    "whole with neighbours": ("csv", WITH_NEIGHBOURS, "", "800000"),
    "whole with beliefs": ("jsonl", WITH_BELIEFS, "", "800000"),
    "a short row": ("csv", WITH_ANSWERS, "q0,agent0\n", "line 1000001: 2 cells"),
    "a turn twice": ("csv", WITH_ANSWERS, "q0,agent0,0,A,\n", "line 1000001: item 'q0'"),
    "a strange round": ("csv", WITH_ANSWERS, "q0,agent0,x,A,\n", "line 1000001: round is 'x'"),
    "a stranger": ("csv", WITH_NEIGHBOURS, "q0,agent0,5,A,me\n", "line 1000001: neighbours names"),
    "cut off": ("jsonl", WITH_BELIEFS, '{"item_id": 1, "ag', "line 1000000: not JSON"),
    "no belief": (
        "jsonl", WITH_BELIEFS, '{"item_id": 0, "agent_id": 0, "round": 5, "belief": [2, 3]}\n',
        "line 1000000: the probabilities must sum to 1",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", LAST)
def test_a_million_rows_end_in_a_fit_or_a_line_within_bounded_memory(
    case: str, tmp_path: Path
) -> None:
    kind, template, last, expected = LAST[case]
    path = million_rows(tmp_path / f"million.{kind}", template, last)
    # A process of its own: the peak of this one may be another test's.
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    message, peak = done.stdout.strip().rsplit("\n", 1)
    assert expected in message
    assert int(peak) < 1.25 * 2**30


def test_arrays_that_would_not_fit_are_refused(tmp_path: Path) -> None:
    rows = [("a", f"p{k}", 9_999, "A") for k in range(900)]
    text = csv_of([*rows, *(("a", f"p{k}", 0, "A") for k in range(900))])
    with pytest.raises(LogFormatError, match="GiB"):
        read_log(write(tmp_path, text))


def test_an_imported_log_becomes_a_run_folder(tmp_path: Path) -> None:
    log = read_log(write(tmp_path, csv_of(TURNS)))
    write_run_folder(log, tmp_path / "run")
    loaded = load_transcript(tmp_path / "run")
    assert np.array_equal(loaded.beliefs, log.transcript.beliefs)
    assert np.array_equal(loaded.heard_round, log.transcript.heard_round)
    assert loaded.agents == ("x", "y")
