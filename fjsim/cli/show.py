"""``fjsim show``: a deliberation in the terminal, round by round."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.markup import escape
from rich.table import Table

from fjsim.arms import MAIN_HELP
from fjsim.cli.console import out, print_json
from fjsim.errors import ConfigError, FjsimError
from fjsim.foreign_text import printable, shown
from fjsim.questions import LETTERS, Question, load_questions
from fjsim.serial.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Collection

    from fjsim.contracts import Arm
    from fjsim.records import ItemEnd, RunHeader, Turn
    from fjsim.records.deliberation import RecordedDeliberation
    from fjsim.records.units import OpinionUnit
    from fjsim.runs import Run

REASON_WIDTH = 60


def show(
    run: Annotated[Path, typer.Argument(help="A run folder.", show_default=False)],
    question: Annotated[
        str | None, typer.Argument(help="Id of a question; all are listed without.")
    ] = None,
    arm: Annotated[str | None, typer.Option(help=MAIN_HELP)] = None,
    replica: Annotated[int, typer.Option(help="Which replica.")] = 0,
    why: Annotated[
        tuple[str, str] | None,
        typer.Option(
            help="What an agent (name or seat) had heard on a question, what each message did, "
            "and how it would have ended without another.",
            metavar="AGENT QUESTION",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show a run's questions, or one deliberation round by round.

    Example: what was said on the first question

        fjsim show runs/star-stubborn-1a2b3c4d5e general-001

    Example: why agent 3 ended where it did

        fjsim show runs/star-stubborn-1a2b3c4d5e --why 3 general-001
    """
    from fjsim.runs import load_run

    found = load_run(run)
    chosen = found.spoken_arm(arm)
    if why is not None:
        _why(found, why, question, chosen, replica, json)
        return
    if question is None:
        _list(found, chosen, replica, json)
        return
    deliberation = found.deliberation(question, chosen, replica)
    if json:
        facts = {"question": question, "arm": chosen, "simulated": found.simulated}
        turns = [turn.as_dict() for turn in deliberation.turns]
        casting = [vote.as_dict() for vote in deliberation.casting]
        print_json({**facts, "turns": turns, **({"casting": casting} if casting else {})})
    else:
        _question(run, deliberation)
        _deliberation(found, deliberation)


def _why(
    run: Run, asked: tuple[str, str], question: str | None, arm: Arm, replica: int, json: bool
) -> None:
    """Say why one agent ended where it did."""
    from fjsim.report.terminal.why import why, why_lines

    agent, named = asked
    if question is not None and question != named:
        raise ConfigError(
            f"--why asks for question {shown(named)} and the command for {shown(question)}; give "
            "the question after --why AGENT alone"
        )
    facts = why(run, agent, named, arm, replica)
    if json:
        print_json({**facts, "simulated": run.simulated})
        return
    for line in why_lines(facts, run.simulated):
        out.print(printable(line), markup=False, highlight=False)


def _list(run: Run, arm: Arm, replica: int, json: bool) -> None:
    keys = run.contents.turns
    known = sorted({key.question for key in keys if (key.arm, key.replica) == (arm, replica)})
    ends = {key: run.contents.items.get((arm, key, replica)) for key in known}
    if json:
        print_json({"arm": arm, "questions": {k: end is not None for k, end in ends.items()}})
        return
    table = Table(title=f"{_label(run)}{arm} arm, replica {replica}", title_justify="left")
    for name in ("question", "key", "target", "finished"):
        table.add_column(name)
    for name, end in ends.items():
        key = "" if end is None or end.key is None else str(end.key)
        target = "" if end is None or end.target is None else str(end.target)
        table.add_row(escape(printable(name)), key, target, "no" if end is None else "yes")
    out.print(table)


def _question(run: Path, deliberation: RecordedDeliberation) -> None:
    """Print what was asked, where the run's question set is still at hand."""
    end, name = deliberation.end, deliberation.question
    asked = None if end is None else _asked(run, name)
    if end is None or asked is None or (asked.n_options, asked.key) != (end.n_options, end.key):
        return
    out.print(escape(printable(asked.text)))
    for at, option in enumerate(asked.options):
        mark = " [green]key[/]" if at == end.key else " [red]target[/]" if at == end.target else ""
        out.print(f"  {at}  {escape(printable(option))}{mark}", highlight=False)


