"""Large networks drawn from a seed: four families to try a solver on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.compiling import compiled
from fjsim.dynamics.networks.edges import network_from_edges
from fjsim.dynamics.networks.network import Network
from fjsim.errors import ParameterError

Index = NDArray[np.uint32]


def barabasi_albert(n_agents: int, n_new: int, seed: int) -> Network:
    """Grow a network in which newcomers join by degree.

    Parameters
    ----------
    n_agents : int
        More than `n_new`.
    n_new : int
        Edges that each newcomer brings, >= 1.
    seed : int
        In [0, 2**32).

    Returns
    -------
    Network
        Undirected, connected, without repeated edges.

    Raises
    ------
    ParameterError
        If there are too few agents.

    References
    ----------
    .. [1] A.-L. Barabasi and R. Albert, "Emergence of scaling in random networks", Science 286
       (1999) 509-512, doi:10.1126/science.286.5439.509.
    """
    from fjsim.dynamics.kernels import edges

    if n_new < 1 or n_agents <= n_new:
        raise ParameterError(f"{n_agents} agents cannot each bring {n_new} edges")
    n_edges = n_new * (n_new + 1) // 2 + (n_agents - n_new - 1) * n_new
    ends = np.empty(2 * n_edges, dtype=np.uint32)
    compiled(edges).attach_preferentially(n_new, seed, ends)
    return network_from_edges(ends[::2], ends[1::2], n_agents=n_agents)


def random_network(n_agents: int, mean_degree: float, seed: int) -> Network:
    """Join random pairs (Erdos-Renyi with a fixed number of draws).

    Parameters
    ----------
    n_agents : int
        >= 2.
    mean_degree : float
        Edges per agent, counted from both ends; a few less after repeated ones are merged.
    seed : int

    Returns
    -------
    Network
        Undirected; isolated agents are possible.
    """
    draw = np.random.default_rng(seed)
    ends = draw.integers(0, n_agents, (2, int(n_agents * mean_degree / 2)), dtype=np.uint32)
    apart = ends[:, ends[0] != ends[1]]
    return network_from_edges(apart[0], apart[1], n_agents=n_agents)


def communities(
    n_agents: int, n_groups: int, degree_inside: float, degree_outside: float, seed: int
) -> Network:
    """Join agents mostly within equal groups (a stochastic block model).

    Parameters
    ----------
    n_agents, n_groups : int
        Agent ``i`` belongs to group ``i % n_groups``.
    degree_inside, degree_outside : float
        Expected edges of an agent within its group and with anybody.
    seed : int

    Returns
    -------
    Network
        Undirected; isolated agents are possible.
    """
    draw = np.random.default_rng(seed)
    per_group = n_agents // n_groups
    n_inside, n_outside = (int(n_agents * d / 2) for d in (degree_inside, degree_outside))
    group = draw.integers(0, n_groups, n_inside)
    inside = draw.integers(0, per_group, (2, n_inside)) * n_groups + group
    outside = draw.integers(0, n_agents, (2, n_outside))
    ends = np.concatenate([inside, outside], axis=1).astype(np.uint32)
    apart = ends[:, ends[0] != ends[1]]
    return network_from_edges(apart[0], apart[1], n_agents=n_agents)


def grid(side: int) -> Network:
    """Join each agent of a square grid to its four neighbours.

    Parameters
    ----------
    side : int
        Agents along one side, >= 1.

    Returns
    -------
    Network
        Undirected, ``side * side`` agents, no wrap-around.
    """
    at = np.arange(side * side, dtype=np.uint32).reshape(side, side)
    first = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    second = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    return network_from_edges(first, second, n_agents=side * side)
