"""Whether listening pays, on a page: rules from worst to best, pairs, and what the gain is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fjsim.metrics import Estimate
from fjsim.report.html.document import paragraph, table
from fjsim.report.html.effects import Effect, effects, shown

Values = Mapping[str, Any]
SIGNS = {1: "holds", 0: "not shown", -1: "does not hold"}
PARTS = {
    "all": "all of it",
    "routing": "who hears whom by question",
    "standing weights": "weights that hold for all questions",
    "sharpening": "reading answers, not beliefs",
    "beyond the law": "what the law does not say",
}


def pays(tables: Mapping[str, Sequence[Values]]) -> tuple[str, ...]:
    """Return the ladder of gains, the parts of the gain, and the tables behind them.

    Parameters
    ----------
    tables : mapping of str to rows
        As `fjsim.ledger.influencers.Influencers.as_json` gives them; without a ledger, which needs
        keys, nothing is returned.
    """
    ledger = tables.get("ledger", ())
    if not ledger:
        return ()
    rungs = sorted(ledger, key=lambda row: -(row["gain"] or 0.0))
    rows = [
        Effect(str(row["rule"]), (_gain(row, "gain_"),), "second" if row["oracle"] else "")
        for row in rungs
    ]
    ladder = effects(
        "Gain over the best single agent, Brier risk; above 0 is better", ("gain",), rows,
        heads="rule",
    )  # fmt: skip
    parts = [
        Effect(PARTS.get(str(row["part"]), str(row["part"])), (_gain(row),))
        for row in tables.get("sources", ())
    ]
    words = "Gain over a uniform vote and its parts, Brier risk; above 0 is better"
    drawn = ladder + (effects(words, ("gain",), parts, heads="part") if parts else "")
    note = (
        "Brier risk: the squared distance of a belief from the truth, from 0 (sure and right) to "
        "2 (sure and wrong). All differences are paired, on the same questions. Hollow: oracles, "
        "which know what nobody knows."
    )
    return (
        paragraph(note, "note"),
        f'<div class="charts">{drawn}</div>',
        _rules(rungs),
        _pairs(tables.get("pairs", ())),
        _signs(tables.get("signs", ())),
    )


def _gain(row: Values, prefix: str = "") -> Estimate:
    value = row["gain"] if prefix else row["value"]
    return Estimate(value, row[f"{prefix}low"], row[f"{prefix}high"], 0)


def _rules(rows: Sequence[Values]) -> str:
    heads = (
        "rule",
        "Brier risk",
        "right answers",
        "gain over best single",
        "turns per item",
        "oracle",
    )
    lines = [
        (
            row["rule"],
            _interval(row, "risk", "low", "high"),
            f"{row['accuracy']:.0%}".replace("%", " %"),
            _interval(row, "gain", "gain_low", "gain_high"),
            f"{row['calls']:g}",
            "yes" if row["oracle"] else "no",
        )
        for row in rows
    ]
    return table(heads, lines, "Ways to pool the same beliefs, best first", "rules")


def _pairs(rows: Sequence[Values]) -> str:
    heads = ("rule", "against", "gain, Brier risk", "about")
    lines = [
        (row["rule"], row["against"], _interval(row, "value", "low", "high"), row["about"])
        for row in rows
    ]
    return table(heads, lines, "Paired differences; above 0 the rule is better", "pairs")


def _signs(rows: Sequence[Values]) -> str:
    heads = ("theorem", "claim", "gain", "routing", "over static", "over uniform", "sign")
    lines = [
        (
            row["theorem"],
            row["claim"],
            _interval(row, "value", "low", "high"),
            *(_interval(row, n, f"{n}_low", f"{n}_high") for n in ("routing", "static", "uniform")),
            SIGNS.get(row["sign"], "n/a"),
        )
        for row in rows
    ]
    words = "Theorems; a sign is claimed only where all four intervals lie above 0"
    return table(heads, lines, words, "theorems")


def _interval(row: Values, value: str, low: str, high: str) -> str:
    return shown(row[value], row[low], row[high])
