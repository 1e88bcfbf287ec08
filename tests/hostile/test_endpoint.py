"""Whatever an endpoint answers, a run ends in the right way, and the cache holds nothing bad."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import fjsim
from fjsim.backends.http.chat_format import LONGEST_NAME
from fjsim.backends.http.faults import TransientError
from fjsim.backends.http.openai_chat import OpenAIChat
from fjsim.backends.wrappers.store import ReplyStore, default_path
from fjsim.contracts import ChatMessage, Reply, Request, SampleIndex, Sampling
from fjsim.errors import BackendError

GOOD = {
    "good", "half-escaped", "half-in-text", "half-model", "half-finish", "model-nested",
    "model-number", "model-long", "tokens-1e999", "tokens-infinity", "tokens-nan", "tokens-huge",
    "tokens-5000", "tokens-text", "tokens-list", "content-list", "gzip", "deflate", "chunked",
    "duplicate-keys", "int5000-extra",
}  # fmt: skip
"""Answers whose statement is sound: what is odd about them counts as not given."""

UNREADABLE = {
    "empty", "null-content", "prose", "cut-json", "int5000", "int400", "braces", "quoted-braces",
    "keys", "fence", "nested-lists", "nested-answer", "nested-belief", "nested-reason",
    "belief-null", "belief-1e308", "belief-nan", "belief-inf", "think-unfinished",
}  # fmt: skip
"""Chat completions whose text is no statement."""


def scenario(url: str, **backend: Any) -> fjsim.Scenario:
    return fjsim.Scenario(
        topology="complete",
        agents=2,
        rounds=1,
        questions={"source": "builtin", "limit": 1},
        max_missing=1.0,
        backend={
            "kind": "openai",
            "model": "m",
            "base_url": url,
            "timeout": 20,
            "total_timeout": 20,
            "max_attempts": 1,
            **backend,
        },
    )


def ask(url: str, **fields: Any) -> Reply:
    async def one() -> Reply:
        backend = OpenAIChat(model="m", base_url=url, **fields)
        try:
            return await backend.complete(
                Request((ChatMessage("user", "?"),), None, Sampling(), SampleIndex(0, 0, 0))
            )
        finally:
            await backend.close()

    return asyncio.run(one())


def ended(run: Any) -> int | BackendError:
    """Return the missing turns of a run, or why it stopped."""
    try:
        return int(run().metrics["missing_turns"].value)
    except BackendError as error:
        return error


def kept_replies() -> int:
    store = ReplyStore(default_path())
    try:
        return sum(count.replies for count in store.counts())
    finally:
        store.close()


def test_every_answer_ends_a_run_in_a_way_that_has_a_name(
    hostile: Any, answer: str, tmp_path: Path
) -> None:
    elsewhere = hostile.asked["good"]
    end = ended(lambda: fjsim.run(scenario(hostile.url(answer)), out=tmp_path / "run"))
    assert (end == 0) == (answer in GOOD)
    assert isinstance(end, BackendError) == (answer not in GOOD | UNREADABLE)
    if isinstance(end, BackendError):
        assert str(end).isprintable()
        assert len(str(end)) < 1000
    else:
        assert json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
        assert (tmp_path / "run" / "turns.csv").read_text(encoding="utf-8")
    if answer != "good":
        assert hostile.asked["good"] == elsewhere, "nobody follows a redirect"
    if answer not in GOOD:
        assert kept_replies() == 0


def check_the_openai_package(hostile: Any, answer: str) -> None:
    elsewhere = hostile.asked["good"]
    if answer in GOOD | UNREADABLE:
        reply, ours = ask(hostile.url(answer), client="openai"), ask(hostile.url(answer))
        assert (reply.text, reply.usage, reply.model) == (ours.text, ours.usage, ours.model)
        return
    with pytest.raises(BackendError) as caught:
        ask(hostile.url(answer), client="openai", timeout=20)
    assert str(caught.value).isprintable()
    assert hostile.asked["good"] == elsewhere, "nobody follows a redirect"


@pytest.mark.parametrize(
    "answer",
    [
        "braces-1MB", "half-model", "tokens-1e999", "tokens-5000", "model-nested", "gzip", "brotli",
        "nested-100000", "chunk-bad", "header-10MB", "no-http", "redirect", "redirect-307",
        "error-nested", "error-half", "retry-date-huge",
    ],
)  # fmt: skip
def test_the_openai_package_meets_the_same_end(hostile: Any, answer: str) -> None:
    check_the_openai_package(hostile, answer)


@pytest.mark.slow
def test_the_openai_package_meets_every_answer_in_the_same_way(hostile: Any, answer: str) -> None:
    check_the_openai_package(hostile, answer)


def test_what_is_odd_about_a_good_answer_is_cut_or_left_out(hostile: Any) -> None:
    assert ask(hostile.url("half-model")).model == "m\ufffd"
    assert ask(hostile.url("half-finish")).finish_reason == "st\ufffdop"
    assert len(ask(hostile.url("model-long")).model) == LONGEST_NAME
    assert ask(hostile.url("model-nested")).model == ""
    for fault in ("1e999", "infinity", "nan", "huge", "5000", "text", "list"):
        assert ask(hostile.url(f"tokens-{fault}")).usage.tokens_in == 0


SPEAKERS = pytest.mark.parametrize("client", ["aiohttp", "openai"])


ASK_ONE = """
import resource, sys
from test_endpoint import TransientError, ask

