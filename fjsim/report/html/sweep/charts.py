"""The figures of a sweep: price against safety, the law against what was seen, round by round."""

from __future__ import annotations

from fjsim.contracts import Arm
from fjsim.metrics import registered
from fjsim.report.html.document import paragraph, text
from fjsim.report.html.scatter import Point, ScatterAxes, scatter
from fjsim.report.html.svg import Line, curves, short
from fjsim.report.html.sweep.facts import SweepFacts
from fjsim.sweeps.changes import RATE

EXACT = 1e-6
"""What follows the law exactly may still miss a number by a rounding."""
MOST_CHARTS = 12
"""Settings that are drawn round by round; of more, those with most attack success."""


def frontier(facts: SweepFacts) -> str:
    """Return price against worst attack success; empty where there is no price to show.

    Parameters
    ----------
    facts : SweepFacts
    """
    kinds = {"best": "key", "equivalent": "equal"}
    points = [
        Point(one.defense, kinds.get(one.place, "other"), one.price, one.worst)
        for one in facts.standings
    ]
    on = tuple(one.defense for one in facts.standings if one.on_front)
    axes = ScatterAxes("accuracy lost without attack", "worst attack success", front=on)
    drawn = scatter("Price against safety", axes, points)
    note = paragraph(
        "Towards the lower left is better. The line joins the defenses that none beats in both; "
        "blue is the safest, a ring around a dot says equivalent to it.",
        "legend",
    )
    return f"<div>{drawn}{note}</div>" if drawn else ""


def agreement(facts: SweepFacts) -> str:
    """Return the law against what was seen over all settings; empty without a prediction.

    Parameters
    ----------
    facts : SweepFacts
    """
    drawn = ""
    for name in ("takeover", "flips"):
        pairs = [
            (facts.estimate(at, f"{name}_predicted"), facts.estimate(at, f"{name}_observed"))
            for at in range(len(facts.rows))
        ]
        points = [
            Point(facts.names[at], "law", predicted, observed)
            for at, (predicted, observed) in enumerate(pairs)
        ]
        title = f"{name.capitalize()}: the law against what was seen"
        chart = scatter(
            title, ScatterAxes("predicted by the law", "observed", diagonal=True), points
        )
        drawn += f"<div>{chart}{paragraph(_said(points), 'legend')}</div>" if chart else ""
    return drawn


def _said(points: list[Point]) -> str:
    """Return in how many settings the law's number lies in the observed interval."""
    known = [(one.x.value, one.y) for one in points if None not in (one.x.value, one.y.value)]
    inside = sum(
        x is not None
        and y.low is not None
        and y.high is not None
        and y.low - EXACT <= x <= y.high + EXACT
        for x, y in known
    )
    mean = round(sum(abs((x or 0.0) - (y.value or 0.0)) for x, y in known) / len(known), 6)
    return (
        f"On the dashed line both agree. The law's number lies within the observed interval in "
        f"{inside} of {len(known)} settings; they are {short(mean)} "
        "apart in the mean."
    )


def by_round(facts: SweepFacts) -> str:
    """Return every drawn metric after every round, both arms, in the most dangerous settings.

    Parameters
    ----------
    facts : SweepFacts
        Where nobody attacks, the first settings are drawn.
    """
    attacked = [at for at, group in enumerate(facts.settings) if group.attacked]
    worst = sorted(attacked, key=lambda at: -(facts.estimate(at, RATE).value or 0.0))
    chosen = (worst or list(range(len(facts.rows))))[:MOST_CHARTS]
    parts = ""
    for name, metric in registered().items():
        drawn = _drawn(facts, name, chosen) if metric.rounds == "drawn" else ""
        if drawn:
            charts = f'<div class="charts">{drawn}</div>'
            first = "" if parts else " open"
            head = f"<summary>By round: {text(metric.title)}</summary>"
            parts += f"<details{first}>{head}{charts}</details>"
    if not parts:
        return ""
    of = f"The {len(chosen)} of {len(attacked)} settings with most attack success. "
    said = paragraph(
        f"{of if len(attacked) > len(chosen) else ''}Solid attacked, dashed clean.", "legend"
    )
    return f"<section><h2>Round by round</h2>{said}{parts}</section>"


def _drawn(facts: SweepFacts, name: str, chosen: list[int]) -> str:
    metric, drawn = registered()[name], ""
    for at in chosen:
        measured = facts.settings[at].measured(registered())
        arms: list[Arm] = [
            arm
            for arm in _ARMS
            if arm in measured.source.arms and metric.arms in ("each", "both", arm)
        ]
        lines = [Line(arm, arm, measured.by_round(name, arm)) for arm in arms]
        kept = [line for line in lines if any(e.value is not None for e in line.estimates)]
        drawn += curves(facts.names[at], metric.unit, kept) if kept else ""
    return drawn


_ARMS: tuple[Arm, ...] = ("attacked", "clean")
