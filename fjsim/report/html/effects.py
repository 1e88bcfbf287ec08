"""Effects with their intervals, one below the other, around a line that means no effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fjsim.metrics import Estimate
from fjsim.report.html.document import table, text
from fjsim.report.html.svg import ROW, WIDTH, figure, numbers, short

BESIDE = 7
"""How far below the first mark of a row the second one stands."""
LETTER = 6.2
"""Mean width of a letter of a row's name."""
LONGEST_NAME = 40
NARROW = 34
"""Ticks that are closer than this would touch."""


class Effect(NamedTuple):
    """What is drawn in one row.

    Parameters
    ----------
    name : str
        Plain text; escaped here.
    estimates : tuple of Estimate
        As many as there are series; one without a value is left out.
    kind : str
        Class in ``page.css`` of a row that looks different; empty for the usual look.
    """

    name: str
    estimates: tuple[Estimate, ...]
    kind: str = ""


def effects(
    title: str,
    series: Sequence[str],
    rows: Sequence[Effect],
    reference: float = 0.0,
    heads: str = "",
) -> str:
    """Return rows of marks with whiskers around a reference line, and their data as a table.

    Parameters
    ----------
    title : str
        What is drawn, with its unit; plain text.
    series : sequence of str
        Names of the marks of a row: the first is filled, the second hollow.
    rows : sequence of Effect
    reference : float, default 0
        Where nothing is to be seen: no effect, or an even share.
    heads : str
        What a row is; default nothing.
    """
    kept = [row for row in rows if any(one.value is not None for one in row.estimates)]
    scale = _Scale.of(kept, reference)
    bottom = ROW * len(kept) + 8
    even = scale.x(reference)
    drawn = f'<line class="even" x1="{even}" x2="{even}" y1="4" y2="{bottom}"/>'
    drawn += "".join(_row(row, 14 + ROW * at, scale) for at, row in enumerate(kept))
    drawn += "".join(
        f'<text class="tick" x="{scale.x(value)}" y="{bottom + 13}" text-anchor="middle">'
        f"{short(value)}</text>"
        for value in scale.ticks(reference)
    )
    lines = [(row.name, *map(numbers, row.estimates)) for row in kept]
    spoken = "; ".join(_spoken(series, *line) for line in lines)
    return figure(title, f"{title}. {spoken}", drawn, table((heads, *series), lines), bottom + 20)


def _spoken(series: Sequence[str], name: str, *values: str) -> str:
    told = (f"{what} {value}" for what, value in zip(series, values, strict=True))
    return f"{name}: {', '.join(told)}"


class _Scale(NamedTuple):
    """Where values stand, to the right of the names of the rows."""

    low: float
    high: float
    left: float

    @classmethod
    def of(cls, rows: Sequence[Effect], reference: float) -> _Scale:
        ends = [v for row in rows for e in row.estimates for v in (e.value, e.low, e.high)]
        known = [reference, *(v for v in ends if v is not None)]
        room = 0.04 * (max(known) - min(known)) or 0.5
        longest = max((len(_brief(row.name)) for row in rows), default=0)
        return cls(min(known) - room, max(known) + room, 16 + LETTER * longest)

    def x(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.left + (WIDTH - 16 - self.left) * share, 1)

    def ticks(self, reference: float) -> list[float]:
        room = 0.04 / 1.08 * (self.high - self.low)
        ends = (self.low + room, self.high - room)
        apart = [end for end in ends if abs(self.x(end) - self.x(reference)) > NARROW]
        return [reference, *apart]


def _brief(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _row(row: Effect, y: float, scale: _Scale) -> str:
    drawn = (
        f'<text class="name" x="{scale.left - 12:.0f}" y="{y + 4}" text-anchor="end">'
        f"{text(_brief(row.name))}</text>"
    )
    for number, estimate in enumerate(row.estimates):
        look = row.kind or ("second" if number else "")
        drawn += _mark(estimate, y + BESIDE * number, scale, look)
    return drawn


def _mark(estimate: Estimate, y: float, scale: _Scale, look: str) -> str:
    if estimate.value is None:
        return ""
    whisker = ""
    if estimate.low is not None and estimate.high is not None:
        ends = f"M{scale.x(estimate.low)} {y} H{scale.x(estimate.high)}"
        whisker = f'<path class="whisker" d="{ends}"/>'
    middle = scale.x(estimate.value)
    return f'{whisker}<circle class="mark effect {look}" cx="{middle}" cy="{y}" r="4"/>'


def shown(value: object, low: object, high: object) -> str:
    """Return a value with its interval, three decimals each, and no negative zero.

    Examples
    --------
    >>> shown(-0.00004, -0.012, 0.01), shown(0.5, None, None), shown(None, 0.0, 0.0)
    ('0.000 [-0.012, 0.010]', '0.500', 'n/a')
    """
    if value is None:
        return "n/a"
    middle, *ends = (_three(one) for one in (value, low, high) if one is not None)
    return f"{middle} [{', '.join(ends)}]" if len(ends) == 2 else middle


def _three(value: object) -> str:
    return f"{float(str(value)):z.3f}"
