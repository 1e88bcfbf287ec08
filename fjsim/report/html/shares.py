"""Who is listened to, question by question: a strip of cells for each agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fjsim.report.html.document import table, text
from fjsim.report.html.svg import WIDTH, figure

MOST_QUESTIONS = 200
"""Columns that can be told apart; a drawing of more shows the first ones, the table all."""
SIDE = 92
"""Width of the agents' names."""
STRIP = 20


class QuestionShares(NamedTuple):
    """Influence shares of one question, its replicas averaged.

    Parameters
    ----------
    question : str
        Plain text; escaped here.
    shares : tuple of float or None
        One per agent, in [0, 1]; None where its beliefs do not determine it.
    """

    question: str
    shares: tuple[float | None, ...]

    @property
    def leader(self) -> tuple[int, float]:
        """The agent of the largest share, and minus that share, to sort by."""
        known = [(share, -at) for at, share in enumerate(self.shares) if share is not None]
        most, seat = max(known, default=(0.0, -len(self.shares)))
        return -seat, -most


def strips(title: str, agents: Sequence[str], questions: Sequence[QuestionShares]) -> str:
    """Return a row of cells per agent and a column per question, sorted by who leads.

    Parameters
    ----------
    title : str
        Plain text.
    agents : sequence of str
        Plain text.
    questions : sequence of QuestionShares

    Returns
    -------
    str
        A figure with its data as a table; the colour of a cell is as strong as its share is large.
    """
    drawn = sorted(questions[:MOST_QUESTIONS], key=lambda one: one.leader)
    known = [share for one in drawn for share in one.shares if share is not None]
    most = max(known, default=1.0) or 1.0
    width = (WIDTH - SIDE) / max(len(drawn), 1)
    cells = "".join(
        _cell(one.question, agents[seat], share, most, (SIDE + at * width, seat * STRIP + 2, width))
        for at, one in enumerate(drawn)
        for seat, share in enumerate(one.shares)
    )
    names = "".join(
        f'<text class="name" x="{SIDE - 8}" y="{seat * STRIP + 15}" text-anchor="end">'
        f"{text(_brief(name))}</text>"
        for seat, name in enumerate(agents)
    )
    led = [sum(one.leader[0] == seat for one in drawn) for seat in range(len(agents))]
    spoken = "; ".join(
        f"{name} leads {count} of {len(drawn)}" for name, count in zip(agents, led, strict=True)
    )
    rows = [(one.question, *map(_share, one.shares)) for one in questions]
    data = table(("question", *agents), rows, name="influence-by-question")
    height = len(agents) * STRIP + 20
    axis = (
        f'<text class="tick" x="{SIDE}" y="{height - 4}">questions, sorted by who leads; full '
        f"colour is {most:.2f}</text>"
    )
    return figure(title, f"{title}: {spoken}", names + cells + axis, data, height)


def _cell(
    question: str, agent: str, share: float | None, most: float, place: tuple[float, float, float]
) -> str:
    x, y, width = place
    kind = "cell" if share is not None else "cell unknown"
    filled = 0.06 + 0.94 * (share or 0.0) / most
    opacity = f' fill-opacity="{filled:.2f}"' if share is not None else ""
    return (
        f'<rect class="{kind}" x="{x:.2f}" y="{y}" width="{width:.2f}" height="{STRIP - 3}"'
        f"{opacity}><title>{text(question)}, {text(agent)}: {_share(share)}</title></rect>"
    )


def _share(share: float | None) -> str:
    return "n/a" if share is None else f"{share:.2f}"


def _brief(name: str) -> str:
    return name if len(name) <= 13 else f"{name[:12]}…"
