"""Groups that talk among themselves more than with others."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from fjsim.contracts import Topology
from fjsim.registry import register
from fjsim_topologies.drawing import draw_graph, weigh
from fjsim_topologies.limits import group_sizes, require_agents, require_probability
from fjsim_topologies.weights import Weights


@register("topology", "stochastic-block")
@dataclass(frozen=True)
class StochasticBlock(Topology):
    """Communities: pairs of one block are linked more often than pairs of two blocks.

    Parameters
    ----------
    blocks : int or tuple of int, default 2
        How many blocks, as even as can be with the larger ones first, or the size of each.
    within : float, default 0.8
        Probability of a link inside a block, in [0, 1].
    between : float, default 0.2
        Probability of a link between two blocks, in [0, 1].
    directed : bool, default False
        Whether each of the two directions of a pair is drawn on its own.
    weights : {'equal', 'random'}, default 'equal'
        Whether a listener weighs its speakers alike, or with shares drawn evenly from the
        simplex.
    connected : bool, default True
        Draw again, up to 100 times, until everybody's word can reach everybody.

    Notes
    -----
    Agents are numbered block by block. Isolated blocks (``between`` 0) need
    ``connected: false``.

    References
    ----------
    .. [1] P. W. Holland, K. B. Laskey and S. Leinhardt, "Stochastic blockmodels: first steps",
       Social Networks 5 (1983) 109-137, doi:10.1016/0378-8733(83)90021-7.
    """

    blocks: int | tuple[int, ...] = 2
    within: float = 0.8
    between: float = 0.2
    directed: bool = False
    weights: Weights = "equal"
    connected: bool = True

    def __post_init__(self) -> None:
        require_probability("stochastic-block", "within", self.within)
        require_probability("stochastic-block", "between", self.between)

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return one draw."""
        require_agents("stochastic-block", n_agents, 2)
        sizes = group_sizes("stochastic-block", "blocks", self.blocks, n_agents)
        chances = np.full((len(sizes), len(sizes)), self.between)
        np.fill_diagonal(chances, self.within)

        def make(seed: int) -> nx.Graph[int]:
            drawn = nx.stochastic_block_model(
                list(sizes), chances.tolist(), seed=seed, directed=self.directed
            )
            return _plain(drawn)

        links = draw_graph(
            "stochastic-block", make, rng, connected=self.connected, remedy="raise within, between"
        )
        return weigh(links, self.weights, rng)


def _plain(drawn: nx.Graph[int]) -> nx.Graph[int]:
    """Keep nodes with their block, and edges; drop networkx's notes on the graph."""
    links: nx.Graph[int] = nx.DiGraph() if drawn.is_directed() else nx.Graph()
    links.add_nodes_from(drawn.nodes(data=True))
    links.add_edges_from(drawn.edges)
    return links
