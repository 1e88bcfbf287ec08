"""One HTML page that needs nothing else: styles, scripts and data inside, all text escaped."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple
from urllib.parse import quote

# Control characters have no place in a page; tab and line feed have.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_NUMBER = re.compile(r"(n/a|[<-]?[\d.,\u2009]+( %)?( \[[-\d., ]+\])?)")
THEME = '<button id="theme" class="quiet" type="button">☾ dark</button>'
REPORT = "report.html"
FIT = "fit.json"
INFLUENCERS = "influencers.json"
"""What a page is called in its folder."""
PLAIN = ("dom.js", "theme.js", "tables.js", "plain.js")


def text(value: object) -> str:
    """Return anything as HTML text: escaped, control and direction characters taken out.

    Parameters
    ----------
    value : object
        What a model, a file or a user said; None becomes an empty string.

    Examples
    --------
    >>> text("<script>alert(1)</script>")
    '&lt;script&gt;alert(1)&lt;/script&gt;'
    """
    return html.escape(_CONTROL.sub("", "" if value is None else str(value)), quote=True)


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it.

    Parameters
    ----------
    title : str
        Plain text; escaped here.
    parts : tuple of str
        HTML made by this package.
    """

    title: str
    parts: tuple[str, ...]


class Link(NamedTuple):
    """A cell that leads to a file beside the page.

    Parameters
    ----------
    path : str
        Relative to the page.
    words : str
        What the cell says.
    part : str
        What of the page to open; plain text.
    """

    path: str
    words: str
    part: str = ""


def paragraph(words: object, style: str = "") -> str:
    """Return one paragraph of plain text."""
    return f'<p class="{text(style)}">{text(words)}</p>'


def table(
    headers: Sequence[object],
    rows: Iterable[Sequence[object]],
    caption: str = "",
    name: str = "",
) -> str:
    """Return a table; cells that read as numbers stand to the right.

    Parameters
    ----------
    headers : sequence
        Plain values.
    rows : iterable of sequence
        Plain values or links, as many as headers; the first names its row.
    caption : str
        What the table shows.
    name : str
        What its CSV file is called; a table with a name can be sorted and saved.
    """
    head = "".join(f'<th scope="col">{text(header)}</th>' for header in headers)
    body = "".join(f"<tr>{_row(row)}</tr>" for row in rows)
    title = f"<caption>{text(caption)}</caption>" if caption else ""
    kind = f' class="sortable" data-csv="{text(name)}"' if name else ""
    inner = f"{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide" tabindex="0"><table{kind}>{inner}</table></div>'


def _row(row: Sequence[object]) -> str:
    first, *others = row
    return f'<th scope="row">{text(first)}</th>' + "".join(map(_cell, others))


def _cell(value: object) -> str:
    if isinstance(value, Link):
        # A path that begins like this cannot be read as another scheme or host.
        part = f"#{quote(value.part, safe='')}" if value.part else ""
        return f'<td><a href="./{text(quote(value.path))}{part}">{text(value.words)}</a></td>'
    number = _NUMBER.fullmatch("" if value is None else str(value))
    return f'<td class="number">{text(value)}</td>' if number else f"<td>{text(value)}</td>"


def preformatted(words: object, style: str = "") -> str:
    """Return text as it stands, escaped."""
    return (
        f'<pre class="{text(style)}">{text(words)}</pre>' if style else f"<pre>{text(words)}</pre>"
    )


def lines(given: Iterable[object]) -> str:
    """Return lines of a terminal, whose columns a narrow screen gives up."""
    return preformatted("\n".join(map(str, given)), "lines")


def details(summary: object, inner: str) -> str:
    """Return a part that opens on a click; ``inner`` is HTML of this module."""
    return f"<details><summary>{text(summary)}</summary>{inner}</details>"


def label(simulated: bool) -> str:
    """Return the mark of a page without a language model; empty where there was one."""
    return '<span class="label">simulated</span> ' if simulated else ""


def document(title: str, simulated: bool, notes: Sequence[str], sections: Sequence[Section]) -> str:
    """Return a page of sections.

    Parameters
    ----------
    title : str
        Plain text.
    simulated : bool
        Whether the page says that no language model took part.
    notes : sequence of str
        Plain text below the title.
    sections : sequence of Section

    Returns
    -------
    str
        HTML with its own script and style; see `page`.
    """
    body = "".join(
        f"<section><h2>{text(section.title)}</h2>{''.join(section.parts)}</section>"
        for section in sections
    )
    lines = "".join(paragraph(note, "note") for note in notes)
    head = f'<header class="top"><h1>{label(simulated)}{text(title)}</h1>{THEME}</header>'
    return page(title, f"{head}<main>{lines}{body}</main>", [script(*PLAIN)])


def page(title: str, body: str, scripts: Sequence[str]) -> str:
    """Return a whole page around a body.

    Parameters
    ----------
    title : str
        Plain text.
    body : str
        HTML made by this package, with every text of others escaped.
    scripts : sequence of str
        Ours, in their order.

    Returns
    -------
    str
        Its content security policy allows exactly these scripts and this style and no network, so
        that even text that escaped the escaping could neither run nor send anything.
    """
    style = asset("page.css")
    allowed = " ".join(map(_hash, scripts)) or "'none'"
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{text(title)}</title><style>{style}</style></head><body>{body}"
        + "".join(f"<script>{one}</script>" for one in scripts)
        + "</body></html>\n"
    )


@cache
def asset(name: str) -> str:
    """Return a style or a script that lies beside this module.

    Parameters
    ----------
    name : str
        File name in ``assets``.
    """
    return (resources.files("fjsim.report.html") / "assets" / name).read_text(encoding="utf-8")


def script(*names: str) -> str:
    """Return several scripts as one, in the order given."""
    return "\n".join(map(asset, names))


def _hash(written: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(written.encode()).digest()).decode()}'"
