"""The page of who becomes an influencer over the cells of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fjsim.report.html.document import (
    Section,
    details,
    document,
    lines,
    paragraph,
    table,
)
from fjsim.report.html.effects import Effect, effects, shown
from fjsim.report.html.influencers import LEGEND, estimate, sections_of
from fjsim.report.html.svg import short

Values = Mapping[str, Any]

GAINS = {
    "all": "Gain over a uniform vote, Brier risk; above 0 pays",
    "routing": "Part of that gain by who hears whom, question by question",
}
HEADS = (
    "cell", "items", "influence differs", "forest r2", "ceiling", "right outrank wrong",
    "gain over best static", "of the gain: routing", "of the gain: sharpening", "2.4", "2.5",
)  # fmt: skip
SIGNS = {1: "holds", 0: "not shown", -1: "does not hold"}


def cells_page(name: str, values: Values) -> str:
    """Return the page of a sweep: one table, figures by proxy, and each cell.

    Parameters
    ----------
    name : str
        Plain text.
    values : mapping
        As `fjsim.sweeps.influencers.SweepInfluencers.as_json` gives them, from a file.
    """
    cells = list(values["cells"].values())
    labels = _labels(values["table"])
    sections = [
        Section("All cells", _tables(values["table"], cells, labels)),
        Section("Figures", _figures(labels, cells)),
        Section("What a reader must know", tuple(map(paragraph, values["notes"]))),
        *(
            Section(label, (lines(cell["lines"]), _folded(cell)))
            for label, cell in zip(labels, cells, strict=True)
        ),
    ]
    notes = [
        "Who becomes an influencer, cell by cell: teams, question sets, personas. An influence "
        "share is the weight of an agent's initial belief in what the team believes at the end, "
        f"from 0 to 1. {LEGEND}"
    ]
    kept = [section for section in sections if section.parts]
    return document(f"influencers · {name}", bool(values["simulated"]), notes, kept)


def _labels(rows: Sequence[Values]) -> list[str]:
    """Return what tells the cells apart: labels that differ between them."""
    names = list(rows[0])[: list(rows[0]).index("n_items")]
    varied = [name for name in names if len({str(row[name]) for row in rows}) > 1]
    return [" · ".join(str(row[name]) for name in varied or names[:1]) for row in rows]


def _tables(
    rows: Sequence[Values], cells: Sequence[Values], labels: Sequence[str]
) -> tuple[str, ...]:
    pays = [_line(label, row) for label, row in zip(labels, rows, strict=True)]
    proxies = _proxies(cells)
    found = [
        (label, *(_effect(cell, proxy) for proxy in proxies))
        for label, cell in zip(labels, cells, strict=True)
    ]
    words = "Influence share per standard deviation of a proxy, within a question, and what holds"
    whether = "Whether listening pays: Brier risk, the last two columns are the theorems' signs"
    effect = table(("cell", *proxies), found, words, "effects") if proxies else ""
    return effect, table(HEADS, pays, whether, "cells")


def _line(label: str, row: Values) -> tuple[object, ...]:
    gain = shown(row.get("gain_over_static"), row.get("gain_low"), row.get("gain_high"))
    return (
        label, row["n_items"], "yes" if row["by_item"] else "no",
        *(short(row.get(name)) for name in ("forest_r2", "ceiling", "auc")),
        gain, short(row.get("routing")), short(row.get("sharpening")),
        *(_sign(row.get(f"Theorem {number}")) for number in ("2.4", "2.5")),
    )  # fmt: skip


def _sign(value: Any) -> str:
    return "n/a" if value is None else SIGNS.get(int(value), "n/a")


def _proxies(cells: Sequence[Values]) -> list[str]:
    return list(dict.fromkeys(str(row["proxy"]) for cell in cells for row in _of(cell, "why")))


def _effect(cell: Values, proxy: str) -> str:
    for row in _of(cell, "why"):
        if row["proxy"] == proxy:
            word = {"yes": " holds", "shared": " only through others"}.get(row["verdict"], "")
            return f"{shown(row['single'], row['low'], row['high'])}{word}"
    return "n/a"


def _figures(labels: Sequence[str], cells: Sequence[Values]) -> tuple[str, ...]:
    drawn = []
    for proxy in _proxies(cells):
        rows = _rows(labels, cells, ("why", "proxy", proxy, "single"))
        drawn.append(effects(f"{proxy}: influence share per s.d.", ("effect",), rows, heads="cell"))
    for part, title in GAINS.items():
        rows = _rows(labels, cells, ("sources", "part", part, "value"))
        if rows:
            drawn.append(effects(title, ("gain",), rows, heads="cell"))
    return (f'<div class="charts">{"".join(drawn)}</div>',) if drawn else ()


def _rows(
    labels: Sequence[str], cells: Sequence[Values], what: tuple[str, str, str, str]
) -> list[Effect]:
    """Return a row per cell; what is drawn: table, column, the entry wanted there, its number."""
    name, column, wanted, value = what
    return [
        Effect(label, (estimate(row, value),))
        for label, cell in zip(labels, cells, strict=True)
        for row in _of(cell, name)
        if row[column] == wanted
    ]


def _of(cell: Values, name: str) -> Sequence[Values]:
    found: Sequence[Values] = cell["tables"].get(name, ())
    return found


def _folded(cell: Values) -> str:
    """Return the figures and tables of a cell, to be opened."""
    inner = "".join(
        f"<h3>{section.title}</h3>{''.join(map(str, section.parts))}"
        for section in sections_of(cell)[1:]
    )
    return details("figures and tables of this cell", inner)
