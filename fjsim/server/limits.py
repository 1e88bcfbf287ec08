"""What one client may take of the server: bytes, seconds, connections."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request as HttpRequest
from uvicorn.protocols.http.h11_impl import H11Protocol

LARGEST_BODY = 8 * 2**20
"""Bytes of a request's body."""

LARGEST_HEAD = 64 * 2**10
"""Bytes of a request's line and headers."""

HEAD_SECONDS = 10.0
"""How long a connection may take to say what it wants, from its opening or its first byte."""

BODY_SECONDS = 30.0
"""How long the body of a request may take to arrive."""

MOST_CONNECTIONS = 2048
"""Open at the same time; more are told to come back (503)."""


class BodyRefusedError(Exception):
    """A body that is not read to its end.

    Parameters
    ----------
    status : int
        HTTP status of the answer: 413 or 408.
    message : str
        For the client.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def limited_body(http: HttpRequest) -> bytes:
    """Return the body of a request that keeps to the limits.

    Parameters
    ----------
    http : starlette.requests.Request
        Its body is not read yet.

    Raises
    ------
    BodyRefusedError
        If it is larger than `LARGEST_BODY` or takes longer than `BODY_SECONDS`.
    """
    declared = http.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 15 or int(declared) > LARGEST_BODY):
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in http.stream():
                if len(body) + len(piece) > LARGEST_BODY:
                    raise _too_large()
                body += piece
    except TimeoutError:
        message = f"the body did not arrive within {BODY_SECONDS:g} s"
        raise BodyRefusedError(408, message) from None
    return bytes(body)


def _too_large() -> BodyRefusedError:
    return BodyRefusedError(413, f"the body has more than {LARGEST_BODY / 2**20:g} MiB")


class PatientProtocol(H11Protocol):
    """HTTP by h11, with an end to the patience for a request's head.

    uvicorn closes what stays idle after a response; a connection that never sends a whole head
    it would keep for ever.
    """

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for a head from the first moment on."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Stop waiting once a head is whole."""
        super().data_received(data)
        if self._at_work():
            self._stop_waiting()
        elif self._patience is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._patience = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        if not self._at_work():
            self.transport.close()
