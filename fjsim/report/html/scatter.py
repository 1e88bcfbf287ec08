"""Points with whiskers in two directions: the law against what was seen, price against safety."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fjsim.metrics import Estimate
from fjsim.report.html.document import table, text
from fjsim.report.html.svg import figure, numbers, short

WIDTH, HEIGHT = 460, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 40
MOST_NAMES = 12
"""Points that bear their names; of more they would lie on each other."""
LONGEST_NAME = 24


class Point(NamedTuple):
    """A point of a figure.

    Parameters
    ----------
    name : str
        Plain text; escaped here.
    kind : str
        Its class in ``page.css``.
    x, y : Estimate
        With values; whiskers are drawn where there are ends.
    """

    name: str
    kind: str
    x: Estimate
    y: Estimate


class ScatterAxes(NamedTuple):
    """What stands on the axes.

    Parameters
    ----------
    x, y : str
        Titles.
    diagonal : bool
        Whether the line on which both are equal is drawn.
    front : tuple of str
        Names of the points that a line joins, in any order.
    """

    x: str
    y: str
    diagonal: bool = False
    front: tuple[str, ...] = ()


class Scale(NamedTuple):
    """Where values lie in the drawing.

    Parameters
    ----------
    x, y : tuple of (float, float)
        Ends of the axes.
    """

    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, value: float) -> float:
        """Return the place of a value from the left."""
        return _at(value, self.x, LEFT, WIDTH - RIGHT)

    def up(self, value: float) -> float:
        """Return the place of a value from the top."""
        return _at(value, self.y, HEIGHT - BOTTOM, TOP)


def _at(value: float, ends: tuple[float, float], first: float, last: float) -> float:
    return round(first + (last - first) * (value - ends[0]) / (ends[1] - ends[0]), 1)


def scatter(title: str, axes: ScatterAxes, points: Sequence[Point]) -> str:
    """Return a figure of points with its data as a table; empty where there are none.

    Parameters
    ----------
    title : str
        Plain text.
    axes : ScatterAxes
    points : sequence of Point
        Those without a value on either axis are left out.
    """
    kept = [one for one in points if one.x.value is not None and one.y.value is not None]
    if not kept:
        return ""
    scale = Scale(_ends([one.x for one in kept]), _ends([one.y for one in kept]))
    if axes.diagonal:
        low, high = min(scale.x[0], scale.y[0]), max(scale.x[1], scale.y[1])
        scale = Scale((low, high), (low, high))
    drawn = frame(axes.x, axes.y, scale)
    if axes.diagonal:
        drawn += _line([(low, low), (high, high)], scale, "line clean")
    drawn += _front(kept, axes.front, scale)
    drawn += "".join(_point(one, scale) for one in kept)
    drawn += _names(kept, scale) if _has_room(kept) else ""
    rows = [(one.name, numbers(one.x), numbers(one.y)) for one in kept]
    spoken = "; ".join(f"{name}: {x}, {y}" for name, x, y in rows[:MOST_NAMES])
    more = "" if len(rows) <= MOST_NAMES else f"; and {len(rows) - MOST_NAMES} more in the table"
    words = f"{title}; {axes.x}, then {axes.y}: {spoken}{more}"
    return figure(title, words, drawn, table(("setting", axes.x, axes.y), rows), HEIGHT)


def frame(x_title: str, y_title: str, scale: Scale) -> str:
    """Return grid, ticks and titles of both axes.

    Parameters
    ----------
    x_title, y_title : str
        Plain text.
    scale : Scale
    """
    drawn = ""
    for value in ticks(scale.y):
        y = scale.up(value)
        drawn += (
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
            f'<text class="tick" x="{LEFT - 5}" y="{y + 3}" text-anchor="end">{short(value)}</text>'
        )
    for value in ticks(scale.x):
        drawn += (
            f'<text class="tick" x="{scale.across(value)}" y="{HEIGHT - BOTTOM + 14}" '
            f'text-anchor="middle">{short(value)}</text>'
        )
    return drawn + (
        f'<text class="tick" x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">'
        f"{text(x_title)} →</text>"
        f'<text class="tick" x="9" y="{TOP}" text-anchor="end" transform="rotate(-90 9 {TOP})">'
        f"{text(y_title)} →</text>"
    )


def ticks(ends: tuple[float, float]) -> list[float]:
    """Return round values between the ends, three to six of them.

    Examples
    --------
    >>> ticks((0.0, 1.0)), ticks((-0.02, 0.13))
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 0.05, 0.1])
    """
    span = ends[1] - ends[0]
    steps = (m * 10.0**e for e in range(-6, 7) for m in (1, 2, 5))
    step = next(one for one in steps if span / one <= 5.001)
    first = int(ends[0] / step - 1e-9) if ends[0] < 0 else -int(-ends[0] // step)
    places = range(first, first + 8)
    return [round(at * step, 6) for at in places if at * step <= ends[1] + 1e-9]


def _ends(estimates: Sequence[Estimate]) -> tuple[float, float]:
    values = [v for e in estimates for v in (e.value, e.low, e.high) if v is not None]
    low, high = min([0.0, *values]), max(values)
    if high - low < 0.02:
        return low, low + 0.05
    room = 0.04 * (high - low)
    return (low - room if low < 0 else 0.0), high + room


def _line(places: Sequence[tuple[float, float]], scale: Scale, style: str) -> str:
    points = " ".join(f"{scale.across(x)},{scale.up(y)}" for x, y in places)
    return f'<polyline class="{style}" points="{points}"/>'


def _front(points: Sequence[Point], names: Sequence[str], scale: Scale) -> str:
    on = sorted((one.x.value or 0.0, one.y.value or 0.0) for one in points if one.name in names)
    return _line(on, scale, "line front") if len(on) > 1 else ""


def _point(one: Point, scale: Scale) -> str:
    x, y = scale.across(one.x.value or 0.0), scale.up(one.y.value or 0.0)
    drawn = ""
    if one.x.low is not None and one.x.high is not None:
        left, right = scale.across(one.x.low), scale.across(one.x.high)
        drawn += f'<path class="whisker thin" d="M{left} {y} H{right}"/>'
    if one.y.low is not None and one.y.high is not None:
        top, bottom = scale.up(one.y.high), scale.up(one.y.low)
        drawn += f'<path class="whisker thin" d="M{x} {top} V{bottom}"/>'
    title = f"{one.name}: {numbers(one.x)}, {numbers(one.y)}"
    return (
        f'<g class="point"><title>{text(title)}</title>{drawn}'
        f'<circle class="mark {one.kind}" cx="{x}" cy="{y}" r="5"/></g>'
    )


def _has_room(points: Sequence[Point]) -> bool:
    return len(points) <= MOST_NAMES and all(len(one.name) <= LONGEST_NAME for one in points)


def _names(points: Sequence[Point], scale: Scale) -> str:
    """Return the names beside their points, moved down where one would lie on another."""
    drawn, taken = "", list[tuple[float, float]]()
    for one in sorted(points, key=lambda point: -(point.y.value or 0.0)):
        x, y = scale.across(one.x.value or 0.0), scale.up(one.y.value or 0.0) - 7
        while any(abs(y - other) < 12 and abs(x - at) < 90 for at, other in taken):
            y += 3
        taken.append((x, y))
        end = x > 0.7 * WIDTH
        drawn += (
            f'<text class="name" x="{x - 8 if end else x + 8}" y="{y:.1f}" '
            f'text-anchor="{"end" if end else "start"}">{text(one.name)}</text>'
        )
    return drawn
