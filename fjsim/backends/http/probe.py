"""What a server can do, found out by asking it: a field accepted is no field honoured."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any

from fjsim.backends.http.openai_chat import OpenAIChat
from fjsim.contracts import Backend, ChatMessage, Reply, Request, SampleIndex, Sampling
from fjsim.errors import BackendError, FjsimError

UNLIKELY = "xylophone-7"
"""A word that no reply holds by chance: only a server held to the schema writes it."""

UNLIKELY_SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string", "enum": [UNLIKELY]}},
    "required": ["word"],
    "additionalProperties": False,
}
QUESTION = (
    "## Question\n\nWhich of these do people mostly sit on?\n\n"
    "## Options\n\nA) chair\nB) cloud\nC) river\nD) spoon\nE) whistle\n\n"
    "Nobody has spoken yet. Answer on your own, in one short sentence."
)
ALTERNATIVES = (20, 5)
"""Alternatives of a token that a server is asked for, until it takes one."""
LONG_SYSTEM = "You are one of several members of a team. " * 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out.

    Parameters
    ----------
    name : str
        What was asked.
    verdict : str
        ``yes``, ``no``, ``ignored``, ``refused``, ``unclear``.
    detail : str
        One line more.
    """

    name: str
    verdict: str
    detail: str = ""


async def served_models(backend: OpenAIChat) -> list[dict[str, Any]]:
    """Return what an endpoint lists under ``/models``."""
    endpoint = await backend.connect()
    return await endpoint.models()


async def probe(backend: Backend) -> list[Finding]:
    """Ask a backend a handful of short questions.

    Parameters
    ----------
    backend : Backend
        Asked five to nine times; replies must not come from a cache.

    Returns
    -------
    list of Finding
        ``answers``, ``json_schema``, ``logprobs``, ``seed``, ``cached_tokens``; only the first
        where it does not answer.
    """
    started = time.monotonic()
    try:
        reply = await backend.complete(_request())
    except FjsimError as error:
        return [Finding("answers", "no", str(error))]
    if reply.failure:
        return [Finding("answers", "no", reply.failure)]
    seconds = time.monotonic() - started
    answers = Finding("answers", "yes", f"'{reply.model}' in {seconds:.2f} s")
    findings = [answers, await _schema(backend), await _logprobs(backend), await _seed(backend)]
    return [*findings, await _cached_tokens(backend, reply)]


def _request(
    *, seed: int = 1, system: str = "You are brief.", temperature: float = 1.0, draw: int = 0
) -> Request:
    return Request(
        messages=(ChatMessage("system", system), ChatMessage("user", QUESTION)),
        schema=None,
        sampling=Sampling(temperature=temperature, max_tokens=48, seed=seed),
        sample=SampleIndex(replica=0, seat=0, round=0, draw=draw),
    )


async def _ask(backend: Backend, request: Request) -> Reply | str:
    """Return the reply, or why there is none."""
    try:
        reply = await backend.complete(request)
    except BackendError as error:
        return str(error)
    return reply.failure or reply


async def _schema(backend: Backend) -> Finding:
    name = "json_schema"
    reply = await _ask(backend, replace(_request(), schema=UNLIKELY_SCHEMA))
    if isinstance(reply, str):
        return Finding(name, "refused", reply)
    try:
        honoured = json.loads(reply.text, strict=False) == {"word": UNLIKELY}
    except ValueError:
        honoured = False
    if honoured:
        return Finding(name, "yes", "replies are held to the schema")
    return Finding(name, "ignored", "accepted, but the reply does not fit: relying on the prompt")


async def _logprobs(backend: Backend) -> Finding:
    """Ask for as many alternatives as a run does, and for the five that most servers give."""
    name, refused = "logprobs", ""
    for most in ALTERNATIVES:
        reply = await _ask(backend, replace(_request(), logprobs=most))
        if isinstance(reply, str):
            refused = reply
            continue
        if not reply.logprobs:
            return Finding(name, "ignored", "accepted, but none came back: no --elicitation choice")
        less = f" with --set elicitation.alternatives={most}" if refused else ""
        found = f"{len(reply.logprobs)} alternatives per token: --elicitation choice works{less}"
        return Finding(name, "yes", found)
    return Finding(name, "refused", refused)


async def _seed(backend: Backend) -> Finding:
    name = "seed"
    replies = [await _ask(backend, _request(seed=seed, temperature=1.5)) for seed in (7, 7, 8)]
    texts = [reply.text for reply in replies if isinstance(reply, Reply)]
    if len(texts) < len(replies):
        return Finding(name, "refused", next(r for r in replies if isinstance(r, str)))
    if texts[0] != texts[1]:
        return Finding(name, "ignored", "the same seed gave two replies")
    if texts[0] == texts[2]:
        return Finding(name, "unclear", "two seeds gave the same reply")
    return Finding(name, "yes", "idle, that is: a busy server need not repeat itself")


async def _cached_tokens(backend: Backend, first: Reply) -> Finding:
    name = "cached_tokens"
    if not first.usage.tokens_in:
        return Finding(name, "no", "the server reports no tokens at all")
    reply: Reply | str = first
    for draw in (0, 1):
        reply = await _ask(backend, _request(system=LONG_SYSTEM, draw=draw))
    if isinstance(reply, str):
        return Finding(name, "refused", reply)
    cached, total = reply.usage.tokens_cached, reply.usage.tokens_in
    if cached:
        return Finding(name, "yes", f"{cached} of {total} tokens of a prompt sent before")
    return Finding(name, "no", "none reported for a prompt sent before")
