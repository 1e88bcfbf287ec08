"""Results as small HTML tables, for notebooks; whatever others wrote stays text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from fjsim.foreign_text import printable


def html_table(
    headers: Sequence[object],
    rows: Iterable[Sequence[object]],
    title: str = "",
    notes: Iterable[str] = (),
) -> str:
    """Return a table with a title above and notes below it.

    Parameters
    ----------
    headers : sequence
        Plain values.
    rows : iterable of sequence
        Plain values, as many as headers; floats get three digits, None is left blank.
    title : str
    notes : iterable of str

    Returns
    -------
    str
        HTML without scripts, styles or addresses.

    Examples
    --------
    >>> html_table(["a"], [["<b>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    caption = f"<caption>{_text(title)}</caption>" if title else ""
    head = "".join(f"<th>{_text(header)}</th>" for header in headers)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    below = "".join(f"<p>{_text(note)}</p>" for note in notes)
    inner = f"{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f"<table>{inner}</table>{below}"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "n/a" if value != value else f"{value:.3f}"
    return escape(printable(str(value)))
