"""An endpoint that does its worst: the first part of the path names what it does."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import pytest

BELIEFS = {"A": 0.6, "B": 0.1, "C": 0.1, "D": 0.1, "E": 0.1}
STATEMENT = {"reasoning": "because", "answer": "A", "belief": BELIEFS, "confidence": 0.6}
OK = "200 OK"
HUGE = 2**28
"""Bytes of the bodies that are too large to be held."""


def statement(**changes: Any) -> str:
    """A good reply's text, with fields replaced."""
    return json.dumps(STATEMENT | changes)


def completion(text: object, **changes: Any) -> dict[str, Any]:
    """A chat completion with a text, and with fields of its body replaced."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    return {
        "model": "m-1",
        "choices": [choice | {"finish_reason": "stop"}],
        "usage": {"prompt_tokens": 40, "completion_tokens": 10},
    } | changes


def raw(text: str, **changes: Any) -> bytes:
    """A body in which NAME_ becomes what JSON's writer would not write."""
    return json.dumps(completion(text, **changes)).replace('"RAW', "").replace('RAW"', "").encode()


def head(status: str = OK, *lines: str, length: int | None = None) -> bytes:
    counted = [] if length is None else [f"Content-Length: {length}"]
    fields = ["Content-Type: application/json", "Connection: close", *counted, *lines]
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode()


def whole(body: bytes, status: str = OK, *lines: str) -> bytes:
    return head(status, *lines, length=len(body)) + body


def said(text: object, **changes: Any) -> bytes:
    return whole(json.dumps(completion(text, **changes)).encode())


def told(status: str, error: object, *lines: str) -> bytes:
    return whole(json.dumps({"error": error}).encode(), status, *lines)


def nested(depth: int) -> Any:
    made: Any = "x"
    for _ in range(depth):
        made = [made]
    return made


