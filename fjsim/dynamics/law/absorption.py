"""What one agent will think, estimated by walks through its neighbourhood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fjsim.beliefs import Array
from fjsim.compiling import compiled
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.dynamics.law.rollout import as_innate
from fjsim.dynamics.law.sparsity import is_sparse
from fjsim.dynamics.law.stability import require_unique
from fjsim.errors import ParameterError
from fjsim.seeds import stream

if TYPE_CHECKING:
    from scipy import sparse


@dataclass(frozen=True, slots=True, eq=False)
class AbsorptionEstimate:
    """One agent's belief, estimated.

    Parameters
    ----------
    belief : ndarray of shape (n_options,), or float for scalar opinions
    standard_error : ndarray of shape (n_options,), or float
        Standard error of the mean over walks.
    ends : ndarray of int, shape (n_walks,)
        Agent whose innate belief each walk found: its frequencies estimate a row of
        `total_influence`.
    n_visited : int
        How many agents any walk touched.
    """

    belief: Array | float
    standard_error: Array | float
    ends: NDArray[np.int64]
    n_visited: int


def estimate_belief(
    parameters: FJParameters,
    innate: ArrayLike,
    agent: int,
    *,
    n_rounds: int | None = None,
    n_walks: int = 10_000,
    seed: int = 0,
) -> AbsorptionEstimate:
    r"""Estimate what one agent will think, touching only those it hears from.

    Parameters
    ----------
    parameters : FJParameters
        Without batch axes; sparse influence for large networks.
    innate : array-like of shape (n_agents, n_options) or (n_agents,)
    agent : int
        Whom to ask about.
    n_rounds : int, optional
        After how many rounds; default at equilibrium.
    n_walks : int, default 10_000
        >= 2; the error falls with its square root.
    seed : int, default 0

    Returns
    -------
    AbsorptionEstimate

    Raises
    ------
    NotConvergentError
        If the equilibrium is asked for and not unique.
    ParameterError
        If there is no such agent, too few walks, or shapes do not fit.

    Notes
    -----
    The law read backwards: a walk stops at agent i with probability :math:`\gamma_i` and returns
    its innate belief, waits with :math:`(1-\gamma_i)\alpha_i`, or moves on to a speaker. At
    equilibrium waiting drops out and it stops with :math:`e_i`; after T rounds it stops where it
    stands. Expected length of a walk: at most :math:`1/\min e_i`.

    Examples
    --------
    >>> p = FJParameters(0.5, influence=[[0, 1], [1, 0]])
    >>> found = estimate_belief(p, [0.0, 1.0], agent=0)
    >>> abs(found.belief - 1 / 3) < 5 * found.standard_error
    True
    """
    anchored, scalar = as_innate(parameters, innate)
    _require(parameters, anchored, agent, n_walks)
    if n_rounds is None:
        require_unique(parameters)
    from fjsim.dynamics.kernels import walks

    shares, stop, stay = _walk_rule(parameters, n_rounds)
    ends = np.empty(n_walks, dtype=np.int64)
    visited = np.zeros(parameters.n_agents, dtype=bool)
    draw = int(stream(seed, "absorption", agent).integers(2**32))
    compiled(walks).absorb(
        shares.indptr,
        shares.indices,
        shares.data,
        stop,
        stay,
        int(agent),
        -1 if n_rounds is None else int(n_rounds),
        draw,
        ends,
        visited,
    )
    found = anchored[ends]
    belief, error = found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(n_walks)
    n_visited = int(visited.sum())
    if scalar:
        return AbsorptionEstimate(float(belief[0]), float(error[0]), ends, n_visited)
    return AbsorptionEstimate(belief, error, ends, n_visited)


def _require(parameters: FJParameters, innate: Array, agent: int, n_walks: int) -> None:
    if parameters.batch_shape or innate.ndim != 2:
        raise ParameterError("estimate_belief takes one setting and one question at a time")
    if not 0 <= agent < parameters.n_agents:
        raise ParameterError(f"there is no agent {agent}; there are {parameters.n_agents}")
    if n_walks < 2:
        raise ParameterError(f"n_walks must be at least 2; got {n_walks}")


def _walk_rule(
    parameters: FJParameters, n_rounds: int | None
) -> tuple[sparse.csr_array, Array, Array]:
    """Return influence, the chance to stop and the chance to stay, per agent."""
    from scipy import sparse

    shares = parameters.influence
    if not is_sparse(shares):
        shares = sparse.csr_array(shares)
    deaf = parameters.hears_nobody
    if n_rounds is not None:
        stop = np.ascontiguousarray(parameters.stubbornness)
        return shares, stop, (1 - stop) * np.where(deaf, 1.0, parameters.self_weight)
    # A self-loop is one more way to wait, and waiting does not change where a walk ends.
    own = np.where(deaf, 0.0, parameters.own_share)
    effective = parameters.effective_stubbornness
    stop = effective * (1 - own) / (1 - effective * own)
    return shares, np.where(deaf, 1.0, stop), np.zeros_like(stop)
