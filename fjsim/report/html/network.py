"""Where agents stand in the drawing, and who hears whom."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np

from fjsim.beliefs import Array

MOST_EDGES = 1200
"""Edges that are drawn; of more the heaviest are."""
CIRCLE = 16
"""Up to so many agents stand on a circle; more are laid out by their edges."""
DENSE = 0.3
"""Share of all edges from which a layout by edges would only be a heap; a circle is clearer."""

Place = tuple[float, float]


def places(influence: Array) -> list[Place]:
    """Return a place in the unit square for each agent; the same graph gives the same places.

    Parameters
    ----------
    influence : ndarray of shape (n_agents, n_agents)
        ``influence[listener, speaker]``.
    """
    n_agents = len(influence)
    centre = hub(influence)
    dense = np.count_nonzero(influence) > DENSE * n_agents**2
    if n_agents <= CIRCLE or centre is not None or dense:
        return _circle(n_agents, centre)
    graph = nx.from_numpy_array((influence > 0) | (influence.T > 0))
    found = nx.spring_layout(graph, seed=0, iterations=60 if n_agents <= 300 else 15)
    spread = np.array([found[seat] for seat in range(n_agents)])
    low, high = spread.min(axis=0), spread.max(axis=0)
    unit = (spread - low) / np.where(high > low, high - low, 1.0)
    return [(round(float(x), 3), round(float(y), 3)) for x, y in unit]


def hub(influence: Array) -> int | None:
    """Return the agent that alone is linked to all others; None where there is none.

    Parameters
    ----------
    influence : ndarray of shape (n_agents, n_agents)
    """
    linked = (influence > 0) | (influence.T > 0)
    degrees = linked.sum(axis=1)
    central = np.flatnonzero(degrees == len(influence) - 1)
    return int(central[0]) if len(central) == 1 and len(influence) > 3 else None


def _circle(n_agents: int, centre: int | None) -> list[Place]:
    rim = [seat for seat in range(n_agents) if seat != centre]
    found: dict[int, Place] = {} if centre is None else {centre: (0.5, 0.5)}
    for at, seat in enumerate(rim):
        angle = 2 * math.pi * at / max(1, len(rim)) - math.pi / 2
        found[seat] = (round(0.5 + 0.5 * math.cos(angle), 3), round(0.5 + 0.5 * math.sin(angle), 3))
    return [found[seat] for seat in range(n_agents)]


def edges(influence: Array) -> list[tuple[int, int, float]]:
    """Return (listener, speaker, weight) of the edges that are drawn, the heaviest first.

    Parameters
    ----------
    influence : ndarray of shape (n_agents, n_agents)
    """
    listed = [
        (int(listener), int(speaker), round(float(influence[listener, speaker]), 4))
        for listener, speaker in np.argwhere(influence > 0)
        if listener != speaker
    ]
    return sorted(listed, key=lambda edge: -edge[2])[:MOST_EDGES]
