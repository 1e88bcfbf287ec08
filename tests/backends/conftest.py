"""A backend that repeats who asked it, and short requests, for tests around backends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from fjsim.contracts import (
    Backend,
    ChatMessage,
    Pace,
    Reply,
    Request,
    SampleIndex,
    Sampling,
    Usage,
)

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"enum": ["A", "B"]}},
    "required": ["answer"],
    "additionalProperties": False,
}


def make_request(text: str = "which?", *, seat: int = 0, round: int = 0, seed: int = 0) -> Request:
    """A short request."""
    return Request(
        messages=(ChatMessage("system", "Be brief."), ChatMessage("user", text)),
        schema=SCHEMA,
        sampling=Sampling(max_tokens=64, seed=seed),
        sample=SampleIndex(replica=0, seat=seat, round=round),
    )


@dataclass
class EchoBackend(Backend):
    """Answers with the sample index; ``before`` may raise instead."""

    before: Callable[[Request, int], None] = lambda request, nth: None
    given_pace: Pace | None = None
    calls: int = 0
    closed: int = 0
    asked: list[Request] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        self.calls += 1
        self.asked.append(request)
        self.before(request, self.calls)
        text = json.dumps({"answer": "A", "sample": str(request.sample)})
        return Reply(text=text, model="echo-1", usage=Usage(40, 10, 8))

    async def close(self) -> None:
        self.closed += 1

    @property
    def identity(self) -> str:
        return "echo-1"

    @property
    def pace(self) -> Pace | None:
        return self.given_pace


@pytest.fixture
def echo() -> type[EchoBackend]:
    return EchoBackend


@pytest.fixture
def ask() -> Callable[..., Request]:
    return make_request
