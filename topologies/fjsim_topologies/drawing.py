"""What the random families share: seeds for networkx, connected draws, random weights."""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np

from fjsim.errors import ConfigError
from fjsim_topologies.weights import Weights

MAX_DRAWS = 100
"""How many graphs are drawn until one is connected."""


def integer_seed(rng: np.random.Generator) -> int:
    """Draw a seed for a networkx generator.

    Parameters
    ----------
    rng : numpy.random.Generator
        Moves on by one draw.

    Returns
    -------
    int
        In [0, 2**32).
    """
    return int(rng.integers(2**32))


def draw_graph(
    family: str,
    make: Callable[[int], nx.Graph[int]],
    rng: np.random.Generator,
    *,
    connected: bool,
    remedy: str,
) -> nx.Graph[int]:
    """Draw a graph, again and again until it is connected.

    Parameters
    ----------
    family : str
        Name of the topology.
    make : callable
        Makes a graph from an integer seed.
    rng : numpy.random.Generator
        Source of the seeds.
    connected : bool
        Whether everybody must reach everybody, along the arrows if there are arrows. If not,
        the first draw is taken as it is.
    remedy : str
        What makes a connected draw likelier.

    Returns
    -------
    networkx.Graph or networkx.DiGraph

    Raises
    ------
    ConfigError
        If none of 100 draws is connected.
    """
    if not connected:
        return make(integer_seed(rng))
    for _ in range(MAX_DRAWS):
        graph = make(integer_seed(rng))
        if is_connected(graph):
            return graph
    raise ConfigError(
        f"topology '{family}': none of {MAX_DRAWS} draws was connected; "
        f"{remedy}, or set connected: false"
    )


def draw_and_weigh(
    family: str,
    make: Callable[[int], nx.Graph[int]],
    rng: np.random.Generator,
    weights: Weights,
    *,
    connected: bool,
    remedy: str,
) -> nx.Graph[int] | nx.DiGraph[int]:
    """Draw a graph as `draw_graph` does, and give its edges weights as `weigh` does."""
    links = draw_graph(family, make, rng, connected=connected, remedy=remedy)
    return weigh(links, weights, rng)


def is_connected(graph: nx.Graph[int]) -> bool:
    """Say whether everybody's word can reach everybody, along the arrows if there are arrows.

    Parameters
    ----------
    graph : networkx.Graph or networkx.DiGraph

    Returns
    -------
    bool
    """
    if isinstance(graph, nx.DiGraph):
        return nx.is_strongly_connected(graph)
    return nx.is_connected(graph)


def weigh(
    graph: nx.Graph[int], weights: Weights, rng: np.random.Generator
) -> nx.Graph[int] | nx.DiGraph[int]:
    """Give the edges weights.

    Parameters
    ----------
    graph : networkx.Graph or networkx.DiGraph
        Left as it is.
    weights : {'equal', 'random'}
        ``'equal'`` returns the graph itself.
    rng : numpy.random.Generator
        Used for ``'random'`` only.

    Returns
    -------
    networkx.Graph or networkx.DiGraph
        Directed if the weights are random: the two ends of an edge weigh each other differently.

    Notes
    -----
    Independent exponential weights, so that a listener's normalised row is uniform on the
    simplex of its speakers (flat Dirichlet).
    """
    if weights == "equal":
        return graph
    arrows = graph.to_directed()
    edges = sorted(arrows.edges)
    drawn = rng.exponential(size=len(edges))
    for (speaker, listener), weight in zip(edges, drawn, strict=True):
        arrows[speaker][listener]["weight"] = float(weight)
    return arrows
