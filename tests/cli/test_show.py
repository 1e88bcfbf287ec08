"""``fjsim show``: short by default, word for word on demand, and one naming of options."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fjsim import load_run
from fjsim.cli.console import out, print_paged
from fjsim.cli.program import app
from fjsim.deliberation import rendering
from fjsim.questions import letter, load_questions
from fjsim.report.html.deliberations import Deliberations
from fjsim.runs import Run, run

SCREEN = 24
"""Lines of a usual terminal."""
SCENARIO = {
    "topology": "star",
    "attack": "stubborn",
    "questions": {"limit": 15},
    "agents": 4,
    "rounds": 3,
}
Show = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shown") / "r"
    run(SCENARIO, path)
    return path


@pytest.fixture
def show(folder: Path) -> Show:
    def ask(*words: str) -> str:
        found = CliRunner().invoke(app, ["show", str(folder), *words], env={"COLUMNS": "80"})
        if found.exception is not None:
            raise found.exception
        lines = found.stdout.splitlines()
        assert max(map(len, lines)) <= 80 + len(str(folder))
        return found.stdout

    return ask


def test_questions_are_listed_on_one_screen_and_all_with_full(show: Show) -> None:
    short, full = show(), show("--full")
    assert len(short.splitlines()) < SCREEN
    assert "--full lists all 15" in short
    flipped = [int(found) for found in re.findall(r"  (\d+) of \d", short)]
    assert flipped == sorted(flipped, reverse=True)
    assert len(re.findall(r"^general-\d+", full, re.MULTILINE)) == 15


def test_one_question_fits_on_one_screen(show: Show) -> None:
    short = show("general-001")
    assert len(short.splitlines()) <= SCREEN
    assert re.search(r"^3  +[A-E] ", short, re.MULTILINE)
    assert "0*" in short
    assert "heard" not in short


def test_a_round_an_agent_or_everything_is_shown_in_words(show: Show) -> None:
    last = show("general-001", "--round", "3")
    assert last.count("    heard ") == 4
    assert "round 2" not in last
    one = show("general-001", "--agent", "2")
    assert (one.count("  agent-2: "), one.count("  agent-1: ")) == (4, 0)
    assert one == show("general-001", "--agent", "agent-2")
    both = show("general-001", "--agent", "2", "--round", "3")
    assert (both.count("agent-2: "), both.count("\nround ")) == (1, 1)
    assert show("general-001", "--full").count("  agent-1: ") == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("general-001", "--round", "4"), "has rounds 0 to 3"),
        (("general-001", "--agent", "agent-9"), "seat from 0 to 3; did you mean 'agent-"),
        (("--round", "2"), "--round needs a question"),
        (("general-01",), "no question 'general-01'"),
    ],
)
def test_what_is_not_there_is_named(show: Show, words: tuple[str, ...], message: str) -> None:
    with pytest.raises(Exception, match=re.escape(message)):
        show(*words)


def test_a_long_text_goes_through_the_pager_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paged: list[str] = []
    monkeypatch.setattr("pydoc.pager", paged.append)
    print_paged(["a line"] * 60)
    assert paged == []
    monkeypatch.setattr(out, "_force_terminal", True)
    monkeypatch.setattr(out, "_height", SCREEN)
    print_paged(["a line"] * 60)
    assert len(paged) == 1
    assert paged[0].count("a line") == 60
    assert "\x1b" not in paged[0]
    print_paged(["a line"])
    assert len(paged) == 1
    capsys.readouterr()


def test_an_option_has_one_name_in_file_prompt_log_show_page_and_csv(tmp_path: Path) -> None:
    """Every mention of an option leads to the same letter and text of the question file."""
    file = tmp_path / "q.csv"
    file.write_text("id,question,A,B,C,D,answer\none,Which metal?,iron,gold,tin,zinc,B\n")
    (question,) = load_questions(file)
    assert (question.options[1], letter(question.key)) == ("gold", "B")
    played = run(
        {"topology": "star", "attack": "stubborn", "agents": 4, "rounds": 2, "seed": 3,
         "questions": str(file)},
        tmp_path / "r",
    )  # fmt: skip
    found = load_run(tmp_path / "r")
    end = found.deliberation("one").end
    assert end is not None
    order = end.order
    assert order is not None
    assert list(order) != sorted(order), "a seed that shows the options in another order"

    # The prompt lists the file's texts under the letters of the order shown.
    prompt = rendering.question_prompt(rendering.QuestionView(question, tuple(order)), None)
    for shown_at, option in enumerate(order):
        assert re.search(rf"\b{letter(shown_at)}\b[^\n]*{question.options[option]}", prompt)

    # The log numbers options as the file does, whatever letter the agent wrote.
    texts = {turn.agent: turn for turn in found.deliberation("one").turns if turn.round == 0}
    for turn in texts.values():
        assert turn.answer is not None
        told = re.search(r"option ([A-D]) \((\w+)\)", turn.reason)
        assert told is not None
        assert question.options[turn.answer] == told[2]
        assert order["ABCD".index(told[1])] == turn.answer

    # Show, page and CSV give each turn the letter of the file.
    printed = _shown(tmp_path / "r", "one", "--round", "0")
    values = Deliberations(found).values(("one", 0))
    rows = [
        row
        for row in csv.DictReader((tmp_path / "r" / "turns.csv").read_text().splitlines())
        if (row["arm"], row["round"]) == ("attacked", "0")
    ]
    for row in rows:
        seat = int(row["agent"])
        name = letter(texts[seat].answer)
        assert row["answer_letter"] == name
        assert re.search(rf"agent-{seat}\*?: {name} ", printed)
        assert f"[{name} here] ({question.options[texts[seat].answer or 0]})" in printed
        (on_page,) = (
            turn
            for turn in values["arms"]["attacked"]["turns"]
            if (turn["a"], turn["r"]) == (seat, 0)
        )
        assert letter(on_page["o"]) == name
        assert (row["key_letter"], row["target_letter"]) == ("B", letter(end.target))
        assert row["letters_as_shown"] == "".join(map(letter, order))
    assert values["options"] == list(question.options)
    assert re.search(r"B  gold  key", printed)
    told_json = json.loads(_shown(tmp_path / "r", "one", "--json"))
    assert told_json["options"] == dict(zip("ABCD", question.options, strict=True))
    assert (told_json["key_letter"], told_json["target_letter"]) == ("B", letter(end.target))
    assert _in_notebook(played).count(f"<td>{letter(end.target)}</td>") >= 3


def _shown(folder: Path, *words: str) -> str:
    return CliRunner().invoke(app, ["show", str(folder), *words], env={"COLUMNS": "80"}).stdout


def _in_notebook(played: Run) -> Any:
    return played.deliberation("one")._repr_html_()


def test_opinions_of_an_imported_log_have_names_and_units_and_no_letters(tmp_path: Path) -> None:
    rows = [("anna", 0, 20), ("ben", 0, 40), ("anna", 1, 30), ("ben", 1, 35)]
    lines = "".join(f"price,{who},{at},{opinion}\n" for who, at, opinion in rows)
    log = tmp_path / "log.csv"
    log.write_text("item_id,agent_id,round,opinion\n" + lines)
    made = ["import", str(log), "--opinions", "bounded:0:100", "--out", str(tmp_path / "r")]
    assert CliRunner().invoke(app, made).exit_code == 0
    listed, shown = _shown(tmp_path / "r"), _shown(tmp_path / "r", "price")
    assert re.search(r"^price +yes", listed, re.MULTILINE)
    assert "flipped" not in listed
    assert re.search(r"^1 +30 +35", shown, re.MULTILINE)
    assert "anna" in shown
    assert "  A  " not in shown


HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07 \u202eevil\u2066 [bold]not markup[/bold] =cmd|'/C calc'!A0 "
    "<script>alert(1)</script> option Z option A"
)


def test_hostile_texts_neither_steer_the_terminal_nor_run_in_a_spreadsheet(tmp_path: Path) -> None:
    text = "=HYPERLINK(1) " + HOSTILE + "x" * 1_000_000
    file = tmp_path / "q.jsonl"
    asked = {"id": "=1+1", "question": HOSTILE, "options": [HOSTILE, "@SUM(1)"], "answer": 0}
    file.write_text(json.dumps(asked) + "\n")
    agents = [{"kind": "scripted", "reason": text}, {"kind": "scripted", "reason": HOSTILE}]
    team = {"agents": agents, "rounds": 1, "questions": str(file), "events": "full"}
    run(team, tmp_path / "r")
    for words in ((), ("=1+1",), ("=1+1", "--round", "1"), ("=1+1", "--full")):
        printed = _shown(tmp_path / "r", *words)
        assert printed
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", printed)
        assert max(map(len, printed.splitlines())) <= 80 + len(str(tmp_path))
        assert len(printed) < 20_000 or words[-1:] == ("--full",)
    assert "[bold]not markup[/bold]" in _shown(tmp_path / "r", "=1+1", "--round", "1")
    before = csv.field_size_limit(10_000_000)
    with (tmp_path / "r" / "turns.csv").open(newline="") as handle:
        cells = [cell for row in csv.reader(handle) for cell in row]
    csv.field_size_limit(before)
    assert cells
    assert not [cell for cell in cells if cell.startswith(("=", "@", "\t", "\r"))]
