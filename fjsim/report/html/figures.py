"""Figures of a fit: beliefs round by round, and the law against what was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fjsim.metrics import Estimate
from fjsim.report.html.scatter import Point, ScatterAxes, scatter
from fjsim.report.html.svg import Line, curves

KINDS = {"observed": "key", "the law": "law clean"}


@dataclass(frozen=True)
class Curve:
    """Estimates along the rounds.

    Parameters
    ----------
    name : str
        Plain text.
    at : tuple of float or str
        Where.
    estimates : tuple of Estimate
        What; those without a value are left out.
    """

    name: str
    at: tuple[float | str, ...]
    estimates: tuple[Estimate, ...]


def curves_figure(title: str, drawn: Sequence[Curve], y_title: str = "rate") -> str:
    """Return curves with their 95 % intervals as a figure; empty where nothing is known.

    Parameters
    ----------
    title, y_title : str
        Plain text.
    drawn : sequence of Curve
    """
    lines = [
        Line(curve.name, KINDS.get(curve.name, "key"), curve.estimates)
        for curve in drawn
        if any(estimate.value is not None for estimate in curve.estimates)
    ]
    return curves(title, y_title, lines) if lines else ""


def agreement_figure(title: str, points: Mapping[str, tuple[Estimate, Estimate]]) -> str:
    """Return what was observed over what the law predicts; on the diagonal they agree.

    Parameters
    ----------
    title : str
    points : mapping of str to (Estimate, Estimate)
        Name to (predicted, observed).
    """
    axes = ScatterAxes("predicted by the law", "observed", diagonal=True)
    made = [
        Point(name, "law", predicted, observed) for name, (predicted, observed) in points.items()
    ]
    return scatter(title, axes, made)
