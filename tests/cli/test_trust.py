"""A file from somebody else starts nothing, sends no key and writes nowhere, unless trusted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
QUICK = "agents: 2\nrounds: 1\nquestions: {limit: 1}\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that leaves a trace when it runs."""
    path = tmp_path / "serve.sh"
    path.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def hostile(tmp_path: Path, program: Path) -> Path:
    path = tmp_path / "hostile.yaml"
    path.write_text(
        f"{QUICK}backend: {{kind: vllm, model: m, executable: {program}, "
        f"log: {tmp_path}/owned.log, environment: {{LD_PRELOAD: x.so}}, startup_timeout: 5}}\n"
    )
    return path


def test_a_scenario_starts_no_program_and_writes_no_file_of_its_choice(
    fjsim: Call, hostile: Path, tmp_path: Path
) -> None:
    printed = fjsim("run", hostile)
    assert printed.code == 2
    for asked in ("backend.executable: starts", "backend.log: writes", "LD_PRELOAD", "--trust"):
        assert asked in printed.error
    assert not any((tmp_path / name).exists() for name in ("ran", "owned.log", "runs"))


def test_trust_lets_it_and_what_was_typed_needs_none(
    fjsim: Call, hostile: Path, program: Path, tmp_path: Path
) -> None:
    assert fjsim("run", hostile, "--trust").code == 3
    assert (tmp_path / "ran").exists()
    (tmp_path / "ran").unlink()
    plain = tmp_path / "plain.yaml"
    plain.write_text(QUICK)
    typed = ("--backend", "vllm", "--model", "m", "--set", f"backend.executable={program}")
    assert fjsim("run", plain, *typed).code == 3
    assert (tmp_path / "ran").exists()


def test_typing_one_key_does_not_trust_the_others(fjsim: Call, hostile: Path) -> None:
    printed = fjsim("run", hostile, "--set", "backend.executable=/bin/true")
    assert printed.code == 2
    assert "backend.executable" not in printed.error
    assert "backend.log" in printed.error


def test_a_dry_run_lists_what_would_need_trust(fjsim: Call, hostile: Path, tmp_path: Path) -> None:
    printed = fjsim("run", hostile, "--dry-run", "--json")
    assert printed.code == 0
    asked = json.loads(printed.out)["needs_trust"]
    assert [line.split(":")[0] for line in asked] == [
        "backend.model", "backend.executable", "backend.environment", "backend.log",
    ]  # fmt: skip
    assert "needs --trust" in fjsim("run", hostile, "--dry-run").out
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("answer", "code"), [("y\n", 3), ("n\n", 2)], ids=["confirmed", "declined"]
)
def test_on_a_terminal_it_is_asked(
    fjsim: Call, hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    answer: str, code: int,
) -> None:  # fmt: skip
    asked = []
    monkeypatch.setattr("fjsim.cli.trusting._is_terminal", lambda: True)

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        return answer == "y\n"

    monkeypatch.setattr("typer.confirm", confirm)
    assert fjsim("run", hostile).code == code
    assert asked == ["Trust this file?"]
    assert (tmp_path / "ran").exists() == (code == 3)


def backend(**values: str) -> str:
    listed = ", ".join(f"{name}: {value!r}" for name, value in values.items())
    return f"{QUICK}backend: {{kind: openai, model: m, max_attempts: 1, {listed}}}\n"


