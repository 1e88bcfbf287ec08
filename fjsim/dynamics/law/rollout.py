"""The law in motion: beliefs round after round."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array
from fjsim.compiling import compiled
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.dynamics.law.sparsity import is_sparse
from fjsim.errors import ParameterError

if TYPE_CHECKING:
    from scipy import sparse


Residual = Literal["innate", "self", "renormalise"]

COMPILED_WORK = 20_000_000
"""Multiply-adds from which loading the compiled kernel pays for itself."""


def rollout(
    parameters: FJParameters,
    innate: ArrayLike,
    n_rounds: int,
    gates: ArrayLike | None = None,
    initial: ArrayLike | None = None,
    residual: Residual = "innate",
) -> Array:
    r"""Play the law for some rounds and return the beliefs of every round.

    Parameters
    ----------
    parameters : FJParameters
        With leading batch axes, or without.
    innate : array-like of shape (..., n_agents, n_options) or (..., n_agents)
        What each agent is anchored on: beliefs, or scalar opinions. Leading axes broadcast
        against the parameters'. Where ``n_options == n_agents`` a square array is read as
        beliefs; give scalar opinions as ``opinions[..., None]`` there.
    n_rounds : int
        How many rounds, >= 0.
    gates : array-like of shape (n_agents, n_agents) or (..., n_rounds, n_agents, n_agents)
        Trust in [0, 1] by which influence is multiplied, ``gates[listener, speaker]``; in the
        third-last axis one per round. Default: all trust.
    initial : array-like, optional
        Beliefs of round 0, shaped like `innate`; default the innate beliefs.
    residual : {"innate", "self", "renormalise"}, default "innate"
        Where the weight goes that a gate takes away: to the listener's innate belief, to its own
        last belief, or to the speakers it still hears (to its own last belief if there is none).
        For the default of `takeover` see there.

    Returns
    -------
    ndarray of shape (..., n_rounds + 1, n_agents[, n_options])
        Round 0 first.

    Raises
    ------
    ParameterError
        If shapes do not fit, a number is NaN, a gate lies outside [0, 1] or `n_rounds` < 0.

    Notes
    -----
    Costs one product with the influence matrix per round, for all settings of the batch at once.
    The law stands at `FJParameters`; a gate :math:`\varphi` and the residual belief
    :math:`r_i` turn :math:`\sum_j w_{ij} b_j` into
    :math:`\sum_j w_{ij}[\varphi_{ij} b_j + (1-\varphi_{ij}) r_i]`.

    Examples
    --------
    >>> p = FJParameters(0.5, influence=[[0, 1], [1, 0]])
    >>> rollout(p, [0.0, 1.0], n_rounds=2).tolist()
    [[0.0, 1.0], [0.5, 0.5], [0.25, 0.75]]
    """
    anchored, scalar = as_innate(parameters, innate)
    rounds = _as_rounds(n_rounds)
    start = anchored
    if initial is not None:
        start, scalar_start = as_innate(parameters, initial, name="initial")
        if scalar_start != scalar:
            raise ParameterError("initial must be shaped like innate, with or without options")
    trust = None if gates is None else _as_gates(gates, parameters.n_agents, rounds)
    _require_residual(residual)
    path = _play(parameters, anchored, start, rounds, trust, residual)
    return path[..., 0] if scalar else path


def step(
    parameters: FJParameters,
    beliefs: ArrayLike,
    innate: ArrayLike,
    gate: ArrayLike | None = None,
    residual: Residual = "innate",
) -> Array:
    """Apply the law once.

    Parameters
    ----------
    parameters : FJParameters
        With leading batch axes, or without.
    beliefs, innate : array-like of shape (..., n_agents, n_options) or (..., n_agents)
        The last beliefs, and what each agent is anchored on.
    gate : array-like of shape (..., n_agents, n_agents), optional
        Trust in [0, 1], ``gate[listener, speaker]``; default all trust.
    residual : {"innate", "self", "renormalise"}, default "innate"
        Where ungated weight goes, see `rollout`.

    Returns
    -------
    ndarray of the broadcast shape of `beliefs` and `innate`

    Raises
    ------
    ParameterError
        If shapes do not fit, a number is NaN or a gate lies outside [0, 1].
    """
    anchored, scalar = as_innate(parameters, innate)
    last, scalar_last = as_innate(parameters, beliefs, name="beliefs")
    if scalar_last != scalar:
        raise ParameterError("beliefs must be shaped like innate, with or without options")
    _require_residual(residual)
    trust = None if gate is None else _as_gates(gate, parameters.n_agents, None)
    after = _step(parameters, last, anchored, trust, residual)
    return after[..., 0] if scalar else after


def as_innate(
    parameters: FJParameters, given: ArrayLike, name: str = "innate"
) -> tuple[Array, bool]:
    """Read beliefs or scalar opinions; scalars get an option axis of length 1.

    Parameters
    ----------
    parameters : FJParameters
        Says how many agents there are.
    given : array-like of shape (..., n_agents, n_options) or (..., n_agents)
        Finite numbers.
    name : str, default "innate"
        What to call it in an error.

    Returns
    -------
    beliefs : ndarray of shape (..., n_agents, n_options)
    scalar : bool
        Whether `given` had no option axis.

    Raises
    ------
    ParameterError
        If no axis fits the agents, or a number is NaN or infinite.
    """
    try:
        values = np.asarray(given, dtype=float)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name} must be numbers; got {type(given).__name__}") from error
    n_agents = parameters.n_agents
    as_beliefs = values.ndim >= 2 and values.shape[-2] == n_agents
    as_scalars = values.ndim >= 1 and values.shape[-1] == n_agents
    if not (as_beliefs or as_scalars):
        raise ParameterError(
            f"{name} has shape {values.shape}; {n_agents} agents need (..., {n_agents}) for "
            f"opinions or (..., {n_agents}, n_options) for beliefs"
        )
    if as_beliefs and as_scalars and parameters.batch_shape[-1:] == (n_agents,):
        raise ParameterError(
            f"{name} of shape {values.shape} could be a batch of opinions or beliefs over "
            f"{n_agents} options; give opinions as {name}[..., None]"
        )
    if not np.isfinite(values).all():
        raise ParameterError(f"{name} holds NaN or infinity; every belief must be a number")
    beliefs = values if as_beliefs else values[..., None]
    try:
        np.broadcast_shapes(beliefs.shape[:-2], parameters.batch_shape)
    except ValueError as error:
        raise ParameterError(
            f"the leading axes of {name}, {beliefs.shape[:-2]}, do not broadcast against the "
            f"parameters' {parameters.batch_shape}"
        ) from error
    return beliefs, not as_beliefs


def _as_rounds(n_rounds: int) -> int:
    if isinstance(n_rounds, bool) or not isinstance(n_rounds, int | np.integer) or n_rounds < 0:
        raise ParameterError(f"n_rounds must be a whole number >= 0; got {n_rounds!r}")
    return int(n_rounds)


def _require_residual(residual: str) -> None:
    if residual not in ("innate", "self", "renormalise"):
        raise ParameterError(
            f"residual must be 'innate', 'self' or 'renormalise'; got {residual!r}"
        )


def _as_gates(gates: ArrayLike, n_agents: int, n_rounds: int | None) -> Array:
    """Check gates; with `n_rounds`, bring a constant gate to (1, n_agents, n_agents)."""
    trust = np.asarray(gates, dtype=float)
    if trust.ndim < 2 or trust.shape[-2:] != (n_agents, n_agents):
        raise ParameterError(
            f"gates have shape {trust.shape}; {n_agents} agents need ({n_agents}, {n_agents}), "
            "one (listener, speaker) table, with one per round in the axis before"
        )
    if not ((trust >= 0) & (trust <= 1)).all():
        raise ParameterError("every gate must lie in [0, 1] and not be NaN")
    if n_rounds is None:
        return trust
    trust = trust[None] if trust.ndim == 2 else trust
    if trust.shape[-3] not in (1, n_rounds):
        raise ParameterError(f"there are {trust.shape[-3]} gates for {n_rounds} rounds")
    return trust


def _play(
    parameters: FJParameters,
    innate: Array,
    start: Array,
    n_rounds: int,
    gates: Array | None,
    residual: Residual,
) -> Array:
    """Return the path, shape (..., n_rounds + 1, n_agents, n_options)."""
    lead = np.broadcast_shapes(
        parameters.batch_shape,
        innate.shape[:-2],
        start.shape[:-2],
        () if gates is None else gates.shape[:-3],
    )
    n_agents, n_options = np.broadcast_shapes(innate.shape[-2:], start.shape[-2:])
    path = np.empty((*lead, n_rounds + 1, n_agents, n_options))
    path[..., 0, :, :] = start
    work = prod(lead) * n_rounds * n_agents**2 * n_options
    distinct = parameters.influence.ndim > 2 and n_agents <= 64
    if gates is None and distinct and work >= COMPILED_WORK:
        return _play_compiled(parameters, innate, path)
    for t in range(n_rounds):
        gate = None if gates is None else gates[..., min(t, gates.shape[-3] - 1), :, :]
        path[..., t + 1, :, :] = _step(parameters, path[..., t, :, :], innate, gate, residual)
    return path


def _play_compiled(parameters: FJParameters, innate: Array, path: Array) -> Array:
    """Fill the path with the compiled kernel, one setting per lane."""
    from fjsim.dynamics.kernels import dense, readonly

    lead, (rounds, n_agents, n_options) = path.shape[:-3], path.shape[-3:]

    def flat(values: Array, *tail: int) -> Array:
        shape = (*lead, *tail)
        return readonly(np.broadcast_to(values, shape)).reshape(-1, *tail)

    compiled(dense).rollouts(
        flat(parameters.dense_influence(), n_agents, n_agents),
        flat(parameters.stubbornness, n_agents),
        flat(parameters.kept_share, n_agents),
        flat(parameters.heard_share, n_agents),
        flat(innate, n_agents, n_options),
        path.reshape(-1, rounds, n_agents, n_options),
    )
    return path


def _step(
    parameters: FJParameters,
    beliefs: Array,
    innate: Array,
    gate: Array | None,
    residual: Residual,
) -> Array:
    """One round on checked arrays of shape (..., n_agents, n_options)."""
    heard = _heard(parameters, beliefs, innate, gate, residual)
    held = parameters.stubbornness[..., None] * innate
    kept = parameters.kept_share[..., None] * beliefs
    return np.asarray(held + kept + parameters.heard_share[..., None] * heard)


def _heard(
    parameters: FJParameters,
    beliefs: Array,
    innate: Array,
    gate: Array | None,
    residual: Residual,
) -> Array:
    """Return what each listener takes from its peers, residual included; any value if deaf."""
    if gate is None:
        return listen(parameters.influence, beliefs)
    trusted, kept = _gated(parameters.influence, gate)
    heard = listen(trusted, beliefs)
    if residual == "renormalise":
        share = np.where(kept > 0, kept, 1.0)
        return np.where(kept <= 0, beliefs, heard / share)
    lost = beliefs if residual == "self" else innate
    return np.asarray(heard + (1 - kept) * lost)


def _gated(
    influence: Array | sparse.csr_array, gate: Array
) -> tuple[Array | sparse.csr_array, Array]:
    """Return the gated influence and how much of each listener's row is left."""
    if is_sparse(influence):
        if gate.ndim > 2:
            raise ParameterError("a batch of gates needs dense influence; use .toarray()")
        trusted: Any = influence.multiply(gate).tocsr()
        return trusted, np.asarray(trusted.sum(axis=1), dtype=float).reshape(-1, 1)
    dense = influence * gate
    return dense, dense.sum(axis=-1, keepdims=True)


def listen(influence: Array | sparse.csr_array, beliefs: Array) -> Array:
    """Return the influence-weighted mean of the speakers' beliefs.

    Parameters
    ----------
    influence : ndarray of shape (..., n_agents, n_agents) or scipy.sparse.csr_array
        ``influence[listener, speaker]``.
    beliefs : ndarray of shape (..., n_agents, n_options)

    Returns
    -------
    ndarray of shape (..., n_agents, n_options)
    """
    if influence.ndim > 2:
        return np.asarray(influence @ beliefs)
    if beliefs.ndim == 2:
        if beliefs.shape[1] == 1:
            # A vector product is several times faster than one with a single column.
            return np.asarray(influence @ beliefs[:, 0])[:, None]
        return np.asarray(influence @ beliefs)
    # One product for the whole batch: the agents' axis first, everything else a column.
    lead, (n_agents, n_options) = beliefs.shape[:-2], beliefs.shape[-2:]
    columns = np.moveaxis(beliefs, -2, 0).reshape(n_agents, -1)
    heard = np.asarray(influence @ columns).reshape(n_agents, *lead, n_options)
    return np.moveaxis(heard, 0, -2)
