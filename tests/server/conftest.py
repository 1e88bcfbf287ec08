"""A running server with an echo behind it, and requests to send."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from fjsim.contracts import Backend, Reply, Request, Usage
from fjsim.errors import BackendRefusedError


class EchoBackend(Backend):
    """Answers with the sample index and the last message."""

    async def complete(self, request: Request) -> Reply:
        last = request.messages[-1].content
        if last == "unreadable":
            raise BackendRefusedError("cannot read this prompt")
        logprobs = {"A": -0.1, "B": -2.5} if request.logprobs else None
        text = json.dumps({"answer": "A", "sample": str(request.sample), "said": last})
        return Reply(text=text, model="echo-1", usage=Usage(40, 10, 8), logprobs=logprobs)


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


def http(url: str, body: Any = None, *, key: str = "", timeout: float = 20) -> Answer:
    """One HTTP request; JSON where it is JSON."""
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | (
        {"Authorization": f"Bearer {key}"} if key else {}
    )
    request = urllib.request.Request(url, data=content, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            status, raw, got = response.status, response.read(), dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            status, raw, got = error.code, error.read(), dict(error.headers)
    try:
        return Answer(status, json.loads(raw), got)
    except ValueError:
        return Answer(status, raw, got)


def chat_body(text: str = "which?", **fields: Any) -> dict[str, Any]:
    return {
        "model": "fjsim-simulated",
        "messages": [{"role": "user", "content": text}],
        "user": "replica=0 seat=1 round=2 draw=0 repair=0",
        **fields,
    }


@pytest.fixture
def echo() -> type[EchoBackend]:
    return EchoBackend


@pytest.fixture
def send() -> Callable[..., Answer]:
    return http


@pytest.fixture
def body() -> Callable[..., dict[str, Any]]:
    return chat_body
