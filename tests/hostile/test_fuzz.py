"""Seeded noise through everything that reads what others wrote: refusals, never crashes."""

from __future__ import annotations

import asyncio
import io
import json
import math
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from fjsim.backends import raw_backend
from fjsim.backends.http.chat_format import read_completion
from fjsim.backends.http.endpoint import retry_after
from fjsim.backends.http.faults import server_words
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.replies import UnreadableReplyError, read_probe, read_reply
from fjsim.dynamics import read_edges
from fjsim.errors import EdgeListError, LogFormatError, QuestionError
from fjsim.questions import Question, load_questions
from fjsim.records.importers import read_log
from fjsim.records.importers.run_folder import write_run_folder
from fjsim.serial.json import read
from fjsim.server import ModelServer, create_app

Test = Callable[..., None]

QUESTION_VIEW = QuestionView(Question("q", "Which?", ("a", "b"), 0), (0, 1))
REPLY = '{"reasoning": "r", "answer": "A", "belief": {"A": 0.8, "B": 0.2}, "confidence": 0.8}'
PROBE = '{"perceived": {"Agent 1": 0.5, "Agent 2": 1}}'
TOKENS = '[{"token": "A", "top_logprobs": [{"token": "A", "logprob": -0.5}]}]'
COMPLETION = (
    '{"model": "m", "choices": [{"message": {"role": "assistant", "content": "hello"}, '
    f'"finish_reason": "stop", "logprobs": {{"content": {TOKENS}}}}}], '
    '"usage": {"prompt_tokens": 4, "completion_tokens": 2, '
    '"prompt_tokens_details": {"cached_tokens": 1}}}'
)
ERROR = '{"error": {"message": "slow down", "code": "x", "type": "y"}}'
PROMPT = "## Question\\n\\nWhich?\\n\\n## Options\\n\\nA) this\\nB) that\\n\\nAnswer."
HEARD = '<peer name=\\"Agent 1\\" weight=\\"1\\">\\n> answer: A\\n> confidence: 0.5\\n</peer>'
REQUEST = (
    '{"model": "fjsim-simulated", "user": "seat=1 round=2", "seed": 7, "temperature": 0.7, '
    '"top_p": 1, "max_tokens": 9, "n": 1, "logprobs": true, "top_logprobs": 3, '
    '"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}, '
    f'"messages": [{{"role": "user", "content": "{PROMPT}"}}, '
    f'{{"role": "assistant", "content": {json.dumps(REPLY)}}}, '
    f'{{"role": "user", "content": [{{"type": "text", "text": "{HEARD}"}}]}}]}}'
)
ROWS = "\n".join(
    json.dumps(
        {
            "item_id": "q", "agent_id": agent, "round": round_, "belief": [0.5, 0.5],
            "confidence": 0.5, "neighbours": "a;b:2" if round_ else "", "turn": 1,
            "topology": "sequential", "opinion": 0.5, "answer": "x", "correct_answer": "1",
        }
    )
    for agent in "ab"
    for round_ in (0, 1)
)  # fmt: skip
TABLE = "\n".join(
    [
        "item_id,agent_id,round,opinion,answer,neighbours",
        "q,a,0,0.5,x,",
        "q,b,0,0.25,y,a",
        "q,a,1,1,x,b@0",
    ]
)
JOINED = "round,0,0,1,1\n,A,B,A,B\nround0,0.5,0.5,0.25,0.75\nround1,0.5,0.5,nan,nan\n"
SAMPLES = (
    '{"eval": {}, "samples": [{"id": "q", "epoch": 1, "target": "A", "choices": ["a", "b"], '
    '"store": {"deliberation": [{"agent_id": "a", "round": 0, "belief": [0.5, 0.5]}]}}]}'
)
QUESTIONS = '{"id": "q1", "question": "Which?", "options": ["a", "b"], "answer": 1, "subject": "s"}'
QUESTION_TABLE = 'id,question,options,answer\nq1,Which?,a|b,1\nq2,What?,"[""a"", ""b""]",a\n'
EDGES = "speaker,listener,weight\n1,2,0.5\n2,3,1e3\n3,1,.25\n"

