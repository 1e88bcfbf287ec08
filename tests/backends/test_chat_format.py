import json
import math
from dataclasses import replace

import pytest

from fjsim.backends.http.chat_format import (
    answer_logprobs,
    chat_body,
    chat_fields,
    read_completion,
    without_thinking,
)
from fjsim.backends.http.encoding import Lasting
from fjsim.backends.http.seeding import run_seed


def completion(**message):
    choice = {"message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return {"model": "m-1", "choices": [choice], "usage": {"prompt_tokens": 7}}


def test_body_carries_the_sample_in_user_and_the_schema_as_response_format(ask) -> None:
    request = ask("why?\n\x1b é", seat=3, round=2, seed=5)
    body = json.loads(chat_body(chat_fields(request, "m", structured=True), request.messages))
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "why?\n\x1b é"},
    ]
    assert body["user"] == "replica=0 seat=3 round=2 draw=0 repair=0"
    assert body["max_tokens"] == 64
    assert body["response_format"]["json_schema"]["strict"] is True
    assert "logprobs" not in body


def test_every_draw_is_sent_its_own_seed_from_which_the_runs_seed_can_be_read(ask) -> None:
    requests = [ask(seat=seat, round=round, seed=5) for seat in range(6) for round in range(11)]
    seeds = [chat_fields(request, "m", structured=True)["seed"] for request in requests]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)
    back = [run_seed(seed, r.sample) for seed, r in zip(seeds, requests, strict=True)]
    assert set(back) == {5}


def test_body_without_structured_output_leaves_the_schema_to_the_prompt(ask) -> None:
    assert "response_format" not in chat_fields(ask(), "m", structured=False)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<think>A? no, B.</think>\n\nB", "B"),
        ("B, after all", "B, after all"),
        ("<think>and so on and on", ""),
        ("A? no, B.\n</think>\n\nB", "B"),
        ('{"reasoning": "</think> is a tag"}', '{"reasoning": "</think> is a tag"}'),
        ("\n<think>\n</think>{}", "{}"),
    ],
)
def test_thinking_is_no_part_of_the_reply(text, left) -> None:
    assert without_thinking(text) == left


def test_reasoning_in_its_own_field_is_left_there() -> None:
    reply = read_completion(completion(content="B", reasoning_content="A? no, B."))
    assert reply.text == "B"


def test_reply_without_content_is_empty_and_keeps_its_finish_reason() -> None:
    payload = completion(content=None, reasoning_content="and so on")
    payload["choices"][0]["finish_reason"] = "length"
    reply = read_completion(payload)
    assert (reply.text, reply.finish_reason) == ("", "length")


def test_refusal_is_a_reply_with_its_own_finish_reason() -> None:
    reply = read_completion(completion(content=None, refusal="I will not."))
    assert (reply.text, reply.finish_reason) == ("I will not.", "refusal")


@pytest.mark.parametrize(
    ("usage", "cached"),
    [
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}, 4),
        ({"prompt_tokens": 9, "prompt_tokens_details": None}, 0),
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 5}, 5),
        (None, 0),
    ],
)
def test_cached_tokens_are_read_wherever_servers_put_them(usage, cached) -> None:
    assert read_completion({**completion(content=""), "usage": usage}).usage.tokens_cached == cached


@pytest.mark.parametrize(
    "payload", [[], None, {}, {"choices": []}, {"choices": [None]}, completion(content=7)]
)
def test_what_is_no_chat_completion_is_refused(payload) -> None:
    with pytest.raises(ValueError, match="no chat completion"):
        read_completion(payload)


def token(text, **top):
    return {
        "token": text,
        "logprob": 0.0,
        "top_logprobs": [{"token": t, "logprob": math.log(p)} for t, p in top.items()],
    }


def test_logprobs_are_those_of_the_token_after_the_answer_key() -> None:
    tokens = [token('{"rea'), token('soning": "A or B", "answer'), token('": "'), token("B", B=0.5)]
    assert answer_logprobs([*tokens, token('"}')]) == {"B": pytest.approx(math.log(0.5))}


def test_logprobs_without_json_are_those_of_the_first_word_and_blanks_are_added_up() -> None:
    tokens = [token("\n"), token(" B", **{" B": 0.5, "B": 0.25, "A": 0.1})]
    values = answer_logprobs(tokens)
    assert values == {"B": pytest.approx(math.log(0.75)), "A": pytest.approx(math.log(0.1))}


def test_encoded_objects_are_told_apart_by_identity_and_kept_up_to_a_bound() -> None:
    made = Lasting(json.dumps, room=2)
    one, same = {"a": 1}, {"a": 1}
    assert made.of(one) is made.of(one)
    assert made.of(one) is not made.of(same)
    first = made.of(one)
    made.of({"b": 2})
    assert made.of(one) is not first


def test_a_message_with_half_a_character_is_sent_in_ascii_and_told_from_its_like(ask) -> None:
    message = ask("é\ud800").messages[1]
    assert json.loads(message.json) == {"role": "user", "content": "é\ud800"}
    assert message.json.isascii()
    assert message.digest != replace(message, role="assistant").digest
