"""``fjsim show RUN --why AGENT QUESTION``: the facts behind one agent's end, as text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fjsim.cli.program import app
from fjsim.report.html.deliberations import Deliberations
from fjsim.runs import load_run, run
from fjsim.scenario import Scenario


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("run")
    scenario = Scenario(
        topology="star",
        attack="stubborn",
        agents={"kind": "numeric", "count": 6},
        questions={"limit": 4},
        rounds=3,
    )
    run(scenario, out=made)
    return made


def show(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["show", str(folder), *words], env={"COLUMNS": "80"})


def test_a_flip_is_told_with_what_was_heard_and_who_made_the_difference(folder: Path) -> None:
    result = show(folder, "--why", "2", "general-001")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "simulated · general-001 · agent-2 · attacked arm · * marks the hostile"
    assert "  A Michelangelo (key)" in lines
    assert any(line.startswith("  heard agent-0* E 0.97 (round 0, gate 1.00") for line in lines)
    assert any(line.startswith("  Without agent-0, agent-2 stays right, at A") for line in lines)
    assert lines[-1] == "  Replayed exactly: numeric agents follow the law."
    assert max(map(len, lines)) <= 80


def test_the_same_facts_stand_on_the_page(folder: Path) -> None:
    facts = json.loads(show(folder, "--why", "agent-2", "general-001", "--json").output)
    values = Deliberations(load_run(folder)).values(("general-001", 0))
    side = values["arms"]["attacked"]
    assert facts["without"] == list(side["why"][2])
    turns = [turn for turn in side["turns"] if turn["a"] == 2]
    assert [one["answer"] for one in facts["rounds"]] == ["ABCDEFGH"[turn["o"]] for turn in turns]
    assert [one["heard"][0]["pull"] for one in facts["rounds"][1:]] == [
        turn["h"][0][5] for turn in turns[1:]
    ]


def test_the_adversary_itself_is_not_explained(folder: Path) -> None:
    output = show(folder, "--why", "0", "general-001").output
    assert "agent-0, hostile" in output
    assert "Not known: the adversary says what it is told to." in output


def test_the_clean_arm_has_nobody_hostile(folder: Path) -> None:
    facts = json.loads(show(folder, "--why", "0", "general-001", "--arm", "clean", "--json").output)
    assert facts["hostile"] is False
    assert all(not one["hostile"] for turn in facts["rounds"] for one in turn["heard"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--why", "agnt-2", "general-001"), "did you mean 'agent-2'"),
        (("--why", "9", "general-001"), "a seat from 0 to 5"),
        (("--why", "²", "general-001"), "no agent '²'"),
        (("--why", "2", "general-01"), "no question 'general-01' in this run's attacked arm"),
        (("general-002", "--why", "2", "general-001"), "--why asks for question 'general-001'"),
    ],
)
def test_a_wrong_name_is_one_line(folder: Path, words: tuple[str, ...], expected: str) -> None:
    result = show(folder, *words)
    assert result.exit_code != 0
    assert expected in f"{result.output}{result.exception}"
