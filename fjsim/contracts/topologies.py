"""Families of graphs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from fjsim.beliefs import Array
from fjsim.dynamics.law.graphs import influence_matrix

if TYPE_CHECKING:
    import networkx as nx


class Topology(ABC):
    """A family of graphs: edges run from the speaker to the listener.

    An undirected graph means that both ends speak and listen. Nodes are 0 … n_agents-1; an
    edge's ``weight`` is the listener's relative weight on that speaker.
    """

    @abstractmethod
    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return one graph of the family."""

    def influence(self, n_agents: int, rng: np.random.Generator) -> Array:
        """Return the same graph as shares ``[listener, speaker]``, each listener's summing to 1.

        A family that knows them without networkx may say so here; what a run needs of a graph is
        this alone.
        """
        return influence_matrix(self.graph(n_agents, rng), n_agents)