@pytest.mark.parametrize(
    ("values", "typed", "refused"),
    [
        ({"base_url": "http://127.0.0.1:9/v1", "api_key_env": "AWS_SECRET_ACCESS_KEY"}, (), True),
        ({"base_url": "http://127.0.0.1:9/v1", "api_key_env": "OPENAI_API_KEY"}, (), True),
        ({"base_url": "http://127.0.0.1:9/v1", "api_key_env": "ANY_NAME"}, (), True),
        ({"base_url": "http://api.openai.com/v1", "api_key_env": "OPENAI_API_KEY"}, (), True),
        ({"base_url": "https://api.openai.com.evil.example/v1", "api_key_env": "OPENAI_API_KEY"},
         (), True),
        ({"api_key_env": "GITHUB_TOKEN"}, (), True),
        ({"base_url": "http://127.0.0.1:9/v1"}, (), False),
        ({"base_url": "http://127.0.0.1:9/v1"}, ("backend.api_key_env=ANY_NAME",), False),
        # The name of a well-known key says nothing about where a file sends it.
        ({"base_url": "http://127.0.0.1:9/v1"}, ("backend.api_key_env=OPENAI_API_KEY",), True),
        ({"api_key_env": "ANY_NAME"}, ("backend.base_url=http://127.0.0.1:9/v1",), True),
        ({}, ("backend.api_key_env=OPENAI_API_KEY", "backend.base_url=http://127.0.0.1:9/v1"),
         False),
        ({"base_url": "https://api.groq.com/openai/v1", "api_key_env": "GROQ_API_KEY"}, (), False),
        ({}, (), False),
    ],
)  # fmt: skip
def test_a_key_goes_to_its_own_host_or_where_the_user_says(
    fjsim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    values: dict[str, str], typed: tuple[str, ...], refused: bool,
) -> None:  # fmt: skip
    path = tmp_path / "s.yaml"
    path.write_text(backend(**values))
    settings = [part for one in typed for part in ("--set", one)]
    expected = json.loads(fjsim("run", path, "--dry-run", "--json", *settings).out)
    assert bool(expected["needs_trust"]) == refused
    if refused:
        printed = fjsim("run", path, *settings)
        assert printed.code == 2
        assert "sends the key in the variable" in printed.error
        assert not (tmp_path / "runs").exists()


def test_the_backend_of_one_agent_is_asked_about_too(fjsim: Call, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "rounds: 1\nquestions: {limit: 1}\nagents:\n- llm\n"
        "- {kind: llm, backend: {kind: openai, model: m, api_key_env: SECRET_THING}}\n"
    )
    printed = fjsim("run", path)
    assert printed.code == 2
    assert "agents.1.backend.api_key_env" in printed.error


def test_a_sweep_is_asked_before_anything_is_written(
    fjsim: Call, tmp_path: Path, program: Path
) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text(
        f"base: {{agents: 2, rounds: 1, questions: {{limit: 1}}}}\n"
        f"vary: {{reader: {{mine: {{backend: {{kind: vllm, model: m, "
        f"executable: {program}}}}}}}}}\n"
    )
    printed = fjsim("sweep", path)
    assert printed.code == 2
    assert "backend.executable" in printed.error
    assert not (tmp_path / "sweeps").exists()
    expected = json.loads(fjsim("sweep", path, "--dry-run", "--json").out)
    assert len(expected["needs_trust"]) == 2
    assert "needs --trust" in fjsim("sweep", path, "--dry-run").out
    assert not (tmp_path / "ran").exists()
    assert fjsim("sweep", path, "--trust").code == 3
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", [".", "..", "..."])
def test_a_sweeps_name_leads_to_no_other_folder(fjsim: Call, tmp_path: Path, name: str) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text(f"name: '{name}'\nbase: {{agents: {{kind: numeric, count: 2}}, rounds: 1}}\n")
    before = sorted(os.listdir(tmp_path))
    assert fjsim("sweep", path).code == 2
    assert sorted(os.listdir(tmp_path)) == before


def test_a_link_inside_a_sweeps_folder_is_not_followed_out_of_it(
    fjsim: Call, tmp_path: Path
) -> None:
    path, gift, elsewhere = tmp_path / "g.yaml", tmp_path / "gift", tmp_path / "elsewhere"
    path.write_text("base: {agents: {kind: numeric, count: 2}, rounds: 1, questions: {limit: 1}}\n")
    elsewhere.mkdir()
    gift.mkdir()
    (gift / "cells").symlink_to(elsewhere)
    printed = fjsim("sweep", path, "--out", gift)
    assert printed.code == 5
    assert "leads out of it" in printed.error
    assert list(elsewhere.iterdir()) == []


