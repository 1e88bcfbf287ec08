"""Exact rows on the simplex: optimality, ill-conditioned and singular problems."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fjsim.fitting.rows.simplex import (
    closest_on_simplex,
    cross_entropy_row,
    solve_from_rows,
    solve_rows,
)


def problems(seed: int, count: int, width: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    columns = rng.random((count, rows, width))
    moved = rng.random((count, rows))
    turned = columns.swapaxes(1, 2)
    return turned @ columns, (turned @ moved[..., None])[..., 0]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9))
def test_every_row_satisfies_the_optimality_conditions(seed: int, width: int) -> None:
    products, targets = problems(seed, 20, width, 30)
    rows = solve_rows(products, targets).rows
    slope = (products @ rows[..., None])[..., 0] - targets
    price = (slope * rows).sum(-1, keepdims=True)
    assert (rows >= 0).all()
    assert np.allclose(rows.sum(-1), 1)
    assert (slope >= price - 1e-9).all()


def test_the_active_set_equals_the_enumeration_of_all_supports() -> None:
    products, targets = problems(1, 40, 5, 12)
    rows = solve_rows(products, targets).rows

    def objective(row: np.ndarray, at: int) -> float:
        return float(row @ products[at] @ row / 2 - targets[at] @ row)

    for at in range(len(rows)):
        best = np.inf
        for size in range(1, 6):
            for support in itertools.combinations(range(5), size):
                block = products[at][np.ix_(support, support)]
                system = np.block([[block, np.ones((size, 1))], [np.ones((1, size)), 0]])
                part = np.linalg.solve(system, np.append(targets[at][list(support)], 1))[:size]
                if (part >= 0).all():
                    row = np.zeros(5)
                    row[list(support)] = part
                    best = min(best, objective(row, at))
        assert objective(rows[at], at) <= best + 1e-12


def test_a_singular_problem_goes_to_the_prior_and_says_so() -> None:
    prior = np.array([0.2, 0.5, 0.3])
    solved = solve_rows(np.zeros((3, 3)), np.zeros(3), prior=prior)
    assert solved.singular
    assert np.allclose(solved.rows, prior)


def test_clones_share_their_weight_as_the_prior_does() -> None:
    rng = np.random.default_rng(2)
    columns = rng.random((40, 3))
    columns[:, 2] = columns[:, 1]
    moved = columns @ np.array([0.4, 0.3, 0.3])
    solved = solve_rows(columns.T @ columns, columns.T @ moved)
    assert solved.singular
    assert np.allclose(solved.rows, [0.4, 0.3, 0.3], atol=1e-5)


@pytest.mark.parametrize("closeness", [1e-2, 1e-5])
def test_rows_beat_gram_matrices_where_those_lose_digits(closeness: float) -> None:
    rng = np.random.default_rng(3)
    base = rng.random((60, 1))
    columns = base + closeness * rng.standard_normal((60, 4))
    truth = np.array([0.1, 0.2, 0.3, 0.4])
    row = solve_from_rows(columns, columns @ truth, np.ones(4, bool))
    assert np.abs(row - truth).max() < 1e-5


def test_forbidden_columns_carry_no_weight() -> None:
    products, targets = problems(4, 10, 4, 20)
    allowed = np.array([True, False, True, True])
    assert (solve_rows(products, targets, allowed).rows[:, 1] == 0).all()


def test_cross_entropy_stops_at_a_certified_optimum() -> None:
    rng = np.random.default_rng(6)
    columns = rng.dirichlet(np.ones(5), (200, 4)).transpose(0, 2, 1).reshape(-1, 4)
    observed = rng.dirichlet(np.ones(5), 200).ravel()
    row = cross_entropy_row(columns, observed, np.ones(4, bool), np.full(4, 0.25))
    slope = columns.T @ (observed / (columns @ row))
    assert slope.max() <= observed.sum() * (1 + 1e-8)


def test_the_closest_point_of_the_simplex_is_on_it_and_nearest() -> None:
    rng = np.random.default_rng(7)
    values = rng.standard_normal((50, 4))
    near = closest_on_simplex(values)
    assert (near >= 0).all()
    assert np.allclose(near.sum(-1), 1)
    others = rng.dirichlet(np.ones(4), (50, 200))
    gaps = ((others - values[:, None]) ** 2).sum(-1)
    assert (((near - values) ** 2).sum(-1)[:, None] <= gaps + 1e-12).all()
