"""The figures of a sweep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from fjsim.errors import ParameterError
from fjsim.metrics import registered
from fjsim.report.figures.canvas import (
    COLUMN,
    HOSTILE,
    INK,
    KEY,
    SOFT,
    known,
    panels,
    plain,
    styled,
    whiskers,
)
from fjsim.report.grid import MOST_PANELS, Panel, SettingGrid, grid_of, measures
from fjsim.report.standing import DefenseStanding, estimate_in, standings
from fjsim.sweeps.leaderboard import records
from fjsim.sweeps.sweep import SweepResult


class SweepFigures:
    """The figures of a sweep; `sweep.figures`.

    Parameters
    ----------
    result : SweepResult
    """

    def __init__(self, result: SweepResult) -> None:
        self.result = result

    def matrix(self, metric: str | None = None) -> Figure:
        """Return a metric by row and column of the sweep, defense by attack where it has both.

        Parameters
        ----------
        metric : str, optional
            Name of a metric; by default the one that answers the sweep's question.

        Returns
        -------
        matplotlib.figure.Figure
            A cell holds the value and its 95 % interval.

        Raises
        ------
        ParameterError
            If the settings fill no table, or nobody measured that metric.
        """
        table = self.result.table
        grid, there = grid_of(table), measures(table)
        if grid is None or not there:
            raise ParameterError("the settings of this sweep fill no table; see sweep.table")
        name = metric or there[0]
        if name not in there:
            raise ParameterError(f"metric {name!r}: this sweep's tables have {', '.join(there)}")
        shown = grid.panels[:MOST_PANELS]
        columns = min(2, len(shown))
        rows = -(-len(shown) // columns)
        height = rows * (0.7 + 0.36 * len(grid.rows))
        with styled():
            figure, all_axes = panels(rows, columns, COLUMN * columns, height)
            for axes, panel in zip(all_axes, shown, strict=False):
                self._panel(axes, grid, panel, name)
            for axes in all_axes[len(shown) :]:
                axes.set_axis_off()
            figure.suptitle(registered()[name].title, fontsize=9)
        return figure

    def _panel(self, axes: Axes, grid: SettingGrid, panel: Panel, name: str) -> None:
        rows, safer = records(self.result.table), registered()[name].direction == "lower is safer"
        colours = LinearSegmentedColormap.from_list("rate", ["white", HOSTILE if safer else KEY])
        found = {place: estimate_in(rows[at], name) for place, at in panel.cells.items()}
        found = {place: one for place, one in found.items() if one.value is not None}
        heads = [column for column in grid.columns if any(column == c for _, c in found)]
        values = np.full((len(grid.rows), len(heads)), np.nan)
        for (row, column), estimate in found.items():
            assert estimate.value is not None, "those without a value are left out above"
            r, c = grid.rows.index(row), heads.index(column)
            values[r, c] = estimate.value
            ends = "" if estimate.low is None else f"\n[{estimate.low:.2f}, {estimate.high:.2f}]"
            dark = "white" if estimate.value > 0.6 and not safer else INK
            words = f"{estimate.value:.2f}{ends}"
            axes.text(c, r, words, ha="center", va="center", fontsize=6.5, color=dark)
        axes.imshow(values, cmap=colours, vmin=0, vmax=1.1, aspect="auto")
        axes.set_xticks(range(len(heads)), [plain(one) for one in heads], rotation=20, ha="right")
        axes.set_yticks(range(len(grid.rows)), [plain(one) for one in grid.rows])
        axes.tick_params(length=0)
        axes.set_title(plain(panel.title))

    def frontier(self) -> Figure:
        """Return what each defense costs against how safe it is at its worst.

        Returns
        -------
        matplotlib.figure.Figure
            With 95 % intervals; the line joins the defenses that none beats in both.

        Raises
        ------
        ParameterError
            If the sweep has no two defenses.
        """
        found = self._standings()
        priced = [one for one in found if one.price.value is not None]
        front = sorted(
            (one.price.value or 0.0, one.worst.value or 0.0) for one in priced if one.on_front
        )
        with styled():
            figure, [axes] = panels(height=2.8)
            if len(front) > 1:
                axes.plot(*zip(*front, strict=True), color=SOFT, linewidth=0.8, zorder=1)
            for one in priced:
                _point(axes, one)
            _names(axes, priced)
            axes.set(xlabel="accuracy lost without attack", ylabel="worst attack success")
            axes.margins(0.12)
        return figure

    def leaderboard(self) -> Figure:
        """Return the worst attack success of each defense, safest first.

        Returns
        -------
        matplotlib.figure.Figure
            Dots with 95 % intervals; hollow ones are equivalent to the best.

        Raises
        ------
        ParameterError
            If the sweep has no two defenses.
        """
        found = self._standings()
        with styled():
            figure, [axes] = panels(height=0.6 + 0.26 * len(found))
            for at, one in enumerate(found):
                face = "white" if one.place == "equivalent" else HOSTILE
                whiskers(axes, [at], [one.worst], color=HOSTILE, markerfacecolor=face)
            axes.set_yticks(range(len(found)), [plain(one.defense) for one in found])
            axes.set(ylim=(len(found) - 0.5, -0.5), xlim=(-0.02, 1.02))
            axes.set_xlabel("worst attack success (lower is safer)")
        return figure

    def _standings(self) -> tuple[DefenseStanding, ...]:
        found = standings(self.result)
        if len(found) < 2:
            raise ParameterError("this sweep has no two defenses under attack to compare")
        return found


def _point(axes: Axes, one: DefenseStanding) -> None:
    [[_, x, left, right]], [[_, y, low, high]] = known([one.price]), known([one.worst])
    colour = KEY if one.place == "best" else INK
    axes.errorbar(
        [x],
        [y],
        xerr=[[max(0.0, x - left)], [max(0.0, right - x)]],
        yerr=[[max(0.0, y - low)], [max(0.0, high - y)]],
        fmt="o",
        color=colour,
        markerfacecolor=KEY if one.place == "best" else "white",
        elinewidth=0.6,
        markersize=4,
    )


def _names(axes: Axes, found: Sequence[DefenseStanding]) -> None:
    """Write the names, those of points on the same place in one line."""
    places: dict[tuple[float, float], list[str]] = {}
    for one in found:
        spot = (round(one.price.value or 0.0, 3), round(one.worst.value or 0.0, 3))
        places.setdefault(spot, []).append(plain(one.defense))
    # Above and below by turns, so that neighbours do not lie on each other.
    for at, (spot, names) in enumerate(sorted(places.items())):
        up = at % 2 == 0
        right = spot[0] > sum(axes.get_xlim()) / 2
        axes.annotate(
            ", ".join(names),
            spot,
            xytext=(-4 if right else 4, 4 if up else -4),
            va="bottom" if up else "top",
            textcoords="offset points",
            ha="right" if right else "left",
        )
