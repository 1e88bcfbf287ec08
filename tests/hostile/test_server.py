"""Whatever a client sends, ``fjsim serve`` answers it with a status below 500 and stays small."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from fjsim.backends import raw_backend
from fjsim.server import ModelServer, RunningServer, app, create_app, limits, serving
from fjsim.server.chat import read_sample

PROMPT = "## Question\n\nWhich?\n\n## Options\n\nA) this\nB) that\n\nAnswer."
GOOD = {"model": "fjsim-simulated", "messages": [{"role": "user", "content": PROMPT}]}
LATER = [
    {"role": "user", "content": PROMPT},
    {"role": "assistant", "content": '{"belief": {"A": 0.5, "B": 0.5}}'},
]


def served() -> ModelServer:
    return ModelServer(raw_backend("simulated"))


async def asgi(server: ModelServer, pieces: AsyncIterator[bytes], *headers: Any) -> Any:
    """Post a body piece by piece; return status, decoded answer and how much was taken."""
    taken, sent = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        piece = await anext(pieces, None)
        taken += len(piece or b"")
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": list(headers),
        "query_string": b"", "root_path": "", "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    await create_app(server)(scope, receive, send)
    answer = json.loads(b"".join(message.get("body", b"") for message in sent[1:]))
    return sent[0]["status"], answer, taken


async def at_once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def post(body: bytes, server: ModelServer | None = None) -> tuple[int, Any]:
    status, answer, _ = asyncio.run(asgi(server or served(), at_once(body)))
    return status, answer


def spelled(**changes: str) -> bytes:
    """A good body with fields replaced by text that JSON's writer would not write."""
    fields = {name: json.dumps(value) for name, value in GOOD.items()} | changes
    return ("{" + ",".join(f'"{name}": {text}' for name, text in fields.items()) + "}").encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": '[{"role": "user", "content": [1]}]'},
        {"messages": '[{"role": "user", "content": [{"text": 1}]}]'},
        {"messages": '[{"role": "user", "content": {"text": "x"}}]'},
        {"messages": '[{"role": ["user"], "content": "x"}]'},
        {"messages": '{"role": "user"}'},
        {"max_tokens": "1e999"},
        {"max_tokens": "-1"},
        {"max_tokens": "1.5"},
        {"max_tokens": '"many"'},
        {"max_tokens": "9" * 5000},
        {"max_completion_tokens": "[1]"},
        {"seed": "1e999"},
        {"seed": "-3"},
        {"seed": "NaN"},
        {"temperature": "NaN"},
        {"temperature": "-1"},
        {"temperature": "Infinity"},
        {"top_p": "2"},
        {"user": "7"},
        {"user": json.dumps("a" * 100_000)},
        {"model": "[1]"},
        {"model": json.dumps("m" * 100_000)},
        {"logprobs": "true", "top_logprobs": "1e999"},
        {"logprobs": "true", "top_logprobs": '"x"'},
        {"logprobs": "true", "top_logprobs": "-1"},
        {"response_format": "[1]"},
        {"response_format": '{"type": "json_schema", "json_schema": [1]}'},
        {"response_format": '{"type": "json_schema", "json_schema": {"schema": 7}}'},
        {"n": "1e999"},
        {"messages": "[" * 100_000},
    ],
)
def test_a_field_of_the_wrong_kind_is_refused_with_its_name(changes: dict[str, str]) -> None:
    status, answer = post(spelled(**changes))
    assert status == 400
    said = answer["error"]["message"]
    assert "nested" in said or any(name in said for name in changes)
    assert len(said) < 300


@pytest.mark.parametrize("field", ["model", "user", "content"])
def test_half_a_character_is_no_reason_to_break(field: str) -> None:
    if field == "content":
        content = json.dumps(PROMPT.replace("Which", "Wh\ud83d"))
        changes = {"messages": f'[{{"role": "user", "content": {content}}}]'}
    else:
        changes = {field: '"cut \\ud83d"'}
    status, answer = post(spelled(**changes))
    assert status == (404 if field == "model" else 200)
    json.dumps(answer, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "peers",
    [
        "<peer x>\n> answer: A\n> confidence: high\n</peer>",
        '<peer weight="nan" trust="inf">\n> answer: A\n> confidence: nan\n</peer>',
        '<peer weight="1e999">\n> belief: A=1e999 B=1\n</peer>',
        '<peer weight="-1">\n> belief: A=-1 B=2\n</peer>',
        "Your view on record: A=nan B=1",
        "## How sure do they seem?\n\n<peer weight=1>\n> answer: A\n</peer>",
    ],
)
@pytest.mark.parametrize("said", ['{"belief": {"A": 1e999, "B": 0}}', "[" * 9999, '{"belief": []}'])
def test_a_prompt_that_only_looks_like_ours_is_answered_or_refused(peers: str, said: str) -> None:
    history = [LATER[0], {"role": "assistant", "content": said}]
    messages = [*history, {"role": "user", "content": peers}]
    status, _ = post(spelled(messages=json.dumps(messages), logprobs="true", top_logprobs="5"))
    assert status in (200, 400)


