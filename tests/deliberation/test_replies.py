import json

import numpy as np
import pytest

from fjsim.contracts import Validity
from fjsim.deliberation.rendering import QuestionView
from fjsim.deliberation.replies import UnreadableReplyError, read_reply, reply_schema
from fjsim.questions import Question

QUESTION = Question("q", "Which?", ("north", "south", "east"), 0)
QUESTION_VIEW = QuestionView(QUESTION, (2, 0, 1))
"""Shown as A) east, B) north, C) south."""


def reply(**changes: object) -> str:
    values = {
        "reasoning": "because",
        "answer": "B",
        "belief": {"A": 0.1, "B": 0.7, "C": 0.2},
        "confidence": 0.7,
    }
    return json.dumps({**values, **changes})


def test_a_reply_is_mapped_back_to_the_order_of_the_set() -> None:
    statement = read_reply(reply(), QUESTION_VIEW)
    assert statement.answer == 0
    assert statement.belief is not None
    np.testing.assert_allclose(statement.belief, [0.7, 0.2, 0.1])
    assert statement.confidence == 0.7
    assert statement.reason == "because"
    assert statement.validity is Validity.OK


def test_a_sum_within_two_percent_is_normalised() -> None:
    statement = read_reply(reply(belief={"A": 0.1, "B": 0.7, "C": 0.19}), QUESTION_VIEW)
    assert statement.belief is not None
    assert statement.belief.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a JSON object"),
        ("I think B.", "not a JSON object"),
        ("[1, 2]", "one JSON object"),
        ("[" * 16_000, "not a JSON object"),
        ('{"answer":' * 8_000, "nested too deeply"),
        ('{"answer":' * 100_000, "1000000 characters; at most 262144"),
        ("So: " + '{"answer":' * 3000, "nested too deeply"),
        (reply(belief={"A": 0.1, "B": 0.5, "C": 0.1}), "sum to 1"),
        (reply(belief={"A": -0.1, "B": 0.9, "C": 0.2}), ">= 0"),
        (reply(belief={"A": 0.3, "B": 0.7}), "exactly the keys A, B, C"),
        (reply(belief={"A": 0.1, "B": 0.7, "C": 0.1, "D": 0.1}), "exactly the keys"),
        (reply(belief={"A": "0.1", "B": 0.7, "C": 0.2}), "one number per option"),
        (reply(belief={"A": True, "B": 0.0, "C": 0.0}), "one number per option"),
        (reply(belief=None), "one number per option"),
        (reply(belief={"A": float("nan"), "B": 0.7, "C": 0.2}), ">= 0"),
        (reply(answer="Z"), "one of A, B, C or abstain"),
        (reply(answer="north"), "one of A, B, C or abstain"),
        (reply(answer=""), "one of A, B, C or abstain"),
        (reply(confidence=1.5), "between 0 and 1"),
        (reply(confidence="high"), "between 0 and 1"),
        (json.dumps({"answer": "A"}), "field reasoning is missing"),
        (reply(confidence=7).replace("7}", "9" * 5000 + "}"), "between 0 and 1"),
        (f"So: {reply(confidence=7)[:-2]}{'9' * 5000}}}", "between 0 and 1"),
        (reply(belief={"A": 77, "B": 0, "C": 0}).replace("77", "1" + "0" * 400), ">= 0"),
        (reply(belief={"A": 1e308, "B": 1e308, "C": 1e308}), "every probability"),
        (reply(belief=[[[0.1]]]), "needs 3 numbers"),
        ("[" * 100_000, "it has 100000 brackets, commas and colons; at most 16384"),
        ('{"answer":' * 20_000, "it has 40000 brackets"),
        (reply(reasoning=[[]] * 20_000), "at most 16384 are read"),
        (reply(belief={"A": 0.1, "B": 0.2, "C": 0.7, "AB": 0}), "exactly the keys"),
        ("{}" * 65 + reply(), "too many braces"),
        ('{"a":1,"b":' * 65 + reply(), "too many braces"),
    ],
)
def test_an_unreadable_reply_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(UnreadableReplyError, match=problem):
        read_reply(text, QUESTION_VIEW)


def test_an_abstention_has_no_belief() -> None:
    statement = read_reply(reply(answer="abstain"), QUESTION_VIEW)
    assert statement.validity is Validity.ABSTAINED
    assert statement.belief is None
    assert statement.answer is None


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{reply()}\n```",
        f'<think>maybe A? {{"answer": "A"}}</think>\n{reply()}',
        f"Let me answer.\n{reply()}\nThat is all.",
        reply(reasoning='it said {"answer": "C"}'),
    ],
)
def test_the_one_object_is_found_in_what_surrounds_it(text: str) -> None:
    assert read_reply(text, QUESTION_VIEW).answer == 0


def test_two_objects_are_as_bad_as_none() -> None:
    quoted = json.dumps({"answer": "C", "belief": {"A": 0, "B": 0, "C": 1}})
    with pytest.raises(UnreadableReplyError, match="several JSON objects"):
        read_reply(f"Agent 1 wrote {quoted}; I say {reply()}", QUESTION_VIEW)


def test_control_characters_inside_strings_do_not_break_the_parse() -> None:
    raw = reply(reasoning="PLACE").replace("PLACE", "a\tb\x1b[31m")
    assert read_reply(raw, QUESTION_VIEW).answer == 0


def test_the_schema_asks_for_every_letter_and_forbids_others() -> None:
    schema = reply_schema(QUESTION_VIEW)
    belief = schema["properties"]["belief"]
    assert belief["required"] == ["A", "B", "C"]
    assert belief["additionalProperties"] is False
    assert schema["properties"]["answer"]["enum"] == ["A", "B", "C", "abstain"]


def test_a_belief_off_by_a_factor_goes_back_with_its_numbers_and_what_would_count() -> None:
    said = (
        '{"reasoning": "", "answer": "A", "belief": {"A": 1, "B": 0.5, "C": 0.5}, "confidence": 1}'
    )
    with pytest.raises(UnreadableReplyError) as refused:
        read_reply(said, QuestionView(Question("q", "Which?", ("a", "b", "c"), 0), (0, 1, 2)))
    assert str(refused.value) == (
        "the probabilities must sum to 1; they sum to 2.000: A=1 B=0.5 C=0.5 "
        "(a sum from 0.98 to 1.02 counts)"
    )
