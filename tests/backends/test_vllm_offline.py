import asyncio
import importlib.machinery
import math
import sys
import types
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from fjsim.backends import make_backend
from fjsim.backends.vllm import offline as vllm_offline
from fjsim.backends.vllm.offline import VLLMOffline
from fjsim.errors import BackendRefusedError, ConfigError


class FakeParameters(SimpleNamespace):
    """``SamplingParams`` and ``StructuredOutputsParams``: keep what they are given."""


class FakeLLM:
    """``vllm.LLM``: notes its batches."""

    made: list["FakeLLM"]

    def __init__(self, **arguments) -> None:
        self.arguments = arguments
        self.batches: list[Any] = []
        self.resets = 0
        self.made.append(self)

    def chat(self, chats, parameters, use_tqdm, chat_template_kwargs):
        self.batches.append((chats, parameters))
        if any("too long" in chat[-1]["content"] for chat in chats):
            raise ValueError("longer than the context")
        return [self._output(chat, one) for chat, one in zip(chats, parameters, strict=True)]

    def reset_prefix_cache(self) -> None:
        self.resets += 1

    def _output(self, chat, parameters):
        token = SimpleNamespace(decoded_token="B", logprob=math.log(0.5))
        said = SimpleNamespace(
            text=f"<think>hm</think>{chat[-1]['content']}",
            token_ids=[3, 4],
            finish_reason="length",
            logprobs=[{3: token, 5: token}, {4: token}] if parameters.logprobs else None,
        )
        return SimpleNamespace(outputs=[said], prompt_token_ids=[1] * 9, num_cached_tokens=None)


@pytest.fixture
def engines(monkeypatch):
    FakeLLM.made = []
    vllm: Any = types.ModuleType("vllm")
    parameters: Any = types.ModuleType("vllm.sampling_params")
    vllm.__spec__ = importlib.machinery.ModuleSpec("vllm", None)
    vllm.LLM, vllm.SamplingParams = FakeLLM, FakeParameters
    parameters.StructuredOutputsParams = FakeParameters
    monkeypatch.setattr(vllm_offline, "_resident", {})
    monkeypatch.setitem(sys.modules, "vllm", vllm)
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", parameters)
    for name in ("VLLM_ENABLE_V1_MULTIPROCESSING", "VLLM_NO_USAGE_STATS", "DO_NOT_TRACK"):
        monkeypatch.setenv(name, "0")
    return FakeLLM.made


def play(backend, *requests):
    async def run():
        try:
            return await asyncio.gather(*(backend.complete(request) for request in requests))
        finally:
            await backend.close()

    return asyncio.run(run())


def test_all_that_is_asked_together_is_one_batch(engines, ask) -> None:
    backend = VLLMOffline(model="tiny", engine={"max_model_len": 64}, sampling={"top_k": 5})
    replies = play(backend, *(ask(str(n), seat=n) for n in range(50)))
    (engine,) = engines
    ((chats, parameters),) = engine.batches
    assert [reply.text for reply in replies] == [str(n) for n in range(50)]
    assert len(chats) == 50
    assert engine.arguments["max_model_len"] == 64
    assert parameters[0].structured_outputs.json == ask().schema
    assert parameters[0].top_k == 5
    assert len({one.seed for one in parameters}) == 50
    assert replies[0].usage.tokens_in == 9
    assert replies[0].finish_reason == "length"


def test_rounds_of_several_questions_share_their_batches(engines, ask) -> None:
    backend = VLLMOffline(model="tiny")

    async def question(number) -> None:
        for turn in range(3):
            await asyncio.gather(
                *(backend.complete(ask(str(number), seat=s, round=turn)) for s in range(4))
            )

    async def run() -> None:
        await asyncio.gather(*(question(number) for number in range(5)))
        await backend.close()

    asyncio.run(run())
    assert [len(chats) for chats, _ in engines[0].batches] == [20, 20, 20]


def test_stack_puts_no_limit_in_the_way_of_a_batch(engines, ask, tmp_path) -> None:
    block = {"kind": "vllm-offline", "model": "tiny"}
    backend = make_backend(block, cache_path=tmp_path / "c.sqlite3")
    play(backend, *(ask(str(n)) for n in range(300)))
    assert [len(chats) for chats, _ in engines[0].batches] == [300]


def test_runs_of_one_process_share_its_engine_and_another_one_is_refused(engines, ask) -> None:
    for _ in range(3):
        play(VLLMOffline(model="tiny"), ask())
    with pytest.raises(ConfigError, match="one per process"):
        play(VLLMOffline(model="large"), ask())
    assert len(engines) == 1
    assert engines[0].resets == 2


def test_logprobs_are_those_of_the_answer(engines, ask) -> None:
    (reply,) = play(VLLMOffline(model="tiny"), replace(ask(), logprobs=2))
    assert reply.logprobs == {"B": pytest.approx(0.0)}


def test_prompt_that_the_engine_refuses_stops_the_run_with_its_words(engines, ask) -> None:
    with pytest.raises(BackendRefusedError, match="longer than the context"):
        play(VLLMOffline(model="tiny"), ask("fine"), ask("too long"))


def test_cancelled_request_does_not_break_the_batch(engines, ask) -> None:
    backend = VLLMOffline(model="tiny")

    async def run():
        tasks = [asyncio.create_task(backend.complete(ask(str(n)))) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        replies = await asyncio.gather(*tasks, return_exceptions=True)
        await backend.close()
        return replies

    first, second, third = asyncio.run(run())
    assert (first.text, third.text) == ("0", "2")
    assert isinstance(second, asyncio.CancelledError)
    assert [len(chats) for chats, _ in engines[0].batches] == [2]


def test_without_vllm_there_is_one_clear_line(ask, monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="needs vLLM in this environment"):
        play(VLLMOffline(model="tiny"), ask())