SPANNERS = [
    "", "{", "}", "[", "]", '"', ",", ":", "\\", "\\ud83d", "\ud83d", "null", "true", "NaN", "-",
    "1e999", "-1e999", "9" * 25, "1" + "0" * 400, "9" * 5000, "[" * 300 + "]" * 300, "[" * 3000,
    "1e308", "-0.0", "0.5", '""', "[]", "{}", "[1]", '{"a": 1}', "\n", "\r", "\x00", "\t", " ", "²",
    "\u202e", "é", "😀", ";", "@", "a@²", "=", "|", "#", "%", "</think>", "```", '"answer": "B"',
    "<peer ", "</peer>", ">", "nan", "inf", "1e5", "999999999", "-7",
]  # fmt: skip


TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\w.+-]+|\s|[^\w\s]')


def broken(text: str) -> st.SearchStrategy[str]:
    """Texts in which a few tokens are replaced, preceded by something else, doubled or cut."""
    spots = [match.span() for match in TOKEN.finditer(text)]
    kinds = st.sampled_from(["replaced", "replaced", "preceded", "doubled", "cut"])
    change = st.tuples(st.sampled_from(spots), st.sampled_from(SPANNERS), kinds)

    def changed(changes: list[tuple[tuple[int, int], str, str]]) -> str:
        made = text
        for (start, end), spanner, kind in sorted(changes, reverse=True):
            token = made[start:end]
            put = {
                "preceded": spanner + token,
                "doubled": token * 2,
                "cut": token[: len(token) // 2],
            }
            made = made[:start] + put.get(kind, spanner) + made[end:]
        return made

    return st.lists(change, min_size=1, max_size=3, unique_by=lambda one: one[0]).map(changed)


def fuzzed(**texts: st.SearchStrategy[Any]) -> Callable[[Test], Test]:
    """Run a test on seeded noise; how much noise is the test's ``n``."""

    def decorated(test: Test) -> Test:
        def inner(n: int, folder: Path | None = None) -> None:
            def one(**given_texts: Any) -> None:
                test(**given_texts) if folder is None else test(folder=folder, **given_texts)

            made = settings(
                max_examples=n, derandomize=True, deadline=None, database=None,
                suppress_health_check=list(HealthCheck),
            )(given(**texts)(one))  # fmt: skip
            made()

        return inner

    return decorated


def check_writable(text: str) -> None:
    text.encode()


@fuzzed(text=broken(REPLY) | broken(f"So: {REPLY} Yes.") | broken(f"```json\n{REPLY}\n```"))
def replies(text: str) -> None:
    try:
        statement = read_reply(text, QUESTION_VIEW)
    except UnreadableReplyError as problem:
        check_writable(str(problem))
        return
    check_writable(statement.reason)
    assert statement.belief is None or np.isfinite(statement.belief).all()
    assert statement.belief is None or abs(float(statement.belief.sum()) - 1) < 1e-9
    assert statement.confidence is None or 0 <= statement.confidence <= 1


@fuzzed(text=broken(PROBE))
def probes(text: str) -> None:
    try:
        found = read_probe(text, ["Agent 1", "Agent 2"])
    except UnreadableReplyError:
        return
    assert all(0 <= value <= 1 for value in found)


@fuzzed(text=broken(COMPLETION))
def completions(text: str) -> None:
    try:
        reply = read_completion(read(text))
    except ValueError:
        return
    for word in (reply.text, reply.model, reply.finish_reason, *(reply.logprobs or {})):
        check_writable(word)
    usage = reply.usage
    assert all(0 <= n < 2**63 for n in (usage.tokens_in, usage.tokens_out, usage.tokens_cached))
    assert all(math.isfinite(value) for value in (reply.logprobs or {}).values())


@fuzzed(text=broken(ERROR))
def errors(text: str) -> None:
    from fjsim.backends.http.endpoint import _error_in

    message, code = _error_in(text.encode("utf-8", "replace"))
    assert server_words(message, "key").isprintable()
    check_writable(code)


@fuzzed(text=broken("Wed, 21 Oct 2025 07:28:00 GMT") | broken("31.5"))
def waits(text: str) -> None:
    seconds = retry_after({"Retry-After": text})
    assert seconds is None or seconds >= 0
    seconds = retry_after({"Retry-After-Ms": text})
    assert seconds is None or seconds >= 0


SERVER = ModelServer(raw_backend("simulated"))


@fuzzed(text=broken(REQUEST))
def requests(text: str) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        body = text.encode("utf-8", "surrogatepass")
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": [],
        "query_string": b"", "root_path": "", "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    asyncio.run(create_app(SERVER)(scope, receive, send))
    assert sent[0]["status"] in (200, 400, 404)
    json.loads(sent[1]["body"])


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(
        content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    )
    return path


def imported(folder: Path, name: str, content: str) -> None:
    try:
        log = read_log(put(folder, name, content))
    except LogFormatError as error:
        check_writable(str(error))
        return
    for old in folder.glob("run/*"):
        old.unlink()
    with np.errstate(all="ignore"):
        write_run_folder(log, folder / "run")


@fuzzed(text=broken(ROWS))
def rows(folder: Path, text: str) -> None:
    imported(folder, "log.jsonl", text)


@fuzzed(text=broken(TABLE))
def tables(folder: Path, text: str) -> None:
    imported(folder, "log.csv", text)


@fuzzed(text=broken(JOINED))
def belief_tables(folder: Path, text: str) -> None:
    imported(folder, "q_beliefs.csv", text)


@fuzzed(text=broken(SAMPLES))
def samples(folder: Path, text: str) -> None:
    imported(folder, "log.json", text)


@fuzzed(text=broken(QUESTIONS), table=broken(QUESTION_TABLE))
def questions(folder: Path, text: str, table: str) -> None:
    for name, content in (("q.jsonl", text), ("q.csv", table)):
        try:
            found = load_questions(put(folder, name, content))
        except QuestionError as error:
            check_writable(str(error))
            continue
        for question in found:
            check_writable(question.id + question.text + "".join(question.options))


def flipped(content: bytes) -> st.SearchStrategy[bytes]:
    """Bytes with a few of them changed."""
    changes = st.lists(
        st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), min_size=1, max_size=6
    )

    def changed(places: list[tuple[int, int]]) -> bytes:
        made = bytearray(content)
        for at, value in places:
            made[at] = value
        return bytes(made)

    return changes.map(changed)


