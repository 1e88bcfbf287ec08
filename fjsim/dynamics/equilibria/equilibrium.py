"""Where the beliefs end up: the equilibrium, with a certificate and the reason for the solver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array
from fjsim.dynamics.equilibria.direct import solve_direct
from fjsim.dynamics.equilibria.iterative import (
    Progress,
    Solution,
    conjugate_gradients,
    gauss_seidel,
    residual_of,
    stabilised_gradients,
    start_near_mean,
)
from fjsim.dynamics.equilibria.rounding import ATTAINABLE, SPARSE
from fjsim.dynamics.law.parameters import FJParameters
from fjsim.dynamics.law.rollout import as_innate
from fjsim.dynamics.law.sparsity import is_sparse
from fjsim.dynamics.law.stability import (
    NO_STUBBORNNESS,
    closed_group,
    require_open,
    require_unique,
)
from fjsim.dynamics.networks.network import Network, System, system_of_network, system_of_parameters
from fjsim.errors import ParameterError
from fjsim.html_table import html_table
from fjsim.readonly import ReadOnlyArrays

Solver = Literal["auto", "direct", "conjugate-gradients", "bicgstab", "gauss-seidel"]

EVEN = 1e-12
"""Relative spread up to which the options of all agents count as having one sum, as beliefs do."""

DIRECT_DENSE = 3000
"""Agents up to which a dense system is factorised."""

DIRECT_SPARSE = 200
"""Agents up to which a sparse system is made dense and factorised."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Equilibrium(ReadOnlyArrays):
    """Beliefs that the law leaves unchanged, and how sure that is.

    Parameters
    ----------
    beliefs : ndarray of shape (..., n_agents[, n_options])
        Shaped like the innate beliefs, batch axes broadcast.
    error_bound : float
        No entry of `beliefs` is further than this from the exact equilibrium; worst of the batch.
    solver : str
        Which method found it.
    iterations : int
        Its iterations, summed over the options; 0 for a direct solve.
    why : str
        Why that solver.
    """

    beliefs: Array
    error_bound: float
    solver: str
    iterations: int
    why: str

    def __repr__(self) -> str:
        return (
            f"Equilibrium(shape={self.beliefs.shape}, error_bound={self.error_bound:.3g}, "
            f"solver={self.solver!r}, iterations={self.iterations})"
        )

    def _repr_html_(self) -> str:
        rows = [
            ("beliefs", f"array of shape {self.beliefs.shape}"),
            ("error bound", f"{self.error_bound:.3g}"),
            ("solver", f"{self.solver}: {self.why}"),
            ("iterations", self.iterations),
        ]
        return html_table(("", "equilibrium"), rows)


def equilibrium(
    parameters: FJParameters,
    innate: ArrayLike,
    tolerance: float = 1e-8,
    *,
    solver: Solver = "auto",
    progress: Progress | None = None,
) -> Equilibrium:
    r"""Return the beliefs at which the law comes to rest.

    Parameters
    ----------
    parameters : FJParameters
        With leading batch axes (dense influence), or without.
    innate : array-like of shape (..., n_agents, n_options) or (..., n_agents)
        What each agent is anchored on, see `rollout`.
    tolerance : float, default 1e-8
        Largest certified error allowed, > 0.
    solver : {"auto", "direct", "conjugate-gradients", "bicgstab", "gauss-seidel"}
        Default "auto": the fastest that fits, named in the result.
    progress : callable, optional
        Called with iteration and certified error by iterative solvers.

    Returns
    -------
    Equilibrium

    Raises
    ------
    NotConvergentError
        If a closed group of agents has no stubbornness; the message names it.
    ParameterError
        If shapes do not fit, a number is NaN, or the tolerance is below what rounding allows.

    Notes
    -----
    Self-weights drop out: :math:`b = E s + (I-E) W b` with effective stubbornness :math:`E`.
    The certificate is :math:`\max_i (|r_i|+\rho_i)/e_i \ge \|b-b^*\|_\infty` for the computed
    residual :math:`r` and a bound :math:`\rho` on its rounding errors
    (`fjsim.dynamics.equilibria.rounding`);
    where some :math:`e_i` is (nearly) 0 it is :math:`\max_i z_i \max_i (|r_i|+\rho_i)/d_i` with a
    comparison vector :math:`z > 0`, :math:`d = (I-(I-E)W)z > 0` [1]_.

    References
    ----------
    .. [1] N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., SIAM 2002,
       section 8.2 (M-matrices).

    Examples
    --------
    >>> p = FJParameters(0.5, influence=[[0, 1], [1, 0]])
    >>> equilibrium(p, [0.0, 1.0]).beliefs.round(3).tolist()
    [0.333, 0.667]
    """
    anchored, scalar = as_innate(parameters, innate)
    _require_tolerance(tolerance)
    if solver not in ("auto", "direct", "conjugate-gradients", "bicgstab", "gauss-seidel"):
        raise ParameterError(f"there is no solver {solver!r}")
    require_unique(parameters)
    limit = DIRECT_SPARSE if is_sparse(parameters.influence) else DIRECT_DENSE
    direct = parameters.batch_shape or parameters.n_agents <= limit
    if solver == "direct" or (solver == "auto" and direct):
        done = solve_direct(parameters, anchored, tolerance)
        found = _checked(Equilibrium(done.beliefs, done.bound, "direct", 0, done.why), tolerance)
    elif parameters.batch_shape:
        raise ParameterError("an iterative solver takes one setting at a time; use 'direct'")
    else:
        if not is_sparse(parameters.influence):
            parameters = _in_sparse_form(parameters)
        system = system_of_parameters(parameters)
        found = _solve_options(system, anchored, tolerance, solver, progress)
    if not scalar:
        return found
    return Equilibrium(
        found.beliefs[..., 0], found.error_bound, found.solver, found.iterations, found.why
    )


