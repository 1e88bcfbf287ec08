"""A fit as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.findings.protocols import NO_CHANGE, PROTOCOLS

if TYPE_CHECKING:
    import pandas as pd

    from fjsim.fitting.findings.identified import NullReport
    from fjsim.fitting.findings.result import FJFit

MOST_SEATS = 20
"""Seats listed one by one; a larger crowd is summed up."""

SEATS_ALIKE = ("exchangeable", "by-role", "hostile-multiplier")
"""Models that give all seats the same numbers."""


def summary_text(fit: FJFit) -> str:
    """Return parameters with intervals, what is not identified and why, comparison and tests.

    Parameters
    ----------
    fit : FJFit

    Returns
    -------
    str
    """
    lines = [
        *fit.verdict,
        "",
        parameter_title(fit),
        *_table(("agent", "stubbornness", "self-weight", "influence share"), parameter_cells(fit)),
    ]
    if fit.roles:
        lines += ["", *fit.role_lines]
    if fit.warnings:
        lines += ["", "Not identified, and warnings:", *(f"  - {text}" for text in fit.warnings)]
    if fit.comparison:
        lines += ["", HELD_OUT, *_table(COMPARED, comparison_cells(fit)), *protocol_notes(fit)]
    if fit.nulls is not None:
        lines += ["", *null_lines(fit.nulls)]
    return "\n".join(lines)


def parameter_title(fit: FJFit) -> str:
    """Return what the numbers by agent are, and whose they are not."""
    if fit.items is not None:
        told = f"by agent, mean over items ('{fit.model}', unit: {fit.unit})"
    else:
        told = f"by agent, one law for all items ('{fit.model}', unit: {fit.unit})"
    if fit.one_law is not None and fit.one_law.holds is False and fit.items is None:
        told += " - which does not hold: averages, not anybody's parameters"
    return told + ("" if fit.intervals is not None else f"; '{fit.model}' gives no intervals") + ":"


def protocol_notes(fit: FJFit) -> list[str]:
    """Return what each protocol of the comparison holds out, a line each."""
    used = dict.fromkeys(row.protocol for row in fit.comparison)
    return [f"  {protocol}: {PROTOCOLS[protocol]}" for protocol in used]


def null_lines(nulls: NullReport) -> list[str]:
    """Return what the tests of a fit found, and what they can and cannot tell."""
    spread = nulls.stubbornness_sd
    lines = [
        f"input-dependence: p = {nulls.shared_p:.3f} against one shared law",
        f"SD of stubbornness over items {spread.observed:.3f}; one shared law gives "
        f"{spread.null_mean:.3f} [{spread.null_low:.3f}, {spread.null_high:.3f}]",
        f"peers: p = {nulls.peers_p:.3f} against another item's peers. "
        f"A small p says that {PEERS_TELL}",
    ]
    held = nulls.influence_stubbornness_correlation
    if held.observed == held.observed:
        lines.append(
            f"influence goes with stubbornness by {held.observed:.2f}; one shared law gives "
            f"{held.null_mean:.2f} [{held.null_low:.2f}, {held.null_high:.2f}]"
        )
    arm = nulls.control
    if arm is not None:
        lines.append(
            f"weight on peers {arm.treated:.3f} [{arm.treated_low:.3f}, {arm.treated_high:.3f}]; "
            f"on an unseen group mean in the control arm {arm.control:.3f} "
            f"[{arm.control_low:.3f}, {arm.control_high:.3f}]"
        )
    return lines


PEERS_TELL = (
    "the peers of this item carry information about its moves, which any shared evidence does; "
    "only a control arm separates listening from shared evidence"
)
"""What the test against another item's peers tests."""

HELD_OUT = "Held out (lower error is better):"
COMPARED = ("held out", "model", "error", "skill [95 %]", "top-1")


def parameter_cells(fit: FJFit) -> list[tuple[str, ...]]:
    """Return one row of text per seat: stubbornness, self-weight and influence share."""
    seats = range(fit.n_agents)
    if fit.n_agents > MOST_SEATS or fit.model in SEATS_ALIKE:
        seats = range(1)
    ends = fit.intervals
    rows: list[tuple[str, ...]] = []
    for seat in seats:
        name = fit.agents[seat] if len(seats) == fit.n_agents else f"all {fit.n_agents}"
        shares = (
            fit.influence_shares if len(seats) == fit.n_agents else fit.influence_shares * np.nan
        )
        rows.append(
            (
                name,
                _cell(fit.stubbornness, None if ends is None else ends.stubbornness, seat),
                _cell(fit.self_weight, None if ends is None else ends.self_weight, seat),
                _cell(shares, None if ends is None else ends.influence_shares, seat),
            )
        )
    return rows


