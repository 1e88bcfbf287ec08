"""The phase diagram of the takeover theory, with what runs came to on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fjsim.dynamics.attacked.phase import PhaseDiagram
from fjsim.metrics import Estimate
from fjsim.report.html.document import Section, document, paragraph, table, text
from fjsim.report.html.svg import figure, numbers, short

WIDTH, HEIGHT = 460, 320
LEFT, RIGHT, TOP, BOTTOM = 40, 14, 10, 76
MOST_ROWS = 400
"""Cells that the table behind the figure holds."""


class Observed(NamedTuple):
    """A group on the map.

    Parameters
    ----------
    name : str
        Plain text.
    resistance : float
        What every benign agent has.
    n_agents : int
        Adversaries included.
    takeover : Estimate
        What was seen there; without a value where the group was only asked for.
    """

    name: str
    resistance: float
    n_agents: int
    takeover: Estimate


def phase_page(diagram: PhaseDiagram, groups: Sequence[Observed] = ()) -> str:
    """Return the page of a phase diagram.

    Parameters
    ----------
    diagram : PhaseDiagram
        As `fjsim.dynamics.phase_diagram` returns it.
    groups : sequence of Observed
        Marked on it.
    """
    title = f"takeover · {diagram.topology}"
    section = Section("Phase diagram", (phase_figure(diagram, groups),))
    return document(title, False, [], [section])


def explained(diagram: PhaseDiagram, groups: Sequence[Observed] = ()) -> str:
    """Return the sentence that says what a phase diagram shows.

    Parameters
    ----------
    diagram : PhaseDiagram
    groups : sequence of Observed
    """
    horizon = "at equilibrium" if diagram.n_rounds is None else f"after {diagram.n_rounds} rounds"
    said = (
        f"The fuller the colour, the more of a benign agent's belief the adversary takes over "
        f"{horizon}. "
    )
    if np.ptp(diagram.flipped) > 0:
        said += (
            "Left of the heavy line, the flip boundary, or below it, most agents that began "
            f"{100 * diagram.margin:.0f} points on the right side end on the wrong one; beyond "
            "it most hold."
        )
    else:
        verb = "flip" if diagram.flipped.max() > 0 else "hold"
        said += f"With a margin of {diagram.margin:g} all agents {verb} everywhere on this map."
    if any(one.takeover.value is not None for one in groups):
        said += " A circle is a setting that was played, in the colour of what was seen there."
    elif groups:
        said += " The circle is the group that was asked for."
    return said


def phase_figure(diagram: PhaseDiagram, groups: Sequence[Observed] = ()) -> str:
    """Draw mean takeover over resistance and agents, with the line where decisions flip.

    Parameters
    ----------
    diagram : PhaseDiagram
        As `fjsim.dynamics.phase_diagram` returns it.
    groups : sequence of Observed
        Marked on it; those outside the map are left out.

    Returns
    -------
    str
        HTML with the explaining sentence and the data as a table.
    """
    place = _Places(diagram)
    drawn = _cells(diagram, place) + _boundary(diagram, place) + _axes(diagram, place)
    drawn += "".join(_group(one, place) for one in groups if place.holds(one))
    drawn += _scale()
    horizon = "at equilibrium" if diagram.n_rounds is None else f"after {diagram.n_rounds} rounds"
    title = f"{diagram.topology}: mean takeover {horizon}"
    said = explained(diagram, groups)
    ends = (diagram.takeover.max(), diagram.takeover.min())
    words = f"{title}, from {short(float(ends[0]))} to {short(float(ends[1]))}. {said}"
    body = figure(title, words, drawn, _table(diagram, groups), HEIGHT)
    return f"{body}{paragraph(said, 'legend')}"


class _Places:
    """Where cells and groups lie in the drawing: resistance by its logarithm, sizes in rows."""

    def __init__(self, diagram: PhaseDiagram) -> None:
        self.sizes, self.odds = diagram.n_agents, np.log(diagram.resistance)
        self.wide = (WIDTH - LEFT - RIGHT) / len(self.odds)
        self.high = (HEIGHT - TOP - BOTTOM) / len(self.sizes)

    def column(self, at: float) -> float:
        """Return the left edge of a column."""
        return round(LEFT + self.wide * at, 1)

    def row(self, at: float) -> float:
        """Return the upper edge of a row; small groups stand below."""
        return round(HEIGHT - BOTTOM - self.high * (at + 1), 1)

    def holds(self, one: Observed) -> bool:
        """Say whether a group lies on the map."""
        known = 0 < one.resistance < np.inf
        inside = known and self.odds[0] <= np.log(one.resistance) <= self.odds[-1]
        return bool(inside and self.sizes[0] <= one.n_agents <= self.sizes[-1])

    def of(self, one: Observed) -> tuple[float, float]:
        """Return the middle of a group's mark."""
        across = np.interp(np.log(one.resistance), self.odds, np.arange(len(self.odds)))
        up = np.interp(one.n_agents, self.sizes, np.arange(len(self.sizes)))
        return self.column(float(across) + 0.5), self.row(float(up) - 0.5)


