"""A fit in the terminal: a verdict first, tables behind it, and tables for a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from fjsim.csv_file import csv_text
from fjsim.errors import ConfigError, nearest
from fjsim.fitting.findings.summary import (
    COMPARED,
    HELD_OUT,
    comparison_cells,
    influence_cells,
    null_lines,
    parameter_cells,
    parameter_frame,
    parameter_title,
    protocol_notes,
    reliability_lines,
)

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from fjsim.fitting import FJFit

FORMATS = ("md", "latex", "csv")
"""Formats of a table for a paper."""

LEDGER = ("rule", "risk", "low", "high", "accuracy")
SEATS = ("agent", "stubbornness", "self-weight", "influence share")


def print_fit(
    out: Console,
    fit: FJFit,
    notes: Sequence[str],
    ledger: Sequence[Mapping[str, Any]] | None,
    full: bool,
) -> None:
    """Print the verdict, the agents and the warnings; the details where asked for.

    Parameters
    ----------
    out : Console
    fit : FJFit
    notes : sequence of str
        What was inferred in reading the log.
    ledger : sequence of mapping, or None
        Rows of the mixture ledger.
    full : bool
        Whether to print the comparison, influence, calibration and the ledger too.
    """
    for line in fit.verdict:
        out.print(Text(line))
    out.print()
    out.print(Text(parameter_title(fit)))
    out.print(_table(SEATS, parameter_cells(fit)))
    for line in fit.role_lines:
        out.print(Text(line))
    for text in (*notes, *fit.warnings):
        out.print(Text.assemble(("! ", "yellow"), text))
    if fit.nulls is not None:
        for line in null_lines(fit.nulls):
            out.print(Text(line))
    if full:
        _print_details(out, fit, ledger)
    else:
        out.print(Text("more: --full (influence, comparison, calibration, ledger), --table md"))


def _print_details(out: Console, fit: FJFit, ledger: Sequence[Mapping[str, Any]] | None) -> None:
    cells = influence_cells(fit)
    if cells:
        out.print("influence, listener by speaker:")
        out.print(_table(("listener", *fit.agents), cells))
    if fit.comparison:
        out.print(HELD_OUT)
        out.print(_table(COMPARED, comparison_cells(fit)))
        for line in protocol_notes(fit):
            out.print(Text(line))
    for line in reliability_lines(fit):
        out.print(Text(line))
    if ledger:
        out.print("mixture of experts, lower risk is better:")
        out.print(_table(LEDGER, [[_cell(row[name]) for name in LEDGER] for row in ledger]))


def paper_table(fit: FJFit, format: str) -> str:
    """Return the parameters as a table for a paper.

    Parameters
    ----------
    fit : FJFit
    format : {'md', 'latex', 'csv'}

    Returns
    -------
    str
        One row per agent and two for the population: means with 95 % intervals, in fractions.

    Raises
    ------
    ConfigError
        If there is no such format.
    """
    frame = parameter_frame(fit)
    if format == "csv":
        return csv_text(frame.round(6))
    if format == "md":
        return _markdown(frame)
    if format == "latex":
        return _latex(frame)
    raise ConfigError(f"--table is '{format}'; give {', '.join(FORMATS)}{nearest(format, FORMATS)}")


def _markdown(frame: pd.DataFrame) -> str:
    rows = [frame.columns.tolist(), ["---"] * len(frame.columns), *_cells(frame)]
    escaped = [[text.replace("|", "\\|") for text in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in escaped)


def _latex(frame: pd.DataFrame) -> str:
    """Return a tabular with the rules of the booktabs package."""
    lines = [f"\\begin{{tabular}}{{l{'r' * (len(frame.columns) - 1)}}}", "\\toprule"]
    rows = [frame.columns.tolist(), *_cells(frame)]
    written = [f"{' & '.join(map(_for_latex, row))} \\\\" for row in rows]
    lines += [written[0], "\\midrule", *written[1:], "\\bottomrule", "\\end{tabular}"]
    return "\n".join(lines) + "\n"


_LATEX = {
    "\\": "\\textbackslash{}", "&": "\\&", "%": "\\%", "$": "\\$", "#": "\\#", "_": "\\_",
    "{": "\\{", "}": "\\}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
}  # fmt: skip


def _for_latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _cells(frame: pd.DataFrame) -> list[list[str]]:
    """Return cells as text: three decimals, a blank where there is no number."""
    return [
        [text if isinstance(text, str) else _decimal(text) for text in row]
        for row in frame.itertuples(index=False)
    ]


def _decimal(value: Any) -> str:
    return "" if value is None or value != value else f"{value:.3f}"


def _cell(value: Any) -> str:
    if value is None or value != value:
        return "n/a"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(*map(escape, header))
    for row in rows:
        table.add_row(*map(escape, row))
    return table
