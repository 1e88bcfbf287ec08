"""What a command tells of itself while it works, on a terminal and in a log."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from fjsim.cli import progress
from fjsim.records import SpendingLog
from fjsim.runs.play import run_setup
from fjsim.runs.resolve import resolve
from fjsim.runs.vitals import ReadVitals, Vitals
from fjsim.scenario import Scenario
from fjsim.sweeps import run_sweep

Call = Callable[..., Any]
TEAM = {"agents": {"kind": "numeric", "count": 3}, "questions": {"limit": 2}, "rounds": 1}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], io.StringIO]:
    """Return a function that puts stderr into a text, as a terminal or as a file."""

    def put(terminal: bool) -> io.StringIO:
        text = io.StringIO()
        console = Console(
            file=text, force_terminal=terminal, width=80, height=24, color_system=None
        )
        monkeypatch.setattr(progress, "err", console)
        return text

    return put


def vitals() -> Vitals:
    return Vitals(in_flight=12, failed=3, missing=1, tokens=12_345, cost=0.5)


def test_in_a_log_a_line_now_and_then_says_where_a_command_is(
    written: Callable[[bool], io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = written(False)
    monkeypatch.setattr(progress, "EVERY", 0.01)
    told = threading.Event()
    with progress.watched("turns") as watch:
        watch.count(10, 40)
        watch.count(20, 40)
        watch.meter(vitals)
        while not told.wait(0.01):
            if text.getvalue().count("in flight") >= 2:
                told.set()
    lines = text.getvalue().splitlines()
    assert any(line.startswith("turns 20 of 40 (50%) · 0 s so far · about") for line in lines)
    assert (
        "12 calls in flight, 12,345 tokens, cost 0.50, 3 failed and retried, 1 missing" in lines[-1]
    )
    assert "\x1b" not in text.getvalue()
    assert not [thread for thread in threading.enumerate() if "_tell" in thread.name]


def test_a_short_command_writes_no_line_into_a_log(
    written: Callable[[bool], io.StringIO],
) -> None:
    text = written(False)
    with progress.watched("turns") as watch:
        watch.count(1, 1)
    assert text.getvalue() == ""


def test_on_a_terminal_a_bar_shows_the_phase_and_what_was_taken(
    written: Callable[[bool], io.StringIO],
) -> None:
    text = written(True)
    with progress.watched("reading") as watch:
        watch.begin("turns")
        watch.count(20, 40)
        watch.meter(vitals)
        assert watch._bar is not None
        watch._bar.refresh()
        shown = text.getvalue()
        watch.begin("measuring")
        watch._bar.refresh()
    assert "20/40" in shown
    assert "12 calls in flight, 12,345 tokens" in shown
    after = text.getvalue()[len(shown) :]
    assert "measuring" in after
    assert "in flight" not in after.partition("measuring")[2]


def test_a_run_tells_its_phases_and_how_it_is_doing(tmp_path: Path) -> None:
    import asyncio

    phases: list[str] = []
    counts: list[tuple[int, int]] = []
    reads: list[ReadVitals] = []
    setup = resolve(Scenario(topology="star", attack="stubborn", **{**TEAM, "agents": 3}))
    arguments = (lambda *n: counts.append(n), True, phases.append, reads.append)
    asyncio.run(run_setup(setup, tmp_path / "r", *arguments))
    assert phases == ["turns", "measuring"]
    assert counts[0] == (0, setup.expected_turns)
    assert counts[-1] == (setup.expected_turns,) * 2
    assert reads[0]().tokens > 0
    asyncio.run(run_setup(setup, tmp_path / "r", *arguments))
    assert phases[2:] == ["measuring"]


def test_calls_in_flight_are_those_that_left_and_are_not_over() -> None:
    from fjsim.contracts import Usage

    log = SpendingLog()
    one, two = log.ask("m", Usage(10, 10)), log.ask("m", Usage(10, 10))
    assert log.in_flight == 2
    log.got(one, Usage(8, 2))
    log.failed(two)
    assert log.in_flight == 0


def test_a_sweep_tells_its_phases_and_counts_what_its_search_plays() -> None:
    told: list[Any] = []
    run_sweep(
        {
            "base": TEAM,
            "attacks": ["stubborn"],
            "defenses": ["none", "fixed-trust"],
            "best_response": {"budget": 2, "confirm": 1},
        },
        watch=lambda *count: told.append(count),
        begin=told.append,
    )
    names = [one for one in told if isinstance(one, str)]
    assert names == ["cells", "best responses", "tables and intervals"]
    search = told[told.index("best responses") + 1 : told.index("tables and intervals")]
    assert [done for done, _ in search] == list(range(1, len(search) + 1))
    assert search[-1] == (6, 6)


def test_run_says_when_nothing_was_asked(fjsim: Call) -> None:
    command = ("run", "--topology", "star", "--attack", "stubborn", "--limit", "2", "--rounds", "1")
    assert "already there" not in fjsim(*command).err
    assert "all 48 turns were already there; nobody was asked" in fjsim(*command).err
    more = fjsim(*command, "--replicas", "2", "--out", str(next(Path("runs").iterdir())))
    assert "48 of 96 turns were already there" in more.err


def test_a_run_that_could_not_begin_keeps_nothing_and_says_so(fjsim: Call, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    printed = fjsim("run", "--limit", "1", "--rounds", "0", "--out", "taken/r")
    assert printed.code == 5
    assert "nothing was asked, and nothing is kept" in printed.error
    assert "resumes" not in printed.error


def test_a_run_folder_is_named_by_what_sets_the_run_apart(fjsim: Call) -> None:
    quick = ("run", "--limit", "1", "--rounds", "1", "--agents", "3", "--topology", "star")
    fjsim(*quick, "--attack", "stubborn")
    fjsim(*quick, "--attack", "stubborn", "--set", "attack.seat=leaf", "--seed", "4")
    names = sorted(one.name.rpartition("-")[0] for one in Path("runs").iterdir())
    assert names == [
        "star-stubborn-3agents-1rounds-1questions",
        "star-stubborn-leaf-3agents-1rounds-1questions-seed4",
    ]


def test_a_run_that_lies_under_an_older_name_is_found_by_its_hash(fjsim: Call) -> None:
    command = ("run", "--limit", "1", "--rounds", "0", "--agents", "3")
    fjsim(*command)
    (folder,) = Path("runs").iterdir()
    folder.rename(folder.with_name(f"complete-{folder.name.rpartition('-')[2]}"))
    assert "already there" in fjsim(*command).err
    assert len(list(Path("runs").iterdir())) == 1


def test_a_model_or_an_address_alone_means_a_served_model_and_says_so(fjsim: Call) -> None:
    dead = ("--base-url", "http://127.0.0.1:9/v1", "--set", "backend.max_attempts=1")
    printed = fjsim("run", "--limit", "1", "--model", "m", *dead)
    assert printed.code == 3
    assert "--model and --base-url without --backend: backend openai" in printed.err
    assert "give --model NAME" in fjsim("run", *dead).error
    assert "give --model NAME" in fjsim("run", "--backend", "openai").error
    assert "no parameter 'base_url'" in fjsim("run", "--backend", "simulated", *dead).error


def test_a_dry_run_says_how_long_it_will_take_and_how_that_is_known(
    fjsim: Call, tmp_path: Path
) -> None:
    import json

    quick = ("--rounds", "1", "--agents", "3", "--dry-run", "--json")
    found = json.loads(fjsim("run", *quick).out)
    assert found["seconds"] > 0
    assert "probe on this machine" in found["seconds_known_from"]
    served = json.loads(fjsim("run", "--model", "m", *quick).out)
    assert served["seconds"] is None
    assert "no finished run of this model" in served["seconds_known_from"]
    run = tmp_path / "runs" / "before"
    run.mkdir(parents=True)
    (run / "scenario.yaml").write_text("backend: {kind: openai, model: m}\n")
    counts = {"wall_seconds": 10.0, "calls": 120, "cached_calls": 20}
    (run / "metrics.json").write_text(json.dumps({"metrics": counts}))
    known = json.loads(fjsim("run", "--model", "m", *quick).out)
    assert known["seconds"] == pytest.approx(known["turns"] / 10)
    assert known["seconds_known_from"] == "the rate of before, the last run of this model"
    assert not [one for one in (tmp_path / "runs").iterdir() if one.name != "before"]


def test_compiling_is_counted_apart_and_only_once() -> None:
    from numba import njit

    from fjsim.dynamics.kernels.compiling import compile_time

    inner: Any = njit(lambda number: number + 1)
    outer: Any = njit(lambda number: inner(number) * 2)
    told: list[str] = []
    with compile_time(lambda: told.append("compiling")) as first:
        outer(1.0)
    assert first.seconds > 0
    assert told
    with compile_time() as second:
        outer(2.0)
    assert second.seconds == 0
