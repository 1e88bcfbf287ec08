"""Two cliques with one link between them."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from fjsim.contracts import Topology
from fjsim.errors import ConfigError
from fjsim.registry import register


@register("topology", "barbell")
@dataclass(frozen=True)
class Barbell(Topology):
    """Two cliques of equal size, joined by a single link.

    Parameters
    ----------
    weight : float, default 1.0
        Relative weight of the link, above 0.
    """

    weight: float = 1.0

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int]:
        """Return the barbell."""
        if n_agents % 2 or n_agents < 4:
            raise ConfigError(
                f"topology 'barbell' needs an even number of agents, at least 4; got {n_agents}"
            )
        half = n_agents // 2
        links: nx.Graph[int] = nx.disjoint_union(nx.complete_graph(half), nx.complete_graph(half))
        links.add_edge(half - 1, half, weight=self.weight)
        return links
