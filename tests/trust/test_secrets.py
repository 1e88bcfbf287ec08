"""Keys are refused where they would be written, and never repeated."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fjsim.backends.http.openai_chat import OpenAIChat
from fjsim.confidential import hide_keys, is_secret_name, is_variable_name
from fjsim.errors import ConfigError, capped
from fjsim.foreign_text import LONGEST_VALUE, shown
from fjsim.runs import run
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario, load_scenario
from fjsim.sweeps.grid import Sweep

KEY = "sk-proj-" + "a1B2" * 10
KEYS = [
    KEY,
    "sk-" + "a1b2" * 12,
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_" + "a1" * 18,
    "hf_" + "aB" * 17,
    "gsk_" + "a1" * 26,
    "AIza" + "a1_b2" * 7,
    "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl",
]
OPENAI = {"kind": "openai", "model": "m", "base_url": "http://127.0.0.1:9/v1"}


def refused(**values: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        resolve(Scenario(questions={"limit": 1}, **values))
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("key", [*KEYS, "sk-short", "two words", "a=b", "KEY\nLINE", "0" * 40])
@pytest.mark.parametrize("seat", [True, False], ids=["of an agent", "of all"])
def test_the_key_in_place_of_its_variables_name_is_refused_without_echo(
    key: str, seat: bool
) -> None:
    block = {**OPENAI, "api_key_env": key}
    values = {"agents": [{"kind": "llm", "backend": block}, "llm"]} if seat else {"backend": block}
    message = refused(**values)
    assert "api_key_env" in message
    assert key not in message
    assert key[:12] not in message


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "MY_KEY", "_x", "Key2", "A" * 64])
def test_a_plausible_name_of_a_variable_is_taken(name: str) -> None:
    assert is_variable_name(name)
    OpenAIChat(model="m", api_key_env=name)


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": "PRIVATE"},
        {"headers": {"Authorization": "Bearer PRIVATE"}},
        {"a": [{"b": {"hf_token": "PRIVATE"}}]},
        {"auth": {"password": "PRIVATE"}},
        {"clientSecret": "PRIVATE"},
        {"key": "PRIVATE"},
        {"pin": {"secret": 1234567}},
        {"keys": ["PRIVATE"]},
        {"note": KEY},
        {"nested": [[KEY]]},
    ],
)
def test_a_secret_among_a_requests_fields_is_refused_at_any_depth(fields: dict[str, Any]) -> None:
    for message in (
        refused(backend={**OPENAI, "extra_body": fields}),
        refused(agents={"kind": "llm", "count": 2, "backend": {**OPENAI, "extra_body": fields}}),
    ):
        assert "extra_body" in message
        assert not any(word in message for word in ("PRIVATE", "1234567", KEY[:10]))
    with pytest.raises(ConfigError):
        OpenAIChat(model="m", extra_body=fields)
    with pytest.raises(ConfigError) as caught:
        Sweep(vary={"backend.extra_body": [fields]})
    assert "PRIVATE" not in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        load_scenario(None, settings=["backend.kind=openai", f"backend.extra_body={fields}"])
    assert "PRIVATE" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"top_k": 20, "max_tokens": 5, "stop_token_ids": [1, 2], "prompt_cache_key": "team"},
        {"chat_template_kwargs": {"enable_thinking": False}, "skip_special_tokens": True},
        {"guided_json": {"properties": {"key": {"type": "string"}}}, "eos_token": "</s>"},
        {"thinking": {"budget_tokens": 100}, "include_stop_str_in_output": False},
    ],
)
def test_ordinary_fields_are_no_secrets(fields: dict[str, Any]) -> None:
    resolve(Scenario(backend={**OPENAI, "extra_body": fields}, questions={"limit": 1}))


@pytest.mark.parametrize(
    "url",
    [
        "http://user:PRIVATE@127.0.0.1/v1",
        "http://127.0.0.1/v1?key=PRIVATE",
        "http://127.0.0.1/v1#key=PRIVATE",
        "user:PRIVATE@127.0.0.1/v1",
        f"http://127.0.0.1/{KEY}/v1",
    ],
)
def test_an_address_that_carries_a_secret_is_refused_without_echo(url: str) -> None:
    message = refused(backend={**OPENAI, "base_url": url})
    assert "PRIVATE" not in message
    assert KEY not in message


@pytest.mark.parametrize(
    "url", ["127.0.0.1/v1", "ftp://x/v1", "http://[", "http:///v1", "http://a:b:c/", "http://x\n/v1",
            "http://x:99999/v1", "https://api.openai.com\\.evil.example/v1", "http://a b/v1"]
)  # fmt: skip
def test_what_is_no_address_is_one_clear_line(url: str) -> None:
    assert "http://HOST:PORT/v1" in refused(backend={**OPENAI, "base_url": url})


@pytest.mark.parametrize("key", ["two\nlines", "two words", "sch\u00f6n", "a\x00b"])
def test_a_variable_that_holds_no_key_is_one_clear_line(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = OpenAIChat(model="m", base_url="http://127.0.0.1:9/v1", api_key_env="MY_KEY")
    monkeypatch.setattr("os.environ", {"MY_KEY": key})
    with pytest.raises(ConfigError, match="MY_KEY holds a line break") as caught:
        asyncio.run(_connected(backend))
    assert key not in str(caught.value)


async def _connected(backend: OpenAIChat) -> None:
    await backend.connect()


def test_messages_show_values_short_printable_and_without_secrets() -> None:
    assert shown({"seat": "hub"}) == "{'seat': 'hub'}"
    for value in (KEY, {"api_key": "PRIVATE"}, [{"password": "PRIVATE"}], "http://u:PRIVATE@h/",
                  {"deep": {"er": [KEY]}}, "x" * 90 + " " + KEY, "\x1b[2J\u202e" * 40, "z" * 10**6,
                  list(range(10**5)), 10**9999, [[[[[[1]]]]]]):  # fmt: skip
        text = shown(value)
        assert len(text) <= LONGEST_VALUE
        assert text.isprintable()
        assert "PRIVATE" not in text
        assert KEY[:15] not in text
    assert hide_keys(f"the key {KEY} is wrong") == "the key [hidden] is wrong"
    assert is_secret_name("X-Api-Key")


def test_a_message_without_end_keeps_its_beginning_and_what_to_do() -> None:
    text = capped("file.yaml: " + "x" * 10**6 + "; add --trust")
    assert len(text) <= 1500
    assert text.startswith("file.yaml: ")
    assert text.endswith("; add --trust")
    assert len(str(ConfigError("x" * 10**6))) <= 1500


@pytest.mark.parametrize(
    "values",
    [
        {"backend": {"api_key": KEY, "kind": "openai"}},
        {"backend": [KEY]},
        {"agents": [{"backend": {"model": "m", "api_key": "PRIVATE"}}]},
        {"rounds": KEY},
        {KEY: 1},
        {"attack": {"seat": "hub", "password": "PRIVATE"}},
    ],
)
def test_a_refusal_of_something_else_repeats_no_secret_beside_it(values: dict[str, Any]) -> None:
    message = refused(**values)
    assert KEY[:12] not in message
    assert "PRIVATE" not in message


def test_no_file_of_a_run_holds_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    team = [{"kind": "numeric", "count": 2, "backend": {**OPENAI, "api_key_env": "MY_KEY"}}]
    run(Scenario(agents=team, rounds=1, questions={"limit": 1}), out=tmp_path / "run")
    for path in (tmp_path / "run").iterdir():
        assert KEY.encode() not in path.read_bytes()
    with pytest.raises(ConfigError):
        run(
            Scenario(name="x", agents=team, backend={**OPENAI, "api_key_env": KEY}), tmp_path / "no"
        )
    assert not (tmp_path / "no").exists()
