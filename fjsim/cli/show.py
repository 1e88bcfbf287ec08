"""``fjsim show``: a deliberation in the terminal, on one screen or word for word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fjsim.arms import MAIN_HELP
from fjsim.cli.console import out, print_json, print_paged
from fjsim.errors import ConfigError
from fjsim.foreign_text import printable, shown
from fjsim.questions import letter

if TYPE_CHECKING:
    from fjsim.contracts import Arm
    from fjsim.records.deliberation import RecordedDeliberation
    from fjsim.runs import Run


def show(
    run: Annotated[Path, typer.Argument(help="A run folder.", show_default=False)],
    question: Annotated[
        str | None, typer.Argument(help="Id of a question; they are listed without.")
    ] = None,
    arm: Annotated[str | None, typer.Option(help=MAIN_HELP)] = None,
    replica: Annotated[int, typer.Option(help="Which replica.")] = 0,
    number: Annotated[
        int | None,
        typer.Option("--round", help="What was heard and said in this round, in words."),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(help="What this agent (name or seat) heard and said, in words."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Everything: all questions, rounds and words.")
    ] = False,
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
    """Show a run's questions, or one deliberation: who stood where after each round.

    Example: what happened on the first question, and what was said in its last round

        fjsim show runs/star-stubborn-1a2b3c4d5e general-001

        fjsim show runs/star-stubborn-1a2b3c4d5e general-001 --round 10

    Example: why agent 3 ended where it did

        fjsim show runs/star-stubborn-1a2b3c4d5e --why 3 general-001
    """
    from fjsim.runs import load_run

    found = load_run(run)
    chosen = found.spoken_arm(arm)
    if why is not None:
        _why(found, why, question, chosen, replica, json)
    elif question is None:
        _refuse_without_question(number, agent)
        _list(found, chosen, replica, full, json)
    elif json:
        print_json(_as_dict(found, found.deliberation(question, chosen, replica)))
    else:
        deliberation = found.deliberation(question, chosen, replica)
        _deliberation(run, found, deliberation, number, agent, full)


def _refuse_without_question(number: int | None, agent: str | None) -> None:
    for name, value in (("--round", number), ("--agent", agent)):
        if value is not None:
            raise ConfigError(f"{name} needs a question; write `fjsim show RUN QUESTION {name} …`")


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


def _list(run: Run, arm: Arm, replica: int, full: bool, json: bool) -> None:
    from fjsim.report.terminal.question_list import question_lines, question_list

    if json:
        keys = run.contents.turns
        known = sorted({key.question for key in keys if (key.arm, key.replica) == (arm, replica)})
        finished = {key: (arm, key, replica) in run.contents.items for key in known}
        print_json({"arm": arm, "questions": finished})
        return
    lines = question_lines(run, arm, replica)
    print_paged(question_list(run, lines, arm, replica, full))


def _as_dict(run: Run, deliberation: RecordedDeliberation) -> dict[str, object]:
    from fjsim.report.terminal.deliberation import ShownQuestion

    talk = ShownQuestion.of(run, deliberation)
    votes = [vote.as_dict() for vote in deliberation.casting]
    return {
        "question": deliberation.question,
        "arm": deliberation.arm,
        "simulated": run.simulated,
        "options": {letter(at): option for at, option in enumerate(talk.options)},
        "key_letter": letter(deliberation.key) or None,
        "target_letter": letter(deliberation.target) or None,
        "turns": [
            {**turn.as_dict(), "answer_letter": letter(turn.answer) or None}
            for turn in deliberation.turns
        ],
        **({"casting": votes} if votes else {}),
    }


def _deliberation(
    folder: Path,
    run: Run,
    deliberation: RecordedDeliberation,
    number: int | None,
    agent: str | None,
    full: bool,
) -> None:
    from fjsim.report.terminal.deliberation import ShownQuestion, opening, overview, transcript

    talk = ShownQuestion.of(run, deliberation)
    seat = None if agent is None else talk.seat(agent)
    lines = [*opening(talk)]
    if number is None and seat is None:
        lines += overview(talk, full)
    if full or number is not None or seat is not None:
        lines += transcript(talk, number, seat, full)
    print_paged(lines)
    if not full and number is None and seat is None:
        last = max(talk.rounds)
        question = printable(deliberation.question)
        out.print(f"in words: --round {last}, --agent 1 or --full; why:", style="dim")
        line = f"  fjsim show {folder} --why 1 {question}"
        out.print(line, style="dim", markup=False, soft_wrap=True)
