"""Shares of attention that a log gives are kept by every estimator, or refused in one line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting import fit
from fjsim.fitting.estimators import Bias, LogLinear, Majority
from fjsim.fitting.rows.hearing import PEERS
from fjsim.fitting.rows.solving import join_rows
from fjsim.fitting.validate.comparison import compare, default_models
from fjsim.fitting.validate.one_law import one_law_test
from fjsim.records import Transcript
from fjsim.registry import build
from studies.fit_headline import networks_log, played

HELD, KEPT = np.linspace(0.1, 0.6, 6), np.linspace(0.5, 0.2, 6)


def networks(pull: float = 0.0, n_items: int = 12, noise: float = 0.0) -> Transcript:
    """Return items that are each another weighted network, with one stubbornness per seat."""
    rng = np.random.default_rng(3)
    given = rng.dirichlet(np.full(6, 0.5), (n_items, 6)) * (1 - np.eye(6))
    given /= given.sum(axis=-1, keepdims=True)
    shape = (n_items, 6)
    rows = join_rows(np.broadcast_to(HELD, shape), np.broadcast_to(KEPT, shape), given)
    innate = rng.dirichlet(np.ones(3), shape)
    made = played(rng, rows, innate, 4, noise) if not pull else pulled(rng, rows, innate, pull)
    shares = np.broadcast_to(given[:, None], (n_items, 5, 6, 6))
    return replace(made, given_influence=shares, influence=given)


def pulled(rng: np.random.Generator, rows: Array, innate: Array, pull: float) -> Transcript:
    """Play the rows with a pull to one belief, the same in all items."""
    source, beliefs = np.array([0.7, 0.2, 0.1]), [innate]
    made = played(rng, rows, innate, 4, 0.0)
    for _ in range(4):
        law = rows[..., PEERS:] @ beliefs[-1]
        law = law + rows[..., [1]] * beliefs[-1] + rows[..., [0]] * innate
        beliefs.append((1 - pull) * law + pull * source)
    stacked = np.stack(beliefs, axis=1)
    return replace(made, beliefs=stacked, answers=stacked.argmax(axis=-1))


def keeps(found: Any, log: Transcript) -> bool:
    """Say whether the weights of speakers in every row of a fit are in the given proportion."""
    rows = np.broadcast_to(found.rows_for(log)[..., PEERS:], (12, 4, 6, 6)) if (
        found.rows_for(log).ndim == 4
    ) else found.rows_for(log)[:, None, :, PEERS:]  # fmt: skip
    total = rows.sum(axis=-1, keepdims=True)
    return np.allclose(rows, total * log.given_influence[:, 1:], atol=1e-9)


@pytest.mark.parametrize(
    "model", ["pooled", "item", "shrunk", "hierarchical", "group", "bias", "exchangeable"]
)
def test_an_estimator_keeps_the_shares_that_a_log_gives(model: str) -> None:
    log = networks(noise=0.005)
    more: dict[str, Any] = {"groups": tuple("aabbcc")} if model == "group" else {}
    if model != "bias":
        more["resamples"] = 20
    found = fit(log, model, one_law=False, **more)
    assert keeps(found, log)
    if model not in ("group", "exchangeable"):
        # A population pulls its members to their mean.
        assert found.stubbornness == pytest.approx(HELD, abs=0.06)
    if model not in ("group", "exchangeable", "hierarchical"):
        assert found.stubbornness == pytest.approx(HELD, abs=0.03)
        assert found.self_weight == pytest.approx(KEPT, abs=0.08)
    if model != "exchangeable":
        assert log.influence is not None
        assert np.allclose(found.influence, log.influence.mean(axis=0), atol=0.05)


@pytest.mark.parametrize("model", ["gated", "trajectory", "legacy"])
def test_an_estimator_of_what_speakers_weigh_says_that_it_does_not_apply(model: str) -> None:
    with pytest.raises(ParameterError, match=f"'{model}' fits what every speaker weighs") as told:
        fit(networks(), model, one_law=False)
    assert "\n" not in str(told.value)
    assert "use pooled, hierarchical" in str(told.value)


@pytest.mark.parametrize("crowd", [False, True])
def test_a_pull_to_a_free_source_is_found_beside_given_shares(crowd: bool) -> None:
    log = replace(networks(pull=0.2), exchangeable=crowd)
    assert "bias" in default_models(log)
    found = Bias(shared_by="log").fit(log)
    assert np.ptp(found.pull_) == pytest.approx(0, abs=1e-3)
    if not crowd:
        assert found.pull_ == pytest.approx(np.full(6, 0.2), abs=0.01)
        assert found.attractors_[0] == pytest.approx([0.7, 0.2, 0.1], abs=0.02)
        assert found.result_.stubbornness == pytest.approx(HELD, abs=0.01)
        assert np.allclose(found.rollout(log), log.beliefs, atol=0.02)
    else:
        assert np.ptp(found.result_.stubbornness) == 0
        assert 0.1 < found.pull_[0] < 0.3


def test_one_law_is_tested_with_the_given_shares() -> None:
    people = networks_log(0, n_items=6, n_agents=20, noise=0.03)
    assert one_law_test(people).holds is False
    assert one_law_test(networks(noise=0.01)).holds is True


def test_rivals_of_the_law_mix_and_vote_by_the_given_shares() -> None:
    log = networks(noise=0.01)
    assert log.given_influence is not None
    one = np.eye(6)[(np.arange(6) + 1) % 6]
    single = replace(log, given_influence=np.broadcast_to(one, log.given_influence.shape))
    for rival in (LogLinear(), Majority()):
        rival.fit(log)
        assert not np.allclose(rival.predict(log), rival.predict(single), equal_nan=True)


def heard_as_means(n_items: int = 20) -> Transcript:
    """Return opinions of crowds who are shown the mean of two people that nobody names."""
    rng = np.random.default_rng(1)
    first = rng.uniform(0, 1, (n_items, 6))
    last, path, means = first, [first], [np.full_like(first, np.nan)]
    for _ in range(4):
        hidden = rng.permutation(6)
        means.append((last[:, hidden] + last[:, np.roll(hidden, 1)]) / 2)
        last = 0.25 * first + 0.75 * (0.4 * last + 0.6 * means[-1])
        path.append(last)
    beliefs, exposure = (
        np.stack([1 - np.stack(x, 1), np.stack(x, 1)], axis=-1) for x in (path, means)
    )
    made = played(rng, np.tile([0.0, 1.0, *np.zeros(6)], (6, 1)), beliefs[:, 0], 4, 0.0)
    return replace(made, beliefs=beliefs, exposure=exposure, opinions=True, exchangeable=True)


@pytest.mark.parametrize("model", ["exchangeable", "bias", "log-linear", "majority"])
def test_a_roll_out_knows_no_mean_of_statements_that_it_predicts(model: str) -> None:
    log = heard_as_means()
    assert log.exposure is not None
    later = log.exposure.copy()
    later[:, 2:] = later[::-1, 2:]
    other = log.beliefs.copy()
    other[:, 1:] = other[::-1, 1:]
    learned: Any = build("estimator", model).fit(log)
    told = learned.rollout(log)
    assert np.array_equal(told, learned.rollout(replace(log, exposure=later)))
    changed = replace(log, beliefs=other, exposure=later)
    assert np.array_equal(told[:, 1:], learned.rollout(changed)[:, 1:])
    assert not np.array_equal(learned.predict(log)[:, 2:], learned.predict(changed)[:, 2:])


def test_a_roll_out_without_later_means_still_beats_no_change() -> None:
    log = heard_as_means()
    found = {row.model: row.skill for row in compare(log, None, ["rollout"])}
    assert found["exchangeable"] > 0.5
    assert found["exchangeable"] < 0.99
