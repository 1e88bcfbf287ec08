"""Fixed shapes: the same graph for every seed."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.contracts import Topology
from fjsim.dynamics.law.graphs import row_shares
from fjsim.errors import ConfigError
from fjsim.registry import register
from fjsim_topologies.limits import group_sizes, require_agents, require_between
from fjsim_topologies.weights import Weights

if TYPE_CHECKING:
    import networkx as nx

Flags = NDArray[np.bool_]


class Shape(Topology):
    """A graph that is known without drawing it; networkx is imported for `graph` alone."""

    @abstractmethod
    def heard(self, n_agents: int) -> Flags:
        """Return who hears whom, ``[listener, speaker]``; nobody hears itself."""

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the graph; undirected where everybody is heard by whom it hears."""
        import networkx as nx

        heard = self.heard(n_agents)
        mutual = bool((heard == heard.T).all())
        graph: nx.Graph[int] = nx.Graph() if mutual else nx.DiGraph()
        graph.add_nodes_from(range(n_agents))
        ends = np.argwhere(np.triu(heard) if mutual else heard.T).tolist()
        graph.add_edges_from((speaker, listener) for speaker, listener in ends)
        return graph

    def influence(self, n_agents: int, rng: np.random.Generator) -> Array:
        """Return the same as shares."""
        return row_shares(self.heard(n_agents))


def _nobody(n_agents: int) -> Flags:
    return np.zeros((n_agents, n_agents), dtype=bool)


def _joined(heard: Flags, directed: bool = False) -> Flags:
    """Return who hears whom where those who are heard hear back, unless told otherwise."""
    return heard if directed else heard | heard.T


@register("topology", "complete")
@dataclass(frozen=True)
class Complete(Shape):
    """Everybody hears everybody else.

    Parameters
    ----------
    weights : {'equal', 'random'}, default 'equal'
        Whether a listener weighs its speakers alike, or with shares drawn evenly from the
        simplex.
    """

    weights: Weights = "equal"

    def heard(self, n_agents: int) -> Flags:
        """Return everybody but oneself; one agent alone is allowed and hears nobody."""
        require_agents("complete", n_agents, 1)
        return ~np.eye(n_agents, dtype=bool)

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int] | nx.DiGraph[int]:
        """Return the complete graph, directed where the two ends weigh each other differently."""
        from fjsim_topologies.drawing import weigh

        return weigh(super().graph(n_agents, rng), self.weights, rng)

    def influence(self, n_agents: int, rng: np.random.Generator) -> Array:
        """Return the same as shares."""
        if self.weights == "equal":
            return super().influence(n_agents, rng)
        return Topology.influence(self, n_agents, rng)


@register("topology", "isolated")
@dataclass(frozen=True)
class Isolated(Shape):
    """Nobody hears anybody: every round is self-reflection alone, a control for deliberation."""

    def heard(self, n_agents: int) -> Flags:
        """Return nobody."""
        require_agents("isolated", n_agents, 1)
        return _nobody(n_agents)


@register("topology", "star")
@dataclass(frozen=True)
class Star(Shape):
    """One hub hears all leaves; the leaves hear only the hub, which is agent 0."""

    def heard(self, n_agents: int) -> Flags:
        """Return the star with agent 0 in the middle."""
        require_agents("star", n_agents, 2)
        star = _nobody(n_agents)
        star[1:, 0] = True
        return _joined(star)


@register("topology", "wheel")
@dataclass(frozen=True)
class Wheel(Shape):
    """A ring of agents around a hub that hears and is heard by all; the hub is agent 0."""

    def heard(self, n_agents: int) -> Flags:
        """Return the wheel with agent 0 in the middle."""
        require_agents("wheel", n_agents, 4)
        wheel = _nobody(n_agents)
        wheel[1:, 0] = True
        rim = np.arange(n_agents - 1)
        wheel[1 + rim, 1 + (rim - 1) % (n_agents - 1)] = True
        return _joined(wheel)


@register("topology", "chain")
@dataclass(frozen=True)
class Chain(Shape):
    """Agents in a line; each hears the one before and the one after.

    Parameters
    ----------
    directed : bool, default False
        Each hears only the one before; agent 0 hears nobody.
    """

    directed: bool = False

    def heard(self, n_agents: int) -> Flags:
        """Return the chain with agent 0 at one end."""
        require_agents("chain", n_agents, 2)
        return _joined(np.eye(n_agents, k=-1, dtype=bool), self.directed)


@register("topology", "ring")
@dataclass(frozen=True)
class Ring(Shape):
    """Agents in a circle; each hears both neighbours.

    Parameters
    ----------
    directed : bool, default False
        Each hears only the one before; agent 0 hears the last one.
    """

    directed: bool = False

    def heard(self, n_agents: int) -> Flags:
        """Return the ring."""
        require_agents("ring", n_agents, 3)
        before = np.roll(np.eye(n_agents, dtype=bool), -1, axis=1)
        return _joined(before, self.directed)


@register("topology", "tree")
@dataclass(frozen=True)
class Tree(Shape):
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

    def heard(self, n_agents: int) -> Flags:
        """Return the tree with agent 0 as its root."""
        require_agents("tree", n_agents, 2)
        tree = _nobody(n_agents)
        children = np.arange(1, n_agents)
        tree[children, (children - 1) // self.branching] = True
        return _joined(tree, self.directed)


@register("topology", "grid")
@dataclass(frozen=True)
class Grid(Shape):
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

    def heard(self, n_agents: int) -> Flags:
        """Return the grid; agent 0 sits in a corner."""
        require_agents("grid", n_agents, 2)
        rows = self._rows(n_agents)
        places = np.arange(n_agents).reshape(rows, -1)
        grid = _nobody(n_agents)
        for axis, length in enumerate(places.shape):
            onward = np.roll(places, -1, axis=axis)
            last = length if self.periodic and length > 2 else length - 1
            kept = (slice(None),) * axis + (slice(last),)
            grid[onward[kept], places[kept]] = True
        return _joined(grid)

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
class Layered(Shape):
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

    def heard(self, n_agents: int) -> Flags:
        """Return the pipeline."""
        sizes = group_sizes("layered", "layers", self.layers, n_agents)
        ends = np.cumsum((0, *sizes)).tolist()
        layers = [slice(start, end) for start, end in pairwise(ends)]
        pipeline = _nobody(n_agents)
        for speakers, listeners in pairwise(layers):
            pipeline[listeners, speakers] = True
        return pipeline
