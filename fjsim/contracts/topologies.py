"""Families of graphs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

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
