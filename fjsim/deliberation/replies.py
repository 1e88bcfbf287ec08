"""From a model's text to a statement; a belief is taken as it stands or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from fjsim.beliefs import SUM_TOLERANCE, as_belief
from fjsim.contracts import LONGEST_TEXT, Statement, Validity
from fjsim.deliberation.rendering import QuestionView
from fjsim.errors import BeliefError
from fjsim.serial.json import DEEP, decoder, mended, read_mended, read_strictly

ABSTAIN = "abstain"
REQUIRED = ("reasoning", "answer", "belief", "confidence")

_NO_NUMBERS = frozenset({bool, str})
"""What JSON may hold in the place of a number, and NumPy would take for one."""

PROBABILITY = {"type": "number", "minimum": 0, "maximum": 1}

LARGEST_SHOWN = 1e9
"""A larger number is not repeated to the model that wrote it."""

TRIES = 64
"""Places in one reply where its object is looked for; prose with more braces is not read."""

PATIENCE = 1
"""Characters read in vain in search of the object, per character of the reply."""

MOST_MARKS = 2**14
"""Brackets, commas and colons of a reply that are read; one of ours has some dozens."""

_THOUGHT = re.compile("</think>", re.IGNORECASE)
_FENCE = "```"
_OPENING = re.compile(r'\{(?=[ \t\n\r]*["}])')
"""A brace that an object can begin with."""


class UnreadableReplyError(ValueError):
    """The reply holds no statement; its text says what is wrong, for the repair turn."""


def reply_schema(question_view: QuestionView) -> dict[str, Any]:
    """Return the JSON schema of a reply to one question; the same object for equal letters."""
    return _schema(question_view.letters)


@cache
def _schema(letters: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "reasoning": {"type": "string"},
            "answer": {"type": "string", "enum": [*letters, ABSTAIN]},
            "belief": {
                "type": "object",
                "properties": {letter: dict(PROBABILITY) for letter in letters},
                "required": list(letters),
                "additionalProperties": False,
            },
            "confidence": dict(PROBABILITY),
        },
        "required": list(REQUIRED),
        "additionalProperties": False,
    }


@cache
def probe_schema(names: tuple[str, ...]) -> dict[str, Any]:
    """Return the JSON schema of a probe's reply; the same object for equal names."""
    sure = {
        "type": "object",
        "properties": {name: dict(PROBABILITY) for name in names},
        "required": list(names),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"perceived": sure},
        "required": ["perceived"],
        "additionalProperties": False,
    }


def read_probe(text: str, names: Sequence[str]) -> tuple[float, ...]:
    """Read the reply to a probe.

    Parameters
    ----------
    text : str
        What the model wrote; a leading block of thinking is dropped.
    names : sequence of str
        Names of the speakers that were asked about.

    Returns
    -------
    tuple of float
        In the order of the names, each in [0, 1].

    Raises
    ------
    UnreadableReplyError
        If it is no JSON object with one such number per name.
    """
    given = _object(text, "perceived").get("perceived")
    if not isinstance(given, dict) or set(given) != set(names):
        raise UnreadableReplyError(f"perceived needs exactly the keys {', '.join(names)}")
    return tuple(_share(f"perceived of {name}", given[name]) for name in names)


def read_reply(text: str, question_view: QuestionView) -> Statement:
    """Read one reply.

    Parameters
    ----------
    text : str
        What the model wrote; a leading block of thinking is dropped.
    question_view : QuestionView
        The question as it was shown.

    Returns
    -------
    Statement
        Options in the order of the question set.

    Raises
    ------
    UnreadableReplyError
        If it holds no JSON object with the four fields, several of them, or an invalid belief.
    """
    values = _object(text)
    missing = [name for name in REQUIRED if name not in values]
    if missing:
        raise UnreadableReplyError(f"the field {missing[0]} is missing")
    reason = _words("reasoning", values["reasoning"])
    answer = _words("answer", values["answer"]).strip()
    stated = _share("confidence", values["confidence"])
    if answer.casefold() == ABSTAIN:
        return Statement(None, None, stated, reason, Validity.ABSTAINED)
    letter = answer.upper().rstrip(").:")
    if len(letter) != 1 or letter not in question_view.letters:
        allowed = f"one of {', '.join(question_view.letters)} or {ABSTAIN}"
        raise UnreadableReplyError(f"answer is {answer[:40]!r}; it must be {allowed}")
    belief = question_view.canonical(_belief(values["belief"], question_view))
    return Statement(question_view.option(letter), belief, stated, reason)


