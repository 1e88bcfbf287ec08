"""Rows per second of the exact active set beside general solvers, with objective gaps.

Usage: python -m benchmarks.fit.rows [--rows 2000] [--quick]
"""

from __future__ import annotations

import os
from typing import Any

from fjsim.beliefs import Array

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import process_time

import numpy as np

from fjsim.fitting.rows.simplex import solve_rows

Solver = Callable[[int], Array]


@dataclass(frozen=True)
class Problems:
    """Least squares on the simplex: 11 unknowns, 60 rows each."""

    columns: Array
    targets: Array
    gram: Array
    aim: Array

    def objective(self, rows: Array) -> Array:
        """Return half the squared error of the first ``len(rows)`` problems, up to a constant."""
        count = len(rows)
        bent = (self.gram[:count] @ rows[..., None])[..., 0]
        return np.asarray((bent * rows).sum(-1) / 2 - (self.aim[:count] * rows).sum(-1))


def problems(n_rows: int, closeness: float, seed: int = 0) -> Problems:
    """Draw problems; with small ``closeness`` every second column nearly repeats the one before."""
    rng = np.random.default_rng(seed)
    columns = rng.random((n_rows, 60, 11))
    columns[..., 2::2] = columns[..., 1::2] + closeness * (columns[..., 2::2] - 0.5)
    truth = rng.dirichlet(np.full(11, 0.3), n_rows)
    targets = np.einsum("rmp,rp->rm", columns, truth)
    targets += 0.05 * rng.standard_normal(targets.shape)
    # Measured from the own belief, as every fit of fjsim does.
    columns, targets = columns - columns[..., [1]], targets - columns[..., 1]
    turned = columns.swapaxes(1, 2)
    return Problems(columns, targets, turned @ columns, (turned @ targets[..., None])[..., 0])


def peers(given: Problems) -> Iterator[tuple[str, int, Solver]]:
    """Yield name, number of problems and solver; name what is not installed."""
    yield from scipy_peers(given)
    try:
        yield "quadprog", 200, quadprog_solver(given)
    except ImportError:
        print("quadprog is not installed and left out")
    try:
        yield "cvxpy OSQP", 12, cvxpy_solver(given, "OSQP")
        yield "cvxpy Clarabel", 12, cvxpy_solver(given, "CLARABEL")
    except ImportError:
        print("cvxpy is not installed and left out")


def _solve_all(solve: Solver, count: int, rows: list[Array]) -> None:
    rows.extend(map(solve, range(count)))


def scipy_peers(given: Problems) -> Iterator[tuple[str, int, Solver]]:
    """Yield scipy's nnls with a heavy sum row, and SLSQP."""
    from scipy import optimize

    # Its stubs know no second derivative that is a function.
    minimize: Any = optimize.minimize

    def by_nnls(at: int) -> Array:
        heavy = 1e4 * np.ones((1, 11))
        stacked = np.vstack([given.columns[at], heavy])
        return np.asarray(optimize.nnls(stacked, np.append(given.targets[at], 1e4))[0])

    def by_slsqp(at: int) -> Array:
        gram, aim = given.gram[at], given.aim[at]
        found = minimize(
            lambda c: c @ gram @ c / 2 - aim @ c,
            np.full(11, 1 / 11),
            jac=lambda c: gram @ c - aim,
            method="SLSQP",
            bounds=[(0, 1)] * 11,
            constraints={"type": "eq", "fun": lambda c: c.sum() - 1, "jac": np.ones_like},
            options={"ftol": 1e-12, "maxiter": 300},
        )
        return np.asarray(found.x)

    yield "scipy nnls", 100, by_nnls
    yield "scipy SLSQP", 40, by_slsqp


def quadprog_solver(given: Problems) -> Solver:
    """Return quadprog; it needs a strictly convex problem, which a constant on G makes it."""
    import quadprog

    constraints = np.column_stack([np.ones(11), np.eye(11)])
    bounds = np.append(1.0, np.zeros(11))

    def solve(at: int) -> Array:
        lifted = given.gram[at] + given.gram[at].diagonal().max()
        return np.asarray(quadprog.solve_qp(lifted, given.aim[at], constraints, bounds, 1)[0])

    return solve


def cvxpy_solver(given: Problems, name: str) -> Solver:
    """Return cvxpy with one of its solvers."""
    import cvxpy

    def solve(at: int) -> Array:
        row = cvxpy.Variable(11)
        error = cvxpy.sum_squares(given.columns[at] @ row - given.targets[at])
        problem = cvxpy.Problem(cvxpy.Minimize(error), [row >= 0, cvxpy.sum(row) == 1])
        problem.solve(solver=name)
        return np.asarray(row.value)

    return solve


def seconds_of(solve: Callable[[], object], repeats: int = 3) -> float:
    """Return the median CPU time of some repeats."""
    times = []
    for _ in range(repeats):
        start = process_time()
        solve()
        times.append(process_time() - start)
    return float(np.median(times))


@dataclass(frozen=True)
class Measured:
    """What one solver took per problem, and by how much its objective is larger than ours."""

    who: str
    seconds: float
    gap: float
    failure: str = ""


def measured(given: Problems) -> Iterator[Measured]:
    """Yield ours and then every peer."""
    # Compiled before it is measured.
    for _ in range(2):
        found = solve_rows(given.gram, given.aim).rows
    count, best = len(given.aim), given.objective(found)
    yield Measured("fjsim", seconds_of(lambda: solve_rows(given.gram, given.aim), 5) / count, 0.0)
    for peer, some, solve in peers(given):
        rows: list[Array] = []
        try:
            spent = seconds_of(partial(_solve_all, solve, some, rows), 1)
        except Exception as error:  # a peer may fail on ill-conditioned data: that is a result
            yield Measured(peer, np.nan, np.nan, f"{type(error).__name__}: {error}")
            continue
        feasible = np.maximum(np.array(rows), 0)
        feasible /= feasible.sum(-1, keepdims=True)
        gap = float((given.objective(feasible) - best[:some]).max())
        yield Measured(peer, spent / some, gap)


def report(name: str, given: Problems) -> None:
    """Print one table."""
    count = len(given.aim)
    condition = np.median(np.linalg.cond(np.delete(np.delete(given.gram, 1, 1), 1, 2)))
    print(f"\n{name}: {count} rows of 11 unknowns, median condition {condition:.0e}")
    print(f"{'solver':16s} {'us/row':>10s} {'x ours':>8s} {'largest objective gap':>22s}")
    ours = np.nan
    for one in measured(given):
        ours = one.seconds if one.who == "fjsim" else ours
        if one.failure:
            print(f"{one.who:16s} failed: {one.failure}")
            continue
        ratio = one.seconds / ours
        print(f"{one.who:16s} {one.seconds * 1e6:10.2f} {ratio:8.1f} {one.gap:22.1e}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="a tenth: shows that all runs")
    given = parser.parse_args()
    n_rows = given.rows // 10 if given.quick else given.rows
    warnings.filterwarnings("ignore")
    report("well-conditioned", problems(n_rows, 1.0))
    report("near clones", problems(n_rows, 1e-4))


if __name__ == "__main__":
    main()
