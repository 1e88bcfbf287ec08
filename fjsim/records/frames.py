"""Recorded turns as flat tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fjsim.questions import letter
from fjsim.records.turn import Turn

if TYPE_CHECKING:
    import pandas as pd


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


Row = tuple[Any, ...]
"""The cells of `COLUMNS`."""


def turn_rows(
    turns: Iterable[Turn], seats: tuple[int, ...], items: Mapping[tuple[str, str, int], Any]
) -> list[Row]:
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
    ordered = sorted(turns, key=lambda at: (at.question, at.replica, at.arm, at.round, at.agent))
    return [
        _row(turn, seats, items.get((turn.arm, turn.question, turn.replica))) for turn in ordered
    ]


def turns_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return the rows of `turn_rows` as a table.

    Parameters
    ----------
    rows : sequence of tuple
    """
    import pandas as pd

    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(turn: Turn, seats: tuple[int, ...], item: Any) -> Row:
    cost = turn.cost
    return (
        turn.arm,
        turn.question,
        turn.replica,
        turn.round,
        turn.agent,
        turn.agent in seats and turn.arm == "attacked",
        str(turn.validity),
        turn.answer,
        None if item is None else item.key,
        None if item is None else item.target,
        letter(turn.answer),
        "" if item is None else letter(item.key),
        "" if item is None else letter(item.target),
        "" if item is None else "".join(map(letter, item.order or ())),
        turn.confidence,
        None if turn.belief is None else list(turn.belief),
        None if turn.stated_belief is None else list(turn.stated_belief),
        ";".join(f"{heard.speaker}@{heard.round}" for heard in turn.reached),
        turn.reason,
        turn.problem,
        turn.shared,
        cost.model,
        cost.tokens_in,
        cost.tokens_out,
        cost.tokens_cached,
        cost.calls,
        cost.attempts,
        cost.latency,
        cost.finish_reason,
        turn.prompt_hash,
    )
