"""Paper and colours of all figures, and how they show themselves in a notebook."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fjsim.metrics import Estimate

HOSTILE, KEY, TARGET, OTHER = "#d55e00", "#0072b2", "#f0a36b", "#b9bec6"
INK, SOFT, LINE = "#1b1b1b", "#5b5f66", "#d9dce1"
"""The colours of the pages; Okabe and Ito's, which colour-blind people tell apart."""

COLUMN = 3.5
"""Inches that one column of a paper is wide."""
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.6,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "text.color": INK,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "fjsim",
}
PLAIN_TEXT = str.maketrans({"$": r"\$"})


class Drawing(Figure):
    """A matplotlib figure that a notebook shows by itself."""

    def _repr_png_(self) -> bytes:
        held = io.BytesIO()
        with styled():
            self.savefig(held, format="png", dpi=150)
        return held.getvalue()


@contextmanager
def styled() -> Iterator[None]:
    """Draw with the style of the house, and leave the caller's as it was."""
    with mpl.rc_context(STYLE):
        yield


def panels(
    rows: int = 1, columns: int = 1, width: float = COLUMN, height: float = 2.4, **shared: Any
) -> tuple[Drawing, list[Axes]]:
    """Return an empty figure and its axes, row by row.

    Parameters
    ----------
    rows, columns : int
    width, height : float
        Inches of the whole figure.
    **shared
        What ``Figure.subplots`` takes.
    """
    made = Drawing(figsize=(width, height), layout="constrained")
    return made, list(made.subplots(rows, columns, squeeze=False, **shared).flat)


def plain(words: object) -> str:
    """Return a name as it stands; matplotlib would read what is between dollars as a formula."""
    return str(words).translate(PLAIN_TEXT)


def known(estimates: Sequence[Estimate]) -> list[tuple[int, float, float, float]]:
    """Return place, value and ends of the estimates that have a value."""
    return [
        (at, e.value, e.value if e.low is None else e.low, e.value if e.high is None else e.high)
        for at, e in enumerate(estimates)
        if e.value is not None
    ]


def whiskers(axes: Axes, at: Sequence[float], estimates: Sequence[Estimate], **look: Any) -> None:
    """Draw horizontal dots with their intervals.

    Parameters
    ----------
    axes : Axes
    at : sequence of float
        Heights.
    estimates : sequence of Estimate
    **look
        What ``errorbar`` takes.
    """
    for place, value, low, high in known(estimates):
        ends = [[max(0.0, value - low)], [max(0.0, high - value)]]
        axes.errorbar([value], [at[place]], xerr=ends, fmt="o", markersize=4, **look)


def path(axes: Axes, estimates: Sequence[Estimate], **look: Any) -> None:
    """Draw estimates over the rounds, their intervals as a band."""
    found = known(estimates)
    if found:
        rounds, values, lows, highs = zip(*found, strict=True)
        axes.plot(rounds, values, **look)
        axes.fill_between(rounds, lows, highs, color=look.get("color"), alpha=0.15, linewidth=0)
