"""A sweep that is stopped from outside, in processes of its own."""

import os
import signal
import subprocess
import sys
import time

import pytest

SWEEP = """# Does it come back?
name: long
base:
  agents: {kind: numeric, count: 6}
  questions: {limit: 100}
  rounds: 10
  attack: stubborn
  events: full
topologies: [star, complete, ring, chain, wheel]
seeds: 4
"""
START = 60
# What is started in the background may have Ctrl-C ignored, and hands that down to its children.
COMMAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from fjsim.cli import main
main()
"""


def started(folder):
    """Start a sweep in two workers and wait until both write."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "sweep", "long.yaml", "--workers", "2"],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )
    until = time.monotonic() + START
    while time.monotonic() < until:
        logs = list(folder.glob("sweeps/long/cells/*/events.jsonl"))
        if len(logs) >= 2 and all(log.stat().st_size > 10_000 for log in logs):
            return process
        time.sleep(0.05)
    process.kill()
    pytest.fail("the sweep did not start")


def workers_of(folder):
    """Return the processes that still work in a folder."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{name}/cwd") == str(folder):
                found.append(int(name))
        except OSError:
            continue
    return found


def gone(folder) -> bool:
    until = time.monotonic() + 30
    while workers_of(folder) and time.monotonic() < until:
        time.sleep(0.1)
    return not workers_of(folder)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_are_one_line_and_exit_code_130(tmp_path, number) -> None:
    (tmp_path / "long.yaml").write_text(SWEEP)
    process = started(tmp_path)
    # A terminal sends it to the whole group, and so may a scheduler.
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "resumes" in err
    assert "Traceback" not in err
    assert gone(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc")
def test_a_killed_sweep_leaves_no_worker_and_no_locked_folder(tmp_path) -> None:
    (tmp_path / "long.yaml").write_text(SWEEP)
    process = started(tmp_path)
    process.kill()
    process.communicate(timeout=60)
    assert gone(tmp_path)
    again = started(tmp_path)
    again.terminate()
    again.communicate(timeout=60)
    assert gone(tmp_path)
