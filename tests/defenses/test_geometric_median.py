"""The geometric median against a minimiser of scipy; points in a row, points that repeat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import minimize

from fjsim.beliefs import Array
from fjsim_defenses.shared.geometric_median import geometric_median

Cloud = Callable[[np.random.Generator], Array]


def summed_distance(point: Array, cloud: Array) -> float:
    return float(np.sqrt(((cloud - point) ** 2).sum(axis=-1)).sum())


def slope(point: Array, cloud: Array) -> Array:
    apart = point - cloud
    gaps = np.sqrt((apart**2).sum(axis=-1, keepdims=True))
    return np.asarray((apart / np.maximum(gaps, 1e-300)).sum(axis=0))


def reference(cloud: Array) -> Array:
    """Return the best of the points and of what BFGS finds from several starts."""
    found = list(cloud)
    spread = np.ptp(cloud, axis=0).max()
    starts = [cloud.mean(axis=0), 0.6 * cloud.mean(axis=0) + 0.4 * cloud[-1]]
    for start in starts:
        if min(np.abs(start - point).max() for point in cloud) < 1e-9 * spread:
            continue
        done = minimize(
            summed_distance,
            start,
            args=(cloud,),
            jac=slope,
            method="BFGS",
            options={"gtol": 1e-11, "maxiter": 200},
        )
        found.append(done.x)
    return min(found, key=lambda point: summed_distance(point, cloud))


def spread_out(random: np.random.Generator) -> Array:
    return random.dirichlet(np.full(5, random.choice([0.2, 1.0, 5.0])), 4)


def in_a_row_of_three_and_one_aside(random: np.random.Generator) -> Array:
    ends = random.dirichlet(np.ones(5), 2)
    shares = random.random((3, 1))
    return np.vstack([shares * ends[0] + (1 - shares) * ends[1], random.dirichlet(np.ones(5))])


def nearly_alike(random: np.random.Generator) -> Array:
    return random.dirichlet(np.ones(5)) + 1e-5 * random.normal(size=(4, 5))


def one_repeated(random: np.random.Generator) -> Array:
    three = random.dirichlet(np.ones(5), 3)
    return three[[0, 0, 1, 2]]


def inside_the_others(random: np.random.Generator) -> Array:
    """Draw three corners and a point between them, which is the minimiser or close to it."""
    corners = np.eye(5)[:3] * 0.9 + 0.02
    return np.vstack([corners, corners.mean(axis=0) + 0.2 * random.normal(size=5)])


CLOUDS: dict[str, Cloud] = {
    "spread out": spread_out,
    "three in a row": in_a_row_of_three_and_one_aside,
    "nearly alike": nearly_alike,
    "one repeated": one_repeated,
    "inside the others": inside_the_others,
}


@pytest.mark.parametrize("kind", CLOUDS)
def test_the_median_is_the_minimiser_to_a_millionth(kind: str) -> None:
    for seed in range(20):
        cloud = CLOUDS[kind](np.random.default_rng(seed))
        found = geometric_median(cloud)
        wanted = reference(cloud)
        scale = np.ptp(cloud, axis=0).max()
        np.testing.assert_allclose(found, wanted, atol=1e-6 * scale, err_msg=f"{kind} {seed}")


def test_four_points_in_a_row_have_the_middle_of_the_two_inner_ones() -> None:
    for seed in range(30):
        random = np.random.default_rng(seed)
        start, end = random.dirichlet(np.ones(5), 2)
        shares = np.sort(random.random(4))
        cloud = start + shares[:, None] * (end - start)
        middle = start + shares[1:3].mean() * (end - start)
        np.testing.assert_allclose(geometric_median(cloud), middle, atol=1e-9)


def test_two_pairs_of_equal_points_have_their_middle() -> None:
    pair = np.array([[0.8, 0.1, 0.1], [0.2, 0.3, 0.5]])
    np.testing.assert_allclose(geometric_median(pair[[0, 0, 1, 1]]), pair.mean(axis=0), atol=1e-12)


def test_a_point_that_holds_the_majority_is_the_median() -> None:
    random = np.random.default_rng(0)
    three = random.dirichlet(np.ones(4))
    cloud = np.vstack([three, three, three, random.dirichlet(np.ones(4), 2)])
    np.testing.assert_allclose(geometric_median(cloud), three, atol=1e-15)


def test_many_clouds_with_missing_points_are_solved_side_by_side() -> None:
    random = np.random.default_rng(1)
    clouds = random.dirichlet(np.ones(4), (5, 4, 5))
    clouds[random.random((5, 4, 5)) < 0.3] = np.nan
    clouds[0, 0] = np.nan
    found = geometric_median(clouds)
    assert np.isfinite(found).all()
    for at in np.ndindex(5, 4):
        there = clouds[at][~np.isnan(clouds[at]).any(axis=-1)]
        if len(there):
            np.testing.assert_allclose(found[at], geometric_median(there), atol=1e-9)
            np.testing.assert_allclose(
                summed_distance(found[at], there),
                summed_distance(reference(there), there),
                rtol=1e-11,
            )


def test_naming_the_points_in_another_order_changes_nothing() -> None:
    random = np.random.default_rng(2)
    for _ in range(20):
        cloud = random.dirichlet(np.ones(5), 6)[[0, 1, 2, 3, 4, 5, 5]]
        order = random.permutation(7)
        np.testing.assert_allclose(
            geometric_median(cloud[order]), geometric_median(cloud), atol=1e-10
        )
