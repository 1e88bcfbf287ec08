import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fjsim.cli.program import COMMANDS
from fjsim.questions import letter, load_questions

Call = Callable[..., Any]
QUICK = ("--limit", "2", "--rounds", "1", "--agents", "3")
MAIN = ("run", "--topology", "star", "--attack", "stubborn", *QUICK)


def test_the_main_job_prints_a_table_and_where_the_run_lies(fjsim: Call, tmp_path: Path) -> None:
    printed = fjsim(*MAIN)
    assert printed.code == 0
    assert "attack success rate" in printed.out
    assert "simulated" in printed.out
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name in printed.out
    assert "fjsim show" in printed.out


def test_json_is_one_object_and_nothing_else_on_stdout(fjsim: Call) -> None:
    printed = fjsim(*MAIN, "--json")
    values = json.loads(printed.out)
    assert {"run_dir", "scenario", "metrics", "baseline", "prediction"} <= set(values)
    assert values["metrics"]["attack_success_rate"]["n"] > 0


def test_the_same_command_again_resumes_its_folder(fjsim: Call, tmp_path: Path) -> None:
    first = json.loads(fjsim(*MAIN, "--json").out)
    second = json.loads(fjsim(*MAIN, "--json").out)
    assert first["run_dir"] == second["run_dir"]
    assert first["metrics"]["calls"] == second["metrics"]["calls"]
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_a_dry_run_asks_nobody_and_writes_nothing(fjsim: Call, tmp_path: Path) -> None:
    printed = fjsim(*MAIN, "--dry-run", "--json")
    # Two arms of two questions and two rounds; round 0 of the benign seats is asked once.
    assert json.loads(printed.out)["calls"] == 2 * (3 * 2 * 2 - 2)
    assert not (tmp_path / "runs").exists()
    assert "calls still to make" in fjsim(*MAIN, "--dry-run").out


