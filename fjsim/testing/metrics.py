"""What a metric has to keep."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

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
from fjsim.metrics.kept import KeptCounts
from fjsim.metrics.metric import ARROWS
from fjsim.metrics.pair import Pair
from fjsim.records import NOT_HEARD
from fjsim.testing.subject import Subject, require

N_ITEMS, N_ROUNDS, N_AGENTS, N_OPTIONS = 8, 3, 5, 4


def _arm(name: str, n_items: int = N_ITEMS, seed: int = 0) -> Transcript:
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


@cache
def _evidence(n_items: int = N_ITEMS) -> Evidence:
    """Return all that a metric may need."""
    attacked, clean = _arm("attacked", n_items), _arm("clean", n_items)
    clean = replace(clean, keys=attacked.keys, targets=attacked.targets)
    law = Pair(
        replace(attacked, beliefs=_arm("attacked", n_items, seed=5).beliefs),
        replace(clean, beliefs=_arm("clean", n_items, seed=6).beliefs),
    )
    return Evidence(
        {"attacked": attacked, "clean": clean},
        gated=True,
        hostile=np.arange(n_items) % 3 > 0,
        law=law,
        order=tuple(dict.fromkeys(attacked.question_ids)),
        spending=Spending(calls=3, tokens_in=40, tokens_out=5, cost=0.1, wall_seconds=2.5),
    )


def _part(given: Evidence, items: Any) -> Evidence:
    """Return the evidence of some items."""
    assert given.law is not None
    assert given.hostile is not None
    return replace(
        given,
        arms={name: transcript.select(items) for name, transcript in given.arms.items()},
        hostile=given.hostile[items],
        law=Pair(*(transcript.select(items) for transcript in given.law)),
    )


def _keys(subject: Subject) -> list[MetricKey]:
    """Return where it is counted: headline and each arm, and after round 1 if it can be."""
    headline = [key for key in Measured(_evidence()) if key.name == subject.entry.name]
    if not subject.plugin.has_rounds():
        return headline
    return headline + [key._replace(round=1) for key in headline]


def _counts(subject: Subject, given: Evidence) -> Iterator[tuple[MetricKey, Any]]:
    for key in _keys(subject):
        yield key, given.counted(key, subject.plugin)


def it_says_what_tables_need(subject: Subject) -> None:
    """It has a short label, a direction, a unit, bounds, a definition and a snake_case name."""
    metric: Metric = subject.plugin
    name = subject.entry.name
    label = f"{subject.name}: label is {metric.label!r}; give 2 to 30 characters"
    require(2 <= len(metric.label) <= 30, label)
    require(metric.direction in ARROWS, f"{subject.name}: direction is {metric.direction!r}")
    require(metric.unit, f"{subject.name}: has no unit")
    require(metric.bounds[0] < metric.bounds[1], f"{subject.name}: bounds are {metric.bounds}")
    known = metric.under == "" or metric.under in registered()
    require(known, f"{subject.name}: stands under {metric.under!r}, which there is not")
    require(metric.definition.endswith("."), f"{subject.name}: its definition is no sentence")
    require(name == name.lower().replace("-", "_"), f"{subject.name}: name it in snake_case")


def counts_are_finite_and_add_up_over_questions(subject: Subject) -> None:
    """Counted on halves of the questions and put together, it is what the whole gives."""
    parts = [
        _part(_evidence(), np.arange(N_ITEMS) < 4),
        _part(_evidence(), np.arange(N_ITEMS) >= 4),
    ]
    for key, whole in _counts(subject, _evidence()):
        if not isinstance(whole, Tally):
            continue
        finite = np.isfinite(whole.numerator).all() and np.isfinite(whole.denominator).all()
        require(finite, f"{subject.name}: {key}: counted what is not finite")
        require((whole.denominator >= 0).all(), f"{subject.name}: {key}: denominator below 0")
        counted = [given.counted(key, subject.plugin) for given in parts]
        again = Tally.pooled(one for one in counted if isinstance(one, Tally))
        same = again.questions == whole.questions and all(
            np.allclose(one, other, rtol=0, atol=1e-12)
            for one, other in (
                (again.numerator, whole.numerator),
                (again.denominator, whole.denominator),
            )
        )
        require(same, f"{subject.name}: {key}: counts of halves do not add up to the whole's")


def a_value_lies_in_its_bounds_and_in_its_interval(subject: Subject) -> None:
    """Value and interval lie within the bounds that it states."""
    low, high = subject.plugin.bounds
    for key in _keys(subject):
        found = Measured(_evidence())[key]
        require(found.value is not None and found.n > 0, f"{subject.name}: {key}: counts nothing")
        ends = [found.low, found.value, found.high]
        known = [end for end in ends if end is not None]
        fits = all(math.isfinite(end) and low - 1e-12 <= end <= high + 1e-12 for end in known)
        require(fits, f"{subject.name}: {key}: {known} leaves its bounds [{low}, {high}]")
        require(known == sorted(known), f"{subject.name}: {key}: {known} is not in order")


def of_nothing_there_is_no_number(subject: Subject) -> None:
    """Without a single item its value is None rather than 0."""
    for key, counted in _counts(subject, _evidence(0)):
        if not isinstance(counted, Number):
            found = Measured(_evidence(0))[key]
            require(
                (found.value, found.low, found.high, found.n) == (None, None, None, 0),
                f"{subject.name}: {key}: of no item it says {found}",
            )


def without_what_it_needs_it_is_absent(subject: Subject) -> None:
    """Where there is one clean arm only, what needs a pair, a prediction or gates is None."""
    bare = Evidence({"clean": replace(_evidence().arms["clean"], seats=())})
    needs = subject.plugin.needs in ("a pair of arms", "a prediction", "gates")
    found = Measured(bare).as_dict()[subject.entry.name]
    require(
        found is None or not needs, f"{subject.name}: needs {subject.plugin.needs}, says {found}"
    )


def counts_survive_their_way_to_disk(subject: Subject) -> None:
    """A sweep keeps its counts and finds the same value in them."""
    metrics = {subject.entry.name: subject.plugin}
    kept = KeptCounts.of(_evidence(), metrics)
    again = KeptCounts.from_dict(kept.as_dict()).measured(metrics)
    for key in _keys(subject):
        if key.round is None or subject.plugin.rounds == "drawn":
            same = again[key] == Measured(_evidence())[key]
            require(same, f"{subject.name}: {key}: is another value once kept and read")


LAWS = (
    it_says_what_tables_need,
    counts_are_finite_and_add_up_over_questions,
    a_value_lies_in_its_bounds_and_in_its_interval,
    of_nothing_there_is_no_number,
    without_what_it_needs_it_is_absent,
    counts_survive_their_way_to_disk,
)
