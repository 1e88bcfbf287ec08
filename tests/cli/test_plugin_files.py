"""Plug-ins from a file: named on the command line, in a sweep, on the page; run only if allowed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fjsim import plugin_files, registry
from fjsim.cli.new import TRIED
from fjsim.errors import PluginError
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario

Call = Callable[..., Any]
TEAM = "agents: {kind: numeric, count: 4}\nrounds: 1\nquestions: {limit: 3}\n"


@pytest.fixture(autouse=True)
def forgotten_afterwards() -> Iterator[None]:
    """What a test loads is loaded no more in the next."""
    yield
    for module in list(registry._files):
        registry._taken_out(module)
    plugin_files._loaded.clear()


@pytest.fixture
def mine(fjsim: Call, tmp_path: Path) -> Path:
    """A file with one of each kind, as `fjsim new` writes them."""
    for kind in TRIED:
        assert fjsim("new", kind, f"my-{kind}").code == 0
    path = tmp_path / "mine.py"
    path.write_text("\n\n".join((tmp_path / f"my_{kind}.py").read_text() for kind in TRIED))
    return path


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """A file that leaves a trace when it runs."""
    path = tmp_path / "marked.py"
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    return path


def test_one_of_each_from_a_file_plays_is_listed_and_stands_on_the_page(
    fjsim: Call, mine: Path, tmp_path: Path
) -> None:
    named = [f"--{kind}=my-{kind}" for kind in ("attack", "defense", "router", "topology")]
    flags = ("--agents=4", "--rounds=1", "--limit=3", "--set", "agents.kind=my-agent", "--out=run")
    printed = fjsim("run", "--plugin", "mine.py", *named, *flags, "--json")
    assert printed.code == 0, printed.err
    told = json.loads(printed.out)
    assert told["metrics"]["my-metric"]["value"] == 1
    (kept,) = told["scenario"]["plugins"]
    assert (kept["file"], len(kept["digest"])) == ("mine.py", 16)
    listed = fjsim("list", "attacks", "--plugin", "mine.py").out
    assert "my-attack (mine.py)" in listed
    assert fjsim("report", "run", "--plugin", "mine.py").code == 0
    assert "my-metric" in (tmp_path / "run" / "report.html").read_text()


def test_one_of_each_from_a_file_is_swept_by_two_processes(
    fjsim: Call, mine: Path, tmp_path: Path
) -> None:
    (tmp_path / "grid.yaml").write_text(
        "base:\n  agents: {kind: my-agent, count: 4}\n  rounds: 1\n  questions: {limit: 3}\n"
        "attacks: [my-attack, {kind: 'mine.py:MyAttack', certainty: 0.8}]\n"
        "defenses: [none, my-defense]\nrouters: my-router\ntopologies: my-topology\n"
    )
    printed = fjsim("sweep", "grid.yaml", "--plugin", "mine.py", "--workers", "2", "--json")
    assert printed.code == 0, printed.err
    table = json.loads(printed.out)["table"]
    assert len(table) == 4
    assert all(row["my-metric"] == 1 for row in table)


def test_the_hash_of_a_run_changes_with_the_source_of_its_plug_ins(mine: Path) -> None:
    def hash_of(**values: Any) -> str:
        return resolve(Scenario(attack="my-attack", questions={"limit": 2}, **values)).hash

    first = hash_of(plugins=["mine.py"])
    assert hash_of() == first, "a name from a file stands for its source too"
    held = resolve(Scenario(plugins=["mine.py"], questions={"limit": 2})).scenario
    mine.write_text(mine.read_text() + "\n# mended\n")
    assert hash_of(plugins=["mine.py"]) != first
    with pytest.raises(PluginError, match="has changed since"):
        resolve(held)


def test_a_scenario_runs_no_file_that_its_user_has_not_allowed(
    fjsim: Call, marked: Path, tmp_path: Path
) -> None:
    hidden = "defense: {kind: rollback, defense: {kind: 'marked.py:X'}}\n"
    for asked in ("plugins: [marked.py]\n", "attack: marked.py:X\n", hidden):
        (tmp_path / "theirs.yaml").write_text(TEAM + asked)
        for more in ((), ("--dry-run",), ("--plugin", "other.py")):
            (tmp_path / "other.py").write_text("")
            printed = fjsim("run", "theirs.yaml", *more)
            assert printed.code == 2
            assert "asks to run the code of 'marked.py'" in printed.error
    (tmp_path / "grid.yaml").write_text("base: {plugins: [marked.py]}\n")
    assert "asks to run the code" in fjsim("sweep", "grid.yaml").error
    assert not (tmp_path / "ran").exists()


def test_trust_or_a_typed_name_lets_a_file_run(fjsim: Call, marked: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(TEAM + "plugins: [marked.py]\n")
    assert fjsim("run", "theirs.yaml", "--trust", "--dry-run").code == 0
    assert (tmp_path / "ran").exists()


def test_a_typed_kind_names_a_class_of_a_file(fjsim: Call, mine: Path, tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text(TEAM)
    printed = fjsim("run", "plain.yaml", "--attack", "mine.py:MyAttack", "--dry-run")
    assert printed.code == 0, printed.err
    wrong = fjsim("run", "plain.yaml", "--attack", "mine.py:MyAttak")
    assert "did you mean 'MyAttack'?" in wrong.error


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1\nx +\n", "mine.py', line 2: the plug-in file fails: SyntaxError"),
        ("\n\nnowhere()\n", "mine.py', line 3: the plug-in file fails: NameError"),
        ("import sys\nsys.exit(0)\n", "mine.py', line 2: the plug-in file fails: SystemExit"),
        (
            "from fjsim.registry import register\nregister('attack', 'none')(int)\n",
            "line 2: the plug-in file fails: attack 'none' is registered by fjsim_attacks and",
        ),
    ],
)
def test_a_broken_file_is_one_line_with_its_own_line_number(
    fjsim: Call, tmp_path: Path, source: str, said: str
) -> None:
    (tmp_path / "mine.py").write_text(source)
    printed = fjsim("run", "--plugin", "mine.py")
    assert printed.code == 2
    assert said in printed.error


def test_a_plug_in_that_fails_while_it_plays_is_named_with_its_line(
    fjsim: Call, mine: Path
) -> None:
    text = mine.read_text()
    broken = "        raise KeyError('oh')"
    opening = '        """Return what a seat says this round; None plays an honest turn."""'
    mine.write_text(text.replace(opening, f"{opening}\n{broken}"))
    line = mine.read_text().splitlines().index(broken) + 1
    flags = ("--plugin", "mine.py", "--attack=my-attack", "--agents=3", "--rounds=1", "--limit=2")
    printed = fjsim("run", *flags)
    assert printed.code == 2
    assert f"'mine.py', line {line}: the plug-in fails: KeyError" in printed.error


def test_new_overwrites_nothing_and_refuses_a_name_that_is_taken(fjsim: Call) -> None:
    assert fjsim("new", "metric", "calm").code == 0
    assert "is there already" in fjsim("new", "metric", "calm").error
    assert "there is attack 'stubborn' already" in fjsim("new", "attack", "stubborn").error
    assert "did you mean 'attack'?" in fjsim("new", "atack", "x").error
    assert "does not do" in fjsim("new", "attack", "../x").error