def test_flags_replace_a_files_block_and_set_has_the_last_word(fjsim: Call, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("topology: complete\nattack: {kind: stubborn, certainty: 0.5}\nrounds: 1\n")
    printed = fjsim(
        "run", path, "--limit", "1", "--agents", "3", "--attack", "stubborn", "--json",
        "--set", "rounds=2",
    )  # fmt: skip
    scenario = json.loads(printed.out)["scenario"]
    assert scenario["rounds"] == 2
    assert scenario["topology"]["kind"] == "complete"
    assert scenario["attack"]["certainty"] != 0.5


def test_too_many_missing_turns_exit_with_one_and_a_warning(fjsim: Call) -> None:
    printed = fjsim(*MAIN, "--set", "backend.invalid=0.9")
    assert printed.code == 1
    assert "do not trust these numbers" in printed.err


MISTAKES = [
    (("run", "--topolgy", "star"), 2, "no such option: --topolgy"),
    (("run", "--topology", "stra"), 2, "did you mean 'star'?"),
    (("run", "--attack", "stuborn"), 2, "did you mean 'stubborn'?"),
    (("run", "--defense", "nne"), 2, "no defense 'nne'"),
    (("run", "--router", "unifrm"), 2, "did you mean 'uniform'?"),
    (("run", "--backend", "simulatd"), 2, "did you mean 'simulated'?"),
    (("run", "--agents", "six"), 2, "'--agents': Input should be a valid integer"),
    (("run", "--agents", "0"), 2, "greater than or equal to 1"),
    (("run", "--rounds", "-1"), 2, "rounds: got -1"),
    (("run", "--set", "topolgy=star"), 2, "did you mean 'topology'?"),
    (("run", "--set", "attack.seet=leaf", "--attack", "stubborn"), 2, "did you mean 'seat'?"),
    (("run", "--set", "attack.seat=9", "--attack", "stubborn"), 2, "seats run from 0 to 5"),
    (("run", "--set", "attack.certainty=2", "--attack", "stubborn"), 2, "certainty is 2"),
    (("run", "--set", "rounds"), 2, "write it as dotted.key=value"),
    (
        ("run", "--set", "agents.cuont=3"),
        2,
        "persona, persuasiveness, agreeableness, count, backend; did you mean 'count'?",
    ),
    (("run", "--set", "agents.persona=sceptic"), 2, "no persona 'sceptic'"),
    (("run", "nowhere.yaml"), 2, "nowhere.yaml: no such file"),
    (("run", "--questions", "nowhere.jsonl"), 2, "nowhere.jsonl: no such file"),
    (("run", "--questions", "builtn"), 2, "builtn"),
    (("run", "--limit", "0"), 2, "greater than or equal to 1"),
    (("run", "--set", "warmup=500"), 2, "warmup is 500"),
    (("rnu",), 2, "did you mean 'run'?"),
    (("show", "nowhere"), 5, "no run in this folder"),
    (("list", "atacks"), 2, "did you mean 'attacks'?"),
    (("run", "--backend", "openai"), 2, "needs model"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), MISTAKES)
def test_a_mistake_gets_one_clear_line_and_its_exit_code(
    fjsim: Call, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    printed = fjsim(*arguments)
    assert printed.code == code
    assert message in printed.error
    assert "Traceback" not in printed.err
    assert not (tmp_path / "runs").exists()


def test_a_broken_scenario_file_names_file_and_line(fjsim: Call, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("topology: star\nattack: {kind: stubborn\nrounds: 3\n")
    printed = fjsim("run", path)
    assert printed.code == 2
    assert "broken.yaml, line 3" in printed.error


def test_a_question_file_with_a_broken_line_37_names_it(fjsim: Call, tmp_path: Path) -> None:
    lines = ['{"question": "Which?", "options": ["a", "b"], "answer": 0}'] * 60
    lines[36] = '{"question": "Which?", "options": ["a", "b"], "answer": 7}'
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(lines))
    printed = fjsim("run", "--questions", path)
    assert printed.code == 2
    assert "line 37" in printed.error
    assert "answer 7 is out of range" in printed.error


def test_an_unwritable_folder_exits_with_five(fjsim: Call, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    printed = fjsim(*MAIN, "--out", "taken/run")
    assert printed.code == 5
    assert "cannot be written" in printed.error


def test_a_dead_endpoint_exits_with_three_and_says_where(fjsim: Call) -> None:
    printed = fjsim(
        *MAIN, "--backend", "openai", "--model", "m", "--base-url", "http://127.0.0.1:9/v1",
        "--set", "backend.max_attempts=1",
    )  # fmt: skip
    assert printed.code == 3
    assert "http://127.0.0.1:9/v1" in printed.error


def test_a_spent_budget_exits_with_four_and_says_how_to_go_on(fjsim: Call) -> None:
    printed = fjsim(*MAIN, "--set", "budget.max_calls=3")
    assert printed.code == 4
    assert "budget.max_calls is 3" in printed.error
    assert fjsim(*MAIN).code == 0


def test_a_bug_of_ours_is_one_line_and_a_file(fjsim: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fjsim.runs.resolve.resolve", lambda _: 1 / 0)
    printed = fjsim(*MAIN)
    assert printed.code == 70
    report = Path(printed.error.rsplit(" ", 1)[-1])
    assert "ZeroDivisionError" in report.read_text()
    report.unlink()


def test_control_characters_in_a_reply_never_reach_the_terminal(
    fjsim: Call, tmp_path: Path
) -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07 [bold]not markup[/bold]"
    path = tmp_path / "s.yaml"
    path.write_text(json.dumps({"agents": [{"kind": "scripted", "reason": hostile}, "numeric"]}))
    assert fjsim("run", path, "--limit", "1", "--rounds", "1", "--out", "r").code == 0
    printed = fjsim("show", "r", "general-001", "--full")
    assert "[bold]not" in printed.out
    assert "\x1b" not in printed.out
    assert "\x07" not in printed.out


def test_show_lists_questions_and_says_where_everybody_stood(fjsim: Call) -> None:
    fjsim(*MAIN, "--out", "r")
    assert "general-001" in fjsim("show", "r").out
    printed = fjsim("show", "r", "general-001")
    assert "0*" in printed.out
    assert "simulated · general-001" in printed.out
    asked = next(q for q in load_questions("builtin") if q.id == "general-001")
    assert asked.text in printed.out
    assert asked.key is not None
    assert f"{letter(asked.key)}  {asked.options[asked.key]}  key" in printed.out
    assert printed.out.count("  target\n") == 1
    turns = json.loads(fjsim("show", "r", "general-001", "--arm", "clean", "--json").out)["turns"]
    assert len(turns) == 6
    assert "no question 'general-01'" in fjsim("show", "r", "general-01").error


@pytest.mark.filterwarnings("default:.*because of its scenario")
def test_show_tells_no_question_that_its_run_did_not_ask(fjsim: Call, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    one = {"id": "one", "question": "Which one?", "options": ["this", "that"], "answer": 0}
    path.write_text(json.dumps(one))
    fjsim("run", "--attack", "stubborn", "--questions", path, "--rounds", "1", "--out", "r")
    assert "Which one?" in fjsim("show", "r", "one").out
    path.write_text(json.dumps(one | {"options": ["that", "this", "neither"]}))
    assert "Which one?" not in fjsim("show", "r", "one").out
    path.unlink()
    gone = fjsim("show", "r", "one")
    assert gone.code == 0
    assert "attacked arm" in gone.out


def test_list_names_every_kind_with_its_parameters(fjsim: Call) -> None:
    listed = json.loads(fjsim("list", "--json").out)
    assert {entry["name"] for entry in listed["topologies"]} >= {"star", "complete", "from-file"}
    (stubborn,) = [entry for entry in listed["attacks"] if entry["name"] == "stubborn"]
    assert {"seat", "target"} <= {parameter["name"] for parameter in stubborn["parameters"]}
    assert listed["questions"][0] == {"name": "builtin", "questions": 200}
    for kind, entries in listed.items():
        if kind not in ("questions", "personas", "broken"):
            assert all(entry["summary"] for entry in entries)


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_commands_help_shows_a_worked_example(fjsim: Call, command: str) -> None:
    printed = fjsim(command, "--help")
    assert printed.code == 0
    assert f"fjsim {command}" in printed.out
    assert "Example" in printed.out


def test_help_names_every_command(fjsim: Call) -> None:
    lines = fjsim("--help").out.splitlines()
    rows = {words[1] for line in lines if len(words := line.split()) > 1 and words[0] == "│"}
    assert set(COMMANDS) <= rows
