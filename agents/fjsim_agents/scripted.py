"""An agent that says what it is told to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from fjsim.beliefs import certain
from fjsim.contracts import (
    Cast,
    Members,
    Situation,
    Situations,
    SpeakingAgent,
    Statement,
    Statements,
    Validity,
)
from fjsim.errors import ConfigError
from fjsim.questions import Question
from fjsim.registry import register

SILENCE = "scripted silence"

Line = int | Literal["key", "wrong", "abstain", "silent"]


@register("agent", "scripted")
@dataclass(frozen=True)
class ScriptedAgent(SpeakingAgent):
    """A fixed script: one line per round, the last one repeated.

    Parameters
    ----------
    lines : list of int or {'key', 'wrong', 'abstain', 'silent'}
        What it answers in each round: an option's index, the right option, the option after
        the right one, nothing it can name, or no valid reply at all.
    certainty : float, default 0.9
        Probability on the answer, in [0, 1].
    reason : str
        Its argument, the same every time.
    """

    batched: ClassVar[bool] = True

    lines: tuple[Line, ...] = ("key",)
    certainty: float = 0.9
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse an empty script and a certainty outside its range."""
        if not self.lines:
            raise ConfigError("agent 'scripted': lines is empty; give at least one")
        if not 0 <= self.certainty <= 1:
            raise ConfigError(
                f"agent 'scripted': certainty is {self.certainty}; it must lie in [0, 1]"
            )

    def speak(self, situation: Situation) -> Statement:
        """Say the round's line, or the assigned belief."""
        if situation.stance is not None:
            stance = situation.stance
            return Statement(stance.target, stance.belief, float(stance.belief.max()), self.reason)
        line = self.lines[min(situation.round, len(self.lines) - 1)]
        if line == "silent":
            return Statement(None, None, validity=Validity.MISSING, problem=SILENCE)
        if line == "abstain":
            return Statement(None, None, reason=self.reason, validity=Validity.ABSTAINED)
        answer = _option(line, situation.question)
        belief = certain(answer, situation.question.n_options, self.certainty)
        return Statement(answer, belief, self.certainty, self.reason)

    @property
    def argument(self) -> str:
        """Its argument, the same every time."""
        return self.reason

    def speak_many(self, cast: Cast, members: Members | None, situations: Situations) -> Statements:
        """Say the round's line, or the assigned belief, in many items at once."""
        assigned, line = situations.assigned, self.lines[min(situations.round, len(self.lines) - 1)]
        shape, n_options = assigned.given.shape, cast.questions[0].n_options
        said = not isinstance(line, str) or line in ("key", "wrong")
        answers, beliefs = np.full(shape, -1), np.full((*shape, n_options), np.nan)
        confidence = np.full(shape, np.nan)
        if said and not assigned.given.all():
            options = [_option(line, question) for question in cast.questions]
            known = [certain(option, n_options, self.certainty) for option in range(n_options)]
            answers[:] = np.array(options)[:, None]
            beliefs[:], confidence[:] = np.array(known)[answers], self.certainty
        given = assigned.given
        return Statements(
            np.where(given[..., None], assigned.beliefs, beliefs),
            np.where(given, assigned.targets, answers),
            np.where(given, assigned.beliefs.max(axis=-1), confidence),
            abstained=~given if line == "abstain" else None,
            missing=~given if line == "silent" else None,
            problem=SILENCE,
        )


def _option(line: Line, question: Question) -> int:
    if isinstance(line, int):
        if not 0 <= line < question.n_options:
            raise ConfigError(
                f"agent 'scripted': line {line} is no option of question '{question.id}'; give "
                f"0..{question.n_options - 1}"
            )
        return line
    if question.key is None:
        raise ConfigError(
            f"agent 'scripted': '{line}' needs a key, and question '{question.id}' has none"
        )
    return question.key if line == "key" else (question.key + 1) % question.n_options
