"""All questions of a run in the terminal, a line each; those that moved most come first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fjsim.contracts import Arm
from fjsim.foreign_text import printable, shortened
from fjsim.report.html.deliberations import Deliberations
from fjsim.report.html.overview import MOST_AGENTS_A_LINE, question_line
from fjsim.runs import Run

SHORT = 14
"""Questions that fit on one screen beside what is said about them."""
LONGEST_ID = 16
WIDTH = 80
"""Columns of a terminal."""
GAP = 2


def question_lines(run: Run, arm: Arm, replica: int) -> list[dict[str, Any]]:
    """Return every question of one arm and replica, in the order of the question set.

    Parameters
    ----------
    run : Run
    arm : {'attacked', 'clean'}
    replica : int

    Returns
    -------
    list of dict
        ``id``, ``key`` and ``target`` (letters), ``finished``, ``text``, and under the arm's name
        the ``first`` and ``last`` letters of all agents, how many were ``base`` (right at first, or
        decided, where there is no key) and how many of these ``flipped``.
    """
    found = Deliberations(run)
    return [
        {
            **question_line(found, item),
            "id": item[0],
            "finished": found.end(item, arm) is not None,
        }
        for item in found.items
        if item[1] == replica and found.turns(item, arm)
    ]


def question_list(
    run: Run, lines: Sequence[dict[str, Any]], arm: Arm, replica: int, full: bool
) -> Iterator[RenderableType]:
    """Yield the list, short or whole.

    Parameters
    ----------
    run : Run
    lines : sequence of dict
        From `question_lines`.
    arm : {'attacked', 'clean'}
    replica : int
    full : bool
        Whether all are listed, in the order of the question set.
    """
    label = "simulated · " if run.simulated else ""
    yield Text(
        f"{label}{len(lines)} questions · {arm} arm" + (f" · replica {replica}" * (replica > 0)),
        style="bold",
    )
    short = not full and len(lines) > SHORT
    ranked = sorted(lines, key=lambda line: -line[arm]["flipped"])[:SHORT] if short else lines
    yield _table(run, ranked, arm)
    if short:
        yield Text(f"… those in which most flipped; --full lists all {len(lines)}", style="dim")


def _table(run: Run, lines: Sequence[dict[str, Any]], arm: Arm) -> Table:
    header = run.contents.known_header
    letters = header.n_agents <= MOST_AGENTS_A_LINE
    names = ["question", "key", "target", *(("first", "last") if letters else ()), "flipped"]
    rows = [_cells(line, arm, letters) for line in lines]
    if _is_opinions(run):
        # An opinion on a scale has no letter, and nobody's is right.
        names = ["question", "finished"]
        rows = [[_id(line), "yes" if line["finished"] else "no"] for line in lines]
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="")
    for name, width in zip(names, widths, strict=True):
        table.add_column(name, no_wrap=True, min_width=width)
    table.add_column("asked", no_wrap=True)
    room = max(0, WIDTH - sum(widths) - GAP * len(widths))
    for line, cells in zip(lines, rows, strict=True):
        asked = " ".join(printable(line["text"]).split())
        table.add_row(*map(Text, cells), Text(shortened(asked, room) if room else ""))
    return table


def _cells(line: dict[str, Any], arm: Arm, letters: bool) -> list[str]:
    own = line[arm]
    ends = ["".join(one or "·" for one in own[name]) for name in ("first", "last")]
    return [
        _id(line),
        line["key"],
        line["target"],
        *(ends if letters else ()),
        f"{own['flipped']} of {own['base']}" if line["finished"] else "not finished",
    ]


def _id(line: dict[str, Any]) -> str:
    return shortened(printable(line["id"]), LONGEST_ID)


def _is_opinions(run: Run) -> bool:
    return run.contents.known_header.imported and any(
        transcript.opinions for transcript in run.arms.values()
    )
