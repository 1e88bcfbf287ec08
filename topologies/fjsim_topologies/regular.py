"""Fixed shapes: the same graph for every seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise, product

import networkx as nx
import numpy as np

from fjsim.contracts import Topology
from fjsim.errors import ConfigError
from fjsim.registry import register
from fjsim_topologies.drawing import Weights, weigh
from fjsim_topologies.limits import group_sizes, require_agents, require_between


@register("topology", "complete")
@dataclass(frozen=True)
class Complete(Topology):
    """Everybody hears everybody else.

    Parameters
    ----------
    weights : {'equal', 'random'}, default 'equal'
        Whether a listener weighs its speakers alike, or with shares drawn evenly from the
        simplex.
    """

    weights: Weights = "equal"

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the complete graph; one agent alone is allowed and hears nobody."""
        require_agents("complete", n_agents, 1)
        return weigh(nx.complete_graph(n_agents), self.weights, rng)


@register("topology", "isolated")
@dataclass(frozen=True)
class Isolated(Topology):
    """Nobody hears anybody: every round is self-reflection alone, a control for deliberation."""

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the graph without edges."""
        require_agents("isolated", n_agents, 1)
        empty: nx.Graph[int] = nx.empty_graph(n_agents)
        return empty


@register("topology", "star")
@dataclass(frozen=True)
class Star(Topology):
    """One hub hears all leaves; the leaves hear only the hub, which is agent 0."""

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the star with agent 0 in the middle."""
        require_agents("star", n_agents, 2)
        star: nx.Graph[int] = nx.star_graph(n_agents - 1)
        return star


@register("topology", "wheel")
@dataclass(frozen=True)
class Wheel(Topology):
    """A ring of agents around a hub that hears and is heard by all; the hub is agent 0."""

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the wheel with agent 0 in the middle."""
        require_agents("wheel", n_agents, 4)
        wheel: nx.Graph[int] = nx.wheel_graph(n_agents)
        return wheel


@register("topology", "chain")
@dataclass(frozen=True)
class Chain(Topology):
    """Agents in a line; each hears the one before and the one after.

    Parameters
    ----------
    directed : bool, default False
        Each hears only the one before; agent 0 hears nobody.
    """

    directed: bool = False

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the chain with agent 0 at one end."""
        require_agents("chain", n_agents, 2)
        chain: nx.Graph[int] = nx.path_graph(n_agents, create_using=_kind(self.directed))
        return chain


@register("topology", "ring")
@dataclass(frozen=True)
class Ring(Topology):
    """Agents in a circle; each hears both neighbours.

    Parameters
    ----------
    directed : bool, default False
        Each hears only the one before; agent 0 hears the last one.
    """

    directed: bool = False

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the ring."""
        require_agents("ring", n_agents, 3)
        ring: nx.Graph[int] = nx.cycle_graph(n_agents, create_using=_kind(self.directed))
        return ring


@register("topology", "tree")
@dataclass(frozen=True)
class Tree(Topology):
    """A hierarchy, filled level by level from the root, which is agent 0.

    Parameters
    ----------
    branching : int, default 2
        How many children an agent has, at least 1; the last level may be short of some.
    directed : bool, default False
        Orders go down only: children hear their parent, nobody hears a child, and the root
        hears nobody.
    """

    branching: int = 2
    directed: bool = False

    def __post_init__(self) -> None:
        if self.branching < 1:
            raise ConfigError(
                f"topology 'tree', parameter 'branching': got {self.branching}; give at least 1"
            )

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the tree with agent 0 as its root."""
        require_agents("tree", n_agents, 2)
        return nx.full_rary_tree(self.branching, n_agents, create_using=_kind(self.directed))


@register("topology", "grid")
@dataclass(frozen=True)
class Grid(Topology):
    """Agents on a rectangle, row by row; each hears its up to four neighbours.

    Parameters
    ----------
    rows : int, optional
        Must divide the number of agents; by default as square as can be.
    periodic : bool, default False
        Whether opposite sides touch, so that nobody sits on an edge.
    """

    rows: int | None = None
    periodic: bool = False

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the grid; agent 0 sits in a corner."""
        require_agents("grid", n_agents, 2)
        rows = self._rows(n_agents)
        lattice = nx.grid_2d_graph(rows, n_agents // rows, periodic=self.periodic)
        return nx.convert_node_labels_to_integers(lattice, ordering="sorted")

    def _rows(self, n_agents: int) -> int:
        if self.rows is not None:
            return self._checked_rows(self.rows, n_agents)
        rows = max(row for row in range(1, math.isqrt(n_agents) + 1) if n_agents % row == 0)
        if rows == 1:
            raise ConfigError(
                f"topology 'grid': {n_agents} agents fill no rectangle of two rows or more; "
                "change agents, or set rows: 1 for a line"
            )
        return rows

    def _checked_rows(self, rows: int, n_agents: int) -> int:
        require_between("grid", "rows", rows, 1, n_agents, n_agents)
        if n_agents % rows:
            allowed = [row for row in range(1, n_agents + 1) if n_agents % row == 0]
            raise ConfigError(
                f"topology 'grid', parameter 'rows': {rows} rows do not divide {n_agents} agents; "
                f"give one of {', '.join(map(str, allowed))}, or change agents"
            )
        return rows


@register("topology", "layered")
@dataclass(frozen=True)
class Layered(Topology):
    """A feed-forward pipeline: each layer hears the whole layer before, and nobody else.

    Parameters
    ----------
    layers : int or tuple of int, default 3
        How many layers, as even as can be with the larger ones first, or the size of each.

    Notes
    -----
    Agents are numbered layer by layer, so agent 0 is in the first layer, which hears nobody and
    keeps its round-0 beliefs.
    """

    layers: int | tuple[int, ...] = 3

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the pipeline."""
        sizes = group_sizes("layered", "layers", self.layers, n_agents)
        ends = np.cumsum((0, *sizes)).tolist()
        layers = [range(start, end) for start, end in pairwise(ends)]
        pipeline: nx.DiGraph[int] = nx.DiGraph()
        pipeline.add_nodes_from(range(n_agents))
        for speakers, listeners in pairwise(layers):
            pipeline.add_edges_from(product(speakers, listeners))
        return pipeline


def _kind(directed: bool) -> type[nx.Graph[int]]:
    return nx.DiGraph if directed else nx.Graph
