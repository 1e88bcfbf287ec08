"""Requests and replies in the shape of OpenAI's chat completions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fjsim.backends.http.encoding import Lasting, encoded
from fjsim.backends.http.seeding import sent_seed
from fjsim.contracts import LONGEST_TEXT, ChatMessage, Reply, Request, Usage
from fjsim.serial.json import written

THINKING = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)
UNFINISHED_THINKING = re.compile(r"\A\s*<think>(?!.*</think>).*\Z", re.DOTALL)
LEFTOVER_THINKING = re.compile(r"\A(?!\s*[{\[]).*?</think>\s*", re.DOTALL)
LONGEST_NAME = 200
"""Characters kept of a model's id and of a finish reason."""
MOST_TOKENS = 10**12
"""More tokens than this in one reply are no count of them."""
LOGPROB_SLACK = 1e-3
"""How far above 0 a log-probability may be rounded."""
ANSWER_KEY = re.compile(r'"answer"\s*:\s*"?')


def chat_fields(request: Request, model: str, *, structured: bool) -> dict[str, Any]:
    """Return the fields of a chat completion's body, without its messages.

    Parameters
    ----------
    request : Request
        What is asked.
    model : str
        Model id as the server knows it.
    structured : bool
        Whether the reply's schema is sent as ``response_format``.
    """
    sampling = request.sampling
    fields: dict[str, Any] = {
        "model": model,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": sent_seed(sampling.seed, request.sample),
        "user": str(request.sample),
    }
    if structured and request.schema is not None:
        fields["response_format"] = _response_format(request.schema)
    if request.logprobs:
        fields |= {"logprobs": True, "top_logprobs": request.logprobs}
    return fields


def _form(schema: Mapping[str, Any]) -> dict[str, Any]:
    named = {"name": "reply", "strict": True, "schema": dict(schema)}
    return {"type": "json_schema", "json_schema": named}


_response_format = Lasting(_form).of


def chat_body(fields: Mapping[str, Any], messages: Sequence[ChatMessage]) -> bytes:
    """Return the body of a chat completion.

    Parameters
    ----------
    fields : mapping
        All but the messages.
    messages : sequence of ChatMessage
        The whole chat.
    """
    rows = b",".join([message.json for message in messages])
    rest = dict(fields)
    form = rest.pop("response_format", None)
    spliced = b"" if form is None else b'"response_format":%b,' % encoded(form).json
    return b'{"messages":[%b],%b%b' % (rows, spliced, written(rest)[1:])


def read_completion(payload: Any) -> Reply:
    """Return the reply in the body of a chat completion.

    Parameters
    ----------
    payload : object
        Decoded JSON; untrusted.

    Raises
    ------
    ValueError
        If it is no chat completion, or its text is longer than `LONGEST_TEXT`.

    Notes
    -----
    A count of tokens that can be none (negative, infinite, no number) is 0, as where a server
    reports nothing; ids and finish reasons that are no text are empty.
    """
    try:
        choice = payload["choices"][0]
        message = choice["message"]
        content = message.get("content")
        refusal = message.get("refusal")
        finish_reason = _name(choice.get("finish_reason")) or "stop"
        logprobs = (choice.get("logprobs") or {}).get("content")
        if content is None and refusal:
            content, finish_reason = refusal, "refusal"
        return Reply(
            text=_bounded(without_thinking(_text(content))),
            model=_name(payload.get("model")),
            usage=_usage(payload.get("usage") or {}),
            finish_reason=finish_reason,
            logprobs=answer_logprobs(logprobs) if logprobs else None,
        )
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"no chat completion: {type(error).__name__}: {error}") from error


def _text(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, list):
        return "".join([_string(part.get("text", "")) for part in content])
    return _string(content)


def _string(given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{type(given).__name__} stands where text is needed")
    return given


def _bounded(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError(
            f"a reply of {len(text)} characters; at most {LONGEST_TEXT} are read "
            "(is max_tokens honoured?)"
        )
    return text


def _name(given: Any) -> str:
    return given[:LONGEST_NAME] if isinstance(given, str) else ""


def _usage(usage: Mapping[str, Any]) -> Usage:
    details = usage.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens")
    return Usage(
        tokens_in=_tokens(usage.get("prompt_tokens")),
        tokens_out=_tokens(usage.get("completion_tokens")),
        tokens_cached=_tokens(cached),
    )


def _tokens(given: Any) -> int:
    """Return a count of tokens; 0, which is what a server says that counts none, for nonsense."""
    if not isinstance(given, (int, float)) or not 0 <= given <= MOST_TOKENS:
        return 0
    return int(given)


def without_thinking(text: str) -> str:
    """Return a reply without the ``<think>`` block that a reasoning model opens it with.

    Parameters
    ----------
    text : str
        As received.

    Returns
    -------
    str
        Empty where the thinking never ended.

    Examples
    --------
    >>> without_thinking('<think>B or C?</think> {"answer": "B"}')
    '{"answer": "B"}'
    """
    if "think>" not in text:
        return text
    if UNFINISHED_THINKING.match(text):
        return ""
    stripped = THINKING.sub("", text, count=1)
    # Chat templates that open the block themselves leave only its end in the reply.
    return LEFTOVER_THINKING.sub("", stripped, count=1) if stripped is text else stripped


def answer_logprobs(tokens: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the alternatives at the token that answers.

    Parameters
    ----------
    tokens : sequence of mapping
        ``choices[0].logprobs.content``: each token with its ``top_logprobs``.

    Returns
    -------
    dict of str to float
        Natural logarithms by token without surrounding spaces and quotes; tokens that differ
        only there are added up. The mass beyond the top ones is not in it.

    Raises
    ------
    TypeError
        If a log-probability is no number, or above 0.

    Notes
    -----
    The token that answers is the one after ``"answer":`` in a JSON reply, else the first that
    is not blank.
    """
    alternatives = tokens[_answer_position(tokens)].get("top_logprobs") or ()
    mass: dict[str, float] = {}
    for alternative in alternatives:
        name = _string(alternative["token"]).strip().strip('"')
        mass[name] = mass.get(name, 0.0) + _probability(alternative["logprob"])
    return {name: math.log(value) for name, value in mass.items() if name and value > 0}


def _probability(logprob: Any) -> float:
    if not (isinstance(logprob, (int, float)) and logprob <= LOGPROB_SLACK):
        raise TypeError("a log-probability is above 0, or no number")
    return math.exp(logprob)


def _answer_position(tokens: Sequence[Mapping[str, Any]]) -> int:
    texts = [_string(token["token"]) for token in tokens]
    whole = "".join(texts)
    thought = whole.rfind("</think>") + len("</think>") if "</think>" in whole else 0
    match = ANSWER_KEY.search(whole, thought)
    start = match.end() if match else thought
    end = 0
    for position, text in enumerate(texts):
        end += len(text)
        if end > start and text.strip().strip('"'):
            return position
    return len(texts) - 1
