"""Robust centres as gates, and W-MSR."""

import numpy as np
import pytest
from defense_records import COMPLETE, random_record, voted

from fjsim.registry import build
from fjsim_defenses.robust_aggregate import clip_level
from fjsim_defenses.shared.geometric_median import geometric_median
from fjsim_defenses.shared.mixtures import gated_mixture
from fjsim_defenses.shared.robust_centres import heard_and_own, trimmed_mean
from fjsim_defenses.w_msr import reduced

RULES = ["coordinate-median", "geometric-median", "trimmed-mean"]


def mixture_and_centre(record, rule):
    defense = build("defense", {"kind": "robust-aggregate", "rule": rule})
    gates, own = defense.gates(record, None), record.accepted[-1]
    centre = defense.centre(heard_and_own(record.influence, own, own))
    centre /= centre.sum(axis=-1, keepdims=True)
    mixed = gated_mixture(record.influence, gates, own, record.accepted[0], own, "self")
    return mixed, centre, gates


@pytest.mark.parametrize("rule", RULES)
def test_gated_mixture_is_the_robust_centre_where_gates_can_reach_it(rule) -> None:
    exact, gaps = [], []
    for seed in range(40):
        record = random_record(seed, influence=COMPLETE, n_rounds=1)
        mixed, centre, gates = mixture_and_centre(record, rule)
        heard_in_full = ((gates == 1) | (gates == 0)).all(axis=1).any(axis=-1)
        np.testing.assert_allclose(mixed[~heard_in_full], centre[~heard_in_full], atol=1e-9)
        gaps += np.abs(mixed - centre).max(axis=-1).tolist()
        exact += (np.abs(mixed - centre).max(axis=-1) < 1e-9).tolist()
    assert np.mean(exact) > 0.6
    assert max(gaps) < 0.2


@pytest.mark.parametrize("rule", RULES)
def test_listener_of_one_speaker_meets_it_half_way(rule) -> None:
    pair = np.array([[0, 1.0], [1.0, 0]])
    record = random_record(1, n_agents=2, influence=pair)
    mixed, _, _ = mixture_and_centre(record, rule)
    np.testing.assert_allclose(mixed, record.accepted[-1].mean(axis=0)[None].repeat(2, 0))


def test_outlier_gets_the_smallest_gate() -> None:
    record = voted([0, 0, 0, 0, 0, 1], certainty=[0.5, 0.6, 0.62, 0.64, 0.66, 0.99])
    gates = build("defense", "robust-aggregate").gates(record, None)
    assert gates[0, 5].max() < gates[0, 1:5].max()


def test_level_makes_the_cut_offsets_reach_the_target() -> None:
    rng = np.random.default_rng(0)
    offsets, weights = rng.random((2, 30, 6))
    target = rng.random(30)
    level = clip_level(offsets, weights, target)
    cut = (weights * np.minimum(offsets, level[:, None])).sum(axis=-1)
    within = np.isfinite(level)
    np.testing.assert_allclose(cut[within], target[within])
    assert (cut[~within] < target[~within]).all()


def test_trimmed_mean_of_a_half_is_the_median() -> None:
    cloud = np.random.default_rng(0).random((4, 7, 3))
    np.testing.assert_allclose(trimmed_mean(cloud, 0.5), np.median(cloud, axis=1))
    np.testing.assert_allclose(trimmed_mean(cloud[:, :6], 0.5), np.median(cloud[:, :6], axis=1))


def test_geometric_median_has_the_smallest_summed_distance() -> None:
    cloud = np.random.default_rng(1).random((1, 7, 3))
    centre = geometric_median(cloud)[0]

    def total(point):
        return np.linalg.norm(cloud[0] - point, axis=-1).sum()

    rng = np.random.default_rng(2)
    assert all(total(centre) <= total(centre + rng.normal(0, 0.02, 3)) + 1e-9 for _ in range(50))


def test_w_msr_drops_the_extremes_on_either_side() -> None:
    said = np.array([[0.5], [0.1], [0.2], [0.6], [0.9], [0.8]])
    kept = reduced(COMPLETE, said, said, 1)[0, :, 0]
    assert kept.tolist() == [1, 0, 1, 1, 0, 1]


def test_w_msr_lets_equal_extremes_share_the_drop() -> None:
    said = np.array([[0.5], [0.9], [0.9], [0.6], [0.5], [0.5]])
    kept = reduced(COMPLETE, said, said, 1)[0, :, 0]
    assert kept.tolist() == [1, 0.5, 0.5, 1, 1, 1]


def test_w_msr_leaves_the_leaves_of_a_star_alone() -> None:
    star = np.zeros((6, 6))
    star[0, 1:], star[1:, 0] = 0.2, 1.0
    record = random_record(2, influence=star)
    gates = build("defense", "w-msr").gates(record, None)
    assert not gates[1:, 0].any()