def _in_sparse_form(parameters: FJParameters) -> FJParameters:
    from scipy.sparse import csr_array

    return FJParameters(
        parameters.stubbornness, parameters.self_weight, influence=csr_array(parameters.influence)
    )


def solve_network(
    network: Network,
    innate: ArrayLike,
    stubbornness: ArrayLike,
    self_weight: ArrayLike = 0.0,
    tolerance: float = 1e-8,
    *,
    solver: Solver = "auto",
    progress: Progress | None = None,
) -> Equilibrium:
    """Return the equilibrium of a large network without forming its influence matrix.

    Parameters
    ----------
    network : Network
        As `read_edges` returns it.
    innate : array-like of shape (n_agents,) or (n_agents, n_options)
    stubbornness, self_weight : float or array-like of shape (n_agents,)
        In [0, 1].
    tolerance, solver, progress
        As for `equilibrium`; "direct" is not offered.

    Returns
    -------
    Equilibrium

    Raises
    ------
    NotConvergentError
        If a closed group of agents has no stubbornness; the message names it.
    ParameterError
        If shapes do not fit, a number is NaN, or the tolerance is below what rounding allows.

    Notes
    -----
    Needs seven vectors beyond the network and the innate beliefs when it is undirected.
    """
    values = np.asarray(innate, dtype=float)
    if values.ndim not in (1, 2) or values.shape[0] != network.n_agents:
        raise ParameterError(
            f"innate has shape {values.shape}; {network.n_agents} agents need "
            f"({network.n_agents},) or ({network.n_agents}, n_options)"
        )
    if not np.isfinite(values).all():
        raise ParameterError("innate holds NaN or infinity; every belief must be a number")
    if solver == "direct":
        raise ParameterError("solve_network is iterative; for 'direct' use fjsim.equilibrium")
    _require_tolerance(tolerance)
    system = system_of_network(network, stubbornness, self_weight)
    _require_unique_network(network, stubbornness, self_weight)
    options = values if values.ndim == 2 else values[:, None]
    found = _solve_options(system, options, tolerance, solver, progress)
    beliefs = found.beliefs if values.ndim == 2 else found.beliefs[:, 0]
    return Equilibrium(beliefs, float(found.error_bound), found.solver, found.iterations, found.why)


def _require_unique_network(
    network: Network, stubbornness: ArrayLike, self_weight: ArrayLike
) -> None:
    """Raise if a closed group holds no stubbornness; quick where everybody holds some."""
    deaf = np.diff(network.indptr) == 0
    anchored = np.asarray((np.asarray(stubbornness) > NO_STUBBORNNESS) | deaf)
    if not anchored.all():
        yielded = (1 - np.asarray(self_weight)) * (1 - network.own_share())
        frozen = np.asarray((yielded <= NO_STUBBORNNESS) & ~anchored)
        require_open(closed_group(network.adjacency(), anchored, frozen))


def _require_tolerance(tolerance: float) -> None:
    if not 0 < tolerance < np.inf:
        raise ParameterError(f"tolerance must be a number > 0; got {tolerance}")


def _unattainable(tolerance: float, floor: float) -> ParameterError:
    return ParameterError(
        f"tolerance {tolerance:g} is below what double precision attains here, about {floor:.1g}; "
        f"ask for {floor * 2:.1g} or more, or raise the smallest stubbornness"
    )


