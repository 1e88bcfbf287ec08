"""``fjsim sweep`` and ``fjsim report`` as a user types them."""

import json
import re
import warnings
from typing import Any

import pytest

from fjsim.cli import main

SWEEP = """# Does hearing nobody help?
name: small
base:
  agents: {kind: numeric, count: 4}
  questions: {limit: 3}
  rounds: 2
  topology: star
attacks: [stubborn]
defenses: [none, {kind: fixed-trust, level: 0.0}]
"""


@pytest.fixture
def fjsim(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command in an empty folder and returns its code and output."""
    monkeypatch.chdir(tmp_path)
    # The command line prints warnings its own way; the next test wants them back.
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    (tmp_path / "small.yaml").write_text(SWEEP)

    def call(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return call


def test_a_sweep_prints_its_table_its_leaderboard_and_its_folder(fjsim, tmp_path) -> None:
    code, out, _ = fjsim("sweep", "small.yaml", "--workers", "1")
    assert code == 0
    assert "simulated" in out
    assert "worst case over attacks" in out
    assert "sweeps/small" in out
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) < 24
    at = lines.index("what to look at")
    assert "safest: fixed-trust(level=0.0), attack success" in lines[at + 1]
    assert any(line.startswith("  least safe: none, attack success") for line in lines[at + 1 :])
    assert "all 2 settings: --full" in out
    full = fjsim("sweep", "small.yaml", "--workers", "1", "--full")[1]
    assert "all 2 settings\n" in full
    assert full.index("all 2 settings\n") < full.index("what to look at")
    assert max(map(len, full.splitlines())) <= 80
    assert (tmp_path / "sweeps" / "small" / "table.csv").is_file()


def test_json_is_one_object_and_the_same_command_resumes(fjsim) -> None:
    code, out, _ = fjsim("sweep", "small.yaml", "--workers", "1", "--json")
    first = json.loads(out)
    assert code == 0
    assert {"sweep_dir", "simulated", "direction", "table", "leaderboard"} <= set(first)
    assert len(first["table"]) == 2
    again = json.loads(fjsim("sweep", "small.yaml", "--workers", "1", "--json")[1])
    assert again["table"][0]["attack_success_rate"] == first["table"][0]["attack_success_rate"]
    dry = json.loads(fjsim("sweep", "small.yaml", "--dry-run", "--json")[1])
    assert (dry["runs"], dry["runs_done"], dry["turns"]) == (2, 2, 0)


def test_a_dry_run_writes_nothing(fjsim, tmp_path) -> None:
    code, out, _ = fjsim("sweep", "small.yaml", "--dry-run")
    assert code == 0
    assert "nothing is asked" in out
    assert not (tmp_path / "sweeps").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("attacks:", "atacks:"), "did you mean 'attacks'"),
        (("[stubborn]", "[stuborn]"), "did you mean 'stubborn'"),
        (("level: 0.0", "levle: 0.0"), "did you mean 'level'"),
        (("rounds: 2", "rounds: -2"), "rounds: got -2"),
        (("base:", "base: [1"), "line"),
    ],
)
def test_a_mistake_is_one_clear_line_and_exit_code_2(fjsim, tmp_path, change, told) -> None:
    (tmp_path / "small.yaml").write_text(SWEEP.replace(*change))
    code, out, err = fjsim("sweep", "small.yaml")
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1


def test_a_missing_file_or_folder_is_one_line(fjsim) -> None:
    assert fjsim("sweep", "nowhere.yaml")[0] == 2
    code, _, err = fjsim("report", "nowhere")
    assert code == 5
    assert "holds neither a run" in err


def test_an_unwritable_folder_is_exit_code_5(fjsim, tmp_path) -> None:
    (tmp_path / "taken").write_text("a file")
    code, _, err = fjsim("sweep", "small.yaml", "--workers", "1", "--out", "taken")
    assert code == 5
    assert len(err.splitlines()) == 1


def test_a_report_of_a_sweep_and_of_one_of_its_runs(fjsim, tmp_path) -> None:
    fjsim("sweep", "small.yaml", "--workers", "1")
    code, out, _ = fjsim("report", "sweeps/small")
    assert code == 0
    assert re.search(r"report: sweeps/small/report\.html", out)
    run = next((tmp_path / "sweeps" / "small" / "cells").iterdir())
    code, out, _ = fjsim("report", str(run), "--out", "mine.html")
    assert code == 0
    assert "Who moved whom" in (tmp_path / "mine.html").read_text()


def test_a_report_opens_in_the_browser_when_asked(fjsim, monkeypatch) -> None:
    opened: list[Any] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    fjsim("sweep", "small.yaml", "--workers", "1")
    fjsim("report", "sweeps/small", "--open")
    assert opened[0].startswith("file:///")
