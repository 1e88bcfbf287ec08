"""Why one agent ended where it did, as text: what it heard, and what each message did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Any

from fjsim.contracts import Arm
from fjsim.errors import ConfigError, nearest
from fjsim.foreign_text import shortened, shown
from fjsim.questions import letter
from fjsim.report.html.deliberations import Deliberations
from fjsim.runs import Run

WIDTH = 80
"""Columns of a terminal."""
LONGEST_NAME = 24
LONGEST_OPTION = 56


def why(run: Run, agent: str, question: str, arm: Arm, replica: int = 0) -> dict[str, Any]:
    """Return the facts behind one agent's end on one question, as plain values.

    Parameters
    ----------
    run : Run
    agent : str
        Its name, or the number of its seat.
    question : str
        Its id.
    arm : {'attacked', 'clean'}
    replica : int

    Returns
    -------
    dict
        ``question``, ``replica``, ``arm``, ``agent``, ``seat``, ``hostile``, ``text``,
        ``options``, ``key``, ``target`` (letters of the question file, or None), ``rounds`` (what
        it answered and what it had heard) and ``without`` (sentences).

    Raises
    ------
    ConfigError
        If there is no such agent, or nothing was said on such a question in that arm.
    """
    deliberations = Deliberations(run)
    names = run.contents.known_header.agents
    seat, item = _seat(names, agent), _item(deliberations, question, replica, arm)
    values = deliberations.values(item)
    side = values["arms"][arm]
    said = {(turn["r"], turn["a"]): turn for turn in side["turns"]}
    hostile = run.contents.known_header.seats if arm == "attacked" else ()
    rounds = [
        _round(turn, said, names, hostile) for (_, who), turn in sorted(said.items()) if who == seat
    ]
    unknown = ["Not known: the adversary says what it is told to."]
    if seat not in hostile:
        unknown = ["Not known, because this question is not finished."]
    return {
        "question": question,
        "replica": replica,
        "arm": arm,
        "agent": names[seat],
        "seat": seat,
        "hostile": seat in hostile,
        "text": values["text"],
        "options": {letter(at): option for at, option in enumerate(values["options"])},
        "key": letter(values["key"]) or None,
        "target": letter(values["target"]) or None,
        "rounds": rounds,
        "without": list(side.get("why", {}).get(seat, unknown)),
    }


def _seat(names: Sequence[str], asked: str) -> int:
    if asked in names:
        return names.index(asked)
    if asked.isascii() and asked.isdigit() and int(asked) < len(names):
        return int(asked)
    raise ConfigError(
        f"no agent {shown(asked)} in this run; give a name such as {shown(names[0])}, or a seat "
        f"from 0 to {len(names) - 1}{nearest(asked, names)}"
    )


def _item(deliberations: Deliberations, question: str, replica: int, arm: Arm) -> tuple[str, int]:
    spoken = [item for item in deliberations.items if deliberations.turns(item, arm)]
    if (question, replica) not in spoken:
        known = {name for name, _ in spoken}
        raise ConfigError(
            f"no question {shown(question)} in this run's {arm} arm, replica {replica}"
            f"{nearest(question, known)}"
        )
    return question, replica


def _round(
    turn: dict[str, Any],
    said: dict[tuple[int, int], dict[str, Any]],
    names: Sequence[str],
    hostile: Sequence[int],
) -> dict[str, Any]:
    heard = []
    for speaker, number, gate, weight, way, pull in turn.get("h", ()):
        spoken = {} if way == "forged" else said.get((number, speaker), {})
        heard.append(
            {
                "speaker": names[speaker] if speaker < len(names) else f"speaker {speaker}",
                "hostile": speaker in hostile,
                "round": number,
                "answer": letter(spoken.get("o")) or None,
                "share": _share(spoken),
                "gate": gate,
                "weight": weight,
                "on_its_way": way or None,
                "pull": pull,
            }
        )
    return {
        "round": turn["r"],
        "answer": letter(turn["o"]) or None,
        "share": _share(turn),
        "problem": None if "b" in turn else turn.get("p") or turn.get("v"),
        "heard": heard,
    }


def _share(turn: dict[str, Any]) -> float | None:
    belief, option = turn.get("b"), turn.get("o", -1)
    return None if belief is None or option < 0 else float(belief[option])


def why_lines(facts: dict[str, Any], simulated: bool) -> Iterator[str]:
    """Yield the facts as lines for a terminal of 80 columns.

    Parameters
    ----------
    facts : dict
        From `why`.
    simulated : bool
        Whether no language model took part.
    """
    label = "simulated · " if simulated else ""
    mark = ", hostile" if facts["hostile"] else ""
    star = " · * marks the hostile" if facts["arm"] == "attacked" else ""
    yield f"{label}{facts['question']} · {facts['agent']}{mark} · {facts['arm']} arm{star}"
    if facts["text"]:
        yield facts["text"]
    for name, option in facts["options"].items():
        role = " (key)" if name == facts["key"] else " (target)" if name == facts["target"] else ""
        yield f"  {name} {shortened(option, LONGEST_OPTION)}{role}"
    if not facts["options"]:
        yield f"  key {facts['key'] or 'none'}, target {facts['target'] or 'none'}"
    towards = facts["target"] or facts["key"]
    for turn in facts["rounds"]:
        yield f"round {turn['round']}: {_position(turn)}"
        for heard in turn["heard"]:
            yield from _heard_lines(heard, towards)
    yield "How it would have ended without another:"
    for sentence in facts["without"]:
        yield fill(sentence, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _position(turn: dict[str, Any]) -> str:
    if turn["answer"] is None:
        return turn["problem"] or "no answer"
    return turn["answer"] if turn["share"] is None else f"{turn['answer']} {turn['share']:.2f}"


def _heard_lines(heard: dict[str, Any], towards: str | None) -> Iterator[str]:
    name = shortened(heard["speaker"], LONGEST_NAME) + ("*" if heard["hostile"] else "")
    said = {"forged": "forged on its way", "kept back": "kept back"}.get(heard["on_its_way"] or "")
    words = said or (_position({**heard, "problem": None}))
    pull = ""
    if heard["pull"] is not None and towards:
        pull = f", {heard['pull']:+.2f} to {towards}"
    where = f"round {heard['round']}, gate {heard['gate']:.2f}, weight {heard['weight']:.2f}"
    yield f"  heard {name} {words} ({where}{pull})"
