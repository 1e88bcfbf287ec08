"""The phase diagram of the takeover theory."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from fjsim.dynamics.attacked.phase import PhaseDiagram


def phase_figure(diagram: PhaseDiagram, mark: tuple[float, int] | None = None) -> go.Figure:
    """Draw mean takeover over resistance and agents, with the line where decisions flip.

    Parameters
    ----------
    diagram : PhaseDiagram
        As `fjsim.dynamics.phase_diagram` returns it.
    mark : tuple of (float, int), optional
        Resistance and number of agents of the group at hand.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    horizon = "at equilibrium" if diagram.n_rounds is None else f"after {diagram.n_rounds} rounds"
    axes = {"x": diagram.resistance, "y": diagram.n_agents}
    figure = go.Figure(
        go.Heatmap(
            **axes,
            z=diagram.takeover,
            zmin=0,
            zmax=1,
            colorscale="Cividis",
            colorbar={"title": "mean takeover"},
            customdata=diagram.flipped,
            hovertemplate="resistance %{x:.3g}<br>%{y} agents<br>takeover %{z:.3f}<br>"
            "flipped %{customdata:.0%}<extra></extra>",
        )
    )
    if np.ptp(diagram.flipped) > 0:
        figure.add_trace(_boundary(diagram))
    if mark is not None:
        figure.add_trace(_marked(mark))
    figure.update_layout(
        title=f"{diagram.topology}: takeover {horizon}; right of the line most agents hold "
        f"(margin {diagram.margin:g})",
        template="plotly_white",
        xaxis={"title": "resistance of a benign agent", "type": "log"},
        yaxis={"title": "agents"},
        legend={"orientation": "h", "y": -0.2},
    )
    return figure


def _boundary(diagram: PhaseDiagram) -> go.Contour:
    """Return the line on which half of the benign agents flip."""
    return go.Contour(
        x=diagram.resistance,
        y=diagram.n_agents,
        z=diagram.flipped,
        contours={"start": 0.5, "end": 0.5, "size": 1, "coloring": "none"},
        line={"color": "white", "width": 3},
        showscale=False,
        showlegend=True,
        name="flip boundary",
        hoverinfo="skip",
    )


def _marked(mark: tuple[float, int]) -> go.Scatter:
    return go.Scatter(
        x=[mark[0]],
        y=[mark[1]],
        mode="markers",
        marker={"symbol": "x", "size": 12, "color": "red"},
        name="this group",
    )
