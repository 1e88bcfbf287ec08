"""The ASGI application: chat completions, models, counters."""

from __future__ import annotations

import asyncio
import hmac
import json
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fjsim.contracts import Backend
from fjsim.errors import BackendError
from fjsim.serial.json import read
from fjsim.server.chat import Asked, BadRequestError, completion, error_body, read_request
from fjsim.server.faults import Fault, FaultPlan
from fjsim.server.limits import BodyRefusedError, limited_body

DEFAULT_MODEL = "fjsim-simulated"
MOST_TURNS = 100_000
"""Turns whose requests are counted one by one; beyond, the oldest count is forgotten."""
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
GIBBERISH = "As a large l\u0000 {{{ belief: maybe }}} \u001b[31m"


class TurnCounts(Counter[str]):
    """How often each turn came; the oldest are forgotten where there are very many.

    ``total`` counts them all the same.
    """

    _noted = 0

    def note(self, turn: str) -> None:
        """Count a turn once more."""
        if turn not in self and len(self) >= MOST_TURNS:
            del self[next(iter(self))]
        self[turn] += 1
        self._noted += 1

    def total(self) -> int:
        """Return how many were noted, forgotten ones included."""
        return self._noted


@dataclass
class ServerCounts:
    """What the server has seen so far.

    Parameters
    ----------
    received, answered : TurnCounts
        Requests by turn; a turn is the user field and a hash of the messages.
    faults : Counter
        Requests that met each fault.
    in_flight, most_in_flight : int
        At the moment, and at most so far.
    """

    received: TurnCounts = field(default_factory=TurnCounts)
    answered: TurnCounts = field(default_factory=TurnCounts)
    faults: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0

    def begin(self) -> None:
        """Note a request in flight."""
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``/stats``."""
        return {
            "requests": self.received.total(),
            "answered": self.answered.total(),
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
            "faults": dict(self.faults),
            "turns": dict(self.received),
            "answered_turns": dict(self.answered),
        }


class Cut(Response):
    """A response that breaks off in the middle of its body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and half the body, then nothing more: the server closes the connection."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


class ModelServer:
    """A backend behind HTTP.

    Parameters
    ----------
    backend : Backend
        Answers.
    model : str
        What it is served as.
    latency : float
        Seconds each reply takes at least.
    faults : FaultPlan
        What goes wrong.
    key : str
        Required as bearer token; empty for none.
    takes_schema : bool
        Whether ``response_format`` is accepted; weak servers refuse it.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        model: str = DEFAULT_MODEL,
        latency: float = 0.0,
        faults: FaultPlan | None = None,
        key: str = "",
        takes_schema: bool = True,
    ) -> None:
        self.backend = backend
        self.model = model
        self.latency = latency
        self.plan = faults or FaultPlan()
        self.key = key
        self.takes_schema = takes_schema
        self.counts = ServerCounts()

    async def chat(self, http: HttpRequest) -> Response:
        """Answer one chat completion."""
        if not self._admits(http):
            # Servers do repeat keys in such messages; clients must blot them out.
            given = http.headers.get("authorization", "").removeprefix("Bearer ")
            return _error(401, f"Incorrect API key provided: {given}", "invalid_api_key")
        try:
            asked = read_request(read(await limited_body(http)))
        except BodyRefusedError as error:
            # What is left of the body is not waited for.
            return _error(error.status, str(error), headers={"Connection": "close"})
        except ClientDisconnect:
            return Response(status_code=499)
        except (BadRequestError, ValueError) as error:
            return _error(400, str(error))
        if asked.model != self.model:
            message = f"The model '{asked.model}' does not exist; there is '{self.model}'"
            return _error(404, message, "model_not_found")
        if asked.schema_given and not self.takes_schema:
            return _error(400, "response_format is not supported by this server")
        self.counts.begin()
        try:
            return await self._answer(asked, http)
        finally:
            self.counts.in_flight -= 1

    async def _answer(self, asked: Asked, http: HttpRequest) -> Response:
        fault, variant = self.plan.draw(asked.turn, self.counts.received[asked.turn])
        self.counts.received.note(asked.turn)
        if fault is not None:
            self.counts.faults[fault.value] += 1
        if fault is Fault.RATE_LIMIT:
            seconds = self.plan.retry_after
            wait = {
                "Retry-After": str(math.ceil(seconds)),
                "Retry-After-Ms": str(round(1000 * seconds)),
            }
            return _error(429, "Rate limit reached", "rate_limit_exceeded", wait)
        if fault is Fault.HANG:
            await _until_disconnected(http)
            return Response(status_code=499)
        await asyncio.sleep(self.latency)
        if fault is Fault.ERROR:
            return _error(500, "The server had an error", "server_error")
        try:
            body = completion(await self.backend.complete(asked.request), turn=asked.turn)
        except BackendError as error:
            return _error(400, str(error))
        if fault is None:
            self.counts.answered.note(asked.turn)
            return JSONResponse(body)
        return _broken(fault, variant, body)

    def _admits(self, http: HttpRequest) -> bool:
        given = http.headers.get("authorization", "")
        return not self.key or hmac.compare_digest(given, f"Bearer {self.key}")

    async def models(self, http: HttpRequest) -> Response:
        """List the one model."""
        model = {"id": self.model, "object": "model", "created": 0, "owned_by": "fjsim"}
        return JSONResponse({"object": "list", "data": [model]})

    async def health(self, http: HttpRequest) -> Response:
        """Say that the server is up."""
        return Response()

    async def stats(self, http: HttpRequest) -> Response:
        """Return the counters."""
        return JSONResponse(self.counts.as_dict())


def create_app(server: ModelServer) -> Starlette:
    """Return the ASGI application of a server.

    Parameters
    ----------
    server : ModelServer
        Answers the routes.
    """
    app = Starlette(
        routes=[
            Route("/v1/chat/completions", server.chat, methods=["POST"]),
            Route("/v1/models", server.models),
            Route("/health", server.health),
            Route("/stats", server.stats),
        ]
    )
    app.state.server = server
    return app


def _broken(fault: Fault, variant: float, body: dict[str, Any]) -> Response:
    if fault is Fault.DISCONNECT:
        return Cut(json.dumps(body), media_type="application/json")
    if fault is Fault.GIBBERISH:
        body["choices"][0]["message"]["content"] = GIBBERISH
        return JSONResponse(body)
    if variant < 1 / 3:
        return Response(HTML, media_type="text/html")
    if variant < 2 / 3:
        text = json.dumps(body)
        return Response(text[: len(text) // 2], media_type="application/json")
    return JSONResponse({"choices": [], "note": "no chat completion"})


def _error(
    status: int, message: str, code: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    kind = "invalid_request_error" if status < 429 else "server_error"
    return JSONResponse(error_body(message, kind, code), status_code=status, headers=headers)


async def _until_disconnected(http: HttpRequest) -> None:
    while (await http.receive())["type"] != "http.disconnect":
        pass
