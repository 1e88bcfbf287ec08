"""Random families; every draw comes from the generator handed in."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from fjsim.contracts import Topology
from fjsim.errors import ConfigError
from fjsim.registry import register
from fjsim_topologies.drawing import draw_and_weigh, draw_graph, weigh
from fjsim_topologies.limits import require_agents, require_between, require_probability
from fjsim_topologies.weights import Weights


@register("topology", "erdos-renyi")
@dataclass(frozen=True)
class ErdosRenyi(Topology):
    """Every pair is linked with the same probability, independently.

    Parameters
    ----------
    edge_probability : float, default 0.5
        In [0, 1].
    directed : bool, default False
        Whether each of the two directions of a pair is drawn on its own.
    weights : {'equal', 'random'}, default 'equal'
        Whether a listener weighs its speakers alike, or with shares drawn evenly from the
        simplex.
    connected : bool, default True
        Draw again, up to 100 times, until everybody's word can reach everybody.

    Notes
    -----
    Undirected graphs are mostly connected where the probability exceeds log(n)/n [1]_. With
    ``connected`` the graph is a draw of the family given that it is connected.

    References
    ----------
    .. [1] P. Erdős and A. Rényi, "On random graphs I", Publicationes Mathematicae 6 (1959)
       290-297, doi:10.5486/PMD.1959.6.3-4.12.
    """

    edge_probability: float = 0.5
    directed: bool = False
    weights: Weights = "equal"
    connected: bool = True

    def __post_init__(self) -> None:
        require_probability("erdos-renyi", "edge_probability", self.edge_probability)

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return one draw."""
        require_agents("erdos-renyi", n_agents, 2)

        def make(seed: int) -> nx.Graph[int]:
            drawn: nx.Graph[int] = nx.gnp_random_graph(
                n_agents, self.edge_probability, seed=seed, directed=self.directed
            )
            return drawn

        return draw_and_weigh(
            "erdos-renyi",
            make,
            rng,
            self.weights,
            connected=self.connected,
            remedy="raise edge_probability",
        )


@register("topology", "barabasi-albert")
@dataclass(frozen=True)
class BarabasiAlbert(Topology):
    """Newcomers attach to agents that are already popular; a few hubs emerge.

    Parameters
    ----------
    attachments : int, default 2
        How many agents a newcomer attaches to, at least 1 and less than the number of agents.
    directed : bool, default False
        A newcomer hears those it attaches to and is not heard by them; agent 0 hears nobody.
    weights : {'equal', 'random'}, default 'equal'
        Whether a listener weighs its speakers alike, or with shares drawn evenly from the
        simplex.

    Notes
    -----
    Preferential attachment [1]_, grown from a star around agent 0 of ``attachments + 1``
    agents. Always connected (directed: always one piece, but nothing flows back to the old).

    References
    ----------
    .. [1] A.-L. Barabási and R. Albert, "Emergence of scaling in random networks", Science 286
       (1999) 509-512, doi:10.1126/science.286.5439.509.
    """

    attachments: int = 2
    directed: bool = False
    weights: Weights = "equal"

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return one draw."""
        require_agents("barabasi-albert", n_agents, 2)
        require_between(
            "barabasi-albert", "attachments", self.attachments, 1, n_agents - 1, n_agents
        )

        def make(seed: int) -> nx.Graph[int]:
            return nx.barabasi_albert_graph(n_agents, self.attachments, seed=seed)

        links = draw_graph("barabasi-albert", make, rng, connected=False, remedy="")
        return weigh(_from_old_to_new(links) if self.directed else links, self.weights, rng)


def _from_old_to_new(links: nx.Graph[int]) -> nx.DiGraph[int]:
    arrows: nx.DiGraph[int] = nx.DiGraph()
    arrows.add_nodes_from(links)
    arrows.add_edges_from((min(edge), max(edge)) for edge in links.edges)
    return arrows


@register("topology", "watts-strogatz")
@dataclass(frozen=True)
class WattsStrogatz(Topology):
    """A small world: a ring of near neighbours with some links rewired to far ones.

    Parameters
    ----------
    neighbours : int, default 4
        How many nearest agents each is linked to before rewiring; even, at least 2 and less
        than the number of agents.
    rewiring : float, default 0.1
        Probability that a link is rewired, in [0, 1].
    weights : {'equal', 'random'}, default 'equal'
        Whether a listener weighs its speakers alike, or with shares drawn evenly from the
        simplex.
    connected : bool, default True
        Draw again, up to 100 times, until everybody's word can reach everybody.

    References
    ----------
    .. [1] D. J. Watts and S. H. Strogatz, "Collective dynamics of 'small-world' networks",
       Nature 393 (1998) 440-442, doi:10.1038/30918.
    """

    neighbours: int = 4
    rewiring: float = 0.1
    weights: Weights = "equal"
    connected: bool = True

    def __post_init__(self) -> None:
        require_probability("watts-strogatz", "rewiring", self.rewiring)
        if self.neighbours % 2:
            raise ConfigError(
                f"topology 'watts-strogatz', parameter 'neighbours': got {self.neighbours}; "
                "give an even number, half of them on either side"
            )

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return one draw."""
        require_agents("watts-strogatz", n_agents, 3)
        require_between("watts-strogatz", "neighbours", self.neighbours, 2, n_agents - 1, n_agents)

        def make(seed: int) -> nx.Graph[int]:
            drawn: nx.Graph[int] = nx.watts_strogatz_graph(
                n_agents, self.neighbours, self.rewiring, seed=seed
            )
            return drawn

        return draw_and_weigh(
            "watts-strogatz",
            make,
            rng,
            self.weights,
            connected=self.connected,
            remedy="raise neighbours",
        )


