"""Intervals cover, null p-values are uniform."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest
from synthetic_deliberations import random_beliefs, random_rows, simulated

from fjsim.fitting import fit
from fjsim.fitting.findings.bootstrap import bootstrap_rows, question_weights, tail_share
from fjsim.fitting.rows.grams import grams
from fjsim.fitting.validate.nulls import null_tests


def coverage(n_sets: int, n_resamples: int = 200) -> float:
    """Return how often 90 % intervals of pooled stubbornness hold the truth."""
    inside = []
    for seed in range(n_sets):
        rng = np.random.default_rng(seed)
        truth = random_rows(rng, 5, stubbornness=(0.15, 0.5))
        innate = random_beliefs(rng, 60, 5, 4)
        transcript = simulated(rng, truth, innate, 5, process_noise=0.02)
        draws = bootstrap_rows(grams(transcript), transcript.question_ids, n_resamples, seed)
        low, high = np.quantile(draws[:, :, 0], [0.05, 0.95], axis=0)
        inside.append((low <= truth[:, 0]) & (truth[:, 0] <= high))
    return float(np.mean(inside))


def test_nominal_90_percent_intervals_cover_between_85_and_95_percent() -> None:
    assert 0.85 <= coverage(200) <= 0.95


def null_p_values(n_sets: int) -> list[float]:
    p_values = []
    for seed in range(n_sets):
        rng = np.random.default_rng(seed)
        innate = random_beliefs(rng, 30, 4, 3)
        transcript = simulated(rng, random_rows(rng, 4), innate, 4, process_noise=0.05)
        p_values.append(null_tests(transcript, 49, 0, seed).shared_p)
    return p_values


def test_null_p_values_of_a_shared_law_are_uniform_on_a_few_sets() -> None:
    assert kstest(null_p_values(16), "uniform").pvalue > 0.01


@pytest.mark.slow
def test_null_p_values_of_a_shared_law_are_uniform_on_200_sets() -> None:
    assert kstest(null_p_values(200), "uniform").pvalue > 0.05


def test_laws_that_differ_by_item_are_found() -> None:
    rng = np.random.default_rng(5)
    truth = np.stack([random_rows(rng, 4) for _ in range(40)])
    innate = random_beliefs(rng, 40, 4, 4)
    report = null_tests(simulated(rng, truth, innate, 5, process_noise=0.03), 49, 19)
    assert report.shared_p <= 0.02
    assert report.peers_p <= 0.05
    assert report.stubbornness_sd.observed > report.stubbornness_sd.null_high


def test_peers_that_nobody_listens_to_are_not_found() -> None:
    alone = np.zeros((4, 6))
    alone[:, 0], alone[:, 1] = 0.3, 0.7
    p_values = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        innate = random_beliefs(rng, 60, 4, 4)
        transcript = simulated(rng, alone, innate, 4, process_noise=0.05)
        p_values.append(null_tests(transcript, 1, 39).peers_p)
    assert np.mean(p_values) > 0.25


def test_replicas_of_a_question_are_drawn_together() -> None:
    weights = question_weights(("a", "b", "a", "c"), 50, np.random.default_rng(0))
    assert (weights[:, 0] == weights[:, 2]).all()


def test_intervals_hold_the_estimate_and_widen_with_the_level() -> None:
    rng = np.random.default_rng(9)
    innate = random_beliefs(rng, 60, 4, 4)
    transcript = simulated(rng, random_rows(rng, 4), innate, 5, process_noise=0.05)
    narrow = fit(transcript, resamples=300, level=0.5)
    wide = fit(transcript, resamples=300, level=0.95)
    assert narrow.intervals is not None
    assert wide.intervals is not None
    assert (wide.intervals.stubbornness[0] <= wide.stubbornness).all()
    assert (wide.stubbornness <= wide.intervals.stubbornness[1]).all()
    widths = [np.diff(one.intervals.stubbornness, axis=0) for one in (narrow, wide)]
    assert (widths[0] < widths[1]).all()


def test_a_control_arm_gives_the_null_of_the_peers_weight() -> None:
    rng = np.random.default_rng(10)
    innate = random_beliefs(rng, 60, 4, 3)
    transcript = simulated(rng, random_rows(rng, 4), innate, 3, process_noise=0.02)
    silent = transcript.heard_round.copy()
    silent[:30] = -1
    control = np.arange(60) < 30
    arm = null_tests(replace(transcript, heard_round=silent, control=control), 9, 0).control
    assert arm is not None
    assert arm.control_low <= arm.control <= arm.control_high
    assert arm.treated_low <= arm.treated <= arm.treated_high


def test_intervals_leave_out_less_the_fewer_questions_there_are() -> None:
    assert tail_share(0.95, 10**6) == pytest.approx(0.025, rel=1e-4)
    assert tail_share(0.9, 10**6) == pytest.approx(0.05, rel=1e-4)
    # Student's 2.262 of 9 degrees of freedom, times the root of 10/9: 2.384 of the normal one.
    assert tail_share(0.95, 10) == pytest.approx(0.00855, abs=1e-5)
    shares = [tail_share(0.95, n) for n in range(2, 40)]
    assert shares == sorted(shares)
    assert np.isnan(tail_share(0.95, 1))


def test_one_question_gives_no_interval() -> None:
    rng = np.random.default_rng(3)
    single = simulated(
        rng, random_rows(rng, 3), random_beliefs(rng, 1, 3, 4), 9, process_noise=0.02
    )
    ends = fit(single, resamples=50).intervals
    assert ends is not None
    assert np.isnan(ends.stubbornness).all()
    assert np.isnan(ends.influence_shares).all()


def coverages(n_questions: int, n_sets: int, n_resamples: int) -> tuple[float, float]:
    """Return how often 95 % intervals of stubbornness hold the truth: ours, plain percentiles."""
    ours: list[Any] = []
    plain: list[Any] = []
    for seed in range(n_sets):
        rng = np.random.default_rng([seed, n_questions])
        rows = random_rows(rng, 5)
        truth = rows[:, 0]
        innate = random_beliefs(rng, n_questions, 5, 4)
        transcript = simulated(rng, rows, innate, 5, process_noise=0.05)
        draws = bootstrap_rows(grams(transcript), transcript.question_ids, n_resamples, seed)
        for found, tail in ((ours, tail_share(0.95, n_questions)), (plain, 0.025)):
            low, high = np.quantile(draws[:, :, 0], [tail, 1 - tail], axis=0)
            found.append((low <= truth) & (truth <= high))
    return float(np.mean(ours)), float(np.mean(plain))


@pytest.mark.slow
def test_intervals_of_few_questions_cover_more_than_plain_percentiles() -> None:
    ours, plain = coverages(10, 150, 600)
    assert 0.91 <= ours <= 0.98
    assert ours >= plain + 0.02
    ours, plain = coverages(60, 60, 600)
    assert 0.9 <= ours <= 0.98
    assert 0 <= ours - plain <= 0.02
