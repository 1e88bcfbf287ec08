"""Whether the equilibrium is unique, and which closed group has no stubbornness if it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.errors import NotConvergentError

if TYPE_CHECKING:
    from scipy import sparse


Flags = NDArray[np.bool_]

NO_STUBBORNNESS = 1e-12
"""Stubbornness up to which an agent counts as having none."""

NAMED_AGENTS = 10
"""How many agents of a closed group a message names."""


def closed_group(
    influence: Array | sparse.csr_array, anchored: Flags, frozen: Flags
) -> NDArray[np.int64]:
    """Return agents that hear only each other and have no stubbornness among them.

    Parameters
    ----------
    influence : ndarray or scipy.sparse.csr_array of shape (n_agents, n_agents)
        ``influence[listener, speaker]``.
    anchored : ndarray of bool, shape (n_agents,)
        Who holds some stubbornness, or hears nobody and so keeps its belief.
    frozen : ndarray of bool, shape (n_agents,)
        Who listens to nobody although it has speakers: its self-weight is 1.

    Returns
    -------
    ndarray of int
        The first such group, sorted; empty if the equilibrium is unique.

    Notes
    -----
    A closed group is a strongly connected set that listens to nobody outside. Every agent reaches
    one; the equilibrium is unique iff each of them holds some stubbornness.
    """
    from scipy import sparse

    if anchored.all():
        return np.empty(0, dtype=np.int64)
    from scipy.sparse import csgraph

    heard = sparse.coo_array(influence)
    # Who is anchored stops the walk, so what it hears does not matter.
    walks = (heard.data > 0) & ~anchored[heard.row] & ~frozen[heard.row]
    listener, speaker = heard.row[walks], heard.col[walks]
    graph = sparse.csr_array((np.ones(listener.size), (listener, speaker)), shape=heard.shape)
    n_groups, group = csgraph.connected_components(graph, directed=True, connection="strong")
    leaves = group[listener] != group[speaker]
    open_group = np.zeros(n_groups, dtype=bool)
    open_group[group[listener[leaves]]] = True
    open_group[group[anchored]] = True
    stuck = np.flatnonzero(~open_group[group])
    return np.flatnonzero(group == group[stuck[0]]) if stuck.size else stuck


def require_unique(parameters: FJParameters) -> None:
    """Raise unless every setting of the batch has a unique equilibrium.

    Parameters
    ----------
    parameters : FJParameters
        With leading batch axes, or without.

    Raises
    ------
    NotConvergentError
        Names the closed group without stubbornness, and what to do.
    """
    if parameters.stubbornness.min() > NO_STUBBORNNESS:
        return
    anchored = (parameters.stubbornness > NO_STUBBORNNESS) | parameters.hears_nobody
    if anchored.all():
        return
    yielded = (1 - parameters.self_weight) * (1 - parameters.own_share)
    frozen = (yielded <= NO_STUBBORNNESS) & ~anchored
    heard: Any = parameters.influence
    shape = np.broadcast_shapes(frozen.shape, anchored.shape)
    held, stuck = np.broadcast_to(anchored, shape), np.broadcast_to(frozen, shape)
    if heard.ndim > 2:
        heard = np.broadcast_to(heard, (*shape, shape[-1]))
    for where in np.argwhere(~held.all(axis=-1)):
        at = tuple(where)
        require_open(closed_group(heard[at] if heard.ndim > 2 else heard, held[at], stuck[at]))


def require_open(group: NDArray[np.int64]) -> None:
    """Raise if a closed group without stubbornness was found.

    Parameters
    ----------
    group : ndarray of int
        As `closed_group` returns it.

    Raises
    ------
    NotConvergentError
        Unless `group` is empty.
    """
    if not group.size:
        return
    named = ", ".join(str(agent) for agent in group[:NAMED_AGENTS])
    more = f" and {group.size - NAMED_AGENTS} more" if group.size > NAMED_AGENTS else ""
    listen = "hear only each other" if group.size > 1 else "listen to nobody but themselves"
    raise NotConvergentError(
        f"agents [{named}{more}] {listen} and none is stubborn, so their equilibrium is not "
        "unique; give one of them stubbornness > 0, or ask for n_rounds instead of the equilibrium"
    )
