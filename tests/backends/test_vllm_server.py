import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fjsim.backends.vllm.server import VLLMServer
from fjsim.errors import BackendUnreachableError, ConfigError, StorageError

FAKE = Path(__file__).with_name("fake_vllm.py")
PATIENCE = 30


@pytest.fixture
def executable(tmp_path):
    """A ``vllm`` command that is none."""
    command = tmp_path / "vllm"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n')
    command.chmod(0o755)
    return str(command)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids) -> bool:
    deadline = time.monotonic() + PATIENCE
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(alive(pid) for pid in pids)


def child_in(log):
    return int(re.search(r"child (\d+)", log.read_text()).group(1))


def test_server_is_started_asked_and_stopped_with_its_children(executable, ask, tmp_path) -> None:
    log = tmp_path / "deep" / "server.log"
    backend = VLLMServer(
        model="tiny", executable=executable, log=str(log), serve=("--max-model-len", "64")
    )

    async def run():
        try:
            replies = await asyncio.gather(*(backend.complete(ask(str(n))) for n in range(8)))
            return replies, child_in(log)
        finally:
            await backend.close()

    replies, child = asyncio.run(run())
    assert {reply.text for reply in replies} == {"hello"}
    assert gone([child])
    assert "serve tiny --enable-prefix-caching --enable-prompt-tokens-details" in log.read_text()
    assert "--max-model-len 64 --host 127.0.0.1 --port" in log.read_text()


OWNER = """
import asyncio, sys
from fjsim.backends.vllm.server import VLLMServer
backend = VLLMServer(model="tiny", executable=sys.argv[1], log=sys.argv[2])
async def main():
    await backend.connect()
    print("up", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_server_ends_when_its_owner_is_killed(executable, tmp_path, number) -> None:
    log = tmp_path / "server.log"
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, executable, str(log)], stdout=subprocess.PIPE
    )
    with owner:
        assert owner.stdout.readline() == b"up\n"
        children = Path(f"/proc/{owner.pid}/task/{owner.pid}/children").read_text().split()
        owner.send_signal(number)
    assert gone([child_in(log), *map(int, children)])


def test_server_that_does_not_start_says_why_and_where_the_log_is(
    executable, ask, tmp_path
) -> None:
    log = tmp_path / "server.log"
    backend = VLLMServer(model="tiny", executable=executable, log=str(log), serve=("--broken",))

    async def run() -> None:
        try:
            await backend.complete(ask())
        finally:
            await backend.close()

    with pytest.raises(BackendUnreachableError, match="ValueError: no such model") as caught:
        asyncio.run(run())
    assert str(log) in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_server_that_dies_stops_the_run(executable, ask, tmp_path) -> None:
    log = tmp_path / "server.log"
    backend = VLLMServer(model="tiny", executable=executable, log=str(log))

    async def run() -> None:
        try:
            await backend.complete(ask())
            group = os.getpgid(child_in(log))
            os.killpg(group, signal.SIGKILL)
            while not backend._process.ended:
                await asyncio.sleep(0.05)
            await backend.complete(ask())
        finally:
            await backend.close()

    with pytest.raises(BackendUnreachableError, match="the vLLM server died"):
        asyncio.run(run())


def test_without_vllm_there_is_one_clear_line(ask, tmp_path) -> None:
    backend = VLLMServer(model="tiny", executable=str(tmp_path / "no-vllm"))
    with pytest.raises(ConfigError, match=r"backend\.base_url"):
        asyncio.run(backend.complete(ask()))


def test_log_that_cannot_be_written_is_a_storage_error(executable, ask, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    backend = VLLMServer(
        model="tiny", executable=executable, log=str(tmp_path / "file" / "server.log")
    )
    with pytest.raises(StorageError, match="log cannot be written"):
        asyncio.run(backend.complete(ask()))


@pytest.mark.parametrize(
    "fields",
    [
        {"environment": {"HF_TOKEN": "hf-planted"}},
        {"serve": ("--api-key", "hf-planted")},
        {"serve": ("--api-key=hf-planted",)},
    ],
)
def test_keys_for_the_server_are_refused_where_they_would_be_written_down(fields) -> None:
    with pytest.raises(ConfigError, match="environment of fjsim") as caught:
        VLLMServer(model="tiny", **fields)
    assert "hf-planted" not in str(caught.value)


def test_identity_of_a_server_of_ours_has_no_port() -> None:
    assert VLLMServer(model="tiny").identity == "vllm tiny"
    assert VLLMServer(model="tiny", serve=("--dtype", "half")).identity != "vllm tiny"
    given = VLLMServer(model="tiny", base_url="http://h:1/v1")
    assert given.identity == "http://h:1/v1 tiny"