def members(made: io.BytesIO) -> dict[str, bytes]:
    with zipfile.ZipFile(made) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def arrays() -> dict[str, bytes]:
    made = io.BytesIO()
    np.savez(made, speaker=np.array([1, 2, 3]), listener=np.array([2, 3, 1]))
    return members(made)


def matrix() -> dict[str, bytes]:
    made = io.BytesIO()
    sparse.save_npz(made, sparse.csr_array(np.eye(4)[[1, 2, 3, 0]]), compressed=False)
    return members(made)


def archives(content: dict[str, bytes]) -> st.SearchStrategy[bytes]:
    """Sound archives whose members hold a few changed bytes."""
    one = st.sampled_from(sorted(content)).flatmap(
        lambda name: flipped(content[name]).map(lambda changed: {name: changed})
    )

    def zipped(changes: dict[str, bytes]) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, value in (content | changes).items():
                archive.writestr(name, value)
        return made.getvalue()

    return one.map(zipped)


@fuzzed(content=archives(arrays()) | archives(matrix()))
def packed_networks(folder: Path, content: bytes) -> None:
    try:
        read_edges(put(folder, "network.npz", content))
    except EdgeListError as error:
        check_writable(str(error))


@fuzzed(text=broken(EDGES))
def networks(folder: Path, text: str) -> None:
    try:
        read_edges(put(folder, "network.csv", text))
    except EdgeListError as error:
        check_writable(str(error))


PARTS = [replies, probes, completions, errors, waits, requests]
FILES = [rows, tables, belief_tables, samples, questions, packed_networks, networks]


def name(part: Test) -> str:
    return next(key for key, value in globals().items() if value is part)


@pytest.mark.parametrize("part", PARTS, ids=name)
def test_noise_in_what_is_said_is_refused_or_read(part: Test) -> None:
    part(n=120)


@pytest.mark.parametrize("part", FILES, ids=name)
def test_noise_in_files_is_refused_or_read(part: Test, tmp_path: Path) -> None:
    part(n=60, folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS, ids=name)
def test_much_noise_in_what_is_said_is_refused_or_read(part: Test) -> None:
    part(n=20_000)


@pytest.mark.slow
@pytest.mark.parametrize("part", FILES, ids=name)
def test_much_noise_in_files_is_refused_or_read(part: Test, tmp_path: Path) -> None:
    part(n=5_000, folder=tmp_path)
