import asyncio
import logging
import socket
from typing import Any

import pytest

from fjsim.backends import make_backend
from fjsim.backends.http.endpoint import retry_after
from fjsim.backends.http.faults import FaultKind, RefusalError, TransientError, server_words
from fjsim.backends.http.openai_chat import OpenAIChat
from fjsim.errors import BackendError, BackendRefusedError, BackendUnreachableError, ConfigError
from fjsim.server import FaultPlan, ModelServer, RunningServer

MODEL = "fjsim-simulated"
SECRET = "sk-planted-4711-secret"


def play(backend, *requests):
    async def run():
        try:
            return [await backend.complete(request) for request in requests]
        finally:
            await backend.close()

    return asyncio.run(run())


def client(running, **fields):
    return OpenAIChat(model=MODEL, base_url=running.base_url, **fields)


BOTH_CLIENTS = pytest.mark.parametrize("speaker", ["aiohttp", "openai"])


@BOTH_CLIENTS
def test_reply_comes_over_http_with_usage_and_model(echo, ask, speaker) -> None:
    with RunningServer(ModelServer(echo())) as running:
        (reply,) = play(client(running, client=speaker), ask(seat=4))
    assert "seat=4" in reply.text
    assert (reply.model, reply.usage.tokens_cached, reply.finish_reason) == ("echo-1", 8, "stop")


@BOTH_CLIENTS
def test_schema_seed_and_messages_arrive(echo, ask, speaker) -> None:
    inner = echo()
    with RunningServer(ModelServer(inner)) as running:
        play(client(running, client=speaker), ask("wörld\n\x1b", seed=9))
    (got,) = inner.asked
    assert got == ask("wörld\n\x1b", seed=9)


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("rate_limit", {FaultKind.RATE_LIMIT}),
        ("error", {FaultKind.SERVER_ERROR}),
        ("disconnect", {FaultKind.UNREACHABLE, FaultKind.DISCONNECT}),
        ("garbage", {FaultKind.GARBAGE, FaultKind.SERVER_ERROR}),
        ("hang", {FaultKind.TIMEOUT}),
    ],
)
def test_faults_met_by_the_openai_package_may_pass_too(echo, ask, fault, kinds) -> None:
    given: dict[str, Any] = {fault: 1.0}
    with RunningServer(ModelServer(echo(), faults=FaultPlan(**given))) as running:
        patience = 0.5 if fault == "hang" else 20
        with pytest.raises(TransientError) as caught:
            play(client(running, client="openai", timeout=patience), ask())
        assert caught.value.kind in kinds
        assert running.base_url in str(caught.value)
    assert caught.value.retry_after == (0.2 if fault == "rate_limit" else None)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("rate_limit", FaultKind.RATE_LIMIT),
        ("error", FaultKind.SERVER_ERROR),
        ("disconnect", FaultKind.DISCONNECT),
        ("garbage", FaultKind.GARBAGE),
        ("hang", FaultKind.TIMEOUT),
    ],
)
def test_every_fault_is_told_apart(echo, ask, fault, kind) -> None:
    given: dict[str, Any] = {fault: 1.0}
    with RunningServer(ModelServer(echo(), faults=FaultPlan(**given))) as running:
        for number in range(4 if fault == "garbage" else 1):
            with pytest.raises(TransientError) as caught:
                play(client(running, timeout=0.2 if fault == "hang" else 20), ask(str(number)))
            assert caught.value.kind is kind
            assert running.base_url in str(caught.value)
    assert caught.value.retry_after == (0.2 if fault == "rate_limit" else None)


def test_faults_are_overcome_by_the_whole_stack(echo, ask, tmp_path) -> None:
    faults = FaultPlan(
        rate_limit=0.1, error=0.05, disconnect=0.05, garbage=0.05, hang=0.02, retry_after=0.01
    )
    inner = echo()
    server = ModelServer(inner, faults=faults)
    with RunningServer(server) as running:
        backend = make_backend(
            {"kind": "openai", "model": MODEL, "base_url": running.base_url, "timeout": 0.5},
            cache_path=tmp_path / "c.sqlite3",
        )

        async def run():
            try:
                calls = (backend.complete(ask(str(n), seat=n % 6)) for n in range(80))
                return await asyncio.gather(*calls)
            finally:
                await backend.close()

        replies = asyncio.run(run())
    assert all(reply.failure == "" for reply in replies)
    assert [reply.text.count(f"seat={n % 6}") for n, reply in enumerate(replies)] == [1] * 80
    assert sum(reply.attempts for reply in replies) == server.counts.received.total() > 80
    assert set(server.counts.faults) == {"rate-limit", "error", "disconnect", "garbage", "hang"}


@BOTH_CLIENTS
def test_a_request_that_comes_after_the_end_opens_nothing(echo, ask, speaker) -> None:
    inner = echo()

    async def run(backend) -> None:
        await backend.complete(ask())
        await backend.close()
        with pytest.raises(BackendError, match="after its connections were closed"):
            await backend.complete(ask())
        assert backend._endpoint is None

    with RunningServer(ModelServer(inner)) as running:
        asyncio.run(run(client(running, client=speaker)))
    assert inner.calls == 1