def _checked(found: Equilibrium, tolerance: float) -> Equilibrium:
    if not found.error_bound <= tolerance:
        raise _unattainable(tolerance, found.error_bound)
    return found


def _solve_options(
    system: System, innate: Array, tolerance: float, solver: Solver, progress: Progress | None
) -> Equilibrium:
    """Solve one large system for every option, shape (..., n_agents, n_options)."""
    columns = np.moveaxis(innate, -2, 0).reshape(system.anchor.size, -1)
    scale = _certificate_scale(system, columns, tolerance, solver, progress)
    settled: list[Array] = []
    bound, iterations, name, why = 0.0, 0, "", ""
    for found, name, why in _solved(system, columns, scale, tolerance, solver, progress):  # noqa: B007
        settled.append(found.beliefs)
        bound = max(bound, found.bound)
        iterations += found.iterations
    beliefs = settled[0][:, None] if len(settled) == 1 else np.stack(settled, axis=1)
    shaped = np.moveaxis(beliefs.reshape(-1, *innate.shape[:-2], innate.shape[-1]), 0, -2)
    return _checked(Equilibrium(shaped, bound, name, iterations, why), tolerance)


def _solved(
    system: System,
    columns: Array,
    scale: Array,
    tolerance: float,
    solver: Solver,
    progress: Progress | None,
) -> Iterator[tuple[Solution, str, str]]:
    """Solve every option; where all agents' options have one sum, the last is what is left of it.

    That is certified like any other, and solved from there if it is not good enough.
    """
    last = columns.shape[1] - 1
    rest = _common_sum(columns) if last else None
    for option in range(last + 1):
        column = np.ascontiguousarray(columns[:, option])
        start = rest if rest is not None and option == last else start_near_mean(system, column)
        done = _solve_system(
            system, system.anchor, column, start, scale, tolerance, solver, progress
        )
        if rest is not None and option < last:
            rest -= done[0].beliefs
        yield done


def _common_sum(columns: Array) -> Array | None:
    """Return what every agent's options sum to, once per agent; None where agents differ."""
    sums = np.asarray(columns.sum(axis=1))
    if float(np.ptp(sums)) > EVEN * float(np.abs(columns).max()):
        return None
    sums[:] = sums.mean()
    return sums


def _certificate_scale(
    system: System, columns: Array, tolerance: float, solver: Solver, progress: Progress | None
) -> Array:
    """Return what residuals are divided by: stubbornness, or a comparison vector's drop."""
    size = max(float(np.abs(columns).max(initial=0)), 1e-300)
    least = float(system.anchor.min())
    if least > 0 and ATTAINABLE * size / least <= tolerance:
        return system.anchor
    ones = np.ones(system.anchor.size)
    start = start_near_mean(system, ones)
    found, _, _ = _solve_system(system, ones, ones, start, ones, 0.5, solver, progress)
    longest = float(found.beliefs.max())
    drop = 1 - residual_of(system, ones, ones, found.beliefs) - SPARSE * longest
    if not (drop.min() > 0 and found.beliefs.min() > 0):
        raise _unattainable(tolerance, ATTAINABLE * size / max(least, 1e-300))
    scale = drop / longest
    floor = ATTAINABLE * size / float(scale.min())
    if floor > tolerance:
        raise _unattainable(tolerance, floor)
    return np.asarray(scale)


def _solve_system(
    system: System,
    anchor: Array,
    innate: Array,
    start: Array,
    scale: Array,
    tolerance: float,
    solver: Solver,
    progress: Progress | None,
) -> tuple[Solution, str, str]:
    """Choose, solve, and fall back to what cannot break down."""
    if solver == "conjugate-gradients" and system.metric is None:
        raise ParameterError("conjugate gradients need influence that is heard back; use 'auto'")
    name, why = (solver, "asked for") if solver != "auto" else _choice(system)
    method = {
        "conjugate-gradients": conjugate_gradients,
        "bicgstab": stabilised_gradients,
        "gauss-seidel": gauss_seidel,
    }[name]
    found = method(system, anchor, innate, start, scale, tolerance, progress)
    if found.bound <= tolerance or name == "gauss-seidel":
        return found, name, why
    if not np.isfinite(found.beliefs).all():
        start = anchor * innate
    slow = gauss_seidel(system, anchor, innate, start, scale, tolerance, progress)
    total = Solution(slow.beliefs, slow.bound, found.iterations + slow.iterations)
    return total, "gauss-seidel", f"{name} stalled at {found.bound:.1g}"


def _choice(system: System) -> tuple[str, str]:
    if system.metric is not None:
        return "conjugate-gradients", "influence is symmetric (detailed balance)"
    return "bicgstab", "influence runs one way, so the system is not symmetric"
