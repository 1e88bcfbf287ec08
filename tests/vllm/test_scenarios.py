"""A whole scenario through a real vLLM: as a server of ours, and inside this process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import fjsim
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.replies import reply_schema

pytestmark = pytest.mark.vllm

AGENTS, ROUNDS, QUESTIONS = 3, 3, 20
LETTERS = "ABCDE"


def scenario(block, questions, limit=QUESTIONS):
    return fjsim.Scenario(
        topology="star",
        attack="stubborn",
        agents=AGENTS,
        rounds=ROUNDS,
        questions={"source": questions, "limit": limit},
        sampling={"temperature": 1.0, "max_tokens": 256},
        backend=block,
    )


def five_option_schema():
    return reply_schema(QuestionView(question=None, order=tuple(range(5))))


def check(run, fits) -> None:
    turns = run.frames["turns"]
    assert len(turns) == 2 * QUESTIONS * AGENTS * (ROUNDS + 1)
    assert run.metrics["missing_turns"].value <= 0.05 * len(turns)
    for text in (turn.text for turn in run.contents.turns.values() if turn.text):
        fits(text, five_option_schema())
    asked = turns[~turns["shared"] & (turns["validity"] != "missing")]
    assert (asked["tokens_in"] > 0).all()
    assert (asked["tokens_out"] > 0).all()
    by_round = asked.groupby("round")[["tokens_in", "tokens_cached"]].sum()
    share = by_round["tokens_cached"] / by_round["tokens_in"]
    print("cached share of prompt tokens by round:", [round(value, 3) for value in share])
    assert by_round["tokens_cached"].iloc[-1] > by_round["tokens_cached"].iloc[0]
    assert share.iloc[1:].min() > share.iloc[0]
    seconds = run.metrics["wall_seconds"].value
    metrics = {name: estimate.text for name, estimate in run.metrics.items()}
    print(
        f"{metrics['calls']} calls, {metrics['missing_turns']} missing turns, "
        f"{metrics['tokens_in']} tokens in, {metrics['tokens_out']} out, {seconds:.0f} s"
    )


def test_whole_scenario_through_a_server_of_ours(
    server_block, questions, leftovers, fits, tmp_path
) -> None:
    run = fjsim.run(scenario(server_block, questions), out=tmp_path / "run")
    check(run, fits)
    assert leftovers() == []
    assert "Traceback" not in Path(server_block["log"]).read_text()


def test_whole_scenario_in_process(offline_block, questions, fits, tmp_path) -> None:
    check(fjsim.run(scenario(offline_block, questions), out=tmp_path / "run"), fits)


CHILD = """
import json, sys, fjsim
fjsim.run(fjsim.Scenario(**json.loads(sys.argv[1])), out=sys.argv[2])
"""


def lines_of(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_server_ends_with_a_killed_run_which_then_resumes(
    server_block, questions, leftovers, tmp_path
) -> None:
    small = scenario(server_block, questions, limit=4)
    folder, events = tmp_path / "run", tmp_path / "run" / "events.jsonl"
    command = [sys.executable, "-c", CHILD, json.dumps(small.as_dict()), str(folder)]
    with subprocess.Popen(command) as child:
        while lines_of(events) < 25 and child.poll() is None:
            time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
    before = lines_of(events)
    deadline = time.monotonic() + 60
    while leftovers() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert leftovers() == []
    resumed = fjsim.run(small, out=folder)
    assert len(resumed.contents.turns) == 2 * 4 * AGENTS * (ROUNDS + 1)
    print(f"killed with {before} lines written, resumed to {lines_of(events)}")
    assert leftovers() == []
    assert os.path.exists(server_block["log"])
