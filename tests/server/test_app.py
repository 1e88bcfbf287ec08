import http.client
from typing import Any

import pytest

from fjsim.server import FaultPlan, ModelServer, RunningServer

CHAT = "/chat/completions"


def test_chat_completion_has_the_shape_of_openai_and_the_sample_reaches_the_backend(
    echo, send, body
) -> None:
    with RunningServer(ModelServer(echo())) as server:
        answer = send(server.base_url + CHAT, body(logprobs=True, top_logprobs=2))
    choice = answer.body["choices"][0]
    assert answer.status == 200
    assert "replica=0 seat=1 round=2" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"
    assert choice["logprobs"]["content"][0]["top_logprobs"][1]["token"] == "B"
    assert answer.body["usage"]["prompt_tokens_details"]["cached_tokens"] == 8


def test_models_are_listed(echo, send) -> None:
    with RunningServer(ModelServer(echo(), model="tiny")) as server:
        assert send(server.base_url + "/models").body["data"][0]["id"] == "tiny"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"stream": True}, 400, "does not stream"),
        ({"n": 2}, 400, "one choice"),
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "boss", "content": "x"}]}, 400, "role"),
        ({"messages": [{"role": "user", "content": None}]}, 400, "content"),
        ({"temperature": "hot"}, 400, "a number from 0"),
        ({"model": "other"}, 404, "does not exist"),
        ({"messages": [{"role": "user", "content": "unreadable"}]}, 400, "cannot read"),
    ],
)
def test_requests_that_cannot_be_answered_say_why(echo, send, body, change, status, words) -> None:
    with RunningServer(ModelServer(echo())) as server:
        answer = send(server.base_url + CHAT, body() | change)
    assert answer.status == status
    assert words in answer.body["error"]["message"]


@pytest.mark.parametrize("sent", [b"{", b"[" * 100_000, b"\xff", b"[]", b"7"])
def test_body_that_is_no_request_is_a_400(echo, send, sent) -> None:
    with RunningServer(ModelServer(echo())) as server:
        assert send(server.base_url + CHAT, sent).status == 400


def test_content_in_parts_is_put_together(echo, send, body) -> None:
    parts = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
    with RunningServer(ModelServer(echo())) as server:
        answer = send(server.base_url + CHAT, body(messages=[{"role": "user", "content": parts}]))
    assert "one two" in answer.body["choices"][0]["message"]["content"]


def test_key_is_required_where_the_server_has_one(echo, send, body) -> None:
    with RunningServer(ModelServer(echo(), key="right")) as server:
        assert send(server.base_url + CHAT, body(), key="wrong").status == 401
        assert send(server.base_url + CHAT, body(), key="right").status == 200


def test_schema_is_refused_by_a_weak_server(echo, send, body) -> None:
    with RunningServer(ModelServer(echo(), takes_schema=False)) as server:
        answer = send(server.base_url + CHAT, body(response_format={"type": "json_schema"}))
    assert answer.status == 400
    assert "response_format" in answer.body["error"]["message"]


def test_stats_count_requests_by_turn(echo, send, body) -> None:
    with RunningServer(ModelServer(echo())) as server:
        for text in ("one", "one", "two"):
            send(server.base_url + CHAT, body(text))
        stats = send(server.base_url.removesuffix("/v1") + "/stats").body
    assert sorted(stats["turns"].values()) == [1, 2]
    assert (stats["requests"], stats["answered"], stats["in_flight"]) == (3, 3, 0)


@pytest.mark.parametrize(
    ("fault", "status"), [("rate_limit", 429), ("error", 500), ("gibberish", 200)]
)
def test_faults_with_a_status(echo, send, body, fault, status) -> None:
    given: dict[str, Any] = {fault: 1.0}
    server = ModelServer(echo(), faults=FaultPlan(**given, retry_after=1.5))
    with RunningServer(server) as running:
        answer = send(running.base_url + CHAT, body())
    assert answer.status == status
    assert server.counts.faults.total() == 1
    assert server.counts.answered.total() == 0
    if fault == "rate_limit":
        assert answer.headers["retry-after"] == "2"
        assert answer.headers["retry-after-ms"] == "1500"


def test_garbage_is_never_a_chat_completion(echo, send, body) -> None:
    with RunningServer(ModelServer(echo(), faults=FaultPlan(garbage=1.0))) as server:
        bodies = [send(server.base_url + CHAT, body(str(n))).body for n in range(12)]
    assert {type(got) for got in bodies} == {bytes, dict}
    assert not any(got.get("choices") for got in bodies if isinstance(got, dict))


def test_disconnect_breaks_off_in_the_middle(echo, send, body) -> None:
    with (
        RunningServer(ModelServer(echo(), faults=FaultPlan(disconnect=1.0))) as server,
        pytest.raises(http.client.IncompleteRead),
    ):
        send(server.base_url + CHAT, body())


def test_hang_ends_when_the_client_goes_away(echo, send, body) -> None:
    server = ModelServer(echo(), faults=FaultPlan(hang=1.0))
    with RunningServer(server) as running:
        with pytest.raises(TimeoutError):
            send(running.base_url + CHAT, body(), timeout=0.2)
        while send(running.base_url.removesuffix("/v1") + "/stats").body["in_flight"]:
            pass
    assert server.counts.faults["hang"] == 1
