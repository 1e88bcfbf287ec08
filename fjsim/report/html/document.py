"""One HTML page that needs nothing else: styles, scripts and figures inside, all text escaped."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem;
  color: #1c1c1c; background: #fff; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.label { display: inline-block; background: #7a3e00; color: #fff; border-radius: .25rem;
  padding: .1rem .6rem; font-weight: 600; }
.note { color: #555; } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .6rem; text-align: left;
  vertical-align: top; }
td.number { text-align: right; white-space: nowrap; } th { background: #f5f5f5; }
pre { background: #f5f5f5; padding: .75rem; overflow-x: auto; white-space: pre-wrap; }
details { border: 1px solid #ddd; border-radius: .25rem; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; } .adversary { color: #a40000; font-weight: 600; }
"""

DRAW = """
for (const holder of document.querySelectorAll("div[data-figure]")) {
  const figure = figures[holder.dataset.figure];
  Plotly.newPlot(holder, figure.data, figure.layout, {responsive: true, displaylogo: false});
}
"""

# Control characters have no place in a page; tab and line feed have.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


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
    parts : tuple of str or Figure
        HTML made by this module's functions, and figures.
    """

    title: str
    parts: tuple[str | go.Figure, ...]


def paragraph(words: object, style: str = "") -> str:
    """Return one paragraph of plain text."""
    return f'<p class="{text(style)}">{text(words)}</p>'


def table(headers: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; cells that read as numbers stand to the right.

    Parameters
    ----------
    headers : sequence
        Plain values.
    rows : iterable of sequence
        Plain values, as many as headers.
    """
    head = "".join(f"<th>{text(header)}</th>" for header in headers)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    inner = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table>{inner}</table></div>'


def _cell(value: object) -> str:
    words = text(value)
    number = re.fullmatch(r"(n/a|[-\d.,]+( \[[-\d., ]+\])?)", words)
    return f'<td class="number">{words}</td>' if number else f"<td>{words}</td>"


def preformatted(words: object) -> str:
    """Return text as it stands, escaped."""
    return f"<pre>{text(words)}</pre>"


def details(summary: object, inner: str) -> str:
    """Return a part that opens on a click; ``inner`` is HTML of this module."""
    return f"<details><summary>{text(summary)}</summary>{inner}</details>"


def document(title: str, simulated: bool, notes: Sequence[str], sections: Sequence[Section]) -> str:
    """Return the whole page.

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
        HTML with its own script and style. Its content security policy allows exactly the two
        scripts written here and no network, so that even text that escaped the escaping could
        neither run nor send anything.
    """
    figures: list[str] = []
    body = "".join(_section(section, figures) for section in sections)
    script = f"const figures = [{','.join(figures)}];{DRAW}"
    scripts = (_plotly(), script) if figures else ()
    label = '<span class="label">simulated</span> ' if simulated else ""
    lines = "".join(paragraph(note, "note") for note in notes)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{label}{text(title)}</h1>{lines}{body}"
        + "".join(f"<script>{one}</script>" for one in scripts)
        + "</body></html>\n"
    )


def _section(section: Section, figures: list[str]) -> str:
    inner = ""
    for part in section.parts:
        if isinstance(part, str):
            inner += part
        else:
            inner += f'<div data-figure="{len(figures)}"></div>'
            figures.append(figure_json(part))
    return f"<section><h2>{text(section.title)}</h2>{inner}</section>"


def figure_json(figure: go.Figure) -> str:
    """Return a figure as JSON that cannot end the script it stands in."""
    written = str(figure.to_json())
    for sign in "<>&\u2028\u2029":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return written


@cache
def _plotly() -> str:
    # No "</script" may stand inside a script element; in JavaScript both spellings are equal.
    return str(get_plotlyjs()).replace("</script", "<\\/script")


def _policy(scripts: Sequence[str]) -> str:
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'"
        for one in scripts
    ]
    allowed = " ".join(hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
