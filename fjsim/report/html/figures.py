"""Figures of runs and sweeps: attack success by round, beliefs, takeover, leaderboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from fjsim.metrics import Estimate
from fjsim.report.html.document import text

COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a8a")
"""Okabe and Ito's, which colour-blind people tell apart, on white and on black."""
DASHES = ("solid", "dot", "dash", "dashdot")
HEIGHT = 380


@dataclass(frozen=True)
class Curve:
    """Estimates along an axis.

    Parameters
    ----------
    name : str
        For the legend; escaped here.
    at : tuple of float or str
        Where.
    estimates : tuple of Estimate
        What; those without a value are left out.
    """

    name: str
    at: tuple[float | str, ...]
    estimates: tuple[Estimate, ...]

    @property
    def known(self) -> bool:
        """Whether anything is to be drawn."""
        return any(map(_whole, self.estimates))


def curves_figure(
    title: str, curves: Sequence[Curve], x_title: str = "round", y_title: str = "rate"
) -> go.Figure:
    """Draw curves with their 95 % intervals.

    Parameters
    ----------
    title, x_title, y_title : str
    curves : sequence of Curve

    Returns
    -------
    plotly.graph_objects.Figure
    """
    figure = _figure(title, x_title, y_title)
    for number, curve in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        dash = DASHES[number // len(COLOURS) % len(DASHES)]
        kept = [(x, e) for x, e in zip(curve.at, curve.estimates, strict=True) if _whole(e)]
        values = [estimate.value or 0.0 for _, estimate in kept]
        figure.add_trace(
            go.Scatter(
                x=[x for x, _ in kept],
                y=values,
                error_y=_bars([estimate for _, estimate in kept]),
                mode="lines+markers",
                name=text(curve.name),
                line={"color": colour, "dash": dash},
            )
        )
    return figure


def agreement_figure(title: str, points: Mapping[str, tuple[Estimate, Estimate]]) -> go.Figure:
    """Draw what was observed over what the law predicts; on the diagonal they agree.

    Parameters
    ----------
    title : str
    points : mapping of str to (Estimate, Estimate)
        Name of a setting to (predicted, observed).

    Returns
    -------
    plotly.graph_objects.Figure
    """
    figure = _figure(title, "predicted by the law", "observed")
    kept = {name: pair for name, pair in points.items() if all(map(_whole, pair))}
    predicted, observed = [p for p, _ in kept.values()], [o for _, o in kept.values()]
    ends = [e for estimate in (*predicted, *observed) for e in (estimate.low, estimate.high)]
    bounds = [min([0.0, *filter(None, ends)]), max([1.0, *filter(None, ends)])]
    figure.add_trace(
        go.Scatter(
            x=bounds,
            y=bounds,
            mode="lines",
            name="agreement",
            line={"color": "#999", "dash": "dot"},
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[estimate.value for estimate in predicted],
            y=[estimate.value for estimate in observed],
            error_x=_bars(predicted),
            error_y=_bars(observed),
            mode="markers",
            name="settings",
            text=[text(name) for name in kept],
            hovertemplate="%{text}<br>predicted %{x:.3f}<br>observed %{y:.3f}<extra></extra>",
            marker={"color": COLOURS[1], "size": 9},
        )
    )
    return figure


def bars_figure(title: str, bars: Sequence[Curve], y_title: str) -> go.Figure:
    """Draw grouped bars with their intervals; each curve is one colour."""
    figure = _figure(title, "", y_title)
    for number, bar in enumerate(bars):
        kept = [(x, e) for x, e in zip(bar.at, bar.estimates, strict=True) if _whole(e)]
        figure.add_trace(
            go.Bar(
                x=[text(x) for x, _ in kept],
                y=[estimate.value for _, estimate in kept],
                error_y=_bars([estimate for _, estimate in kept]),
                name=text(bar.name),
                marker={"color": COLOURS[number % len(COLOURS)]},
            )
        )
    figure.update_layout(barmode="group")
    return figure


def _whole(estimate: Estimate) -> bool:
    return None not in (estimate.value, estimate.low, estimate.high)


def _bars(estimates: Sequence[Estimate]) -> dict[str, object]:
    def gap(one: float | None, other: float | None) -> float:
        return max(0.0, (one or 0.0) - (other or 0.0))

    return {
        "type": "data",
        "symmetric": False,
        "array": [gap(estimate.high, estimate.value) for estimate in estimates],
        "arrayminus": [gap(estimate.value, estimate.low) for estimate in estimates],
        "thickness": 1,
    }


def _figure(title: str, x_title: str, y_title: str) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        title=text(title),
        template="plotly_white",
        height=HEIGHT,
        xaxis={"title": text(x_title)},
        yaxis={"title": text(y_title), "rangemode": "tozero"},
        legend={"orientation": "h", "y": -0.25},
        margin={"t": 50, "r": 20},
    )
    return figure
