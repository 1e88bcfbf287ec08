"""What a real vLLM does with our requests."""

import asyncio
from typing import Any

import pytest

from fjsim.backends import make_backend, raw_backend
from fjsim.backends.http.probe import probe
from fjsim.contracts import ChatMessage, Request, SampleIndex, Sampling
from fjsim.errors import BackendRefusedError

pytestmark = pytest.mark.vllm

SCHEMA = {
    "type": "object",
    "properties": {
        "answer": {"type": "string", "enum": ["A", "B", "C"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["answer", "confidence"],
    "additionalProperties": False,
}


def ask(text, *, seat=0, logprobs=0, max_tokens=128, schema=SCHEMA):
    return Request(
        messages=(ChatMessage("system", "You are brief. " * 60), ChatMessage("user", text)),
        schema=schema,
        sampling=Sampling(temperature=1.0, max_tokens=max_tokens),
        sample=SampleIndex(replica=0, seat=seat, round=0),
        logprobs=logprobs,
    )


async def ask_everything(backend, fits) -> None:
    """One session against one engine: schema, seeds, log-probabilities, length, overflow."""
    try:
        replies = await asyncio.gather(*(backend.complete(ask(f"{n}?")) for n in range(40)))
        for reply in replies:
            fits(reply.text, SCHEMA)
        assert replies[-1].usage.tokens_cached > 0
        assert len({reply.model for reply in replies}) == 1
        seats = [await backend.complete(ask("the same?", seat=seat)) for seat in range(8)]
        assert len({reply.text for reply in seats}) > 1
        answer = await backend.complete(ask("which?", logprobs=5))
        assert {"A", "B", "C"} & set(answer.logprobs)
        cut = await backend.complete(ask("long?", max_tokens=4))
        assert cut.finish_reason == "length"
        with pytest.raises(BackendRefusedError, match="context"):
            await backend.complete(ask("word " * 30_000, schema=None))
    finally:
        await backend.close()


def test_offline_engine_honours_our_requests(offline_block, fits) -> None:
    asyncio.run(ask_everything(make_backend(offline_block, cache=False), fits))


def test_server_honours_our_requests_and_the_probe_says_so(server_block, leftovers, fits) -> None:
    async def run():
        backend: Any = raw_backend(server_block)
        try:
            findings = {finding.name: finding for finding in await probe(backend)}
            print(*findings.values(), sep="\n")
            given = {"kind": "vllm", "model": backend.model, "base_url": backend.url}
            await ask_everything(make_backend(given, cache=False), fits)
        finally:
            await backend.close()
        return findings

    findings = asyncio.run(run())
    for name in ("answers", "json_schema", "logprobs", "cached_tokens"):
        assert findings[name].verdict == "yes"
    assert leftovers() == []
