"""What a reply costs to read grows with its length, never with the square of it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fjsim.contracts import LONGEST_TEXT
from fjsim.deliberation import replies
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.replies import UnreadableReplyError, read_reply
from fjsim.questions import Question

QUESTION_VIEW = QuestionView(Question("q", "Which?", ("a", "b"), 0), (0, 1))

PATTERNS = [
    "{", '{"', '{"x', '{"a":', "{}", "{ ", '{"a":[', "[{", "```json\n", "\n", " ", "<think>",
    "\\ud83d", "\\", '{"a":"\\ud83d"},', '"', "{\n\n", '{"answer":', "</think", "<",
]  # fmt: skip

READ_ALL = """
import sys
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.replies import UnreadableReplyError, read_probe, read_reply
from fjsim.questions import Question

question_view = QuestionView(Question("q", "Which?", ("a", "b"), 0), (0, 1))
for pattern in eval(sys.argv[1]):
    for start in ("", "```json", "So: ", '{"answer": "A", "reasoning": "'):
        for size in (200_000, 1_000_000):
            for read in (read_reply, read_probe):
                try:
                    read(start + pattern * (size // len(pattern)), question_view)
                except UnreadableReplyError:
                    pass
"""


def test_replies_made_to_be_slow_are_read_at_once() -> None:
    # They take seconds together; by the square of their length each would take minutes.
    subprocess.run([sys.executable, "-c", READ_ALL, repr(PATTERNS)], check=True, timeout=120)


class Counting(json.JSONDecoder):
    """Notes where an object is looked for, and how much text lies behind that."""

    places: ClassVar[list[int]] = []
    ahead: ClassVar[list[int]] = []

    def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
        self.places.append(idx)
        self.ahead.append(len(s) - idx)
        return super().raw_decode(s, idx)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> type[Counting]:
    monkeypatch.setattr(Counting, "places", [])
    monkeypatch.setattr(Counting, "ahead", [])
    monkeypatch.setattr(replies, "decoder", lambda text: Counting(strict=False))
    return Counting


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_object_is_looked_for_in_a_bounded_number_of_places(
    pattern: str, counting: type[Counting]
) -> None:
    with pytest.raises(UnreadableReplyError):
        read_reply(pattern * (LONGEST_TEXT // len(pattern)), QUESTION_VIEW)
    assert len(counting.places) <= replies.TRIES
    assert counting.places == sorted(set(counting.places))


def test_what_is_read_in_vain_is_bounded_by_the_length(counting: type[Counting]) -> None:
    text = '{"a":' * 300 + "[" + "1," * 7_000
    with pytest.raises(UnreadableReplyError, match="too many braces"):
        read_reply(text, QUESTION_VIEW)
    assert sum(counting.ahead) <= (replies.PATIENCE + 1) * len(text)


def read_as_before(text: str) -> list[Any]:
    """Try at every brace, which is right and takes the square of the length."""
    found, at = [], text.find("{")
    while at >= 0:
        try:
            values, end = json.JSONDecoder(strict=False).raw_decode(text, at)
        except json.JSONDecodeError:
            end = at + 1
        else:
            found.append(values)
        at = text.find("{", end)
    return found


PIECES = [
    "{",
    "}",
    '"',
    ":",
    ",",
    "[",
    "]",
    "\\",
    " ",
    "a",
    '"answer"',
    "1",
    '{"answer": "A"}',
    "{}",
]


@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join))
def test_the_search_finds_what_trying_at_every_brace_finds(text: str) -> None:
    try:
        found = list(replies._objects(text))
    except UnreadableReplyError:
        return
    assert found == read_as_before(text)
