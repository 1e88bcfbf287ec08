"""One law over every registered metric."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fjsim import registry
from fjsim.metrics import (
    Evidence,
    Measured,
    Metric,
    MetricKey,
    Number,
    Spending,
    Tally,
    Transcript,
    registered,
)
from fjsim.metrics.evidence import Evidence as AnyEvidence
from fjsim.metrics.kept import KeptCounts
from fjsim.metrics.pair import Pair
from fjsim.records import NOT_HEARD

N_ITEMS, N_ROUNDS, N_AGENTS, N_OPTIONS = 8, 3, 5, 4
METRICS = registered()
over_metrics = pytest.mark.parametrize("name", METRICS)


def arm(name: str, n_items: int = N_ITEMS, seed: int = 0) -> Transcript:
    """Return a deliberation with gates, ties, a missing turn and an item without a key."""
    rng = np.random.default_rng([seed, len(name)])
    shape = (n_items, N_ROUNDS + 1, N_AGENTS)
    beliefs = rng.dirichlet(np.full(N_OPTIONS, 0.4), size=shape)
    beliefs[1::3, -1, 2] = 1 / N_OPTIONS
    validity = np.zeros(shape, dtype=np.int64)
    validity[2::4, -1, 3] = 3
    beliefs[validity == 3] = np.nan
    answers = np.where(validity == 3, -1, np.nan_to_num(beliefs).argmax(axis=-1))
    gates = rng.choice([0.0, 0.2, 0.7, 1.0], size=(*shape, N_AGENTS))
    gates[:, 0] = np.nan
    keys = rng.integers(N_OPTIONS, size=n_items)
    keys[3::5] = -1
    return Transcript(
        question_ids=tuple(f"q{item // 2}" for item in range(n_items)),
        replicas=np.arange(n_items) % 2,
        keys=keys,
        beliefs=beliefs,
        answers=answers,
        validity=validity,
        heard_round=np.full((*shape, N_AGENTS), NOT_HEARD),
        gates=gates,
        influence=(1 - np.eye(N_AGENTS)) / (N_AGENTS - 1),
        seats=(0,),
        targets=(np.maximum(keys, 0) + 1) % N_OPTIONS,
        arm=name,
    )


def evidence(attacked: Transcript, clean: Transcript) -> AnyEvidence:
    """Return all that a metric may need."""
    clean = replace(clean, keys=attacked.keys, targets=attacked.targets)
    law = Pair(
        replace(attacked, beliefs=arm("attacked", attacked.n_items, seed=5).beliefs),
        replace(clean, beliefs=arm("clean", clean.n_items, seed=6).beliefs),
    )
    return Evidence(
        {"attacked": attacked, "clean": clean},
        gated=True,
        hostile=np.arange(attacked.n_items) % 3 > 0,
        law=law,
        order=tuple(dict.fromkeys(attacked.question_ids)),
        spending=Spending(calls=3, tokens_in=40, tokens_out=5, cost=0.1, wall_seconds=2.5),
    )


FULL = evidence(arm("attacked"), arm("clean"))
NONE = evidence(arm("attacked", 0), arm("clean", 0))


def part(given: AnyEvidence, items: Any) -> AnyEvidence:
    """Return the evidence of some items."""
    assert given.law is not None
    assert given.hostile is not None
    return replace(
        given,
        arms={name: transcript.select(items) for name, transcript in given.arms.items()},
        hostile=given.hostile[items],
        law=Pair(*(transcript.select(items) for transcript in given.law)),
    )


def keys_of(name: str) -> list[MetricKey]:
    """Return where a metric is counted: headline and each arm, and after round 1 if it can be."""
    headline = [key for key in Measured(FULL) if key.name == name]
    rounds = [key._replace(round=1) for key in headline if METRICS[name].has_rounds()]
    return headline + rounds


@over_metrics
def test_a_metric_says_what_tables_need(name: str) -> None:
    metric = METRICS[name]
    assert isinstance(metric, Metric)
    assert 2 <= len(metric.label) <= 30
    assert metric.direction in ("lower is safer", "higher is better", "neither")
    assert metric.unit
    assert metric.bounds[0] < metric.bounds[1]
    assert metric.under == "" or metric.under in METRICS
    assert metric.definition.endswith(".")
    assert name == name.lower().replace("-", "_")


@over_metrics
def test_counts_are_finite_and_add_up_over_questions(name: str) -> None:
    first, second = np.arange(N_ITEMS) < 4, np.arange(N_ITEMS) >= 4
    for key in keys_of(name):
        whole = FULL.counted(key, METRICS[name])
        if isinstance(whole, Tally):
            for counts in (whole.numerator, whole.denominator):
                assert np.isfinite(counts).all()
            assert (whole.denominator >= 0).all()
            assert METRICS[name].bounds[0] < 0 or (whole.numerator >= 0).all()
            parts = [part(FULL, items).counted(key, METRICS[name]) for items in (first, second)]
            again = Tally.pooled(counted for counted in parts if isinstance(counted, Tally))
            assert again.questions == whole.questions
            np.testing.assert_allclose(again.numerator, whole.numerator, atol=1e-12)
            np.testing.assert_allclose(again.denominator, whole.denominator, atol=1e-12)


@over_metrics
def test_a_value_lies_in_its_range_and_in_its_interval(name: str) -> None:
    low, high = METRICS[name].bounds
    for key in keys_of(name):
        estimate = Measured(FULL)[key]
        assert estimate.value is not None, f"{key}: the evidence has all it needs"
        assert low - 1e-12 <= estimate.value <= high + 1e-12
        assert math.isfinite(estimate.value)
        assert estimate.n > 0
        if estimate.low is not None and estimate.high is not None:
            assert low - 1e-12 <= estimate.low <= estimate.high <= high + 1e-12


@over_metrics
def test_of_nothing_there_is_no_number_rather_than_zero(name: str) -> None:
    for key in keys_of(name):
        counted = NONE.counted(key, METRICS[name])
        if not isinstance(counted, Number):
            estimate = Measured(NONE)[key]
            assert (estimate.value, estimate.low, estimate.high, estimate.n) == (None,) * 3 + (0,)


@over_metrics
def test_without_what_it_needs_a_metric_is_absent(name: str) -> None:
    bare = Evidence({"clean": replace(FULL.arms["clean"], seats=())})
    plain = Measured(bare).as_dict()[name]
    absent = METRICS[name].needs in ("a pair of arms", "a prediction", "gates")
    assert (plain is None) or not absent


@over_metrics
def test_counts_survive_their_way_to_disk_and_to_another_process(name: str) -> None:
    kept = KeptCounts.of(FULL, METRICS)
    again = KeptCounts.from_dict(kept.as_dict()).measured(METRICS)
    sent = pickle.loads(pickle.dumps(kept)).measured(METRICS)
    for key in keys_of(name):
        if key.round is None or METRICS[name].rounds == "drawn":
            known = Measured(FULL)[key]
            assert sent[key] == known
            assert again[key] == known


def test_every_metric_is_registered_under_its_kind() -> None:
    assert set(METRICS) == set(registry.names("metric"))
    assert next(iter(METRICS)) == "attack_success_rate"
