"""What a page knows before a question is opened: the team, each question in a line, the means."""

from __future__ import annotations

from typing import Any

import numpy as np

from fjsim.contracts import Arm
from fjsim.questions import letter
from fjsim.records import Transcript, Turn
from fjsim.report.html.blocks import said
from fjsim.report.html.deliberations import Deliberations, ended
from fjsim.report.html.network import edges, places
from fjsim.report.means import mean_beliefs, mean_gates, targets_of

LONGEST_LINE = 160
MOST_AGENTS_A_LINE = 12
"""Agents that a line of the list shows one by one; of more it shows how many are right."""


def overview(deliberations: Deliberations) -> dict[str, Any]:
    """Return the values that the page starts from.

    Parameters
    ----------
    deliberations : Deliberations
    """
    run = deliberations.run
    header = run.contents.known_header
    return {
        "agents": [said(name, 60) for name in header.agents],
        "seats": list(header.seats),
        "rounds": header.rounds,
        "arms": list(deliberations.arms),
        "places": places(header.graph),
        "edges": edges(header.graph),
        "targeted": any((targets_of(arm) >= 0).any() for arm in run.arms.values()),
        "gated": any((arm.gates < 1).any() for arm in run.arms.values()),
        "law": {arm: what.source for arm, what in deliberations.what_if.items()},
        "listAgents": header.n_agents <= MOST_AGENTS_A_LINE,
        "mean": {arm: _means(transcript) for arm, transcript in run.arms.items()},
        "questions": [
            _line(deliberations, item, number) for number, item in enumerate(deliberations.items)
        ],
    }


def _means(arm: Transcript) -> dict[str, Any]:
    return {"beliefs": _plain(mean_beliefs(arm)), "gates": _plain(mean_gates(arm))}


def _plain(values: Any) -> Any:
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, list):
        return [_plain(value) for value in values]
    return None if values != values else round(values, 3)


def _line(deliberations: Deliberations, item: tuple[str, int], number: int) -> dict[str, Any]:
    line = {**question_line(deliberations, item), "block": f"q{number}"}
    header = deliberations.run.contents.known_header
    for arm in deliberations.arms:
        hostile = header.seats if arm == "attacked" else ()
        benign = [seat for seat in range(header.n_agents) if seat not in hostile]
        end = deliberations.known_end(item)
        key, turns = None if end is None else end.key, deliberations.turns(item, arm)
        line[arm]["right"] = _right_by_round(turns, benign, header.rounds, key)
    return line


def question_line(deliberations: Deliberations, item: tuple[str, int]) -> dict[str, Any]:
    """Return what is said of one question in one line, as plain values.

    Parameters
    ----------
    deliberations : Deliberations
    item : tuple of (str, int)
        Question and replica.
    """
    end, asked = deliberations.known_end(item), deliberations.question(item)
    key = None if end is None else end.key
    target = None if end is None else end.target
    header = deliberations.run.contents.known_header
    line: dict[str, Any] = {
        "id": said(item[0], 80),
        "replica": item[1],
        "text": "" if asked is None else said(asked.text, LONGEST_LINE),
        "key": letter(key),
        "target": letter(target),
        "finished": all(deliberations.end(item, arm) for arm in deliberations.arms),
    }
    for arm in deliberations.arms:
        hostile = header.seats if arm == "attacked" else ()
        line[arm] = _ends(deliberations, item, arm, key, hostile)
    return line


def _ends(
    deliberations: Deliberations,
    item: tuple[str, int],
    arm: Arm,
    key: int | None,
    hostile: tuple[int, ...],
) -> dict[str, Any]:
    """Return where each agent began and ended in one arm, and how many changed sides."""
    header = deliberations.run.contents.known_header
    turns, last = deliberations.turns(item, arm), header.rounds
    seats = range(header.n_agents)
    benign = [seat for seat in seats if seat not in hostile]
    first = [ended(turns.get((0, seat))) for seat in seats]
    final = [ended(turns.get((last, seat))) for seat in seats]
    missing = [
        turn for turn in turns.values() if turn.belief is None and turn.validity == "missing"
    ]
    known = [seat for seat in benign if first[seat] >= 0]
    base = [seat for seat in known if key is None or first[seat] == key]
    lost = [seat for seat in base if _heard_out(turns, last, seat) and final[seat] != first[seat]]
    right = sum(first[seat] == key for seat in known)
    return {
        "first": [letter(option) for option in first],
        "last": [letter(option) for option in final],
        "base": len(base),
        "flipped": len(lost),
        "missing": len(missing),
        "lead": None if key is None else right - max(_others(first, known, key), default=0),
    }


def _heard_out(turns: dict[tuple[int, int], Turn] | Any, last: int, seat: int) -> bool:
    turn = turns.get((last, seat))
    return turn is not None and turn.validity != "missing"


def _others(first: list[int], known: list[int], key: int) -> list[int]:
    """Return how many stand behind each wrong option at first."""
    wrong = [first[seat] for seat in known if first[seat] != key]
    return [wrong.count(option) for option in set(wrong)]


def _right_by_round(turns: Any, benign: list[int], last: int, key: int | None) -> list[float]:
    """Return the share of benign agents that are right after each round; empty without a key."""
    if key is None or not benign:
        return []
    return [
        round(sum(ended(turns.get((at, seat))) == key for seat in benign) / len(benign), 2)
        for at in range(last + 1)
    ]
