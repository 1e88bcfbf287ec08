"""Tables as CSV that a spreadsheet can open: no cell of text is a formula.

Texts in our tables were written by models, servers and files. A cell that begins like a formula
gets an apostrophe in front, which spreadsheets take for "this is text"; numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_MARKED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_HARMLESS = frozenset({"-", "+"})
"""A sign alone is no formula, and stands in our tables for 'does not apply'."""


def inert_cell(value: Any) -> Any:
    """Return a cell's value; a text that begins like a formula gets an apostrophe in front.

    Parameters
    ----------
    value : object
        Only texts are changed; a number written as text is one too, and stays.

    Examples
    --------
    >>> inert_cell("=1+1"), inert_cell("-0.5"), inert_cell(-0.5), inert_cell("a=b")
    ("'=1+1", '-0.5', -0.5, 'a=b')
    """
    if not isinstance(value, str) or _FORMULA.match(value) is None:
        return value
    return value if value in _HARMLESS or _NUMBER.fullmatch(value) else f"'{value}"


def original_cell(value: Any) -> Any:
    """Return what `inert_cell` was given.

    Examples
    --------
    >>> original_cell("'=1+1"), original_cell("'quoted'")
    ('=1+1', "'quoted'")
    """
    if isinstance(value, str) and _MARKED.match(value):
        return value[1:]
    return value


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as CSV with a header, without its index, and with no formula in it."""
    return _mapped(frame, inert_cell).to_csv(index=False)


def csv_of_rows(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    r"""Return rows as CSV with a header and with no formula in it; None and NaN are empty cells.

    Parameters
    ----------
    names : sequence of str
        Heads of the columns.
    rows : iterable of sequence
        Their cells, in the order of the names.

    Examples
    --------
    >>> csv_of_rows(["answer", "reason"], [(4, "=1+1"), (None, "so, yes")])
    'answer,reason\n4,\'=1+1\n,"so, yes"\n'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(inert_cell, names))
    writer.writerows([None if cell != cell else inert_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table that `csv_text` wrote."""
    import pandas as pd

    return _mapped(pd.read_csv(path), original_cell)


def _mapped(frame: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    import pandas as pd

    made = frame.copy(deep=False)
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name].dtype):
            continue
        cells = frame[name].tolist()
        # Only where something changes, and never to another type of column.
        if any(change(cell) is not cell for cell in _distinct(cells)):
            changed = [change(cell) for cell in cells]
            made[name] = pd.Series(changed, index=frame.index, dtype=frame[name].dtype)
    return made.rename(columns=change)


def _distinct(cells: list[Any]) -> Iterable[Any]:
    """Return each value once: most columns of text repeat a few."""
    try:
        return set(cells)
    except TypeError:
        return cells
