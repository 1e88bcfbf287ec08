"""Starting and stopping a vLLM server of our own."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from fjsim.backends.http.faults import server_words
from fjsim.backends.vllm import supervisor as vllm_supervisor
from fjsim.errors import BackendUnreachableError, ConfigError, StorageError

POLL_SECONDS = 0.25
STOP_SECONDS = 2 * vllm_supervisor.GRACE_SECONDS + 5
TAIL_BYTES = 4000

ENVIRONMENT = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
COMPACT_JSON = '{"backend":"xgrammar","disable_any_whitespace":true}'
"""Without it a model may fill its reply with blanks, which every schema allows."""

ARGUMENTS = (
    "--enable-prefix-caching",
    "--enable-prompt-tokens-details",
    "--structured-outputs-config",
    COMPACT_JSON,
)


class ServerProcess:
    """A vLLM server that ends with us.

    Parameters
    ----------
    command : sequence of str
        What starts it, without host and port.
    environment : mapping of str to str
        Added to ours.
    log : Path
        Its output; kept.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.port = free_port()
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.touch()
        except OSError as error:
            raise StorageError(f"{log}: the server's log cannot be written ({error})") from error
        self._supervisor = subprocess.Popen(
            [
                *(sys.executable, vllm_supervisor.__file__, str(log)),
                *(*command, "--host", "127.0.0.1", "--port", str(self.port)),
            ],
            stdin=subprocess.PIPE,
            env=os.environ | ENVIRONMENT | dict(environment),
            # Ctrl-C in the terminal is for us; the server is stopped after its last replies.
            start_new_session=True,
        )

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._supervisor.poll() is not None

    async def healthy(self, timeout: float) -> None:
        """Wait until it answers.

        Raises
        ------
        BackendUnreachableError
            If it ends before, or takes too long; with the last words of its log.
        """
        deadline = time.monotonic() + timeout
        while not await self._answers():
            if self.ended:
                raise BackendUnreachableError(self.last_words("vLLM ended while starting"))
            if time.monotonic() > deadline:
                raise BackendUnreachableError(
                    self.last_words(f"vLLM is not up after {timeout:g} s (startup_timeout)")
                )
            await asyncio.sleep(POLL_SECONDS)

    async def _answers(self) -> bool:
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=5)
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"http://127.0.0.1:{self.port}/health") as response,
            ):
                return response.status == 200
        return False

    def last_words(self, problem: str) -> str:
        """Return a problem with the last line of the log that names an error."""
        text = self.log.read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace")
        lines = [line for line in text.splitlines() if line.strip()]
        errors = [line for line in lines if "Error" in line or "error:" in line]
        last = server_words((errors or lines or ["nothing"])[-1])
        return f"{problem}; the log ends in '{last}'; all of it is in {self.log}"

    def stop(self) -> None:
        """End it and everything it started; twice does no harm."""
        lifeline = self._supervisor.stdin
        if lifeline is not None and not lifeline.closed:
            lifeline.close()
        try:
            self._supervisor.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()


def serve_command(model: str, executable: str) -> list[str]:
    """Return what starts a server for a model.

    Parameters
    ----------
    model : str
        Path or name.
    executable : str
        The ``vllm`` command, perhaps of another environment; empty to look for it.

    Raises
    ------
    ConfigError
        If there is no vLLM.
    """
    beside_us = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(executable or "vllm", path=beside_us)
    if found is not None:
        return [found, "serve", model, *ARGUMENTS]
    if not executable and importlib.util.find_spec("vllm") is not None:
        module = "vllm.entrypoints.openai.api_server"
        return [sys.executable, "-m", module, "--model", model, *ARGUMENTS]
    raise ConfigError(
        f"no vLLM to start ({executable or 'vllm'} is not there); pip install "
        "'.[vllm]' in a clone of fjsim, or give backend.executable, or backend.base_url of a "
        "running server"
    )


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