@cache
def zeros_packed(size: int) -> bytes:
    """Return blanks packed by gzip, some thousandth of their size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * 2**20
    parts = [packer.compress(block) for _ in range(size // len(block))]
    return b"".join([*parts, packer.flush()])


def logprobs(value: str) -> bytes:
    token = {"token": "A", "top_logprobs": [{"token": "A", "logprob": f"RAW{value}RAW"}]}
    choice = completion(statement())["choices"][0] | {"logprobs": {"content": [token]}}
    return whole(raw("", choices=[choice]))


GOOD_BODY = json.dumps(completion(statement())).encode()
BOTTOMLESS = "[" * 2000 + "]" * 2000
ESCAPED_HALF = statement(reasoning="cut RAW").replace("RAW", "\\ud83d")

FAULTS: dict[str, Callable[[], bytes]] = {
    "good": lambda: said(statement()),
    # What a model may write.
    "empty": lambda: said(""),
    "null-content": lambda: said(None),
    "prose": lambda: said("I think it is A."),
    "cut-json": lambda: said(statement()[:-9]),
    "int5000": lambda: said(statement(confidence=7).replace("7", "1" * 5000)),
    "int400": lambda: said(statement(belief=dict(BELIEFS, A=77)).replace("77", "1" + "0" * 400)),
    "int5000-extra": lambda: said(statement(extra=7777).replace("7777", "9" * 5000)),
    "half-escaped": lambda: said(ESCAPED_HALF),
    "half-in-text": lambda: whole(raw(statement(reasoning="cut \ud83d"))),
    "braces": lambda: said("{" * 200_000),
    "braces-1MB": lambda: said("{" * 1_000_000),
    "quoted-braces": lambda: said('{"' * 100_000),
    "keys": lambda: said('{"x' * 60_000),
    "fence": lambda: said("```json" + "\n" * 200_000),
    "nested-lists": lambda: said(('{"a":' * 400 + "[" * 400) * 60),
    "nested-answer": lambda: said('{"answer":' * 20_000),
    "nested-belief": lambda: said(statement(belief=nested(900))),
    "nested-reason": lambda: said(statement(reasoning=77).replace("77", BOTTOMLESS)),
    "belief-null": lambda: said(statement(belief=None)),
    "belief-1e308": lambda: said(statement(belief=dict.fromkeys("ABCDE", 1e308))),
    "belief-nan": lambda: said(statement(belief=dict(BELIEFS, A=float("nan")))),
    "belief-inf": lambda: said(statement(belief=dict(BELIEFS, A=float("inf")))),
    "think-unfinished": lambda: said("<think>" + "hm " * 1000),
    "long-text": lambda: said("x" * 2_000_000),
    # What a server may put around it.
    "half-model": lambda: said(statement(), model="m\ud83d"),
    "half-finish": lambda: said(
        "",
        choices=[{"message": {"content": statement()}, "finish_reason": "st\ud83dop"}],
    ),
    "model-nested": lambda: said(statement(), model=nested(970)),
    "model-number": lambda: said(statement(), model=7),
    "model-long": lambda: said(statement(), model="m" * 1_000_000),
    "tokens-1e999": lambda: whole(raw(statement(), usage={"prompt_tokens": "RAW1e999RAW"})),
    "tokens-infinity": lambda: whole(raw(statement(), usage={"prompt_tokens": "RAWInfinityRAW"})),
    "tokens-nan": lambda: whole(raw(statement(), usage={"prompt_tokens": "RAWNaNRAW"})),
    "tokens-huge": lambda: said(statement(), usage={"prompt_tokens": 99999999999999999999}),
    "tokens-5000": lambda: whole(raw(statement(), usage={"prompt_tokens": f"RAW{'9' * 5000}RAW"})),
    "tokens-text": lambda: said(statement(), usage={"prompt_tokens": "many"}),
    "tokens-list": lambda: said(statement(), usage={"prompt_tokens": [1]}),
    "usage-list": lambda: said(statement(), usage=[1]),
    "logprob-1e9": lambda: logprobs("1e9"),
    "logprob-1e999": lambda: logprobs("1e999"),
    "logprob-nan": lambda: logprobs("NaN"),
    "logprob-nested": lambda: logprobs("[" * 900 + "]" * 900),
    "no-choices": lambda: said("", choices=[]),
    "choices-null": lambda: said("", choices=None),
    "choices-text": lambda: said("", choices="none"),
    "choice-number": lambda: said("", choices=[7]),
    "content-number": lambda: said(7),
    "content-list": lambda: said([{"type": "text", "text": statement()}]),
    "content-list-odd": lambda: said([1, {"text": [2]}, None]),
    "html": lambda: whole(b"<html><body>502 Bad Gateway</body></html>"),
    "nan-body": lambda: whole(b"NaN"),
    "null-body": lambda: whole(b"null"),
    "empty-body": lambda: whole(b""),
    "not-utf8": lambda: whole(b'{"model": "\xff\xfe"}'),
    "duplicate-keys": lambda: whole(b'{"choices": 1, ' + GOOD_BODY[1:]),
    "nested-100000": lambda: whole(b"[" * 100_000),
    "nested-object": lambda: whole(b'{"a":' * 100_000),
    "long-body": lambda: whole(b" " * 9 * 2**20),
    # Bodies and heads.
    "gzip": lambda: whole(gzip.compress(GOOD_BODY), OK, "Content-Encoding: gzip"),
    "deflate": lambda: whole(zlib.compress(GOOD_BODY), OK, "Content-Encoding: deflate"),
    "gzip-bad": lambda: whole(b"no gzip at all", OK, "Content-Encoding: gzip"),
    "gzip-cut": lambda: whole(gzip.compress(b"x" * 9999)[:-9], OK, "Content-Encoding: gzip"),
    "brotli": lambda: whole(b"\x8b\x02\x80abc\x03", OK, "Content-Encoding: br"),
    "chunked": lambda: head(OK, "Transfer-Encoding: chunked") + chunks(GOOD_BODY),
    "chunks-cut": lambda: head(OK, "Transfer-Encoding: chunked") + b"ff\r\n{\"choices\"",
    "chunk-bad": lambda: head(OK, "Transfer-Encoding: chunked") + b"zz\r\nxx\r\n",
    "body-cut": lambda: head(length=9999) + b'{"choices": [',
    "length-lie": lambda: head(length=10**15) + b"{}",
    "length-nonsense": lambda: head(OK, "Content-Length: many") + b"{}",
    "no-http": lambda: b"220 smtp.example.org ready\r\n",
    "nothing": lambda: b"",
    "header-10MB": lambda: b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10 * 2**20 + b"\r\n\r\n",
    "status-999": lambda: told("999 Odd", "odd"),
    "redirect": lambda: whole(b"", "302 Found", "Location: /good/v1/chat/completions"),
    "redirect-307": lambda: whole(b"", "307 Temporary", "Location: /good/v1/chat/completions"),
    # Refusals and what they say.
    "error-nested": lambda: told("400 Bad Request", nested(970)),
    "error-message-nested": lambda: told("400 Bad Request", {"message": nested(960)}),
    "error-number": lambda: told("400 Bad Request", 10**30),
    "error-half": lambda: told("400 Bad Request", "cut \ud83d \u202e"),
    "error-int5000": lambda: whole(b'{"error": ' + b"9" * 5000 + b"}", "400 Bad Request"),
    "error-code-nested": lambda: told("429 Slow", {"message": "slow", "code": nested(960)}),
    "error-html": lambda: whole(b"<html>" * 10_000, "400 Bad Request"),
    "error-long": lambda: told("500 Oops", "x" * 5_000_000),
    **{
        f"retry-{name}": partial(told, "429 Slow", "slow", f"Retry-After: {value}")
        for name, value in {
            "date-huge": "Wed, 99 Oct 99999999999999999999 99:99:99 GMT",
            "date-9999": "Fri, 31 Dec 9999 23:59:59 GMT",
            "date-0": "Mon, 01 Jan 0000 00:00:00 +9999",
            "date-odd": "Wed, 99 Oct 20999 07:28:00 GMT",
            "negative": "-5",
            "nan": "nan",
            "infinite": "1e999",
            "year": "31536000",
            "words": "soon",
            "unicode": "\u0661",
        }.items()
    },
}  # fmt: skip


def chunks(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


class HostileEndpoint:
    """A raw server in a thread; ``url(fault)`` is a base URL whose every answer is that fault."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.share = 1
        self.broken: Counter[str] = Counter()
        self._writers: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> HostileEndpoint:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    def url(self, fault: str) -> str:
        return f"http://127.0.0.1:{self.port}/{fault}/v1"

    def _serve(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for writer in self._writers:
            if not writer.transport.is_closing():
                writer.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.05)  # Transports close in a later step of the loop.

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            fault = await self._request(reader)
            self.asked[fault] += 1
            # "NAME~4" is that fault at every 4th request, and a good answer otherwise.
            name, _, every = fault.partition("~")
            if every and self.asked[fault] % int(every.partition("-")[0]):
                name = "good"
            try:
                await self._answer(name, writer)
            except ConnectionError:
                self.broken[fault] += 1
                raise
            finally:
                writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> str:
        line = (await reader.readline()).decode("latin-1")
        if not line:
            raise ConnectionError("gone before it asked")
        length = 0
        while (field := (await reader.readline()).decode("latin-1").strip()) != "":
            name, _, value = field.partition(":")
            length = int(value) if name.lower() == "content-length" else length
        await reader.readexactly(length)
        return line.split(" ")[1].split("/")[1]

    async def _answer(self, name: str, writer: asyncio.StreamWriter) -> None:
        if name in STREAMS:
            await STREAMS[name](writer)
            return
        writer.write(FAULTS[name]())
        await writer.drain()


