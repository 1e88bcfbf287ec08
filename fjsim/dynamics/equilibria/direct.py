"""Small groups, or many of them, solved by elimination, with a certificate."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.compiling import compiled
from fjsim.dynamics.equilibria.rounding import UNIT, dense_rounding
from fjsim.dynamics.kernels import readonly
from fjsim.dynamics.law.influence import effective_influence
from fjsim.dynamics.law.parameters import FJParameters

Extended = NDArray[np.longdouble]

COMPILED_SETTINGS = 2000
"""Small distinct systems from which the compiled kernel pays for being loaded."""

COMPILED_AGENTS = 20
"""Agents up to which the compiled kernel beats LAPACK."""

UNEVEN_ROWS = 1e-13
"""By how much a row of influence may miss 1 and still be taken as it is."""

ROWS_AT_ONCE = 256
"""Rows of influence that stand in memory in extended precision."""


@dataclass(frozen=True, slots=True, eq=False)
class Eliminated:
    """What elimination found.

    Parameters
    ----------
    beliefs : ndarray of shape (..., n_agents, n_options)
    bound : float
        No entry is further than this from the exact equilibrium; the worst of the batch.
    why : str
        How it was found.
    """

    beliefs: Array
    bound: float
    why: str


def solve_direct(parameters: FJParameters, innate: Array, tolerance: float) -> Eliminated:
    """Eliminate: one compiled pass for many small groups, LAPACK otherwise.

    Parameters
    ----------
    parameters : FJParameters
        With leading batch axes, or without.
    innate : ndarray of shape (..., n_agents, n_options)
    tolerance : float
        Certified error to reach; the bound may exceed it where rounding does not allow better.

    Returns
    -------
    Eliminated
    """
    effective = parameters.effective_stubbornness
    heard = effective_influence(parameters)
    lead = np.broadcast_shapes(parameters.batch_shape, innate.shape[:-2])
    settings = prod(parameters.batch_shape)
    distinct = settings >= COMPILED_SETTINGS and lead == parameters.batch_shape
    if distinct and parameters.n_agents <= COMPILED_AGENTS and effective.min() > 1e-6:
        beliefs, bound = _eliminate_lanes(heard, effective, innate, lead)
        why = f"{settings} small groups, eliminated side by side"
    else:
        beliefs, bound = _factorise(_system(heard, effective), effective, innate, lead)
        why = f"{parameters.n_agents} agents are few enough to factorise"
    if bound > tolerance:
        bound = min(bound, _extended_bound(parameters, innate, beliefs))
    return Eliminated(beliefs, bound, why)


def _system(heard: Array, effective: Array) -> Array:
    return np.asarray(np.eye(heard.shape[-1]) - (1 - effective)[..., None] * heard)


def _eliminate_lanes(
    heard: Array, effective: Array, innate: Array, lead: tuple[int, ...]
) -> tuple[Array, float]:
    """Solve many small systems with the compiled kernel."""
    from fjsim.dynamics.kernels import dense

    n_agents, n_options = innate.shape[-2:]
    beliefs = np.empty((prod(lead), n_agents, n_options))
    worst, size = compiled(dense).solve_lanes(
        _flat(heard, lead, n_agents, n_agents),
        _flat(effective, lead, n_agents),
        _flat(innate, lead, n_agents, n_options),
        beliefs,
    )
    # No exact belief lies outside the innate ones, so that none found is larger than both sizes.
    bound = worst + dense_rounding(n_agents) * (size + worst) / float(effective.min())
    return beliefs.reshape(*lead, n_agents, n_options), bound


def _flat(values: Array, lead: tuple[int, ...], *tail: int) -> Array:
    return readonly(np.broadcast_to(values, (*lead, *tail))).reshape(-1, *tail)


def _factorise(
    system: Array, effective: Array, innate: Array, lead: tuple[int, ...]
) -> tuple[Array, float]:
    """Solve by LAPACK and certify with the better of the two bounds."""
    rhs = effective[..., None] * innate
    n_agents, n_options = rhs.shape[-2:]
    if system.ndim == 2 and rhs.ndim > 2:
        # Many questions for one group: one factorisation, one product.
        columns = np.moveaxis(rhs, -2, 0).reshape(n_agents, -1)
        solved = np.linalg.solve(system, columns).reshape(n_agents, *rhs.shape[:-2], n_options)
        beliefs = np.moveaxis(solved, 0, -2)
        left = np.moveaxis((columns - system @ solved.reshape(n_agents, -1)), 0, -1)
        worst = np.abs(left).reshape(-1, n_agents).max(axis=0)
    else:
        beliefs = np.linalg.solve(system, np.broadcast_to(rhs, (*lead, *rhs.shape[-2:])))
        worst = np.abs(rhs - system @ beliefs).max(axis=-1)
    size = float(np.abs(innate).max())
    return np.ascontiguousarray(beliefs), direct_bound(system, effective, worst, size)


def direct_bound(system: Array, effective: Array, worst: Array, size: float = 0.0) -> float:
    """Certify residuals through stubbornness or a comparison vector.

    Parameters
    ----------
    system : ndarray of shape (..., n_agents, n_agents)
        An M-matrix, as it was rounded.
    effective : ndarray of shape (..., n_agents)
        Effective stubbornness: what the rows of the system sum to.
    worst : ndarray of shape (..., n_agents)
        Size of each agent's residual.
    size : float, default 0.0
        Size of the largest innate belief: residuals were rounded in double precision; 0 for those
        that bound rounding themselves.

    Returns
    -------
    float
        Bound on the error of every belief; infinite where neither decides.

    Notes
    -----
    No exact belief is larger than the innate ones, so what was found is at most `size` and the
    bound. The bound stands on both sides and is solved for.
    """
    rounding = dense_rounding(system.shape[-1])
    least = float(effective.min())
    if least > 1e-3:
        found = float((worst / effective).max(initial=0))
        return found + rounding * (size + found) / least if size else found
    lifetime = np.linalg.solve(system, np.ones((*system.shape[:-1], 1)))
    longest = lifetime[..., 0].max(axis=-1)
    drop = (system @ lifetime)[..., 0] - (rounding * longest)[..., None]
    if (lifetime <= 0).any() or (drop <= 0).any():
        return float("inf")
    found = float(np.max(longest * (worst / drop).max(axis=-1), initial=0))
    inverse = float((longest / drop.min(axis=-1)).max())
    lost = rounding * inverse if size else 0.0
    # Rows may sum to a little more than 1, which lets exact beliefs outgrow the innate ones.
    largest = size * (1 + 2 * UNEVEN_ROWS * inverse)
    return (found + lost * largest) / (1 - lost) if lost < 0.01 else float("inf")


def _extended_bound(parameters: FJParameters, innate: Array, beliefs: Array) -> float:
    """Certify anew from the law itself, in extended precision where the machine has it."""
    effective = parameters.effective_stubbornness
    system = _system(effective_influence(parameters), effective)
    worst = _extended_residual(parameters, innate, beliefs)
    if system.ndim == 2:
        worst = worst.reshape(-1, worst.shape[-1]).max(axis=0)
    return direct_bound(system, effective, worst)


def _extended_residual(parameters: FJParameters, innate: Array, beliefs: Array) -> Array:
    """Bound each agent's residual in the scale of the system; shape (..., n_agents)."""
    unit = max(float(np.finfo(np.longdouble).eps) / 2, UNIT * 2.0**-40)
    held, own, loop = (
        values[..., None].astype(np.longdouble)
        for values in (parameters.stubbornness, parameters.self_weight, parameters.own_share)
    )
    last, anchor = beliefs.astype(np.longdouble), innate.astype(np.longdouble)
    heard = _extended_product(parameters.dense_influence(), last)
    change = held * (anchor - last) + (1 - held) * (1 - own) * (heard - last)
    share = held + (1 - held) * (1 - own) * (1 - loop)
    deaf = parameters.hears_nobody[..., None]
    residual = np.where(deaf, anchor - last, change / np.where(deaf, 1, share))
    size = np.maximum(np.abs(beliefs).max(axis=(-2, -1)), np.abs(innate).max(axis=(-2, -1)))
    rounding = dense_rounding(parameters.n_agents) / UNIT * unit * size[..., None, None]
    worst = np.abs(residual) + rounding / np.where(deaf, 1, share)
    # One step up: the way back to double precision must not lose anything.
    return np.asarray(np.nextafter(worst.max(axis=-1).astype(float), np.inf))


def _extended_product(influence: Array, beliefs: Extended) -> Extended:
    """Multiply in extended precision, few rows at a time."""
    blocks = [
        influence[..., first : first + ROWS_AT_ONCE, :].astype(np.longdouble) @ beliefs
        for first in range(0, influence.shape[-2], ROWS_AT_ONCE)
    ]
    return np.concatenate(blocks, axis=-2)