def test_dead_endpoint_is_unreachable_after_the_capped_attempts(ask, tmp_path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    block = {
        "kind": "openai",
        "model": "m",
        "base_url": f"http://127.0.0.1:{port}/v1",
        "max_attempts": 2,
    }
    with pytest.raises(BackendUnreachableError, match=r"nobody answers .* 2 attempts"):
        play(make_backend(block, cache=False), ask())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": "missing"}, "404: The model 'missing' does not exist.*backend.base_url"),
        ({"extra_body": {"stream": True}}, "400: this server does not stream"),
    ],
)
def test_refusal_repeats_the_servers_words(echo, ask, fields, words) -> None:
    with RunningServer(ModelServer(echo())) as running:
        block = {"kind": "openai", "model": MODEL, "base_url": running.base_url}
        backend = make_backend(block | fields, cache=False)
        with pytest.raises(BackendRefusedError, match=words):
            play(backend, ask())


def test_planted_key_is_sent_and_shows_up_nowhere(
    echo, ask, tmp_path, monkeypatch, caplog, capfd
) -> None:
    monkeypatch.setenv("MY_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    block = {"kind": "openai", "model": MODEL, "api_key_env": "MY_KEY"}
    cache = tmp_path / "c.sqlite3"
    with RunningServer(ModelServer(echo(), key=SECRET)) as running:
        backend = make_backend(block | {"base_url": running.base_url}, cache_path=cache)
        (reply,) = play(backend, ask())
    with RunningServer(ModelServer(echo(), key="another")) as running:
        backend = make_backend(block | {"base_url": running.base_url}, cache=False)
        with pytest.raises(BackendRefusedError, match=r"provided: \[key\]") as caught:
            play(backend, ask())
    shown = repr(backend) + backend.identity + str(caught.value) + repr(caught.value.__dict__)
    printed = "".join(capfd.readouterr())
    assert reply.failure == ""
    assert SECRET not in shown + caplog.text + printed
    assert all(SECRET.encode() not in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("place", ["http://me:{}@host:1/v1", "http://host:1/v1?key={}"])
def test_credentials_in_the_url_are_refused_without_repeating_them(place) -> None:
    with pytest.raises(ConfigError, match="api_key_env") as caught:
        OpenAIChat(model="m", base_url=place.format(SECRET))
    assert SECRET not in str(caught.value)


def test_missing_key_is_a_config_error_that_names_the_variable(ask, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY is empty"):
        play(OpenAIChat(model="gpt-x"), ask())


def test_openai_key_is_not_sent_to_other_servers(echo, ask, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    server = ModelServer(echo(), key=SECRET)
    with RunningServer(server) as running, pytest.raises(RefusalError):
        play(client(running), ask())


def test_server_that_takes_no_schema_is_asked_without_and_said_so_once(echo, ask, caplog) -> None:
    inner = echo()
    with RunningServer(ModelServer(inner, takes_schema=False)) as running:
        block = {"kind": "openai", "model": MODEL, "base_url": running.base_url}
        backend = make_backend(block, cache=False)
        replies = play(backend, ask("1"), ask("2"), ask("3"))
    assert [reply.attempts for reply in replies] == [2, 1, 1]
    assert all(request.schema is None for request in inner.asked)
    assert caplog.text.count("takes no JSON schema") == 1


def test_schema_that_must_be_honoured_is_not_given_up(echo, ask) -> None:
    with (
        RunningServer(ModelServer(echo(), takes_schema=False)) as running,
        pytest.raises(RefusalError, match="response_format"),
    ):
        play(client(running, structured="json_schema"), ask())


def test_prompt_only_sends_no_schema(echo, ask) -> None:
    inner = echo()
    with RunningServer(ModelServer(inner)) as running:
        play(client(running, structured="prompt"), ask())
    assert inner.asked[0].schema is None


def test_extra_fields_are_added_and_omitted_ones_left_out(ask) -> None:
    backend = OpenAIChat(
        model="m", base_url="http://h/v1", extra_body={"top_k": 20}, omit=("seed", "user")
    )
    fields = backend.fields(ask())
    assert fields["top_k"] == 20
    assert not {"seed", "user"} & set(fields)
    assert backend.identity != OpenAIChat(model="m", base_url="http://h/v1").identity


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"max_concurrency": 0}, "max_concurrency is 0"),
        ({"base_url": "localhost:8000"}, "http://HOST"),
        ({"structured": "yes"}, "structured"),
        ({"modle": "m"}, "did you mean 'model'"),
    ],
)
def test_wrong_blocks_are_config_errors(fields, words) -> None:
    with pytest.raises(ConfigError, match=words):
        make_backend({"kind": "openai", "model": "m"} | fields)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "3"}, 3),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After-Ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers, seconds) -> None:
    assert retry_after(headers) == seconds


def test_servers_words_are_one_short_printable_line() -> None:
    words = server_words("bad\x1b[31m\r\n\tkey " + SECRET + "x" * 999, SECRET)
    assert words.startswith("bad [31m key [key]x")
    assert len(words) == 500
