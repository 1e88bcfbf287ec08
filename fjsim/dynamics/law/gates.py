"""Trust that stays the same: gated parameters written as ordinary ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.dynamics.law.rollout import Residual
from fjsim.errors import ParameterError


def gated(parameters: FJParameters, gate: ArrayLike, residual: Residual = "innate") -> FJParameters:
    r"""Return ungated parameters that act exactly as gated ones do.

    Parameters
    ----------
    parameters : FJParameters
        With leading batch axes, or without; sparse influence becomes dense.
    gate : array-like of shape (..., n_agents, n_agents)
        Trust >= 0 that multiplies influence, ``gate[listener, speaker]``; at most 1 unless the
        residual is "renormalise", where only ratios count.
    residual : {"innate", "self", "renormalise"}, default "innate"
        Where the lost weight goes, as for `rollout`.

    Returns
    -------
    FJParameters

    Raises
    ------
    ParameterError
        If a gate is negative, NaN, or above 1 where that makes no sense.

    Notes
    -----
    With :math:`g_i = \sum_j w_{ij}\varphi_{ij}` kept, an innate residual raises stubbornness,
    :math:`1-\gamma'_i = (1-\gamma_i)(\alpha_i + (1-\alpha_i)g_i)`; a residual on the own last
    belief goes to the diagonal of influence.
    """
    trust = np.asarray(gate, dtype=float)
    highest = np.inf if residual == "renormalise" else 1.0
    if not ((trust >= 0) & (trust <= highest) & np.isfinite(trust)).all():
        raise ParameterError(f"every gate must be a number in [0, {highest:g}]")
    influence = parameters.dense_influence()
    heard = influence * trust
    kept = heard.sum(axis=-1)
    scale = np.divide(1.0, kept, out=np.zeros_like(kept), where=kept > 0)
    if residual == "renormalise":
        return _replaced(parameters, influence=heard * scale[..., None])
    # Rounding can leave a row with a little more than 1, and no weight may be negative.
    kept = np.minimum(kept, 1.0)
    if residual == "self":
        lost = np.where((influence == 0).all(axis=-1), 0.0, 1 - kept)
        own = lost[..., None] * np.eye(parameters.n_agents)
        return _replaced(parameters, influence=heard + own)
    kept = np.where(parameters.hears_nobody, 1.0, kept)
    free = parameters.self_weight + (1 - parameters.self_weight) * kept
    own_share = np.divide(
        np.broadcast_to(parameters.self_weight, free.shape),
        free,
        out=np.zeros_like(free),
        where=free > 0,
    )
    return FJParameters(
        1 - (1 - parameters.stubbornness) * free,
        own_share,
        influence=heard * scale[..., None],
    )


def _replaced(parameters: FJParameters, influence: Array) -> FJParameters:
    return FJParameters(parameters.stubbornness, parameters.self_weight, influence=influence)
