"""Error bounds against sixty-digit solutions: no solver exceeds one, not even by rounding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from importlib import import_module
from typing import get_args

import numpy as np
import pytest
from scipy import sparse

from fjsim.beliefs import Array
from fjsim.dynamics import (
    Equilibrium,
    FJParameters,
    Network,
    equilibrium,
    network_from_edges,
    solve_network,
)
from fjsim.dynamics.equilibria.equilibrium import Solver
from fjsim.errors import NotConvergentError, ParameterError

ITERATIVE: tuple[Solver, ...] = ("conjugate-gradients", "bicgstab", "gauss-seidel")
DIGITS = 60


def exact_error(found: Array, system: list[list[Decimal]], rhs: list[list[Decimal]]) -> Decimal:
    """Return how far beliefs are from the exact solution, by elimination in sixty digits."""
    n = len(system)
    rows = [[*system[i], *rhs[i]] for i in range(n)]
    for p in range(n):
        for i in range(p + 1, n):
            factor = rows[i][p] / rows[p][p]
            if factor:
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[p], strict=True)]
    worst = Decimal(0)
    for option in range(len(rhs[0])):
        solved = [Decimal(0)] * n
        for i in range(n - 1, -1, -1):
            known = sum((rows[i][j] * solved[j] for j in range(i + 1, n)), Decimal(0))
            solved[i] = (rows[i][n + option] - known) / rows[i][i]
            worst = max(worst, abs(solved[i] - Decimal(float(found[i, option]))))
    return worst


def law(
    stubbornness: Array, self_weight: Array, influence: Sequence[Sequence[Decimal]], innate: Array
) -> tuple[list[list[Decimal]], list[list[Decimal]]]:
    """Write ``b = G s + (1-G)(A b + (1-A) W b)`` as a system, with the numbers as they are held."""
    n = len(influence)
    system, rhs = [], []
    for i in range(n):
        held, own = Decimal(float(stubbornness[i])), Decimal(float(self_weight[i]))
        innate_i = [Decimal(float(value)) for value in innate[i]]
        unit = [Decimal(int(i == j)) for j in range(n)]
        if not any(influence[i][j] for j in range(n) if j != i):
            system.append(unit)
            rhs.append(innate_i)
            continue
        moved = (1 - held) * (1 - own)
        system.append(
            [
                unit[j] * (1 - (1 - held) * own) - moved * influence[i][j]
                for j in range(n)
            ]
        )  # fmt: skip
        rhs.append([held * value for value in innate_i])
    return system, rhs


def as_decimals(influence: Array) -> list[list[Decimal]]:
    return [[Decimal(float(weight)) for weight in row] for row in influence]


@dataclass(frozen=True)
class Setup:
    """One group: innate beliefs up to a thousand, and stubbornness down to a thousand millionth."""

    stubbornness: Array
    self_weight: Array
    weights: Array
    innate: Array

    @property
    def influence(self) -> Array:
        total = self.weights.sum(axis=1, keepdims=True)
        return np.asarray(
            np.divide(self.weights, total, out=np.zeros_like(self.weights), where=total > 0)
        )


def random_setup(seed: int, least: float = 1e-9, loops: bool = True, n: int = 0) -> Setup:
    random = np.random.default_rng(seed)
    n = n or int(random.integers(1, 11))
    weights = random.exponential(size=(n, n)) if random.random() < 0.6 else np.ones((n, n))
    weights = weights * (random.random((n, n)) < random.uniform(0.2, 1))
    if not loops or random.random() < 0.5:
        np.fill_diagonal(weights, 0.0)
    if random.random() < 0.4:
        weights = weights + weights.T
    held = np.exp(random.uniform(np.log(least), 0, n))
    if random.random() < 0.3:
        held = np.full(n, held[0])
    elif random.random() < 0.3:
        held = np.where(random.random(n) < 0.5, 0.0, held)
    own = random.random(n) * (random.random() < 0.7)
    size = float(np.exp(random.uniform(0, np.log(1e3))))
    innate = random.uniform(-size if random.random() < 0.5 else 0, size, (n, 2))
    return Setup(held, own, weights, innate)


def held_by(parameters: FJParameters, innate: Array, found: Equilibrium) -> Decimal:
    influence = as_decimals(parameters.dense_influence())
    system, rhs = law(parameters.stubbornness, parameters.self_weight, influence, innate)
    return exact_error(found.beliefs, system, rhs)


def test_no_direct_solution_is_further_off_than_its_bound() -> None:
    checked = 0
    with localcontext(prec=DIGITS):
        for seed in range(900):
            given = random_setup(seed)
            parameters = FJParameters(
                given.stubbornness, given.self_weight, influence=given.influence
            )
            try:
                found = equilibrium(parameters, given.innate, tolerance=1e9)
            except NotConvergentError:
                continue
            away = held_by(parameters, given.innate, found)
            assert away <= Decimal(found.error_bound), (seed, away, found.error_bound)
            checked += 1
    assert checked > 800


@pytest.mark.parametrize("solver", ITERATIVE)
def test_no_iterative_solution_is_further_off_than_its_bound(solver: Solver) -> None:
    """Tolerances reach down to the smallest that is taken, where rounding is all of the error."""
    checked = 0
    with localcontext(prec=DIGITS):
        for seed in range(250):
            # Sweeps come closer by the smallest stubbornness only.
            given = random_setup(seed, least=0.02 if solver == "gauss-seidel" else 1e-6)
            weights = given.influence
            if solver == "conjugate-gradients":
                weights = np.ones_like(weights) - np.eye(len(weights))
                weights /= max(len(weights) - 1, 1)
            parameters = FJParameters(
                given.stubbornness, given.self_weight, influence=sparse.csr_array(weights)
            )
            try:
                found = smallest_tolerance(parameters, given.innate, solver)
            except NotConvergentError:
                continue
            away = held_by(parameters, given.innate, found)
            assert away <= Decimal(found.error_bound), (seed, away, found.error_bound)
            checked += 1
    assert checked > 200


def smallest_tolerance(parameters: FJParameters, innate: Array, solver: Solver) -> Equilibrium:
    """Solve to what the refusal of an impossible tolerance names as possible."""
    with pytest.raises(ParameterError, match="below what double precision") as refused:
        equilibrium(parameters, innate, tolerance=1e-18, solver=solver)
    named = re.search(r"ask for (\S+) or more", str(refused.value))
    assert named is not None
    return equilibrium(parameters, innate, tolerance=float(named[1]), solver=solver)


@pytest.mark.parametrize("directed", [False, True])
def test_no_solution_of_a_network_is_further_off_than_its_bound(directed: bool) -> None:
    """Weights are held as they were given, so the exact rows are their quotients."""
    checked = 0
    with localcontext(prec=DIGITS):
        for seed in range(250):
            given = random_setup(seed, least=1e-4, n=9)
            speakers, listeners = np.nonzero(given.weights.T)
            network = network_from_edges(
                speakers, listeners, given.weights.T[speakers, listeners], 9, directed=directed
            )
            law_of = (given.stubbornness, given.self_weight)
            tolerance = 1e-12 * np.abs(given.innate).max() / given.stubbornness.max()
            try:
                found = solve_network(network, given.innate, *law_of, tolerance)
            except ParameterError:
                found = solve_network(network, given.innate, *law_of, 1e4 * tolerance)
            except NotConvergentError:
                continue
            rows = as_decimals(network.adjacency().toarray())
            totals = [sum(row, Decimal(0)) or Decimal(1) for row in rows]
            influence = [[w / total for w in row] for row, total in zip(rows, totals, strict=True)]
            system, rhs = law(*law_of, influence, given.innate)
            away = exact_error(found.beliefs, system, rhs)
            assert away <= Decimal(found.error_bound), (seed, away, found.error_bound)
            checked += 1
    assert checked > 200


@pytest.mark.parametrize("solver", ITERATIVE)
def test_no_bound_is_exceeded_at_a_hub_that_hears_thousands(solver: Solver) -> None:
    """A star is solved by hand: leaves hear the hub alone, which hears all of them."""
    random = np.random.default_rng(0)
    n, held = 3000, 0.01
    hub, leaves = np.zeros(n, dtype=int), np.arange(1, n + 1)
    if solver == "conjugate-gradients":
        weights = np.ones(n)
        network = network_from_edges(leaves, hub)
    else:
        weights = random.exponential(size=n)
        speakers, listeners = np.append(leaves, hub), np.append(hub, leaves)
        both = np.append(weights, np.ones(n))
        network = network_from_edges(speakers, listeners, both, directed=True)
    innate = random.random(n + 1)
    found = smallest_tolerance_of_network(network, innate, held, solver)
    with localcontext(prec=DIGITS):
        kept = Decimal(held)
        yielded = 1 - kept
        said = sum(
            Decimal(float(w)) * Decimal(float(s)) for w, s in zip(weights, innate[1:], strict=True)
        )
        total = sum(Decimal(float(w)) for w in weights)
        centre = (kept * Decimal(float(innate[0])) + yielded * kept * said / total) / (
            1 - yielded**2
        )
        exact = [centre, *(kept * Decimal(float(s)) + yielded * centre for s in innate[1:])]
        away = max(abs(a - Decimal(float(b))) for a, b in zip(exact, found.beliefs, strict=True))
        assert away <= Decimal(found.error_bound)
        assert found.error_bound < 1e-11


def smallest_tolerance_of_network(
    network: Network, innate: Array, held: float, solver: Solver
) -> Equilibrium:
    with pytest.raises(ParameterError, match="below what double precision") as refused:
        solve_network(network, innate, held, tolerance=1e-18, solver=solver)
    named = re.search(r"ask for (\S+) or more", str(refused.value))
    assert named is not None
    found = solve_network(network, innate, held, tolerance=float(named[1]), solver=solver)
    assert found.error_bound <= float(named[1])
    return found


@pytest.mark.slow
def test_no_group_of_a_large_batch_is_further_off_than_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_module("fjsim.dynamics.equilibria.direct"), "COMPILED_SETTINGS", 1)
    with localcontext(prec=DIGITS):
        for seed in range(120):
            given = random_setup(seed, least=2e-6)
            held = np.maximum(given.stubbornness, 2e-6)
            parameters = FJParameters(
                held[None], given.self_weight[None], influence=given.influence[None]
            )
            found = equilibrium(parameters, given.innate[None], tolerance=1e9)
            assert "side by side" in found.why
            alone = FJParameters(held, given.self_weight, influence=given.influence)
            one = Equilibrium(found.beliefs[0], found.error_bound, "", 0, "")
            away = held_by(alone, given.innate, one)
            assert away <= Decimal(found.error_bound), (seed, away, found.error_bound)


def test_bounds_stay_close_to_what_rounding_does() -> None:
    """A bound that is always kept is easy if it is huge."""
    for seed in range(60):
        given = random_setup(seed, least=1e-2)
        parameters = FJParameters(given.stubbornness, given.self_weight, influence=given.influence)
        try:
            found = equilibrium(parameters, given.innate, tolerance=1e9)
        except NotConvergentError:
            continue
        least = parameters.effective_stubbornness
        if least.min() > 1e-3:
            size = np.abs(given.innate).max()
            assert found.error_bound <= 2e-14 * size / least.min()


@pytest.mark.parametrize("solver", [name for name in get_args(Solver) if name != "direct"])
def test_the_tolerance_that_a_refusal_names_is_attained_in_large_networks(solver: Solver) -> None:
    from fjsim.dynamics.networks.generators import barabasi_albert

    network = barabasi_albert(3000, 2, 1)
    innate = np.random.default_rng(0).random(3000)
    for held in (0.01, 0.3) if solver == "gauss-seidel" else (1e-5, 1e-3, 0.3):
        found = smallest_tolerance_of_network(network, innate, held, solver)
        assert found.error_bound <= 3e-14 / held


def test_default_tolerance_is_met_by_large_dense_groups_that_yield_a_lot() -> None:
    random = np.random.default_rng(0)
    influence = random.dirichlet(np.ones(400), 400)
    found = equilibrium(FJParameters(1e-6, influence=influence), random.random(400))
    assert found.error_bound <= 1e-8


def test_beliefs_that_are_no_numbers_are_never_certified() -> None:
    from fjsim.dynamics.equilibria.iterative import gauss_seidel
    from fjsim.dynamics.networks.network import system_of_network

    system = system_of_network(network_from_edges([0, 1, 2], [1, 2, 3]), 0.3)
    start = np.array([0.1, 0.2, 0.3, np.nan])
    found = gauss_seidel(system, system.anchor, np.zeros(4), start, system.anchor, 1e-3)
    assert not found.bound <= 1e-3
