"""Every robust centre is what a plain loop over its definition gives."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import get_args

import numpy as np
import pytest
from defense_records import random_record

from fjsim.registry import build
from fjsim_defenses.robust_aggregate import RobustCentre
from fjsim_defenses.shared import subset_centres
from fjsim_defenses.shared.subset_centres import (
    CLIPPINGS,
    centred_clipping,
    flag_mean,
    median_of_pairs,
    minimum_diameter,
    nearest_neighbours,
)
from studies.robust_centres import centres, clouds, diameter, drift, row


def random_cloud(seed, n=6, n_options=4):
    """A cloud per listener; some speakers are not heard, one's own point always is."""
    rng = np.random.default_rng(seed)
    cloud = np.repeat(rng.dirichlet(np.ones(n_options), size=n)[None], n, axis=0)
    deaf = (rng.random((n, n)) < 0.3) & ~np.eye(n, dtype=bool)
    cloud[deaf] = np.nan
    return cloud


def heard(points):
    return points[~np.isnan(points).any(axis=-1)]


def plain_nearest(points, own, left_out):
    points = heard(points)
    order = np.argsort(np.linalg.norm(points - own, axis=-1))
    return points[order[: max(len(points) - left_out, 1)]].mean(axis=0)


def plain_clipping(points, own, radius):
    points, centre = heard(points), own
    for _ in range(CLIPPINGS):
        pulls = points - centre
        lengths = np.linalg.norm(pulls, axis=-1)
        cut = [
            pull * min(1, radius / max(n, 1e-12)) for pull, n in zip(pulls, lengths, strict=True)
        ]
        centre = centre + np.mean(cut, axis=0)
    return centre


def plain_diameter(points, own, left_out):
    points = heard(points)
    subsets = list(combinations(points, max(len(points) - left_out, 1)))
    widths = [max(np.linalg.norm(a - b) for a in some for b in some) for some in subsets]
    # Subsets that share their two outermost points are equally narrow.
    narrow = [some for some, w in zip(subsets, widths, strict=True) if w < min(widths) + 1e-9]
    return np.mean([np.mean(some, axis=0) for some in narrow], axis=0)


def plain_pairs(points, own, _):
    points = heard(points)
    if len(points) == 1:
        return points[0]
    return np.median([(a + b) / 2 for a, b in combinations(points, 2)], axis=0)


REFERENCES = {
    "nearest-neighbours": (nearest_neighbours, plain_nearest, 1),
    "centred-clipping": (centred_clipping, plain_clipping, 0.3),
    "minimum-diameter": (minimum_diameter, plain_diameter, 2),
    "bucketing": (lambda cloud, _: median_of_pairs(cloud), plain_pairs, None),
}


@pytest.mark.parametrize("rule", REFERENCES)
@pytest.mark.parametrize("seed", range(10))
def test_a_centre_is_what_a_plain_loop_gives(rule, seed) -> None:
    centre, plain, parameter = REFERENCES[rule]
    cloud = random_cloud(seed)
    expected = [plain(cloud[i], cloud[i, i], parameter) for i in range(len(cloud))]
    np.testing.assert_allclose(centre(cloud, parameter), expected, atol=1e-9)
    stacked = centre(np.stack([cloud, cloud[::-1, ::-1]]), parameter)
    np.testing.assert_allclose(stacked[0], expected, atol=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_the_flag_minimises_the_summed_sines_among_nearby_subspaces(seed) -> None:
    points = np.random.default_rng(seed).dirichlet(np.ones(4), size=7)
    unit = points / np.linalg.norm(points, axis=-1, keepdims=True)

    def total(basis):
        return np.sqrt(np.maximum(1 - ((unit @ basis) ** 2).sum(axis=-1), 0)).sum()

    rank = 2
    found = flag_mean(points[None], rank)[0]
    weights = np.ones(7)
    for _ in range(subset_centres.REWEIGHTINGS):
        basis = np.linalg.eigh((unit * weights[:, None]).T @ unit)[1][:, -rank:]
        weights = 1 / np.maximum(np.sqrt(np.maximum(1 - ((unit @ basis) ** 2).sum(-1), 0)), 1e-3)
    basis = np.linalg.eigh((unit * weights[:, None]).T @ unit)[1][:, -rank:]
    np.testing.assert_allclose(found, basis @ basis.T @ points.mean(axis=0), atol=1e-9)
    rng = np.random.default_rng(seed + 100)
    nearby = [np.linalg.qr(basis + rng.normal(0, 0.05, basis.shape))[0] for _ in range(20)]
    assert np.mean([total(basis) <= total(other) + 1e-3 for other in nearby]) > 0.9


def test_with_as_many_dimensions_as_options_the_flag_is_the_mean() -> None:
    points = np.random.default_rng(0).dirichlet(np.ones(4), size=(3, 6))
    np.testing.assert_allclose(flag_mean(points, 4), points.mean(axis=1), atol=1e-9)


@pytest.mark.parametrize("rule", get_args(RobustCentre))
def test_agreement_is_kept_and_one_liar_moves_it_less_than_the_mean_but_for_the_flag(rule) -> None:
    defense = build("defense", {"kind": "robust-aggregate", "rule": rule})
    same = np.full((6, 6, 4), 0.1) + np.array([0.6, 0, 0, 0])
    np.testing.assert_allclose(centres(defense, same), same[0], atol=1e-9)
    honest, cloud = clouds(100, np.random.default_rng(1))
    # In five options a plane that the liar lies near is no rare thing: `flag` is worse than a mean.
    assert drift(defense, honest, cloud).mean() < (1.2 if rule == "flag" else 1.0)
    assert (diameter(centres(defense, cloud)) <= diameter(honest) * 1.5).all()


@pytest.mark.parametrize("rule", get_args(RobustCentre))
def test_gates_of_every_rule_do_not_depend_on_the_order_of_options(rule) -> None:
    defense = build("defense", {"kind": "robust-aggregate", "rule": rule})
    record = random_record(3)
    gates = defense.gates(record, None)
    assert ((gates >= 0) & (gates <= 1)).all()
    turned = replace(record, stated=record.stated[..., ::-1], accepted=record.accepted[..., ::-1])
    np.testing.assert_allclose(defense.gates(turned, None), gates[..., ::-1], atol=1e-7)


def test_many_points_are_centred_without_trying_all_subsets(monkeypatch) -> None:
    points = np.random.default_rng(2).dirichlet(np.ones(3), size=(1, 9))
    exact = minimum_diameter(points, 2)
    monkeypatch.setattr(subset_centres, "MOST_SUBSETS", 1)
    near = minimum_diameter(points, 2)
    assert np.linalg.norm(near - exact) < 0.15


def test_a_hostile_hub_beats_a_median_and_leaves_alone_who_trusts_the_nearest_only() -> None:
    bucketing, nearest = (
        row(rule, 5, 1, 8).split() for rule in ("bucketing", "nearest-neighbours")
    )
    assert float(bucketing[-4]) == 1.0
    assert float(nearest[-4]) == 0.0
