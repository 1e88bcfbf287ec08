"""Small figures drawn here: bars beside numbers, curves by round, dots for what was predicted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from fjsim.metrics import Estimate
from fjsim.report.html.document import details, table, text

WIDTH, HEIGHT = 460, 200
LEFT, RIGHT, TOP, BOTTOM = 38, 12, 10, 28
ROW = 22
LABEL = 180


class Mark(NamedTuple):
    """An estimate with its name and its look.

    Parameters
    ----------
    name : str
        Plain text; escaped here.
    kind : str
        Its class in ``page.css``: ``attacked``, ``clean`` or ``law``.
    estimate : Estimate
    """

    name: str
    kind: str
    estimate: Estimate


class Line(NamedTuple):
    """Estimates round by round, with their name and their look.

    Parameters
    ----------
    name : str
        Plain text; escaped here.
    kind : str
        As in `Mark`.
    estimates : tuple of Estimate
        Round 0 first.
    """

    name: str
    kind: str
    estimates: tuple[Estimate, ...]


def short(value: float | None) -> str:
    """Return a number with two significant digits, thousands spaced.

    Examples
    --------
    >>> short(0.64159), short(0.00231), short(12.3456), short(1e-9), short(None)
    ('0.64', '0.0023', '12', '<0.0001', 'n/a')
    """
    if value is None:
        return "n/a"
    if value == int(value) or abs(value) >= 10:
        return f"{value:,.0f}".replace(",", "\u2009")
    if abs(value) < 1e-4:
        return "<0.0001" if value > 0 else ">-0.0001"
    if abs(value) >= 1:
        return f"{value:.1f}"
    return f"{value:.{min(4, 1 - math.floor(math.log10(abs(value))))}f}"


def numbers(estimate: Estimate) -> str:
    """Return an estimate with its interval, two significant digits each.

    Examples
    --------
    >>> numbers(Estimate(0.642, 0.5931, 0.687, 500))
    '0.64 [0.59, 0.69]'
    """
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return short(estimate.value)
    return f"{short(estimate.value)} [{short(estimate.low)}, {short(estimate.high)}]"


def bars(marks: Sequence[Mark], low: float = 0.0, high: float = 1.0) -> str:
    """Return thin bars with whiskers, one below the other; the numbers stand beside them.

    Parameters
    ----------
    marks : sequence of Mark
        Those without a value are left out.
    low, high : float
        Ends of the axis.
    """
    kept = [mark for mark in marks if mark.estimate.value is not None]
    lines = "".join(_bar(mark, 2 + 9 * at, low, high) for at, mark in enumerate(kept))
    return (
        f'<svg class="bars" viewBox="0 0 200 {4 + 9 * len(kept)}" aria-hidden="true">'
        f'<line class="grid" x1="{_x(0, low, high)}" x2="{_x(0, low, high)}" y1="0" y2="100"/>'
        f"{lines}</svg>"
    )


def _x(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low) if high > low else 0.0
    return round(2 + 196 * min(1.0, max(0.0, share)), 1)


def _bar(mark: Mark, y: float, low: float, high: float) -> str:
    value, zero = mark.estimate.value or 0.0, _x(0, low, high)
    end = _x(value, low, high)
    left, width = min(zero, end), abs(end - zero)
    drawn = (
        f'<rect class="bar {mark.kind}" x="{left}" y="{y}" width="{width:.1f}" height="6"/>'
        if mark.kind != "law"
        else f'<circle class="mark law" cx="{end}" cy="{y + 3}" r="2.6"/>'
    )
    return drawn + _whisker(mark.estimate, y + 3, low, high)


def _whisker(estimate: Estimate, y: float, low: float, high: float) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    a, b = _x(estimate.low, low, high), _x(estimate.high, low, high)
    return f'<path class="whisker" d="M{a} {y} H{b} M{a} {y - 2} V{y + 2} M{b} {y - 2} V{y + 2}"/>'


def curves(title: str, unit: str, lines: Sequence[Line]) -> str:
    """Return a figure of estimates by round, with its data as a table.

    Parameters
    ----------
    title, unit : str
        Plain text.
    lines : sequence of Line
    """
    rounds = max(len(line.estimates) for line in lines) - 1
    low, high = _range([estimate for line in lines for estimate in line.estimates])

    def x(at: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (at / rounds if rounds else 0.5), 1)

    def y(value: float) -> float:
        share = (value - low) / (high - low)
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - share), 1)

    grid = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v)}" y2="{y(v)}"/>'
        f'<text class="tick" x="{LEFT - 5}" y="{y(v) + 4}" text-anchor="end">{short(v)}</text>'
        for v in (low, (low + high) / 2, high)
    )
    grid += "".join(
        f'<text class="tick" x="{x(at)}" y="{HEIGHT - 8}" text-anchor="middle">{at}</text>'
        for at in sorted({0, rounds // 2, rounds})
    )
    drawn = "".join(_curve(line, at, x, y) for at, line in enumerate(lines))
    heads = ("line", *(f"round {at}" for at in range(rounds + 1)))
    rows = [(line.name, *(numbers(estimate) for estimate in line.estimates)) for line in lines]
    spoken = "; ".join(f"{row[0]} from {row[1]} to {row[-1]}" for row in rows)
    return figure(title, f"{title} ({unit}) by round: {spoken}", grid + drawn, table(heads, rows))


def _curve(line: Line, number: int, x: object, y: object) -> str:
    assert callable(x)
    assert callable(y)
    known = [(at, e) for at, e in enumerate(line.estimates) if e.value is not None]
    points = " ".join(f"{x(at)},{y(e.value)}" for at, e in known)
    # Whiskers of two arms stand beside, not on, each other.
    shift = 2.5 * (number - 0.5)
    whiskers = "".join(
        f'<path class="whisker {line.kind}" d="M{x(at) + shift} {y(e.low)} V{y(e.high)}"/>'
        for at, e in known
        if e.low is not None and e.high is not None
    )
    name = ""
    if known:
        # Names of lines that end close to each other stand apart.
        at, last = known[-1 - min(number * (len(known) // 3), len(known) - 1)]
        # A name above a line at the very top would be cut.
        place = y(last.value) - 7 if y(last.value) > TOP + 8 else y(last.value) + 15
        name = (
            f'<text class="name" x="{x(at) - 4}" y="{place}" text-anchor="end">'
            f"{text(line.name)}</text>"
        )
    return f'{whiskers}<polyline class="line {line.kind}" points="{points}"/>{name}'


def _range(estimates: Sequence[Estimate]) -> tuple[float, float]:
    ends = [v for e in estimates for v in (e.value, e.low, e.high) if v is not None]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return (low, high) if high > low else (low, low + 1)


def dots(title: str, groups: Sequence[tuple[str, Sequence[Mark]]]) -> str:
    """Return a dot plot with whiskers, one row a mark, with its data as a table.

    Parameters
    ----------
    title : str
        Plain text.
    groups : sequence of (str, sequence of Mark)
        Title and marks of each group.
    """
    marks = [(name, mark) for name, group in groups for mark in group]
    axis = _range([mark.estimate for _, mark in marks])
    drawn, y = "", 4
    for name, group in groups:
        drawn += f'<text class="group" x="0" y="{y + 11}">{text(name)}</text>'
        for mark in group:
            y += ROW
            drawn += _dot(mark, y, axis)
        y += ROW
    drawn += "".join(
        f'<line class="grid" x1="{x}" x2="{x}" y1="2" y2="{y}"/>'
        f'<text class="tick" x="{x}" y="{y + 14}" text-anchor="middle">{short(value)}</text>'
        for value in (axis[0], sum(axis) / 2, axis[1])
        for x in [_place(value, axis)]
    )
    rows = [(name, mark.name, numbers(mark.estimate)) for name, mark in marks]
    spoken = "; ".join(f"{row[0]}, {row[1]}: {row[2]}" for row in rows)
    data = table(("metric", "source", "value"), rows)
    return figure(title, f"{title}: {spoken}", drawn, data, y + 20)


def _place(value: float, axis: tuple[float, float]) -> float:
    return round(LABEL + (WIDTH - 14 - LABEL) * (value - axis[0]) / (axis[1] - axis[0]), 1)


def _dot(mark: Mark, y: float, axis: tuple[float, float]) -> str:
    estimate = mark.estimate
    whisker = ""
    if estimate.low is not None and estimate.high is not None:
        ends = f"M{_place(estimate.low, axis)} {y} H{_place(estimate.high, axis)}"
        whisker = f'<path class="whisker {mark.kind}" d="{ends}"/>'
    return (
        f'<text class="name" x="{LABEL - 10}" y="{y + 4}" text-anchor="end">{text(mark.name)}'
        f'</text>{whisker}<circle class="mark {mark.kind}" '
        f'cx="{_place(estimate.value or 0.0, axis)}" cy="{y}" r="4.5"/>'
    )


def figure(title: str, spoken: str, drawn: str, data: str, height: float = HEIGHT) -> str:
    """Return a figure with its title, its text alternative and its data as a table.

    Parameters
    ----------
    title : str
        Plain text.
    spoken : str
        What the figure shows, in words.
    drawn : str
        SVG made by this module.
    data : str
        HTML of a table.
    height : float
        Height of the drawing, whose width is fixed.
    """
    return (
        f'<figure class="chart"><figcaption>{text(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{text(spoken)}">'
        f"{drawn}</svg>{details('data as a table', data)}</figure>"
    )
