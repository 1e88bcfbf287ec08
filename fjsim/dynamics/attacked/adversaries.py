"""A group with adversaries in some seats, as parameters of the law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array
from fjsim.dynamics.law.gates import gated
from fjsim.dynamics.law.graphs import hub_seat, leaf_seat
from fjsim.dynamics.law.influence import effective_influence
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.dynamics.law.rollout import Residual, rollout
from fjsim.dynamics.law.sparsity import is_sparse
from fjsim.dynamics.law.stability import require_unique
from fjsim.errors import ParameterError

if TYPE_CHECKING:
    import networkx as nx
    from scipy import sparse

    Topology = str | nx.Graph[Any] | ArrayLike | sparse.sparray | sparse.spmatrix
    Influence = Array | sparse.csr_array


def influence_of(topology: Topology, n_agents: int | None = None, seed: int = 0) -> Influence:
    """Return the influence matrix of a topology, however it is given.

    Parameters
    ----------
    topology : str, networkx graph, array-like or scipy.sparse
        A registered name, a graph, or an influence matrix ``[listener, speaker]``.
    n_agents : int, optional
        How many agents; needed with a name, checked otherwise.
    seed : int, default 0
        For random topologies.

    Returns
    -------
    ndarray or scipy.sparse.csr_array of shape (n_agents, n_agents)

    Raises
    ------
    UnknownNameError
        If no topology has that name.
    ParameterError
        If the number of agents is missing or does not fit, or the matrix is no influence.
    """
    if isinstance(topology, str):
        return _registered(topology, n_agents, seed)
    influence = FJParameters(0.0, influence=topology).influence
    if influence.ndim != 2:
        raise ParameterError(f"takeover takes one influence matrix; got shape {influence.shape}")
    if n_agents is not None and influence.shape[0] != n_agents:
        raise ParameterError(f"the graph has {influence.shape[0]} agents, not {n_agents}")
    return influence


def _registered(name: str, n_agents: int | None, seed: int) -> Array:
    """Ask the registry for a topology and the seed for its random stream."""
    from fjsim.registry import build
    from fjsim.seeds import stream

    if n_agents is None:
        raise ParameterError(f"topology '{name}' needs n_agents")
    topology = build("topology", {"kind": name})
    influence: Array = topology.influence(n_agents, stream(seed, "topology"))
    return influence


def resolve_seats(influence: Influence, seats: Sequence[int | str]) -> tuple[int, ...]:
    """Turn hub, leaf and indices into seat numbers.

    Parameters
    ----------
    influence : ndarray or scipy.sparse.csr_array of shape (n_agents, n_agents)
        ``influence[listener, speaker]``.
    seats : sequence of int or {"hub", "leaf"}
        An index may be given as text.

    Returns
    -------
    tuple of int
        In the given order.

    Raises
    ------
    ParameterError
        If a seat does not exist or is taken twice, none is given, or no agent is left benign.
    """
    n_agents = int(influence.shape[0])
    found = tuple(_seat(influence, seat) for seat in seats)
    for seat in found:
        if not 0 <= seat < n_agents:
            raise ParameterError(
                f"there is no seat {seat}; {n_agents} agents have 0 .. {n_agents - 1}"
            )
    if len(set(found)) != len(found):
        raise ParameterError(f"seats {list(found)} name one seat twice")
    if not found or len(found) >= n_agents:
        raise ParameterError(
            f"{len(found)} adversaries among {n_agents} agents: at least one adversary and one "
            "benign agent are needed"
        )
    return found


def _seat(influence: Influence, seat: int | str) -> int:
    if seat == "hub":
        return hub_seat(influence)
    if seat == "leaf":
        return leaf_seat(influence)
    try:
        return int(seat)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"a seat is 'hub', 'leaf' or an index; got {seat!r}") from error


def attacked_parameters(
    influence: Influence,
    seats: tuple[int, ...],
    stubbornness: ArrayLike,
    self_weight: ArrayLike,
    adversary_stubbornness: float = 1.0,
) -> FJParameters:
    """Put adversaries into seats: their stubbornness is theirs, their self-weight 0.

    Parameters
    ----------
    influence : ndarray or scipy.sparse.csr_array of shape (n_agents, n_agents)
    seats : tuple of int
    stubbornness, self_weight : float or array-like of shape (n_agents,)
        Parameters of the benign agents.
    adversary_stubbornness : float, default 1.0
        In [0, 1].

    Returns
    -------
    FJParameters
    """
    benign = FJParameters(stubbornness, self_weight, influence=influence)
    if benign.batch_shape:
        raise ParameterError("takeover takes one stubbornness and self_weight per agent")
    held, own = benign.stubbornness.copy(), benign.self_weight.copy()
    held[list(seats)] = adversary_stubbornness
    own[list(seats)] = 0.0
    return FJParameters(held, own, influence=benign.influence)


def persuasive_adversaries(
    parameters: FJParameters, seats: tuple[int, ...], persuasiveness: float
) -> FJParameters:
    """Multiply the adversaries' weights with the benign agents, whose rows are renormalised.

    Parameters
    ----------
    parameters : FJParameters
        Adversaries seated.
    seats : tuple of int
    persuasiveness : float
        > 0; 1 changes nothing.

    Returns
    -------
    FJParameters
    """
    return trust_adversaries(parameters, seats, persuasiveness, "renormalise")


def trust_adversaries(
    parameters: FJParameters, seats: tuple[int, ...], trust: float, residual: Residual
) -> FJParameters:
    """Multiply what the benign agents hear from the seats by some trust.

    Parameters
    ----------
    parameters : FJParameters
        Adversaries seated.
    seats : tuple of int
    trust : float
        1 changes nothing.
    residual : {"innate", "self", "renormalise"}
        Where the lost weight goes.

    Returns
    -------
    FJParameters
    """
    if trust == 1:
        return parameters
    gate = np.ones((parameters.n_agents, parameters.n_agents))
    gate[:, list(seats)] = trust
    gate[list(seats), :] = 1.0
    return gated(parameters, gate, residual)


def absorbed(parameters: FJParameters, seats: tuple[int, ...], n_rounds: int | None) -> Array:
    """Return each agent's weight on the seats' innate beliefs, NaN at the seats.

    Parameters
    ----------
    parameters : FJParameters
        Adversaries seated; no batch.
    seats : tuple of int
    n_rounds : int, optional
        After how many rounds; None for the equilibrium.

    Returns
    -------
    ndarray of shape (n_agents,)

    Raises
    ------
    NotConvergentError
        If the equilibrium is asked for and not unique.
    """
    innate = np.zeros(parameters.n_agents)
    innate[list(seats)] = 1.0
    if n_rounds is not None:
        reached = rollout(parameters, innate, n_rounds)[-1]
    else:
        reached = _solve_absorbed(parameters, innate)
    result = np.array(reached)
    result[list(seats)] = np.nan
    return result


def _solve_absorbed(parameters: FJParameters, innate: Array) -> Array:
    """Solve the equilibrium of an indicator, directly."""
    require_unique(parameters)
    effective = parameters.effective_stubbornness
    if not is_sparse(parameters.influence):
        walk = (1 - effective)[:, None] * effective_influence(parameters)
        return np.asarray(np.linalg.solve(np.eye(innate.size) - walk, effective * innate))
    own = np.where(parameters.hears_nobody, 0.0, parameters.own_share)
    from scipy import sparse
    from scipy.sparse import linalg

    leaves = sparse.diags_array((1 - effective) / (1 - own))
    walk_on = leaves @ (parameters.influence - sparse.diags_array(parameters.own_share))
    system = sparse.eye_array(innate.size) - walk_on
    return np.asarray(linalg.spsolve(sparse.csc_array(system), effective * innate))
