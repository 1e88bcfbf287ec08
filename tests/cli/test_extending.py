"""What the command says of a run that grows, and of a warm-up that a policy raises."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from fjsim.records import EVENTS, SCENARIO, read_log

Call = Callable[..., Any]


def test_the_command_refuses_an_extension_in_one_line_and_in_a_dry_run_too(
    fjsim: Call, tmp_path: Path
) -> None:
    command = ("run", "--defense", "t-s", "--agents", 3, "--rounds", 1, "--out", "r")
    assert fjsim(*command, "--limit", 4).code == 0
    for more in ((), ("--dry-run",)):
        printed = fjsim(*command, "--limit", 8, *more)
        assert printed.code == 2
        assert "defense t-s learns from one question to the next" in printed.error
    assert len(read_log(tmp_path / "r" / EVENTS).items) == 4


def test_a_raised_warm_up_is_said_and_recorded(fjsim: Call, tmp_path: Path) -> None:
    command = (
        "run", "--defense", "t-w", "--set", "warmup=3", "--agents", 3, "--rounds", 1,
        "--limit", 12, "--out", "r",
    )  # fmt: skip
    line = "warmup is 10 instead of 3: defense t-w asks for that many"
    dry = fjsim(*command, "--dry-run")
    assert line in dry.err
    assert "warm-up questions" in dry.out
    assert json.loads(fjsim(*command, "--dry-run", "--json").out)["warmup"] == 10
    printed = fjsim(*command, "--json")
    assert line in printed.err
    assert json.loads(printed.out)["scenario"]["warmup"] == 10
    assert yaml.safe_load((tmp_path / "r" / SCENARIO).read_text())["warmup"] == 10
    assert "warmup is" not in fjsim(*command, "--set", "warmup=10", "--json").err
