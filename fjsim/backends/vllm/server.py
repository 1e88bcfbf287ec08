"""vLLM as a server: ``backend: {kind: vllm, model: ...}``."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fjsim.backends.http.addresses import key_demands
from fjsim.backends.http.faults import FaultKind, TransientError
from fjsim.backends.http.openai_chat import OpenAIChat, fingerprint
from fjsim.contracts import Demand, Reply, Request
from fjsim.errors import BackendUnreachableError, ConfigError
from fjsim.foreign_text import shown
from fjsim.registry import register

if TYPE_CHECKING:
    from fjsim.backends.http.endpoint import Endpoint

log = logging.getLogger(__name__)

SECRET_NAME = re.compile(r"(key|token|secret|password)(=|$)", re.IGNORECASE)


@register("backend", "vllm")
@dataclass(eq=False)
class VLLMServer(OpenAIChat):
    """A vLLM server: a running one at ``base_url``, else one that is started for the run.

    Parameters
    ----------
    model : str
        Name or folder of the model.
    base_url : str
        Address of a running server; empty to start one.
    api_key_env, client, max_concurrency, timeout, total_timeout, max_attempts, structured,
    extra_body, omit
        As for ``openai``. vLLM's own fields stand at the top of ``extra_body``: ``top_k``,
        ``min_p``, ``chat_template_kwargs``.
    serve : tuple of str
        Further arguments of ``vllm serve``, e.g. ``["--max-model-len", "8192"]``.
    executable : str
        The ``vllm`` command, perhaps of another environment; empty to look for it.
    environment : mapping of str to str
        Variables for the server, e.g. ``{"VLLM_CPU_KVCACHE_SPACE": "1"}``.
    startup_timeout : float
        Seconds until it must answer.
    log : str
        File for its output; by default one in the user's cache folder. Kept.

    Notes
    -----
    A server of ours is started at the first request, with prefix caching and cached-token
    counts on, and stopped by ``close``. It hangs on a supervising process, which ends the
    server's whole process group when we are gone, even by SIGKILL.
    """

    serve: tuple[str, ...] = ()
    executable: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    startup_timeout: float = 600.0
    log: str = ""
    _process: Any = field(default=None, init=False, repr=False)
    _starting: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse keys where they would end up in files."""
        super().__post_init__()
        given = [*self.environment, *self.serve]
        secret = [name for name in given if SECRET_NAME.search(name)]
        if secret:
            raise ConfigError(
                f"{secret[0].partition('=')[0]} would be written to the run's files; set it in the "
                "environment of fjsim instead, the server inherits it"
            )

    def demands(self) -> tuple[Demand, ...]:
        """Ask for trust where a server is started: a model, a program and its arguments."""
        if self.base_url:
            return super().demands()
        starts = {
            "model": f"starts a vLLM server for the model {shown(self.model)}",
            "executable": f"starts the program {shown(self.executable)}" * bool(self.executable),
            "serve": "gives the server arguments of its own" * bool(self.serve),
            "environment": f"sets {shown(list(self.environment))} for it" * bool(self.environment),
            "log": f"writes the file {shown(self.log)}" * bool(self.log),
        }
        key = key_demands(self.api_key_env, "http://127.0.0.1") if self.api_key_env else ()
        return (*(Demand((name,), does) for name, does in starts.items() if does), *key)

    async def complete(self, request: Request) -> Reply:
        """Send one chat completion; a server of ours that died stops the run."""
        try:
            return await super().complete(request)
        except TransientError as fault:
            gone = fault.kind in (FaultKind.UNREACHABLE, FaultKind.DISCONNECT)
            if gone and self._process is not None and self._process.ended:
                words = self._process.last_words("the vLLM server died")
                raise BackendUnreachableError(words) from None
            raise

    async def connect(self) -> Endpoint:
        """Return the endpoint; start the server first where there is none."""
        self._refuse_if_closed()
        if not self.base_url and self._process is None:
            if self._starting is None:
                self._starting = asyncio.ensure_future(self._start())
            await asyncio.shield(self._starting)
        return await super().connect()

    async def close(self) -> None:
        """Close the connections and stop a server of ours."""
        self._closed = True
        starting, self._starting = self._starting, None
        if starting is not None and not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        await super().close()
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(process.stop)

    async def _start(self) -> None:
        from fjsim.backends.vllm.process import ServerProcess, serve_command

        command = [*serve_command(self.model, self.executable), *self.serve]
        process = ServerProcess(command, self.environment, self._log_file())
        log.info("starting vLLM for %s, log in %s", self.model, process.log)
        try:
            await process.healthy(self.startup_timeout)
        except BaseException:
            await asyncio.to_thread(process.stop)
            raise
        self._process = process

    def _log_file(self) -> Path:
        if self.log:
            return Path(self.log)
        from fjsim.backends.wrappers.store import default_folder

        stamp = time.strftime("%Y%m%d-%H%M%S")
        return default_folder() / "vllm" / f"{stamp}-{os.getpid()}.log"

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._process.base_url if self._process is not None else super().url

    @property
    def identity(self) -> str:
        """Endpoint and model; of a server of ours the model and its arguments, not the port."""
        if self.base_url:
            return super().identity
        arguments = fingerprint({"serve": list(self.serve)}, ()) if self.serve else ""
        return f"vllm {self.model}{arguments}{fingerprint(self.extra_body, self.omit)}"

    def _key(self) -> str:
        return super()._key() if self.base_url or self.api_key_env else "EMPTY"
