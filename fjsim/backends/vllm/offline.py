"""vLLM inside this process, a round at a time: ``backend: {kind: vllm-offline, model: ...}``."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fjsim.backends.http.chat_format import answer_logprobs, without_thinking
from fjsim.backends.http.faults import server_words
from fjsim.backends.http.openai_chat import fingerprint
from fjsim.backends.http.seeding import sent_seed
from fjsim.contracts import Backend, Demand, Pace, Reply, Request, Usage
from fjsim.errors import BackendError, BackendRefusedError, ConfigError, FjsimError
from fjsim.foreign_text import shown
from fjsim.registry import register

UNLIMITED = 1_000_000
"""Requests may all wait for one batch; the engine schedules them."""

ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    # Standard output is for results.
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}


_resident: dict[str, Any] = {}
"""The engine of this process, by its model and arguments."""


@register("backend", "vllm-offline")
@dataclass(eq=False)
class VLLMOffline(Backend):
    """An in-process vLLM: one ``LLM.chat`` batch a round, over all questions and agents.

    Parameters
    ----------
    model : str
        Name or folder of the model.
    engine : mapping
        Arguments of ``vllm.LLM``, e.g. ``{"max_model_len": 8192}``.
    sampling : mapping
        Further fields of ``vllm.SamplingParams``, e.g. ``{"top_k": 20}``.
    chat_template_kwargs : mapping
        For the model's chat template, e.g. ``{"enable_thinking": False}``.
    quiet : float
        Seconds without a new request after which a batch is complete.

    Notes
    -----
    The deliberation asks as soon as it can, so a batch is complete when nothing more comes: all
    callers wait for it. Repairs and the questions that went on meanwhile make the next one. vLLM
    takes one engine per process; runs with the same model and arguments share it.
    """

    model: str
    engine: Mapping[str, Any] = field(default_factory=dict)
    sampling: Mapping[str, Any] = field(default_factory=dict)
    chat_template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    quiet: float = 0.02
    _llm: Any = field(default=None, init=False, repr=False)
    _waiting: list[Any] = field(default_factory=list, init=False, repr=False)
    _running: Any = field(default=None, init=False, repr=False)

    def demands(self) -> tuple[Demand, ...]:
        """Ask for trust: the model, and whatever its engine is told to load, run in here."""
        loads = Demand(("model",), f"loads the model {shown(self.model)} into this process")
        engine = Demand(("engine",), "gives the engine arguments, which may load code")
        return (loads, engine) if self.engine else (loads,)

    async def complete(self, request: Request) -> Reply:
        """Wait for the batch that holds the request."""
        place: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, place))
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())
        return await place

    async def close(self) -> None:
        """Wait for the batch in flight; the engine stays for the process's next run."""
        running, self._running = self._running, None
        if running is not None:
            # A batch in its thread cannot be cut short; what waits behind it can.
            self._waiting.clear()
            await asyncio.gather(running, return_exceptions=True)
        self._llm = None

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._settle()
                batch, self._waiting = self._waiting, []
                alive = [(request, place) for request, place in batch if not place.done()]
                if alive:
                    await self._answer(alive)
        finally:
            self._running = None

    async def _settle(self) -> None:
        """Return when no request came for a while."""
        seen = 0
        while len(self._waiting) > seen:
            seen = len(self._waiting)
            await asyncio.sleep(self.quiet)

    async def _answer(self, batch: Sequence[tuple[Request, asyncio.Future[Reply]]]) -> None:
        requests = [request for request, _ in batch]
        try:
            replies = await asyncio.to_thread(self._chat, requests)
        # Whatever the engine raises belongs to those who wait for it.
        except Exception as error:
            for _, place in batch:
                if not place.done():
                    place.set_exception(_explained(error))
            return
        for (_, place), reply in zip(batch, replies, strict=True):
            if not place.done():
                place.set_result(reply)

    def _chat(self, requests: Sequence[Request]) -> list[Reply]:
        llm = self._engine()
        started = time.monotonic()
        outputs = llm.chat(
            [[{"role": m.role, "content": m.content} for m in r.messages] for r in requests],
            [self._parameters(request) for request in requests],
            use_tqdm=False,
            chat_template_kwargs=dict(self.chat_template_kwargs) or None,
        )
        seconds = time.monotonic() - started
        return [self._reply(output, seconds) for output in outputs]

    def _engine(self) -> Any:
        if self._llm is None:
            self._llm = _resident_engine(self.model, self.engine)
        return self._llm

    def _parameters(self, request: Request) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        drawn = request.sampling
        held = (
            None if request.schema is None else StructuredOutputsParams(json=dict(request.schema))
        )
        return SamplingParams(
            temperature=drawn.temperature,
            top_p=drawn.top_p,
            max_tokens=drawn.max_tokens,
            seed=sent_seed(drawn.seed, request.sample),
            logprobs=request.logprobs or None,
            structured_outputs=held,
            **self.sampling,
        )

    def _reply(self, output: Any, seconds: float) -> Reply:
        said = output.outputs[0]
        return Reply(
            text=without_thinking(said.text),
            model=self.model,
            usage=Usage(
                tokens_in=len(output.prompt_token_ids),
                tokens_out=len(said.token_ids),
                tokens_cached=output.num_cached_tokens or 0,
            ),
            finish_reason=said.finish_reason or "stop",
            latency=seconds,
            logprobs=answer_logprobs(_tokens(said)) if said.logprobs else None,
        )

    @property
    def identity(self) -> str:
        """Model, engine and sampling arguments."""
        fixed = {
            "engine": dict(self.engine),
            "sampling": dict(self.sampling),
            "template": dict(self.chat_template_kwargs),
        }
        return f"vllm-offline {self.model}{fingerprint(fixed, ())}"

    @property
    def pace(self) -> Pace:
        """All of a round at once, each request once."""
        return Pace(max_concurrency=UNLIMITED, max_attempts=1, total_timeout=float("inf"))


