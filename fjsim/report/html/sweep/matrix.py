"""The settings of a sweep by row and column: a rate with its whisker in each cell."""

from __future__ import annotations

from fjsim.metrics import Estimate, registered
from fjsim.metrics.differences import Difference
from fjsim.report.grid import MOST_PANELS, Panel, SettingGrid
from fjsim.report.html.document import paragraph, text
from fjsim.report.html.svg import Mark, bars, dots, numbers, short
from fjsim.report.html.sweep.facts import SweepFacts
from fjsim.report.standing import MARGIN, judged

SIGNS = {
    "equivalent": ("≈", "equal", "as without a defense"),
    "lower": ("▼", "safer", "safer than without a defense"),
    "higher": ("▲", "worse", "less safe than without a defense"),
    "undecided": ("", "", ""),
}
MOST_CELLS = 1500
"""Cells of all measures together; beyond it only the first measure is shown."""
MOST_DOTS = 60


def matrix(facts: SweepFacts) -> str:
    """Return the settings by row and column, or as a list of dots where they do not fill a table.

    Parameters
    ----------
    facts : SweepFacts
    """
    grid, names = facts.grid, facts.measures
    if not names:
        return ""
    if grid is None:
        return _dotted(facts)
    if len(facts.rows) * len(names) > MOST_CELLS:
        names = names[:1]
    panels = grid.panels[:MOST_PANELS]
    left = len(grid.panels) - len(panels)
    parts = "".join(
        f'<div class="measure" data-measure="{text(name)}"{" hidden" if at else ""}>'
        f"{''.join(_panel(facts, grid, panel, name) for panel in panels)}</div>"
        for at, name in enumerate(names)
    )
    more = paragraph(f"{left} more tables are left out; all settings stand below.", "note")
    title = f"{grid.row_axis} × {grid.column_axis}"
    return (
        f'<section id="matrix"><h2>{text(title)}</h2>{_tools(names)}'
        f'<div class="panels-wide">{parts}</div>{more if left else ""}{_legend(facts)}'
        '<div id="setting" hidden></div></section>'
    )


def _tools(names: list[str]) -> str:
    metrics = registered()
    options = "".join(
        f'<option value="{text(name)}">{text(metrics[name].title)}</option>' for name in names
    )
    return f'<div class="tools"><label>show <select id="measure">{options}</select></label></div>'


def _legend(facts: SweepFacts) -> str:
    said = "A bar is a rate, its whisker the 95 % interval. A click on a cell opens it."
    if any(facts.rows[at].get("asr_change_low") is not None for at in range(len(facts.rows))):
        said += (
            f" ▼ safer than without a defense, ▲ less safe, ≈ equivalent within "
            f"{100 * MARGIN:.0f} points (paired by question); no sign: not decided."
        )
    return paragraph(said, "legend")


def _panel(facts: SweepFacts, grid: SettingGrid, panel: Panel, name: str) -> str:
    columns = [
        column
        for column in grid.columns
        if any(_known(facts, panel.cells.get((row, column)), name) for row in grid.rows)
    ]
    if not columns:
        return ""
    head = "".join(f'<th scope="col">{text(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{text(row)}</th>'
        + "".join(_cell(facts, panel.cells.get((row, column)), name) for column in columns)
        + "</tr>"
        for row in grid.rows
        if any(_known(facts, panel.cells.get((row, column)), name) for column in columns)
    )
    caption = f"<caption>{text(panel.title)}</caption>" if panel.title else ""
    corner = f'<th scope="col">{text(grid.row_axis)}</th>'
    return (
        f'<div class="wide" tabindex="0"><table class="matrix">{caption}<thead><tr>{corner}{head}'
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _known(facts: SweepFacts, at: int | None, name: str) -> bool:
    return at is not None and facts.estimate(at, name).value is not None


def _cell(facts: SweepFacts, at: int | None, name: str) -> str:
    if at is None:
        return '<td class="none">not played</td>'
    estimate = facts.estimate(at, name)
    if estimate.value is None:
        return '<td class="none">–</td>'
    sign, style, words = _sign(facts, at, name)
    metric = registered()[name]
    kind = "attacked" if metric.direction == "lower is safer" else "good"
    said = f"{facts.names[at]}: {metric.label} {numbers(estimate)}{', ' if words else ''}{words}"
    return (
        f'<td class="{style}"><button type="button" class="cell" data-setting="{at}" '
        f'aria-label="{text(said)}" title="{text(numbers(estimate))}">'
        f'<span class="rate">{text(short(estimate.value))}</span>'
        f'<span class="sign">{sign}</span>{_bar(estimate, kind, metric.bounds[0])}</button></td>'
    )


def _bar(estimate: Estimate, kind: str, floor: float) -> str:
    low = 0.0 if floor >= 0 else min(0.0, estimate.value or 0.0, estimate.low or 0.0)
    return bars([Mark("", kind, estimate)], low=low)


def _sign(facts: SweepFacts, at: int, name: str) -> tuple[str, str, str]:
    """Return how a setting stands beside its undefended twin."""
    row = facts.rows[at]
    if name != "attack_success_rate" or str(row.get("defense")) == "none":
        return SIGNS["undecided"]
    change = facts.estimate(at, "asr_change")
    return SIGNS[judged(Difference(change.value, change.low, change.high, None, 0))]


def _dotted(facts: SweepFacts) -> str:
    """Return the settings one below the other, grouped by their first axis."""
    name = facts.measures[0]
    metric = registered()[name]
    kind = "attacked" if metric.direction == "lower is safer" else "key"
    axes = [axis for axis in facts.axes if facts.result.table[axis].nunique() > 1]
    first = axes[0] if len(axes) > 1 else ""
    found: dict[str, list[Mark]] = {}
    for at, row in enumerate(facts.rows[:MOST_DOTS]):
        estimate = facts.estimate(at, name)
        rest = [f"{axis.split('.')[-1]} {row[axis]}" if first else str(row[axis])
                for axis in axes if axis != first and str(row[axis]) != "-"]  # fmt: skip
        if estimate.value is not None:
            mark = Mark(" · ".join(rest) or facts.names[at], kind, estimate)
            found.setdefault(str(row[first]) if first else "", []).append(mark)
    if not found:
        return ""
    more = len(facts.rows) - MOST_DOTS
    left = paragraph(f"{more} more settings stand in the table below.", "note") if more > 0 else ""
    return (
        '<section id="matrix"><h2>Settings side by side</h2><div class="charts">'
        f"{dots(metric.title, list(found.items()))}</div>{left}</section>"
    )