async def _plain_flood(writer: asyncio.StreamWriter, status: str = OK) -> None:
    writer.write(head(status))
    for _ in range(HUGE // 2**18):
        writer.write(b" " * 2**18)
        await writer.drain()


async def _counted_flood(writer: asyncio.StreamWriter) -> None:
    writer.write(head(length=HUGE))
    for _ in range(HUGE // 2**18):
        writer.write(b" " * 2**18)
        await writer.drain()


async def _error_flood(writer: asyncio.StreamWriter) -> None:
    await _plain_flood(writer, "500 Oops")


async def _bomb(writer: asyncio.StreamWriter) -> None:
    writer.write(whole(zeros_packed(HUGE), OK, "Content-Encoding: gzip"))
    await writer.drain()


async def _chunk_flood(writer: asyncio.StreamWriter) -> None:
    writer.write(head(OK, "Transfer-Encoding: chunked"))
    for _ in range(HUGE // 2**18):
        writer.write(b"%x\r\n%b\r\n" % (2**18, b" " * 2**18))
        await writer.drain()


async def _hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def _drip(writer: asyncio.StreamWriter, start: bytes) -> None:
    writer.write(start)
    while True:
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b" ")


async def _drip_body(writer: asyncio.StreamWriter) -> None:
    await _drip(writer, head())


async def _drip_head(writer: asyncio.StreamWriter) -> None:
    await _drip(writer, b"HTTP/1.1 200 OK\r\nX: ")


STREAMS = {
    "flood": _plain_flood,
    "flood-counted": _counted_flood,
    "flood-chunks": _chunk_flood,
    "flood-error": _error_flood,
    "bomb": _bomb,
    "hang": _hang,
    "drip-body": _drip_body,
    "drip-head": _drip_head,
}


@pytest.fixture(scope="session")
def hostile() -> Iterator[HostileEndpoint]:
    with HostileEndpoint() as endpoint:
        yield endpoint


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that take an ``answer`` and do not choose some meet each one that is sent whole."""
    chosen = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "answer" in metafunc.fixturenames and "answer" not in chosen:
        metafunc.parametrize("answer", sorted(FAULTS))
