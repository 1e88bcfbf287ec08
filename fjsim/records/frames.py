"""Recorded turns as flat tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from fjsim.questions import letter
from fjsim.records.turn import Turn

COLUMNS = (
    "arm",
    "question",
    "replica",
    "round",
    "agent",
    "adversary",
    "validity",
    "answer",
    "key",
    "target",
    "answer_letter",
    "key_letter",
    "target_letter",
    "letters_as_shown",
    "confidence",
    "belief",
    "stated_belief",
    "heard",
    "reason",
    "problem",
    "shared",
    "model",
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "calls",
    "attempts",
    "latency",
    "finish_reason",
    "prompt_hash",
)


def turns_frame(
    turns: Iterable[Turn], seats: tuple[int, ...], items: Mapping[tuple[str, str, int], Any]
) -> pd.DataFrame:
    """Return one row per turn, sorted by question, replica, arm, round and agent.

    Parameters
    ----------
    turns : iterable of Turn
    seats : tuple of int
        The adversary's.
    items : mapping of (arm, question, replica) to ItemEnd
        Keys and targets of finished items.

    Notes
    -----
    Options are numbered and lettered in the order of the question file. ``letters_as_shown`` is the
    order in which the agents saw them, which their own words follow: under ``CAB``, what they call
    A is the file's C.
    """
    rows = [_row(turn, seats, items.get((turn.arm, turn.question, turn.replica))) for turn in turns]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    order = ["question", "replica", "arm", "round", "agent"]
    return frame.sort_values(order, kind="stable", ignore_index=True)


def _row(turn: Turn, seats: tuple[int, ...], item: Any) -> dict[str, Any]:
    cost = turn.cost
    return {
        "arm": turn.arm,
        "question": turn.question,
        "replica": turn.replica,
        "round": turn.round,
        "agent": turn.agent,
        "adversary": turn.agent in seats and turn.arm == "attacked",
        "validity": str(turn.validity),
        "answer": turn.answer,
        "key": None if item is None else item.key,
        "target": None if item is None else item.target,
        "answer_letter": letter(turn.answer),
        "key_letter": "" if item is None else letter(item.key),
        "target_letter": "" if item is None else letter(item.target),
        "letters_as_shown": "" if item is None else "".join(map(letter, item.order or ())),
        "confidence": turn.confidence,
        "belief": None if turn.belief is None else list(turn.belief),
        "stated_belief": None if turn.stated_belief is None else list(turn.stated_belief),
        "heard": ";".join(f"{heard.speaker}@{heard.round}" for heard in turn.reached),
        "reason": turn.reason,
        "problem": turn.problem,
        "shared": turn.shared,
        "model": cost.model,
        "tokens_in": cost.tokens_in,
        "tokens_out": cost.tokens_out,
        "tokens_cached": cost.tokens_cached,
        "calls": cost.calls,
        "attempts": cost.attempts,
        "latency": cost.latency,
        "finish_reason": cost.finish_reason,
        "prompt_hash": turn.prompt_hash,
    }
