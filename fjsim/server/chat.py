"""Chat completions read and written by the server's side."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fjsim.backends.seeding import run_seed
from fjsim.contracts import ChatMessage, Reply, Request, SampleIndex, Sampling

ROLES = ("system", "user", "assistant")


class BadRequestError(ValueError):
    """A body that cannot be answered; the message goes to the client with status 400."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One chat completion asked for.

    Parameters
    ----------
    request : Request
        As a backend takes it.
    model : str
        Model asked for.
    turn : str
        The user field and a hash of the messages: the same for every attempt at one turn.
    schema_given : bool
        Whether a ``response_format`` came with it.
    """

    request: Request
    model: str
    turn: str
    schema_given: bool


def read_request(body: Any) -> Asked:
    """Return what the body of a request asks.

    Raises
    ------
    BadRequestError
        If it is no chat completion that this server can do.
    """
    if not isinstance(body, dict):
        raise BadRequestError("the body must be a JSON object")
    if body.get("stream"):
        raise BadRequestError("this server does not stream; leave 'stream' out")
    if body.get("n", 1) != 1:
        raise BadRequestError("this server gives one choice; leave 'n' out")
    messages = _messages(body.get("messages"))
    user = str(body.get("user") or "")
    sample = read_sample(user)
    response_format = body.get("response_format")
    request = Request(
        messages=messages,
        schema=_schema(response_format),
        sampling=_sampling(body, sample if user else None),
        sample=sample,
        logprobs=int(body.get("top_logprobs") or 0) if body.get("logprobs") else 0,
    )
    digest = hashlib.blake2b(digest_size=8)
    for message in messages:
        digest.update(f"{message.role}\x1f{message.content}\x1e".encode("utf-8", "replace"))
    return Asked(
        request=request,
        model=str(body.get("model") or ""),
        turn=f"{user}|{digest.hexdigest()}",
        schema_given=response_format is not None,
    )


def read_sample(user: str) -> SampleIndex:
    """Return the sample index that travels in the ``user`` field; all zero where there is none."""
    numbers = {name: int(value) for name, value in re.findall(r"([a-z]+)=(\d{1,9})\b", user)}
    names = ("replica", "seat", "round", "draw", "repair")
    return SampleIndex(**{name: numbers.get(name, 0) for name in names})


def completion(reply: Reply, *, turn: str) -> dict[str, Any]:
    """Return the body of a chat completion that holds a reply."""
    usage = reply.usage
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": reply.text, "refusal": None},
        "finish_reason": reply.finish_reason,
        "logprobs": None if reply.logprobs is None else _logprobs(reply.logprobs),
    }
    return {
        "id": "chatcmpl-" + hashlib.blake2b(turn.encode(), digest_size=12).hexdigest(),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": reply.model,
        "choices": [choice],
        "usage": {
            "prompt_tokens": usage.tokens_in,
            "completion_tokens": usage.tokens_out,
            "total_tokens": usage.tokens_in + usage.tokens_out,
            "prompt_tokens_details": {"cached_tokens": usage.tokens_cached},
        },
    }


def error_body(message: str, kind: str, code: str | None = None) -> dict[str, Any]:
    """Return the body of an error as OpenAI writes it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _messages(given: Any) -> tuple[ChatMessage, ...]:
    if not isinstance(given, list) or not given:
        raise BadRequestError("'messages' must be a list with at least one message")
    messages = []
    for number, message in enumerate(given):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise BadRequestError(f"messages[{number}] needs a role out of {', '.join(ROLES)}")
        content = message.get("content")
        if isinstance(content, list):
            content = "".join(str(part.get("text", "")) for part in content)
        if not isinstance(content, str):
            raise BadRequestError(f"messages[{number}] needs 'content' as text")
        messages.append(ChatMessage(message["role"], content))
    return tuple(messages)


def _sampling(body: Mapping[str, Any], sample: SampleIndex | None) -> Sampling:
    default = Sampling()
    longest = body.get("max_tokens") or body.get("max_completion_tokens") or default.max_tokens
    try:
        seed = int(body.get("seed") or 0)
        return Sampling(
            temperature=float(body.get("temperature", default.temperature)),
            top_p=float(body.get("top_p", default.top_p)),
            max_tokens=int(longest),
            seed=seed if sample is None else run_seed(seed, sample),
        )
    except (TypeError, ValueError):
        raise BadRequestError("temperature, top_p, max_tokens and seed must be numbers") from None


def _schema(response_format: Any) -> Mapping[str, Any] | None:
    if not isinstance(response_format, dict) or response_format.get("type") != "json_schema":
        return None
    schema = response_format.get("json_schema", {}).get("schema")
    return schema if isinstance(schema, dict) else None


def _logprobs(values: Mapping[str, float]) -> dict[str, Any]:
    ranked = sorted(values.items(), key=lambda item: -item[1])
    top = [{"token": token, "logprob": value, "bytes": None} for token, value in ranked]
    return {"content": [{**top[0], "top_logprobs": top}] if top else []}
