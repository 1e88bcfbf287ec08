"""What is imported from ``fjsim``: complete, typed, and at home in a notebook."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fjsim
from fjsim.blocking import outcome_of
from fjsim.errors import ConfigError, UnknownNameError
from fjsim.scenario import Scenario

Make = Callable[..., Scenario]
ROOT = Path(__file__).parents[1]
QUICK: dict[str, Any] = {
    "topology": "star",
    "attack": "stubborn",
    "agents": {"kind": "numeric", "count": 4},
    "questions": {"limit": 4},
    "rounds": 2,
}


def test_every_public_name_is_there_and_nothing_else_shows() -> None:
    assert dir(fjsim) == sorted(fjsim.__all__)
    for name in fjsim.__all__:
        assert getattr(fjsim, name) is not None
    promised = (
        "Estimate Measured Takeover Equilibrium SweepResult Run Transcript FJFit load_sweep "
        "load_sweep_result load_transcript load_run read_log plugins run_async run_sweep_async "
        "evaluate_defenses_async"
    )
    assert set(promised.split()) <= set(fjsim.__all__)
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", fjsim.__version__)


def test_the_program_of_readme_is_typed_and_a_wrong_one_is_not(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(code)
    wrong.write_text("import fjsim\n\nfjsim.run({}).metrics['calls'].nothing\nfjsim.fit(7)\n")
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, str(right), str(wrong)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=570,
    )  # fmt: skip
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(errors) == 2, done.stdout + done.stderr
    assert all("wrong.py" in line for line in errors)


def test_a_run_takes_a_scenario_its_values_or_its_file(tmp_path: Path) -> None:
    scenario = Scenario(**QUICK)
    path = tmp_path / "s.yaml"
    path.write_text(scenario.to_yaml())
    beliefs = fjsim.run(scenario).transcript.beliefs
    for given in (QUICK, path, str(path)):
        np.testing.assert_array_equal(fjsim.run(given).transcript.beliefs, beliefs)


@pytest.mark.parametrize("given", [7, None, ["star"], {1: 2}, object, b"s.yaml"])
def test_what_is_no_scenario_is_one_sentence(given: Any) -> None:
    judged: Any = [["none"], ["stubborn"]]
    for call in (fjsim.run, lambda it: fjsim.evaluate_defenses(it, *judged)):
        with pytest.raises(ConfigError, match="a scenario is wanted, and this is") as told:
            call(given)
        assert "\n" not in str(told.value)
    with pytest.raises(ConfigError, match="a sweep is wanted, and this is"):
        fjsim.run_sweep(given)
    with pytest.raises(ConfigError, match="a recorded deliberation is wanted, and this is"):
        fjsim.fit(given)


def test_a_fit_takes_a_run_a_transcript_a_folder_or_a_log(tmp_path: Path) -> None:
    run = fjsim.run(QUICK, out=tmp_path / "r")
    expected = fjsim.fit(run.arms["clean"], resamples=0)
    for source in (run, fjsim.load_run(tmp_path / "r"), tmp_path / "r", str(tmp_path / "r")):
        fitted = fjsim.fit(source, resamples=0)
        np.testing.assert_allclose(fitted.rows, expected.rows)
    attacked = fjsim.run({**QUICK, "baseline": False})
    rows = fjsim.fit(attacked.transcript, resamples=0).rows
    np.testing.assert_allclose(fjsim.fit(attacked, resamples=0).rows, rows)
    path = tmp_path / "log.csv"
    rng = np.random.default_rng(0)
    lines = ["item_id,agent_id,round,opinion"]
    lines += [
        f"q{item},{agent},{number},{rng.random():.3f}"
        for item in range(6) for number in range(3) for agent in ("ann", "bob")
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    log = fjsim.read_log(path)
    from_log = fjsim.fit(log, resamples=0)
    np.testing.assert_allclose(fjsim.fit(path, resamples=0).rows, from_log.rows)
    assert from_log.warnings[: len(log.warnings)] == log.warnings


def test_long_calls_work_inside_a_running_event_loop(tmp_path: Path) -> None:
    async def cell() -> tuple[Any, ...]:
        return (
            fjsim.run(QUICK),
            fjsim.run_sweep({"base": QUICK, "attacks": ["stubborn"]}),
            fjsim.evaluate_defenses(QUICK, ["none"], ["stubborn"], seeds=1),
            await fjsim.run_async(QUICK),
            await fjsim.run_sweep_async({"base": QUICK, "attacks": ["stubborn"]}),
            await fjsim.evaluate_defenses_async(QUICK, ["none"], ["stubborn"], seeds=1),
        )

    run, swept, judged, run_too, swept_too, judged_too = asyncio.run(cell())
    assert run.measured.as_dict("clean") == run_too.measured.as_dict("clean")
    assert run.measured.as_dict("clean") == fjsim.run(QUICK).measured.as_dict("clean")
    for one in (swept, judged, swept_too, judged_too):
        assert isinstance(one, fjsim.SweepResult)
        assert (
            one.table["attack_success_rate"].tolist() == swept.table["attack_success_rate"].tolist()
        )


def test_an_error_inside_a_running_event_loop_is_the_callers() -> None:
    async def cell() -> None:
        fjsim.run({"topology": "nowhere"})

    with pytest.raises(UnknownNameError, match="no topology 'nowhere'"):
        asyncio.run(cell())
    with pytest.raises(UnknownNameError) as told:
        fjsim.run({"topology": "nowhere"})
    assert told.value.__context__ is None


NAME: ContextVar[str] = ContextVar("NAME", default="nobody")


def test_the_callers_context_is_seen_and_not_changed() -> None:
    async def work() -> str:
        seen = NAME.get()
        NAME.set("work")
        return seen

    async def cell() -> tuple[str, str]:
        NAME.set("caller")
        return outcome_of(work()), NAME.get()

    assert asyncio.run(cell()) == ("caller", "caller")


@pytest.mark.parametrize("how", ["asyncio.run", "a loop that runs for ever", "no loop"])
def test_ctrl_c_stops_the_work_before_it_reaches_the_caller(how: str) -> None:
    stopped: list[str] = []

    async def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            stopped.append("stopped")

    async def cell() -> None:
        outcome_of(work())

    def in_a_loop_of_its_own() -> None:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(cell())
        finally:
            loop.close()

    ways = {
        "asyncio.run": lambda: asyncio.run(cell()),
        "a loop that runs for ever": in_a_loop_of_its_own,
        "no loop": lambda: outcome_of(work()),
    }
    with pytest.raises(KeyboardInterrupt):
        ways[how]()
    assert stopped == ["stopped"]


def test_a_cancelled_sweep_ends_with_the_run_under_way_and_keeps_it(tmp_path: Path) -> None:
    sweep = fjsim.Sweep(base=QUICK, attacks=["stubborn"], topologies=["star", "complete", "ring"])
    done: list[int] = []

    async def cell() -> None:
        task = asyncio.create_task(
            fjsim.run_sweep_async(sweep, tmp_path, watch=lambda n, _: done.append(n))
        )
        while not done or not done[-1]:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cell())
    n_kept = len(list(tmp_path.glob("cells/*/cell.json")))
    assert 1 <= n_kept < 3
    assert len(fjsim.run_sweep(sweep, tmp_path).table) == 3


def test_plugins_are_listed_with_one_line_each() -> None:
    defenses = fjsim.plugins("defense")
    assert fjsim.plugins("defenses") == defenses
    assert {"none", "trust-adaptive"} <= {one.name for one in defenses}
    assert fjsim.plugins("metric")[0].name == "attack_success_rate"
    for kind in ("agent", "topology", "router", "attack", "backend", "estimator"):
        for one in fjsim.plugins(kind):
            assert one.kind == kind
            assert one.summary
            assert "\n" not in one.summary
    with pytest.raises(ConfigError, match=r"no kind of plug-in 'defence'.*did you mean 'defense'"):
        fjsim.plugins("defence")