def comparison_cells(fit: FJFit) -> list[tuple[str, ...]]:
    """Return one row of text per model and protocol; a star marks the best of a protocol."""
    best: set[str] = set()
    rows: list[tuple[str, ...]] = []
    for row in fit.comparison:
        star = "" if row.protocol in best else "* "
        best.add(row.protocol)
        rows.append(
            (
                "questions" if row.protocol == "held-out-questions" else row.protocol,
                f"{star}{row.model}",
                f"{row.one_step_mse:.3g}",
                _skill(row.skill, row.low, row.high, row.one_step_mse),
                _number(row.top1, 2),
            )
        )
    return rows


def _skill(skill: float, low: float, high: float, error: float) -> str:
    """Return a skill with its interval; a word where hardly anything changed."""
    if np.isnan(skill):
        return "worse than no change" if error > NO_CHANGE else "no change left to predict"
    return f"{skill:+.2f} [{low:+.2f}, {high:+.2f}]"


def influence_cells(fit: FJFit) -> list[tuple[str, ...]]:
    """Return influence, one row of text per listener; none for crowds and large teams."""
    if fit.n_agents > MOST_COLUMNS or np.isnan(fit.influence).all():
        return []
    return [
        (name, *(_number(value, 2) for value in row))
        for name, row in zip(fit.agents, fit.influence, strict=True)
    ]


MOST_COLUMNS = 8
"""Agents whose influence on each other fits a terminal."""


def reliability_lines(fit: FJFit) -> list[str]:
    """Return how well predicted top options are calibrated, and halves agree."""
    lines = []
    if fit.reliability is not None and fit.reliability.turns:
        found = fit.reliability
        bins = zip(found.predicted, found.observed, found.turns, strict=True)
        lines.append(
            f"calibration of the predicted top option, error {found.error:.3f}; predicted -> "
            "observed (turns): " + ", ".join(f"{p:.2f} -> {o:.2f} ({n})" for p, o, n in bins)
        )
    for name, half in (fit.split_half or {}).items():
        lines.append(
            f"split halves, {name.replace('_', ' ')}: mean difference {half.difference:.3f}, "
            f"correlation {_number(half.correlation, 2)}, "
            f"Spearman-Brown {_number(half.spearman_brown, 2)}"
        )
    return lines


def parameter_frame(fit: FJFit) -> pd.DataFrame:
    """Return parameters by agent, and mean and spread of the population, as one table.

    Parameters
    ----------
    fit : FJFit

    Returns
    -------
    DataFrame
        ``agent``, and value, low and high of each parameter; NaN where not identified.
    """
    import pandas as pd

    ends = fit.intervals
    nothing = np.full((2, fit.n_agents), np.nan)
    columns: dict[str, object] = {"agent": list(fit.agents)}
    for name in ("stubbornness", "self_weight", "influence_shares"):
        low, high = nothing if ends is None else getattr(ends, name)
        title = name.replace("_", " ")
        columns[title] = getattr(fit, name)
        columns[f"{title} low"], columns[f"{title} high"] = low, high
    frame = pd.DataFrame(columns)
    if fit.population is None:
        return frame
    both = (fit.population.stubbornness, fit.population.self_weight)
    blank = [np.nan] * 3
    mean = [x for part in both for x in (part.mean, part.low, part.high)]
    spread = [x for part in both for x in (part.spread, part.spread_low, part.spread_high)]
    rows = [["population mean", *mean, *blank], ["population spread (SD)", *spread, *blank]]
    below = pd.DataFrame(rows, columns=frame.columns)
    # An empty column of numbers has no type to join by.
    return pd.concat([frame, below.astype(frame.dtypes)], ignore_index=True)


def _cell(values: Array, ends: Array | None, seat: int) -> str:
    if np.isnan(values[seat]):
        return "not identified"
    if ends is None or np.isnan(ends[:, seat]).any():
        return f"{values[seat]:.2f}"
    return f"{values[seat]:.2f} [{ends[0, seat]:.2f}, {ends[1, seat]:.2f}]"


def _number(value: float, digits: int = 3) -> str:
    return "n/a" if np.isnan(value) else f"{value:.{digits}f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay text out in columns."""
    cells = [tuple(header), *map(tuple, rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    return [
        "  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
