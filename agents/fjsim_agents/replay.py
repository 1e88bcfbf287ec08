"""An agent that speaks a recorded run again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fjsim.beliefs import as_belief
from fjsim.contracts import Situation, SpeakingAgent, Statement, Validity
from fjsim.errors import ConfigError
from fjsim.questions import Question
from fjsim.registry import register

EVENTS = "events.jsonl"
PLACE = ("question", "replica", "round", "agent")


@register("agent", "replay")
@dataclass(frozen=True)
class ReplayAgent(SpeakingAgent):
    """Says what the same seat said on the same question and round of a recorded run.

    Parameters
    ----------
    run : str
        The run folder.
    arm : {'clean', 'attacked'}, default 'clean'
        Which arm of it.

    Notes
    -----
    What was not recorded is missing, not made up. A question is found by its id.
    """

    run: str
    arm: Literal["clean", "attacked"] = "clean"

    def __post_init__(self) -> None:
        """Refuse a folder without a run."""
        if not (Path(self.run) / EVENTS).is_file():
            raise ConfigError(
                f"agent 'replay': no run in '{self.run}' ({EVENTS} is missing); give a run folder"
            )

    def speak(self, situation: Situation) -> Statement:
        """Say what was recorded, or the assigned belief."""
        if situation.stance is not None:
            stance = situation.stance
            return Statement(stance.target, stance.belief, float(stance.belief.max()))
        key = (situation.question.id, situation.replica, situation.round, situation.seat)
        recorded = _turns(self.run, self.arm).get(key)
        if recorded is None:
            return Statement(None, None, validity=Validity.MISSING, problem="not recorded")
        return _statement(recorded, situation.question)


@cache
def _turns(run: str, arm: str) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    return {
        tuple(turn.get(name) for name in PLACE): turn
        for turn in _events(Path(run) / EVENTS)
        if turn.get("arm") == arm
    }


def _events(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                event = json.loads(line)
                kind = event["type"]
                # One that cannot be looked up by its place is damaged as well.
                hash(tuple(event.get(name) for name in PLACE))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise ConfigError(
                    f"agent 'replay': {path}, line {number} is damaged; run what made it again, "
                    "or give another run folder"
                ) from error
            if kind == "block":
                raise ConfigError(
                    f"agent 'replay': {path} keeps its turns as arrays, which cannot be replayed; "
                    "run its scenario again with --set events=full"
                )
            if kind == "turn":
                yield event


def _statement(turn: Mapping[str, Any], question: Question) -> Statement:
    stated, answer, sure = (turn.get(name) for name in ("stated_belief", "answer", "confidence"))
    try:
        belief = None if stated is None else np.array(stated, dtype=float)
        if belief is not None:
            as_belief(belief, n_options=question.n_options)
        if answer is not None and answer not in range(question.n_options):
            raise ValueError(f"answer {answer!r} is no option")
        if sure is not None and not 0 <= sure <= 1:
            raise ValueError(f"confidence {sure!r} is no share")
        return Statement(
            answer=answer,
            belief=belief,
            confidence=sure,
            reason=str(turn.get("reason", "")),
            validity=Validity(turn["validity"]),
            problem=str(turn.get("problem", "")),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"agent 'replay': what was recorded of question '{question.id}' does not fit it "
            f"({error}); give a run of the same questions"
        ) from error