def _cells(diagram: PhaseDiagram, place: _Places) -> str:
    return "".join(
        f'<rect class="phase" x="{place.column(c)}" y="{place.row(r)}" '
        f'width="{place.wide + 0.3:.1f}" height="{place.high + 0.3:.1f}" '
        f'fill-opacity="{value:.2f}"/>'
        for r, row in enumerate(diagram.takeover)
        for c, value in enumerate(row)
    )


def _boundary(diagram: PhaseDiagram, place: _Places) -> str:
    """Return the edges between cells where most flip and cells where most hold."""
    flips = diagram.flipped >= 0.5
    path = ""
    for r, c in np.argwhere(flips[:, 1:] != flips[:, :-1]):
        path += f"M{place.column(c + 1)} {place.row(r)} V{place.row(r - 1)} "
    for r, c in np.argwhere(flips[1:] != flips[:-1]):
        path += f"M{place.column(c)} {place.row(r)} H{place.column(c + 1)} "
    return f'<path class="boundary" d="{path}"/>' if path else ""


def _axes(diagram: PhaseDiagram, place: _Places) -> str:
    base = HEIGHT - BOTTOM
    drawn = ""
    for at in sorted({0, len(place.odds) // 2, len(place.odds) - 1}):
        drawn += (
            f'<text class="tick" x="{place.column(at + 0.5)}" y="{base + 14}" '
            f'text-anchor="middle">{short(float(diagram.resistance[at]))}</text>'
        )
    for at in sorted({0, len(place.sizes) // 2, len(place.sizes) - 1}):
        drawn += (
            f'<text class="tick" x="{LEFT - 5}" y="{place.row(at - 0.5) + 4}" '
            f'text-anchor="end">{int(diagram.n_agents[at])}</text>'
        )
    return drawn + (
        f'<text class="tick" x="{WIDTH - RIGHT}" y="{base + 28}" text-anchor="end">'
        "resistance of a benign agent →</text>"
        f'<text class="tick" x="10" y="{TOP}" text-anchor="end" '
        f'transform="rotate(-90 10 {TOP})">agents →</text>'
    )


def _group(one: Observed, place: _Places) -> str:
    x, y = place.of(one)
    value = one.takeover.value
    share = 0.0 if value is None else min(1.0, max(0.0, value))
    fill = f'<circle class="phase" cx="{x}" cy="{y}" r="6" fill-opacity="{share:.2f}"/>'
    seen = "" if value is None else f": {numbers(one.takeover)}"
    return (
        f'<g class="point"><title>{text(one.name)}{seen}</title>'
        f'<circle class="group" cx="{x}" cy="{y}" r="6"/>{"" if value is None else fill}</g>'
    )


def _scale() -> str:
    """Return the colours with their numbers."""
    y, wide = HEIGHT - 26, 18
    parts = "".join(
        f'<rect class="phase" x="{LEFT + at * wide}" y="{y}" width="{wide}" height="10" '
        f'fill-opacity="{at / 10:.1f}"/>'
        for at in range(11)
    )
    ends = "".join(
        f'<text class="tick" x="{LEFT + wide * at}" y="{y + 22}">{words}</text>'
        for at, words in ((0, "0"), (4, "takeover"), (10.4, "1"))
    )
    edge = f'<rect class="outline" x="{LEFT}" y="{y}" width="{11 * wide}" height="10"/>'
    return parts + edge + ends


def _table(diagram: PhaseDiagram, groups: Sequence[Observed]) -> str:
    seen = [
        (one.name, short(one.resistance), one.n_agents, numbers(one.takeover)) for one in groups
    ]
    step = max(1, diagram.takeover.size // MOST_ROWS)
    cells = [
        ("the law", short(float(odds)), int(size), short(float(diagram.takeover[r, c])))
        for r, size in enumerate(diagram.n_agents)
        for c, odds in enumerate(diagram.resistance)
    ]
    heads = ("source", "resistance", "agents", "takeover")
    return table(heads, [*seen, *cells[::step]])