def _without_thinking(text: str) -> str:
    """Drop a leading block of thinking; one that is quoted inside the JSON stays."""
    if text.startswith(("{", _FENCE)):
        return text
    end = _THOUGHT.search(text)
    return text[end.end() :].strip() if end else text


def _object(text: str, field: str = "answer") -> Mapping[str, Any]:
    said = _without_thinking(text.strip())
    if len(said) > LONGEST_TEXT:
        raise UnreadableReplyError(
            f"it has {len(said)} characters; at most {LONGEST_TEXT} are read, so be shorter"
        )
    _check_marks(said)
    try:
        values = read_strictly(_unfenced(said))
    except ValueError:
        values = _object_in(mended(said), field)
    if not isinstance(values, dict):
        raise UnreadableReplyError("the reply must be one JSON object")
    return values


def _check_marks(text: str) -> None:
    """Refuse a text of so many values that reading it, several times over, would take long."""
    if len(text) > MOST_MARKS:
        n_marks = sum(map(text.count, "[{,:"))
        if n_marks > MOST_MARKS:
            raise UnreadableReplyError(
                f"it has {n_marks} brackets, commas and colons; at most {MOST_MARKS} are read, "
                "so be shorter"
            )


def _object_in(text: str, field: str) -> Any:
    """Return what a mended text is as JSON, or the object that stands in it."""
    try:
        return read_mended(_unfenced(text))
    except ValueError:
        return _only_object(text, field)


def _unfenced(text: str) -> str:
    """Return what stands in a fence that begins and ends the text, else the text."""
    if not (text.startswith(_FENCE) and text.endswith("\n" + _FENCE)):
        return text
    inner = text[len(_FENCE) : -len("\n" + _FENCE)].removeprefix("json")
    lead = inner[: len(inner) - len(inner.lstrip())]
    return inner[lead.rindex("\n") + 1 :] if "\n" in lead else text


def _only_object(text: str, field: str) -> Any:
    """Find the single JSON object with our field in prose; two are as bad as none."""
    found = [values for values in _objects(text) if field in values]
    if len(found) != 1:
        raise UnreadableReplyError(
            "it is not a JSON object" if not found else "it holds several JSON objects"
        )
    return found[0]


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """Yield the JSON objects that stand in a text, none inside another.

    An attempt that fails is taken up again one brace further, so text made to fail late, over and
    over, could cost the square of its length: tries and characters read in vain are counted.
    """
    decode, brace, vain = decoder(text).raw_decode, _OPENING.search(text), 0
    for _ in range(TRIES):
        if brace is None:
            return
        start = brace.start()
        try:
            values, end = decode(text, start)
        except RecursionError:
            raise UnreadableReplyError(f"it is {DEEP}") from None
        except json.JSONDecodeError as error:
            vain += error.pos - start
            end = start + 1
        else:
            yield values
        if vain > PATIENCE * len(text):
            break
        brace = _OPENING.search(text, end)
    if brace is not None:
        raise UnreadableReplyError("it holds too many braces to tell which object is the reply")


def _words(name: str, value: Any) -> str:
    try:
        return str(value)
    except RecursionError:
        raise UnreadableReplyError(f"{name} is {DEEP}; it must be text") from None


def _belief(values: Any, question_view: QuestionView) -> list[float]:
    letters = question_view.letters
    if isinstance(values, Mapping):
        if values.keys() != {*letters}:
            raise UnreadableReplyError(f"belief needs exactly the keys {', '.join(letters)}")
        values = [values[letter] for letter in letters]
    if not isinstance(values, list) or not _NO_NUMBERS.isdisjoint(map(type, values)):
        raise UnreadableReplyError("belief needs one number per option")
    try:
        return as_belief(values, n_options=len(letters)).tolist()  # type: ignore[no-any-return]
    except BeliefError as error:
        band = f"a sum from {1 - SUM_TOLERANCE:g} to {1 + SUM_TOLERANCE:g} counts"
        raise UnreadableReplyError(f"{error}: {_listed(letters, values)} ({band})") from error


def _listed(letters: str, values: Sequence[Any]) -> str:
    """Return a belief that is none as it was written, so that a repair sees what to change."""
    return " ".join(
        f"{letter}={value:.4g}"
        if isinstance(value, (int, float)) and abs(value) < LARGEST_SHOWN
        else f"{letter}=?"
        for letter, value in zip(letters, values, strict=False)
    )


def _share(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise UnreadableReplyError(f"{name} must be a number between 0 and 1")
    return float(value)