async def flood(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 2**16):
        yield b" " * 2**16


def test_a_body_without_end_is_refused_at_the_limit() -> None:
    status, answer, taken = asyncio.run(asgi(served(), flood(2**30)))
    assert status == 413
    assert "8 MiB" in answer["error"]["message"]
    assert taken <= limits.LARGEST_BODY + 2**16


@pytest.mark.parametrize("length", [b"209715200", b"9" * 5000])
def test_a_body_that_says_it_is_too_large_is_not_read(length: bytes) -> None:
    headers = (b"content-length", length)
    status, _, taken = asyncio.run(asgi(served(), flood(2**30), headers))
    assert (status, taken) == (413, 0)


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(3600)

    monkeypatch.setattr(limits, "BODY_SECONDS", 0.05)
    status, answer, _ = asyncio.run(asgi(served(), never()))
    assert status == 408
    assert "within 0.05 s" in answer["error"]["message"]


def test_many_users_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "MOST_TURNS", 10)
    server = served()
    for number in range(50):
        assert post(spelled(user=json.dumps(f"seat={number}")), server)[0] == 200
    assert len(server.counts.received) == len(server.counts.answered) == 10
    assert server.counts.as_dict()["requests"] == server.counts.as_dict()["answered"] == 50


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    with RunningServer(served()) as running:
        parts = urlsplit(running.base_url)
        yield str(parts.hostname), int(parts.port or 0)


def closed_within(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_connection_that_asks_nothing_is_closed(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.2)
    with socket.create_connection(address) as silent, socket.create_connection(address) as slow:
        slow.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nX: ")
        assert closed_within(silent, 20)
        assert closed_within(slow, 20)


def test_a_head_that_comes_in_drips_is_closed_and_a_quick_one_is_kept(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.5)
    kept = http.client.HTTPConnection(*address, timeout=20)
    with socket.create_connection(address) as slow:
        slow.settimeout(0.05)
        deadline, open_ = time.monotonic() + 20, True
        while open_:
            assert time.monotonic() < deadline
            try:
                slow.sendall(b"X")
                open_ = slow.recv(1) != b""
            except TimeoutError:
                kept.request("GET", "/v1/models")
                with kept.getresponse() as response:
                    assert response.read()
            except ConnectionError:
                open_ = False
    assert kept.sock is not None
    kept.close()


def test_a_head_without_end_is_refused(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        connection.settimeout(20)
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 2**30:
                sent += connection.send(b"X" * 2**16)
        assert sent < 2**28


def test_connections_beyond_the_limit_are_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "MOST_CONNECTIONS", 4)
    with RunningServer(served()) as running:
        parts = urlsplit(running.base_url)
        where = str(parts.hostname), int(parts.port or 0)
        idle = [socket.create_connection(where) for _ in range(6)]
        asking = http.client.HTTPConnection(*where, timeout=20)
        asking.request("GET", "/v1/models")
        assert asking.getresponse().status == 503
        asking.close()
        for connection in idle:
            connection.close()


SLOW = """
from fjsim.backends.prompt_reading import read_prompt
from fjsim.contracts import ChatMessage
from fjsim.errors import BackendRefusedError
from fjsim.server.chat import read_sample

read_sample("a" * 2_000_000)
read_sample("seat=" * 400_000)
prompt = "## Question\\n\\nWhich?\\n\\n## Options\\n\\nA) this\\nB) that\\n\\n"
for tail in (
    "<peer x>\\n" * 200_000,
    "<peer " + "a" * 2_000_000 + ">\\n</peer>",
    "<silent " * 200_000,
    "<silent " + "a" * 2_000_000 + "/>",
    "Assigned belief: " * 100_000,
    "A) x\\n" * 300_000,
    "\\n\\n## Options" * 200_000,
):
    first = ChatMessage("user", prompt + tail)
    for chat in ([first], [first, ChatMessage("assistant", tail), ChatMessage("user", tail)]):
        try:
            read_prompt(chat)
        except BackendRefusedError:
            pass
"""


def test_texts_made_to_be_slow_are_read_at_once() -> None:
    # They take seconds together; by the square of their length each would take minutes.
    subprocess.run([sys.executable, "-c", SLOW], check=True, timeout=120)


@pytest.mark.parametrize(
    ("user", "seat"),
    [("replica=0 seat=3 round=1", 3), ("xseat=3", 0), ("1seat=3", 3), ("seat=1234567890", 0)],
)
def test_the_sample_is_found_where_it_was_found_before(user: str, seat: int) -> None:
    assert read_sample(user).seat == seat