def _asked(run: Path, name: str) -> Question | None:
    from fjsim.records import SCENARIO

    try:
        source = read_yaml(run / SCENARIO)["questions"]["source"]
        return next((q for q in load_questions(source) if q.id == name), None)
    except (FjsimError, KeyError, TypeError):
        return None


def _deliberation(run: Run, deliberation: RecordedDeliberation) -> None:
    said, end, arm = deliberation.turns, deliberation.end, deliberation.arm
    facts = "" if end is None else _facts(end)
    if deliberation.casting:
        votes = ("none" if one.answer is None else str(one.answer) for one in deliberation.casting)
        facts += f" · casting votes {' '.join(votes)}"
    table = Table(
        title=f"{_label(run)}{escape(printable(deliberation.question))} · {arm} arm{facts}",
        title_justify="left",
        caption=_legend(end),
        caption_justify="left",
    )
    for name in ("round", "agent", "answer", "belief", "heard", "reason"):
        table.add_column(name)
    names = _Names.of(run.contents.known_header, end)
    for turn in said:
        row = names.put(turn, _cells(turn, deliberation.seats))
        table.add_row(*row, end_section=turn.agent == said[-1].agent)
    out.print(table)


class _Names(NamedTuple):
    """Names that an imported log has for its agents and options; empty for a run of ours."""

    agents: list[str]
    options: list[str]
    roles: list[str]
    unit: OpinionUnit | None = None

    @classmethod
    def of(cls, header: RunHeader, end: ItemEnd | None) -> _Names:
        """Return the names of one item."""
        if end is None or not header.imported:
            return cls([], [], [])
        from fjsim.records.building import unit_of

        agents = end.people or list(header.agents)
        return cls(agents, end.options or [], end.roles or [], unit_of(header, [end]))

    def put(self, turn: Turn, cells: list[str]) -> list[str]:
        """Return the cells of a turn with names in the place of numbers."""
        shown = list(cells)
        if self.agents:
            role = self.roles[turn.agent] if self.roles else ""
            mark = f" ({role})" if role not in ("", "benign") else ""
            shown[1] = escape(printable(self.agents[turn.agent] + mark))
            heard = (self.agents[heard.speaker] for heard in turn.reached)
            shown[4] = escape(printable(", ".join(heard)))
        if self.unit is not None and turn.belief is not None:
            import numpy as np

            first = np.zeros(1, dtype=np.int64)
            shown[2] = f"{self.unit.original(np.array([turn.belief[1]]), first)[0]:.6g}"
        elif turn.answer is not None and turn.answer < len(self.options):
            shown[2] = escape(printable(self.options[turn.answer]))
        return shown


def _label(run: Run) -> str:
    return "simulated · " if run.simulated else ""


def _facts(end: ItemEnd) -> str:
    key = "" if end.key is None else f" · key {end.key}"
    return key if end.target is None else f"{key} · target {end.target}"


def _legend(end: ItemEnd | None) -> str:
    text = "answers and beliefs in the order of the question set; * marks the adversary's seats"
    if end is None or end.order is None:
        return text
    pairs = " ".join(f"{letter}={at}" for letter, at in zip(LETTERS, end.order, strict=False))
    return f"{text}; in what was said, {pairs}"


def _cells(turn: Turn, seats: Collection[int]) -> list[str]:
    belief = "" if turn.belief is None else " ".join(f"{value:.2f}" for value in turn.belief)
    reason = printable(turn.reason or turn.problem).replace("\n", " ")
    if len(reason) > REASON_WIDTH:
        reason = reason[: REASON_WIDTH - 1] + "…"
    return [
        str(turn.round),
        f"{turn.agent}{'*' if turn.agent in seats else ''}",
        str(turn.validity) if turn.answer is None else str(turn.answer),
        belief,
        " ".join(str(heard.speaker) for heard in turn.reached),
        escape(reason),
    ]
