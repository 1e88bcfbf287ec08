"""A fit as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fjsim.beliefs import Array

if TYPE_CHECKING:
    from fjsim.fitting.findings.identified import NullReport
    from fjsim.fitting.findings.result import FJFit

MOST_SEATS = 20
"""Seats listed one by one; a larger crowd is summed up."""


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
        *headline(fit),
        "",
        *_table(("seat", "stubbornness", "self-weight", "influence share"), parameter_cells(fit)),
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


def headline(fit: FJFit) -> tuple[str, str]:
    """Return what was fitted, and how well, in two lines."""
    label = "simulated · " if fit.simulated else ""
    return (
        f"{label}FJ fit '{fit.model}': {fit.n_items} items, {fit.n_agents} agents, "
        f"{fit.n_rounds} rounds, {fit.n_turns} turns",
        f"one-step error {fit.one_step_mse:.4f} in sample; no change {fit.persistence_mse:.4f}",
    )


def protocol_notes(fit: FJFit) -> list[str]:
    """Return what each protocol of the comparison holds out, a line each."""
    from fjsim.fitting.validate.comparison import PROTOCOLS

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
COMPARED = ("protocol", "model", "error", "skill [95 %]", "top-1", "Brier", "KL")


def parameter_cells(fit: FJFit) -> list[tuple[str, ...]]:
    """Return one row of text per seat: stubbornness, self-weight and influence share."""
    seats = range(fit.n_agents)
    if fit.n_agents > MOST_SEATS or fit.model == "exchangeable":
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
    """Return one row of text per model and protocol."""
    return [
        (
            row.protocol,
            row.model,
            f"{row.one_step_mse:.4f}",
            f"{row.skill:+.3f} [{row.low:+.3f}, {row.high:+.3f}]",
            _number(row.top1),
            _number(row.brier),
            _number(row.kl),
        )
        for row in fit.comparison
    ]


def _cell(values: Array, ends: Array | None, seat: int) -> str:
    if np.isnan(values[seat]):
        return "not identified"
    if ends is None or np.isnan(ends[:, seat]).any():
        return f"{values[seat]:.3f}"
    return f"{values[seat]:.3f} [{ends[0, seat]:.3f}, {ends[1, seat]:.3f}]"


def _number(value: float) -> str:
    return "n/a" if np.isnan(value) else f"{value:.3f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay text out in columns."""
    cells = [tuple(header), *map(tuple, rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    return [
        "  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