def test_a_run_folder_does_not_put_a_file_from_elsewhere_into_its_report(
    fjsim: Call, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    private.write_text("PRIVATE WORDS")
    fjsim("run", "--limit", "1", "--rounds", "1", "--agents", "2", "--out", "gift")
    (tmp_path / "gift" / "scenario.yaml").unlink()
    (tmp_path / "gift" / "scenario.yaml").symlink_to(private)
    printed = fjsim("report", "gift")
    assert printed.code == 5
    assert "PRIVATE" not in printed.err


@pytest.mark.parametrize(
    "block",
    [
        "questions: {path}.jsonl",
        "budget: {{prices: {path}}}",
        "topology: {{kind: from-file, path: {path}}}",
        "topology: {{kind: from-file, path: {path}, format: adjacency}}",
    ],
)
def test_a_private_file_that_a_scenario_names_is_not_repeated(
    fjsim: Call, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, block: str
) -> None:
    home = tmp_path_factory.mktemp("home")
    for name in ("private", "private.jsonl"):
        (home / name).write_text(
            'a b PRIVATE1\n{"question": "q", "options": ["a", "b"], "answer": "PRIVATE2"}\n'
        )
    path = tmp_path / "s.yaml"
    path.write_text(f"agents: 2\nrounds: 1\n{block.format(path=home / 'private')}\n")
    printed = fjsim("run", path)
    assert printed.code == 2
    assert "not repeated" in printed.error
    assert "PRIVATE" not in printed.err


def test_a_sweeps_base_that_is_no_scenario_is_not_repeated(fjsim: Call, tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("password: PRIVATE\nrounds: PRIVATE\n")
    (tmp_path / "grid.yaml").write_text("base: secrets.yaml\n")
    printed = fjsim("sweep", "grid.yaml")
    assert printed.code == 2
    assert "no valid scenario" in printed.error
    assert "PRIVATE" not in printed.err


def test_a_scenario_names_no_endless_file(fjsim: Call, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for file in ("/dev/zero", "pipe"):
        (tmp_path / "s.yaml").write_text(f"topology: {{kind: from-file, path: {file}}}\n")
        printed = fjsim("run", "s.yaml")
        assert printed.code == 2
        assert "no ordinary file" in printed.error


def test_in_python_a_loaded_scenario_keeps_its_origin_and_one_made_in_code_has_none(
    hostile: Path,
) -> None:
    import fjsim
    from fjsim.errors import TrustError
    from fjsim.runs.trust import demands

    loaded = fjsim.load_scenario(hostile)
    with pytest.raises(TrustError, match=r"trust=True"):
        fjsim.run(loaded)
    with pytest.raises(TrustError):
        fjsim.run(loaded.with_values(seed=3))
    with pytest.raises(TrustError):
        fjsim.evaluate_defenses(loaded, ["none"], ["stubborn"], seeds=1)
    made = fjsim.Scenario(**loaded.as_dict())
    assert made == loaded
    assert hash(made.topology) == hash(loaded.topology)
    for trusted in (made, fjsim.load_scenario(hostile, trust=True), loaded.coming_from(None)):
        assert demands(trusted) == ()


def test_an_origin_goes_over_to_another_process(hostile: Path) -> None:
    import pickle

    import fjsim

    loaded = fjsim.load_scenario(hostile)
    assert pickle.loads(pickle.dumps(loaded)).origin == loaded.origin


def test_a_plug_in_of_any_kind_may_ask_for_trust(
    fjsim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fjsim.contracts import Demand
    from fjsim_attacks.stubborn import Stubborn

    asked = (Demand(("certainty",), "loads something"),)
    monkeypatch.setattr(Stubborn, "demands", lambda _: asked, raising=False)
    path = tmp_path / "s.yaml"
    path.write_text(f"{QUICK}attack: stubborn\n")
    printed = fjsim("run", path)
    assert printed.code == 2
    assert "attack.certainty: loads something" in printed.error
    assert fjsim("run", path, "--attack", "stubborn").code == 0
