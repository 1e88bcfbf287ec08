"""One question as a page holds it: what was asked, what everybody said, and why each ended so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fjsim.beliefs import top_of
from fjsim.contracts import Arm, Heard
from fjsim.errors import FjsimError
from fjsim.questions import Question, load_questions
from fjsim.records import Turn
from fjsim.records.contents import ItemEnd
from fjsim.report.html.blocks import said
from fjsim.report.what_if import WhatIf, what_if
from fjsim.runs import Run

DIGITS = 3
"""Decimals of a belief in a page."""
MOST_SENTENCES = 40
"""Agents of one question for which it is said how they would have ended; of more, the first."""

Turns = Mapping[tuple[int, int], Turn]
"""By round and agent."""
Pulls = list[list[list[float | None]]] | None
"""``[round - 1][listener][speaker]`` of one question; None where they cannot be told."""


@dataclass(frozen=True, eq=False)
class Deliberations:
    """Every question of a run, in the order of the question set.

    Parameters
    ----------
    run : Run
    """

    run: Run

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The arms in which anything was said, the attacked one first."""
        spoken = {key.arm for key in self.run.contents.turns}
        return tuple(arm for arm in _ARMS if arm in spoken)

    @cached_property
    def items(self) -> list[tuple[str, int]]:
        """Question and replica of everything that was said, warm-up left out."""
        contents = self.run.contents
        warm = {(end.question, end.replica) for end in contents.items.values() if end.warmup}
        order = {name: at for at, name in enumerate(contents.known_header.questions)}
        found = {(key.question, key.replica) for key in contents.turns} - warm
        return sorted(found, key=lambda item: (order.get(item[0], len(order)), item))

    @cached_property
    def what_if(self) -> Mapping[Arm, WhatIf]:
        """The replays of each arm, where there are any."""
        made = {arm: what_if(self.run, arm) for arm in self.arms}
        return {arm: found for arm, found in made.items() if found is not None}

    @cached_property
    def _turns(self) -> Mapping[tuple[Arm, str, int], dict[tuple[int, int], Turn]]:
        found: dict[tuple[Arm, str, int], dict[tuple[int, int], Turn]] = {}
        for turn in self.run.contents.turns.values():
            item = found.setdefault((turn.arm, turn.question, turn.replica), {})
            item[turn.round, turn.agent] = turn
        return found

    @cached_property
    def _questions(self) -> Mapping[str, Question]:
        return {question.id: question for question in _known_questions(self.run)}

    def turns(self, item: tuple[str, int], arm: Arm) -> Turns:
        """Return what was said on a question in one arm; empty where nothing was."""
        return self._turns.get((arm, *item), {})

    def end(self, item: tuple[str, int], arm: Arm) -> ItemEnd | None:
        """Return how a question ended in one arm; None while it has not."""
        return self.run.contents.items.get((arm, *item))

    def known_end(self, item: tuple[str, int]) -> ItemEnd | None:
        """Return how a question ended in the first arm in which it did."""
        return next((end for arm in self.arms if (end := self.end(item, arm))), None)

    def question(self, item: tuple[str, int]) -> Question | None:
        """Return what was asked; None where the question set is not at hand, or is another."""
        asked, end = self._questions.get(item[0]), self.known_end(item)
        if asked is None or (end and (asked.n_options, asked.key) != (end.n_options, end.key)):
            return None
        return asked

    def values(self, item: tuple[str, int]) -> dict[str, Any]:
        """Return all that the page shows of one question, as plain values.

        Parameters
        ----------
        item : tuple of (str, int)
            Question and replica.
        """
        asked, end = self.question(item), self.known_end(item)
        return {
            "text": "" if asked is None else said(asked.text),
            "options": [] if asked is None else [said(option) for option in asked.options],
            "key": None if end is None else end.key,
            "target": None if end is None else end.target,
            "order": None if end is None else end.order,
            "weights": None if end is None or end.weights is None else _rounded(end.weights),
            "arms": {arm: self._arm(item, arm) for arm in self.arms},
        }

    def _arm(self, item: tuple[str, int], arm: Arm) -> dict[str, Any]:
        replays, turns = self.what_if.get(arm), self.turns(item, arm)
        at = None if replays is None else replays.item(*item)
        known = None if replays is None or at is None else replays.pulls
        pulls = None if known is None else _rounded(known[at])
        listed = [_turn(turns[key], pulls) for key in sorted(turns)]
        values: dict[str, Any] = {"turns": listed}
        if replays is None or at is None:
            return values
        hostile = replays.transcript.adversary_seats if arm == "attacked" else ()
        benign = [seat for seat in range(replays.transcript.n_agents) if seat not in hostile]
        values["why"] = {seat: replays.sentences(at, seat) for seat in benign[:MOST_SENTENCES]}
        if not replays.because:
            values["law"] = _rounded(replays.whole[at])
        return values


_ARMS: tuple[Arm, ...] = ("attacked", "clean")


def _known_questions(run: Run) -> tuple[Question, ...]:
    if run.setup is not None:
        return run.setup.questions
    scenario = None if run.recorded is None else run.recorded.scenario
    source = "" if scenario is None else str(scenario.questions.source)
    # A file that a scenario of unknown origin names is not opened.
    if not source.startswith("builtin"):
        return ()
    try:
        return load_questions(source)
    except FjsimError:
        return ()


def ended(turn: Turn | None) -> int:
    """Return the option that a turn stands for: that of its belief; -1 for none or a tie."""
    if turn is None:
        return -1
    if turn.belief is not None:
        return top_of(turn.belief)
    return -1 if turn.answer is None else turn.answer


def _turn(turn: Turn, pulls: Pulls) -> dict[str, Any]:
    values: dict[str, Any] = {"r": turn.round, "a": turn.agent, "o": ended(turn)}
    if turn.belief is not None:
        values["b"] = [None if mass != mass else round(mass, DIGITS) for mass in turn.belief]
    if turn.answer is not None and turn.answer != values["o"]:
        values["said"] = turn.answer
    if turn.validity != "ok":
        values["v"] = str(turn.validity)
    texts = {"w": turn.reason, "p": turn.problem, "x": turn.prompt_hash, "raw": turn.text}
    values |= {name: said(text) for name, text in texts.items() if text}
    if turn.unreadable:
        values["bad"] = [said(text) for text in turn.unreadable]
    if turn.heard:
        values["h"] = [_heard(heard, turn, pulls) for heard in turn.heard]
    return values


def _heard(heard: Heard, turn: Turn, pulls: Pulls) -> list[Any]:
    """Return speaker, round, gate, weight, what happened on the way, and the pull."""
    way = "forged" if heard.tampered else "kept back" if heard.acting == 0 else ""
    pull: float | None = None
    if pulls is not None and turn.round >= 1:
        row = pulls[turn.round - 1][turn.agent]
        pull = row[heard.speaker] if heard.speaker < len(row) else None
    return [heard.speaker, heard.round, round(heard.gate, 3), round(heard.weight, 3), way, pull]


def _rounded(values: Any) -> Any:
    """Return numbers as nested lists, rounded; NaN as None."""
    rounded = np.asarray(values, dtype=float).round(DIGITS)
    missing = np.isnan(rounded)
    if not missing.any():
        return rounded.tolist()
    plain = rounded.astype(object)
    plain[missing] = None
    return plain.tolist()