ask(sys.argv[1].format("good"), client=sys.argv[3])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    ask(sys.argv[1].format(sys.argv[2]), client=sys.argv[3])
except TransientError as error:
    print(error)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(grown // 1024 if sys.platform != "darwin" else grown // 2**20)
"""


@SPEAKERS
@pytest.mark.parametrize("flood", ["flood", "flood-counted", "flood-chunks", "flood-error", "bomb"])
def test_a_body_without_end_is_given_up_before_it_fills_the_memory(
    hostile: Any, flood: str, client: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK_ONE, hostile.url("{}"), flood, client],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        cwd=Path(__file__).parent,
    )
    words, grown = done.stdout.strip().rsplit("\n", 1)
    assert "more than 8 MiB" in words
    assert int(grown) < 100
    assert "Unclosed" not in done.stderr


@SPEAKERS
@pytest.mark.parametrize("drip", ["drip-body", "drip-head", "hang"])
def test_a_body_in_drips_ends_at_the_timeout(hostile: Any, drip: str, client: str) -> None:
    with pytest.raises(TransientError, match=r"no reply within 0.5 s"):
        ask(hostile.url(drip), client=client, timeout=0.5)


def command(url: str, out: Path, *more: str) -> list[str]:
    # A shell in the background ignores Ctrl-C, and hands that down to its children.
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{hears}; from fjsim.cli import main; main()"
    return [
        sys.executable, "-c", code, "run", "--topology", "complete", "--agents", "3", "--rounds",
        "1", "--limit", "4", "--backend", "openai", "--model", "m", "--base-url", url,
        "--out", str(out), *more,
    ]  # fmt: skip


@pytest.mark.parametrize("fault", ["int5000~4", "half-escaped~4"])
def test_a_run_with_a_bad_reply_among_good_ones_ends_and_starts_again(
    hostile: Any, fault: str, tmp_path: Path
) -> None:
    for name in ("run", "run", "another"):
        done = subprocess.run(
            command(hostile.url(fault), tmp_path / name),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Unclosed" not in done.stderr
        assert (tmp_path / name / "turns.csv").read_text(encoding="utf-8").count("\n") == 25


@pytest.mark.parametrize("fault", ["braces", "fence", "nested-lists"])
def test_no_reply_holds_up_the_end_of_a_run(hostile: Any, fault: str, tmp_path: Path) -> None:
    # Read by the square of its length, one such reply takes minutes, and nothing stops it.
    done = subprocess.run(
        command(hostile.url(fault), tmp_path / "run", "--set", "backend.max_attempts=2"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (1, 3)
    assert "Traceback" not in done.stderr
    assert "Unclosed" not in done.stderr


@pytest.mark.parametrize(
    ("fault", "client"),
    [("nested-lists", "aiohttp"), ("flood", "aiohttp"), ("flood", "openai")],
)
def test_ctrl_c_is_heard_whatever_the_server_says(
    hostile: Any, fault: str, client: str, tmp_path: Path
) -> None:
    url = hostile.url(f"{fault}~1-{client}")
    arguments = ["--limit", "100", "--set", "backend.max_concurrency=4"]
    process = subprocess.Popen(
        command(url, tmp_path / "run", *arguments, "--set", f"backend.client={client}"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        wait_for(lambda: hostile.asked[url.split("/")[3]] >= 4 or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "Unclosed" not in errors


def wait_for(holds: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