@register("topology", "random-regular")
@dataclass(frozen=True)
class RandomRegular(Topology):
    """Everybody has the same number of speakers, drawn at random.

    Parameters
    ----------
    degree : int, default 3
        How many speakers each hears, at least 1 and less than the number of agents; undirected,
        degree times agents must be even.
    directed : bool, default False
        Each hears `degree` others, drawn evenly, whoever hears it.
    weights : {'equal', 'random'}, default 'equal'
        Whether a listener weighs its speakers alike, or with shares drawn evenly from the
        simplex.
    connected : bool, default True
        Draw again, up to 100 times, until everybody's word can reach everybody.

    References
    ----------
    .. [1] A. Steger and N. C. Wormald, "Generating random regular graphs quickly",
       Combinatorics, Probability and Computing 8 (1999) 377-396, doi:10.1017/S0963548399003867.
    """

    degree: int = 3
    directed: bool = False
    weights: Weights = "equal"
    connected: bool = True

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return one draw."""
        require_agents("random-regular", n_agents, 2)
        require_between("random-regular", "degree", self.degree, 1, n_agents - 1, n_agents)
        if not self.directed and self.degree * n_agents % 2:
            raise ConfigError(
                f"topology 'random-regular', parameter 'degree': {self.degree} × {n_agents} agents "
                "is odd, so there is no such graph; change one of them, or set directed: true"
            )

        def make(seed: int) -> nx.Graph[int]:
            if self.directed:
                return _listeners_to(self.degree, n_agents, seed)
            drawn: nx.Graph[int] = nx.random_regular_graph(self.degree, n_agents, seed=seed)
            return drawn

        return draw_and_weigh(
            "random-regular",
            make,
            rng,
            self.weights,
            connected=self.connected,
            remedy="raise degree",
        )


def _listeners_to(degree: int, n_agents: int, seed: int) -> nx.DiGraph[int]:
    """Let every agent hear `degree` others, drawn evenly without repetition."""
    rng = np.random.default_rng(seed)
    arrows: nx.DiGraph[int] = nx.DiGraph()
    arrows.add_nodes_from(range(n_agents))
    for listener in range(n_agents):
        drawn = rng.choice(n_agents - 1, size=degree, replace=False)
        arrows.add_edges_from((int(other) + (other >= listener), listener) for other in drawn)
    return arrows
