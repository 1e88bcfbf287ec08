"""What Ctrl-C and SIGTERM do to a command, in processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

BLOCK = """
import asyncio, signal, sys, time
signal.signal(signal.SIGINT, signal.{before})
from fjsim.cli.interruption import interruptible

async def stubborn():
    print("ready", flush=True)
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            print("asked", flush=True)

async def polite():
    print("ready", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        print("closed", flush=True)

def plain():
    print("ready", flush=True)
    time.sleep(60)

try:
    with interruptible():
        {work}
except KeyboardInterrupt:
    sys.exit(130)
"""
SIGNALS = [signal.SIGINT, signal.SIGTERM]


def begun(work: str, before: str = "default_int_handler") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", BLOCK.format(work=work, before=before)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(("work", "said"), [("asyncio.run(polite())", "closed\n"), ("plain()", "")])
def test_one_signal_ends_a_command_in_order(number: signal.Signals, work: str, said: str) -> None:
    with begun(work) as process:
        process.send_signal(number)
        assert process.communicate(timeout=30) == (said, "")
    assert process.returncode == 130


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_it_at_once(number: signal.Signals) -> None:
    with begun("asyncio.run(stubborn())") as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        process.send_signal(number)
        assert "interrupted twice" in process.communicate(timeout=30)[1]
    assert process.returncode == 130


def test_ctrl_c_stays_ignored_where_whoever_started_us_wants_that() -> None:
    with begun("asyncio.run(polite())", before="SIG_IGN") as process:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30) == ("closed\n", "")
    assert process.returncode == 130
