"""Tables hold no formulas, and nothing that is printed steers a terminal."""

from __future__ import annotations

import csv
import io
import logging
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from fjsim.backends.http.faults import server_words
from fjsim.cli.console import PlainConsole, print_problem
from fjsim.csv_file import csv_text, inert_cell, original_cell, read_csv
from fjsim.foreign_text import printable
from fjsim.runs import run
from fjsim.scenario import Scenario
from fjsim.sweeps.grid import Sweep
from fjsim.sweeps.sweep import load_sweep_result, run_sweep

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "＝1", "'=1"]
STEERING = "a\x1b[2J\x9b31m\u202eb\u2066\u200b\x07\r\x00c\u2028d\ud800e\U000e0041"


def starts_a_formula(cell: str) -> bool:
    return cell[:1] in tuple("=+-@\t\r＝＋－＠")


def cells_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_cell_that_begins_like_a_formula_is_made_text(cell: str) -> None:
    assert not starts_a_formula(inert_cell(cell))
    assert original_cell(inert_cell(cell)) == cell


@pytest.mark.parametrize("cell", ["", "a=b", "-", "-0.5", "+3e-4", -0.5, 3, None, "'quoted'", [1]])
def test_other_cells_stay_as_they_are(cell: object) -> None:
    assert inert_cell(cell) is cell
    assert original_cell(cell) is cell


@given(st.text(alphabet="=+-@'\t\r\n a1.＝", max_size=6))
def test_a_cell_comes_back_as_it_was(cell: str) -> None:
    assert original_cell(inert_cell(cell)) == cell


def test_a_table_comes_back_as_it_was_and_numbers_stay_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [-1.5, 2], "=name": ["=1+1", "-"], "k": [-1, 2], "m": ["'=x", "b"]})
    (tmp_path / "t.csv").write_text(csv_text(frame), encoding="utf-8")
    rows = cells_of(tmp_path / "t.csv")
    assert rows[0] == ["n", "'=name", "k", "m"]
    assert rows[1] == ["-1.5", "'=1+1", "-1", "''=x"]
    pd.testing.assert_frame_equal(read_csv(tmp_path / "t.csv"), frame)


def test_no_cell_of_turns_csv_is_a_formula(tmp_path: Path) -> None:
    questions = tmp_path / "q.csv"
    questions.write_text("id,question,options,answer\n=1+1,@q,-a|=b,0\n@x,+q,a|b,1\n")
    team = [{"kind": "scripted", "reason": "=cmd|' /C calc'!A0", "count": 3}]
    run(
        Scenario(agents=team, questions=str(questions), rounds=1, events="full"),
        out=tmp_path / "run",
    )
    text = (tmp_path / "run" / "turns.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 12
    assert {row["question"] for row in rows} == {"'=1+1", "'@x"}
    assert {row["reason"] for row in rows} == {"'=cmd|' /C calc'!A0"}
    assert not any(starts_a_formula(cell) for row in rows for cell in row.values())


def test_labels_of_a_sweep_are_no_formulas_and_its_result_reads_the_same(tmp_path: Path) -> None:
    base = {"agents": {"kind": "numeric", "count": 3}, "questions": {"limit": 3}, "rounds": 1}
    sweep = Sweep(
        base=base,
        attacks=["stubborn"],
        vary={"=axis": {"=1+1": {"rounds": 1}, "@b": {"rounds": 2}}},
        best_response={"budget": 1},
    )
    made = run_sweep(sweep, tmp_path / "sweep")
    for path in (tmp_path / "sweep").glob("*.csv"):
        for row in cells_of(path):
            formulas = [cell for cell in row if starts_a_formula(cell)]
            assert all(cell == "-" or np.isfinite(float(cell)) for cell in formulas)
    read = load_sweep_result(tmp_path / "sweep")
    assert read.best_responses is not None
    assert made.best_responses is not None
    assert (
        list(read.best_responses["=axis"]) == list(made.best_responses["=axis"]) == ["=1+1", "@b"]
    )


def steers(text: str) -> bool:
    plain = text.replace("\n", "")
    return any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") for one in plain)


def test_what_does_not_show_is_taken_out_and_the_rest_stays() -> None:
    assert printable(STEERING) == "a[2J31mb cde"
    assert (
        printable("two\nlines\tand a\u00a0blank, 日本語 é 👩")
        == "two\nlines and a blank, 日本語 é 👩"
    )
    assert not steers(server_words(STEERING))


def test_the_console_takes_it_out_of_whatever_is_printed() -> None:
    file = io.StringIO()
    console = PlainConsole(file=file, width=80)
    table = Table(STEERING, title=STEERING)
    table.add_row(STEERING)
    for thing in (STEERING, table, f"[bold]{STEERING}[/]"):
        console.print(thing)
    assert not steers(file.getvalue())
    assert "a[2J31mbc" in file.getvalue()


def test_errors_warnings_and_log_lines_are_plain_bounded_and_without_keys(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fjsim.cli import main

    print_problem("error", f"{STEERING} [bold]x[/] sk-{'a1' * 20} {'y' * 9000}\nz", "bold red")
    # What the process changes for good is changed back.
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)
    monkeypatch.setattr("warnings.showwarning", print)
    with pytest.raises(SystemExit):
        main(["run", "--topology", STEERING])
    record = logging.LogRecord("fjsim", logging.WARNING, "", 1, "said %s", (STEERING,), None)
    assert logging.lastResort is not None
    logging.lastResort.handle(record)
    printed = capsys.readouterr().err
    assert not steers(printed)
    assert "a1a1a1" not in printed
    assert "[bold]x[/]" in printed
    lines = printed.splitlines()
    assert len(lines) == 3
    assert all(len(line) < 1600 for line in lines)
    assert lines[2].startswith("warning: said a[2J")
