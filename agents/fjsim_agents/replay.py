"""An agent that speaks a recorded run again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fjsim.contracts import Situation, SpeakingAgent, Statement, Validity
from fjsim.errors import ConfigError
from fjsim.registry import register

EVENTS = "events.jsonl"


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
        return _statement(recorded)


@cache
def _turns(run: str, arm: str) -> dict[tuple[str, int, int, int], Mapping[str, Any]]:
    return {
        (turn["question"], turn["replica"], turn["round"], turn["agent"]): turn
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
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise ConfigError(
                    f"agent 'replay': {path}, line {number} is damaged; give another run folder"
                ) from error
            if kind == "turn":
                yield event


def _statement(turn: Mapping[str, Any]) -> Statement:
    stated = turn.get("stated_belief")
    return Statement(
        answer=turn.get("answer"),
        belief=None if stated is None else np.array(stated),
        confidence=turn.get("confidence"),
        reason=turn.get("reason", ""),
        validity=Validity(turn["validity"]),
        problem=turn.get("problem", ""),
    )
