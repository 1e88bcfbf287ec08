"""Chat completions read and written by the server's side."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fjsim.backends.http.seeding import run_seed
from fjsim.contracts import ChatMessage, Reply, Request, SampleIndex, Sampling

ROLES = ("system", "user", "assistant")
LONGEST_NAME = 256
"""Characters of a model's id or a user."""
MOST_LOGPROBS = 100
HOTTEST = 1000.0

SAMPLE_PART = re.compile(r"(?<![a-z])([a-z]+)=(\d{1,9})\b")


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

    Parameters
    ----------
    body : object
        Decoded JSON; untrusted.

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
    user, model = _name(body, "user"), _name(body, "model")
    sample = read_sample(user)
    response_format = body.get("response_format")
    request = Request(
        messages=messages,
        schema=_schema(response_format),
        sampling=_sampling(body, sample if user else None),
        sample=sample,
        logprobs=_count(body, "top_logprobs", 0, MOST_LOGPROBS) if body.get("logprobs") else 0,
    )
    digest = hashlib.blake2b(digest_size=8)
    for message in messages:
        digest.update(f"{message.role}\x1f{message.content}\x1e".encode("utf-8", "replace"))
    return Asked(
        request=request,
        model=model,
        turn=f"{user}|{digest.hexdigest()}",
        schema_given=response_format is not None,
    )


def read_sample(user: str) -> SampleIndex:
    """Return the sample index that travels in the ``user`` field; all zero where there is none."""
    numbers = {name: int(value) for name, value in SAMPLE_PART.findall(user)}
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
        content = _content(message.get("content"))
        if content is None:
            raise BadRequestError(f"messages[{number}] needs 'content' as text")
        messages.append(ChatMessage(message["role"], content))
    return tuple(messages)


def _content(given: Any) -> str | None:
    """Return the text of a message, put together where it comes in parts; None for none."""
    parts = given if isinstance(given, list) else [{"text": given}]
    texts = [part.get("text", "") for part in parts if isinstance(part, dict)]
    strings = [text for text in texts if isinstance(text, str)]
    return "".join(strings) if len(strings) == len(parts) else None


def _name(body: Mapping[str, Any], field: str) -> str:
    given = body.get(field)
    if given is None:
        return ""
    if not isinstance(given, str) or len(given) > LONGEST_NAME:
        raise BadRequestError(f"'{field}' must be a text of at most {LONGEST_NAME} characters")
    return given


def _count(body: Mapping[str, Any], field: str, default: int, highest: int = 2**63 - 1) -> int:
    given = body.get(field) or default
    if not isinstance(given, (int, float)) or not 0 <= given <= highest or given != int(given):
        raise BadRequestError(f"'{field}' must be a whole number from 0 to {highest}")
    return int(given)


def _share(body: Mapping[str, Any], field: str, default: float, highest: float) -> float:
    given = default if body.get(field) is None else body[field]
    if not isinstance(given, (int, float)) or not 0 <= given <= highest:
        raise BadRequestError(f"'{field}' must be a number from 0 to {highest:g}")
    return float(given)


def _sampling(body: Mapping[str, Any], sample: SampleIndex | None) -> Sampling:
    default = Sampling()
    longest = _count(body, "max_completion_tokens", default.max_tokens)
    seed = _count(body, "seed", 0)
    return Sampling(
        temperature=_share(body, "temperature", default.temperature, HOTTEST),
        top_p=_share(body, "top_p", default.top_p, 1.0),
        max_tokens=_count(body, "max_tokens", longest),
        seed=seed if sample is None else run_seed(seed, sample),
    )


def _schema(response_format: Any) -> Mapping[str, Any] | None:
    if response_format is None:
        return None
    if not isinstance(response_format, dict):
        raise BadRequestError("'response_format' must be an object")
    if response_format.get("type") != "json_schema":
        return None
    named = response_format.get("json_schema", {})
    schema = named.get("schema") if isinstance(named, dict) else named
    if schema is not None and not isinstance(schema, dict):
        raise BadRequestError(
            "'response_format' needs its schema as {'json_schema': {'schema': …}}"
        )
    return schema


def _logprobs(values: Mapping[str, float]) -> dict[str, Any]:
    ranked = sorted(values.items(), key=lambda item: -item[1])
    top = [{"token": token, "logprob": value, "bytes": None} for token, value in ranked]
    return {"content": [{**top[0], "top_logprobs": top}] if top else []}
