"""The settings of a sweep as tables of two axes, one table for each setting of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from fjsim.metrics import registered
from fjsim.report.terminal.sweep import axes_of

PLUGINS = ("seat", "router", "topology", "attack", "defense")
"""Axes that another one often stands for, as 'placement' does for topology and seat."""
FULL = 0.5
"""Share of the cells that must be there; of fewer a list says more than a table with holes."""
MOST_PANELS = 12
MEASURES = (
    "attack_success_rate",
    "accuracy_final",
    "group_accuracy_majority",
    "takeover_observed",
    "detected",
    "false_isolation",
)
"""Metrics that a table may show, in this order."""

Row = Mapping[str, Any]


class Panel(NamedTuple):
    """One table of a grid.

    Parameters
    ----------
    title : str
        Where it stands on the other axes; empty where there are none.
    cells : mapping of (str, str) to int
        Row and column to the place of a setting in the sweep's table.
    """

    title: str
    cells: Mapping[tuple[str, str], int]


class SettingGrid(NamedTuple):
    """The settings by row and column.

    Parameters
    ----------
    row_axis, column_axis : str
    rows, columns : tuple of str
        What stands on them, in the sweep's order.
    panels : tuple of Panel
    """

    row_axis: str
    column_axis: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    panels: tuple[Panel, ...]


def own_axes(frame: pd.DataFrame) -> list[str]:
    """Return the axes that tell the settings apart, without those that others stand for.

    Parameters
    ----------
    frame : DataFrame
        A sweep's table.
    """
    kept = axes_of(frame)
    for axis in PLUGINS:
        rest = [name for name in kept if name != axis]
        if axis in kept and rest and not frame.duplicated(rest).any():
            kept = rest
    return kept


def grid_of(frame: pd.DataFrame) -> SettingGrid | None:
    """Return the settings of a sweep by row and column.

    Parameters
    ----------
    frame : DataFrame
        A sweep's table.

    Returns
    -------
    SettingGrid or None
        None where there is but one axis, or too few of the cells were played.
    """
    axes = own_axes(frame)
    if len(axes) < 2:
        return None
    row_axis, column_axis = _chosen(frame, axes)
    rest = [axis for axis in axes if axis not in (row_axis, column_axis)]
    rows, columns = (tuple(map(str, frame[axis].unique())) for axis in (row_axis, column_axis))
    panels: dict[str, dict[tuple[str, str], int]] = {}
    for at, row in enumerate(frame.astype(object).to_dict("records")):
        title = " · ".join(str(row[axis]) for axis in rest)
        panels.setdefault(title, {})[str(row[row_axis]), str(row[column_axis])] = at
    if len(frame) < FULL * len(rows) * len(columns) * len(panels):
        return None
    made = tuple(Panel(title, cells) for title, cells in panels.items())
    return SettingGrid(row_axis, column_axis, rows, columns, made)


def _chosen(frame: pd.DataFrame, axes: Sequence[str]) -> tuple[str, str]:
    """Return the axes of rows and columns: defense by attack, or the longest ones."""
    attacked = frame.get("attack_success_rate")
    told = frame if attacked is None or attacked.isna().all() else frame[attacked.notna()]
    counts = {axis: int(told[axis].nunique()) for axis in axes}
    if counts.get("defense", 0) >= 3 and "attack" in counts:
        return "defense", "attack"
    preferred = [*(axis for axis in ("attack", "defense") if axis in axes), *axes]
    ranked = sorted(dict.fromkeys(preferred), key=lambda axis: -counts[axis])
    return ranked[0], ranked[1]


def measures(frame: pd.DataFrame) -> list[str]:
    """Return the metrics that a sweep's tables show; the first one answers its question.

    Parameters
    ----------
    frame : DataFrame
        A sweep's table. Where nobody attacks, the accuracy of the majority stands first.
    """
    known = [
        name
        for name in MEASURES
        if name in registered() and name in frame and frame[name].notna().any()
    ]
    attacked = "attack_success_rate" in known
    return sorted(known, key=lambda name: not attacked and name != "group_accuracy_majority")


def setting_name(row: Row, axes: Sequence[str]) -> str:
    """Return a setting as a person reads it.

    Parameters
    ----------
    row : mapping
        One row of a sweep's table.
    axes : sequence of str
    """
    return " · ".join(str(row[axis]) for axis in axes if str(row[axis]) != "-")