def _resident_engine(model: str, arguments: Mapping[str, Any]) -> Any:
    """Return this process's engine: vLLM starts one per process, so it outlives the runs."""
    if importlib.util.find_spec("vllm") is None:
        raise ConfigError(
            "backend 'vllm-offline' needs vLLM in this environment; pip install "
            "'.[vllm]' in a clone of fjsim, or use backend 'vllm' with base_url"
        )
    wanted = json.dumps([model, dict(arguments)], sort_keys=True, default=str)
    if wanted in _resident:
        # Each run's counts of cached tokens start from nothing.
        _resident[wanted].reset_prefix_cache()
    elif _resident:
        raise ConfigError(
            "backend 'vllm-offline': this process runs another engine already, and vLLM takes one "
            f"per process; use backend 'vllm' for {model}, or a process of its own"
        )
    else:
        _resident[wanted] = _new_engine(model, arguments)
    return _resident[wanted]


def _new_engine(model: str, arguments: Mapping[str, Any]) -> Any:
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from vllm import LLM

    compact = {"backend": "xgrammar", "disable_any_whitespace": True}
    defaults = {"structured_outputs_config": compact, "enable_prefix_caching": True}
    return LLM(model=model, **(defaults | dict(arguments)))


def _tokens(said: Any) -> list[dict[str, Any]]:
    """Return vLLM's log-probabilities in the shape of a chat completion's."""
    return [
        {
            "token": alternatives[chosen].decoded_token or "",
            "top_logprobs": [
                {"token": one.decoded_token or "", "logprob": one.logprob}
                for one in alternatives.values()
            ],
        }
        for chosen, alternatives in zip(said.token_ids, said.logprobs, strict=True)
    ]


def _explained(error: Exception) -> Exception:
    if isinstance(error, FjsimError):
        return error
    words = f"{type(error).__name__}: {server_words(error)}"
    # Named, not imported: what vLLM calls its refusals differs between versions.
    client_errors = {kind.__name__ for kind in type(error).__mro__} & {"VLLMClientError"}
    if client_errors or isinstance(error, ValueError):
        return BackendRefusedError(f"vLLM refused the batch: {words}")
    failed = BackendError(f"vLLM failed: {words}")
    failed.__cause__ = error
    return failed
