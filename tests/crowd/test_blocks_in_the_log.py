"""What a crowd leaves in a run folder: cut anywhere, damaged, extended, read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fjsim.crowd import schedule
from fjsim.errors import DamagedLogWarning, PluginError
from fjsim.records import read_run
from fjsim.records.lines import event_of, line_of
from fjsim.records.transcript import Transcript
from fjsim.runs.loading import load_run
from fjsim.runs.play import run
from fjsim.scenario import Scenario

TEAM: dict[str, Any] = {
    "agents": {"kind": "numeric", "count": 3},
    "attack": "stubborn",
    "questions": {"limit": 6},
    "rounds": 2,
}
ARRAYS = ("beliefs", "answers", "validity", "heard_round", "gates", "influence", "confidence")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "WINDOW", 2)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def assert_same(found: Transcript, wanted: Transcript) -> None:
    assert found.question_ids == wanted.question_ids
    for name in ARRAYS:
        np.testing.assert_allclose(
            getattr(found, name), getattr(wanted, name), rtol=0, atol=1e-12, err_msg=name
        )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crowd") / "run"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(schedule, "WINDOW", 2)
        run({**TEAM, "defense": "trust-adaptive"}, folder)
    return folder


def kinds(folder: Path) -> list[str]:
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    return [event_of(line)[0] for line in lines]


def test_a_run_of_numeric_agents_keeps_blocks_and_no_turns(whole: Path) -> None:
    assert kinds(whole).count("block") == 6
    assert not {"turn", "item"} & {*kinds(whole)}
    assert not (whole / "turns.csv").exists()
    assert len(read_run(whole).turns) == 2 * 6 * 3 * 3


def test_a_full_log_of_the_same_run_says_the_same(whole: Path, tmp_path: Path) -> None:
    full = {**TEAM, "defense": "trust-adaptive", "events": "full"}
    loop = run(full, tmp_path / "full")
    found = load_run(whole)
    assert {"turn", "item"} < {*kinds(tmp_path / "full")}
    for arm in ("attacked", "clean"):
        assert_same(found.arms[arm], loop.arms[arm])
    plain = {name: one for name, one in found.metrics.items() if name != "wall_seconds"}
    for name, one in plain.items():
        assert one.value == pytest.approx(loop.metrics[name].value, abs=1e-9), name
    table = found.frames["turns"]
    assert len(table) == len(loop.frames["turns"])


@pytest.mark.parametrize("cut", [0.1, 0.4, 0.75, 0.99])
def test_a_run_cut_anywhere_goes_on_to_the_same_end(
    whole: Path, tmp_path: Path, cut: float
) -> None:
    folder, log = tmp_path / "run", (whole / "events.jsonl").read_bytes()
    folder.mkdir()
    (folder / "scenario.yaml").write_bytes((whole / "scenario.yaml").read_bytes())
    (folder / "events.jsonl").write_bytes(log[: int(cut * len(log))])
    again = run({**TEAM, "defense": "trust-adaptive"}, folder)
    wanted = load_run(whole)
    for arm in ("attacked", "clean"):
        assert_same(again.arms[arm], wanted.arms[arm])
    assert kinds(folder).count("block") == 6


@pytest.mark.filterwarnings("ignore::fjsim.errors.DamagedLogWarning")
def test_a_damaged_block_is_named_and_played_again(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("scenario.yaml", "metrics.json"):
        (folder / name).write_bytes((whole / name).read_bytes())
    lines = (whole / "events.jsonl").read_bytes().splitlines(keepends=True)
    at = kinds(whole).index("block")
    lines[at] = lines[at].replace(b"A", b"B", 1)
    (folder / "events.jsonl").write_bytes(b"".join(lines))
    with pytest.warns(DamagedLogWarning, match="checksum does not fit"):
        read_run(folder)
    again = run({**TEAM, "defense": "trust-adaptive"}, folder)
    assert again.arms["clean"].n_items == again.arms["attacked"].n_items == 6


WRONG: dict[str, tuple[str, Any]] = {
    "another arm": ("arm", "hidden"),
    "a question of another run": ("questions", ["stranger"]),
    "no list": ("questions", 3),
    "too many rounds": ("beliefs", {"shape": [99, 2, 3, 5], "data": ""}),
    "a shape of other axes": ("beliefs", {"shape": [3], "data": ""}),
    "no base64": ("answers", {"shape": [3, 2, 3], "data": "§"}),
    "another size": ("answers", {"shape": [3, 2, 3], "data": "AAAA"}),
    "no array": ("confidence", None),
    "words for other seats": ("words", [0.0]),
    "an order that is none": ("orders", [[0, 0, 0, 0, 0]] * 2),
    "no time": ("at", "soon"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_block_that_cannot_be_is_a_damaged_line(whole: Path, tmp_path: Path, case: str) -> None:
    name, value = WRONG[case]
    lines = (whole / "events.jsonl").read_bytes().splitlines(keepends=True)
    at = kinds(whole).index("block")
    kind, event = event_of(lines[at])
    lines[at] = line_of(kind, {**event, name: value})
    (tmp_path / "events.jsonl").write_bytes(b"".join(lines))
    with pytest.warns(DamagedLogWarning, match="1 damaged line is skipped"):
        contents = read_run(tmp_path)
    assert len(contents.blocks) == 5


def test_beliefs_that_are_none_are_a_damaged_line(whole: Path, tmp_path: Path) -> None:
    lines = (whole / "events.jsonl").read_bytes().splitlines(keepends=True)
    at = kinds(whole).index("block")
    kind, event = event_of(lines[at])
    beliefs = event["beliefs"]
    event["beliefs"] = {**beliefs, "data": "A" * (len(beliefs["data"]) - 2) + "=="}
    lines[at] = line_of(kind, event)
    (tmp_path / "events.jsonl").write_bytes(b"".join(lines))
    with pytest.warns(DamagedLogWarning, match="beliefs"):
        assert len(read_run(tmp_path).blocks) == 5


def test_more_replicas_are_added_to_what_is_there(tmp_path: Path) -> None:
    run(TEAM, tmp_path / "run")
    more = run({**TEAM, "replicas": 2}, tmp_path / "run")
    assert_same(more.arms["attacked"], run({**TEAM, "replicas": 2}).arms["attacked"])


def test_a_run_begun_turn_by_turn_goes_on_so(tmp_path: Path) -> None:
    run({**TEAM, "events": "full"}, tmp_path / "run")
    run({**TEAM, "replicas": 2}, tmp_path / "run")
    assert "block" not in kinds(tmp_path / "run")


def test_events_make_no_other_run_of_it() -> None:
    from fjsim.runs.resolve import resolve

    assert resolve(Scenario(**TEAM)).hash == resolve(Scenario(**TEAM, events="full")).hash


def test_what_is_no_belief_is_the_fault_of_who_states_it() -> None:
    from dataclasses import dataclass

    from fjsim.contracts import Stance
    from fjsim.crowd.schedule import play_all
    from fjsim.runs.resolve import resolve
    from fjsim.runs.runtime import team_of

    setup = resolve(Scenario(**TEAM))
    attack: Any = setup.plugins.attack

    @dataclass(frozen=True)
    class Broken(type(attack)):  # type: ignore[misc]
        def position(self, seat: int, view: Any) -> Stance:
            stated = super().position(seat, view)
            return Stance(stated.target, stated.belief * 2)

    from dataclasses import replace

    team = replace(team_of(setup), attack=Broken())
    with pytest.raises(PluginError, match="states what is no belief"):
        list(play_all(team, ("attacked",), setup.items))


def test_a_dry_run_says_why_a_run_goes_turn_by_turn(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from fjsim.cli.program import app

    path = tmp_path / "scenario.yaml"
    path.write_text(Scenario(**TEAM).to_yaml())
    asked = ["run", str(path), "--dry-run", "--json", "--out", str(tmp_path / "run")]
    assert json.loads(CliRunner().invoke(app, asked).stdout)["engine"] == "many at once"
    told = CliRunner().invoke(app, [*asked, "--set", "events=full"]).stdout
    assert json.loads(told)["engine"] == "turn by turn: the scenario asks for events: full"
