"""One law per group, of seats or of questions: both come back, and one for all predicts worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_deliberations import random_beliefs, random_rows, simulated

from fjsim.errors import ParameterError
from fjsim.fitting import fit
from fjsim.fitting.estimators import Grouped, Pooled
from fjsim.fitting.estimators.contract import Estimator
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS
from fjsim.fitting.validate.errors import half_squared_gap, scored_turns
from fjsim.records.transcript import Transcript

GROUPS = ("mild", "mild", "mild", "firm", "firm", "firm")
TRUTH = {"mild": (0.1, 0.3, 0.2, 0.4), "firm": (0.5, 0.2, 0.25, 0.05)}
"""Innate, own, the mild ones together, the firm ones together."""


def truth() -> NDArray[np.float64]:
    """Spread each group's law over its seats; shape (n_agents, n_agents + 2)."""
    rows = np.zeros((len(GROUPS), len(GROUPS) + PEERS))
    for listener, group in enumerate(GROUPS):
        rows[listener, INNATE], rows[listener, OWN], *shares = TRUTH[group]
        for name, share in zip(TRUTH, shares, strict=True):
            heard = [k for k, other in enumerate(GROUPS) if other == name and k != listener]
            rows[listener, [PEERS + k for k in heard]] = share / len(heard)
    return rows


def deliberations(seed: int, n_items: int, process_noise: float = 0.05) -> Transcript:
    rng = np.random.default_rng(seed)
    innate = random_beliefs(rng, n_items, len(GROUPS), 4)
    return simulated(rng, truth(), innate, 4, process_noise=process_noise)


def error_on(unseen: Transcript, learned: Estimator) -> float:
    counts = scored_turns(unseen)
    predicted = learned.predict(unseen)[:, 1:][counts]
    return float(half_squared_gap(predicted, unseen.beliefs[:, 1:][counts]).mean())


def held_out(model: Estimator, seed: int) -> float:
    """Return the error on 200 items of a model that learned from six."""
    return error_on(deliberations(seed + 1000, 200), model.fit(deliberations(seed, 6)))


def test_both_laws_are_recovered() -> None:
    found = fit(deliberations(0, 200, 0.02), "group", groups=GROUPS, resamples=200)
    expected = truth()
    for seats, name in (([0, 1, 2], "mild"), ([3, 4, 5], "firm")):
        innate, own = TRUTH[name][:2]
        assert found.stubbornness[seats] == pytest.approx(innate, abs=0.02)
        assert found.self_weight[seats] == pytest.approx(own / (1 - innate), abs=0.03)
        # One law: its members are equal to the last digit.
        assert np.ptp(found.stubbornness[seats]) == 0
    assert np.abs(found.rows - expected).max() < 0.02
    assert found.intervals is not None
    low, high = found.intervals.stubbornness
    assert ((low <= found.stubbornness) & (found.stubbornness <= high)).all()
    assert (high - low).max() < 0.03


def test_a_noiseless_law_is_recovered_exactly() -> None:
    rng = np.random.default_rng(1)
    exact = simulated(rng, truth(), random_beliefs(rng, 20, len(GROUPS), 4), 4)
    found = fit(exact, "group", groups=GROUPS, resamples=0)
    assert np.abs(found.rows - truth()).max() < 1e-9


def test_one_law_for_all_and_one_per_seat_predict_new_items_worse() -> None:
    errors = {
        name: np.mean([held_out(model(), seed) for seed in range(12)])
        for name, model in {
            "group": lambda: Grouped(groups=GROUPS, resamples=0),
            "one for all": lambda: Grouped(resamples=0),
            "one per seat": lambda: Pooled(resamples=0),
        }.items()
    }
    assert errors["one per seat"] > 1.02 * errors["group"]
    assert errors["one for all"] > 1.5 * errors["group"]


def two_kinds_of_questions(seed: int) -> tuple[Transcript, NDArray[np.float64]]:
    """Return 120 easy questions, then 120 hard ones, and the law of each kind."""
    rng = np.random.default_rng(seed)
    laws = np.stack([random_rows(rng, 4, (0.02, 0.15)), random_rows(rng, 4, (0.4, 0.7))])
    innate = random_beliefs(rng, 240, 4, 4)
    return simulated(rng, np.repeat(laws, 120, axis=0), innate, 4, process_noise=0.01), laws


def test_two_groups_of_questions_are_recovered_and_one_law_for_both_predicts_worse() -> None:
    transcript, laws = two_kinds_of_questions(7)
    halves = np.arange(240) % 120 < 60
    for kind, law in enumerate(laws):
        inside = np.arange(240) // 120 == kind
        learned = Pooled(resamples=0).fit(transcript.select(inside & halves))
        assert np.abs(learned.result_.rows - law).max() < 0.02
        together = Pooled(resamples=0).fit(transcript.select(halves))
        unseen = transcript.select(inside & ~halves)
        assert error_on(unseen, together) > 3 * error_on(unseen, learned)


def loner(seed: int, listens: bool = True) -> tuple[Transcript, NDArray[np.float64]]:
    """Return three seats of one law and one of its own, and the laws by seat."""
    share = 0.3 if listens else 0.0
    rows = np.zeros((4, 4 + PEERS))
    rows[:3, INNATE], rows[:3, OWN] = 0.2, 0.3
    rows[:3, PEERS + 3] = 0.1
    for seat in range(3):
        rows[seat, [PEERS + other for other in range(3) if other != seat]] = 0.2
    rows[3, INNATE], rows[3, PEERS : PEERS + 3] = 0.4, share / 3
    rows[3, OWN] = 0.6 - share
    rng = np.random.default_rng(seed)
    return simulated(rng, rows, random_beliefs(rng, 60, 4, 4), 4, process_noise=0.01), rows


def test_a_group_of_one_gets_all_that_the_others_get() -> None:
    transcript, rows = loner(0)
    found = fit(transcript, "group", groups=("a", "a", "a", "b"), resamples=100)
    assert found.identified.reasons == ((), (), (), ())
    assert found.stubbornness == pytest.approx(rows[:, INNATE], abs=0.02)
    assert found.self_weight[3] == pytest.approx(0.3 / 0.6, abs=0.04)
    assert found.influence[3] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0], abs=0.03)
    assert found.rows == pytest.approx(rows, abs=0.02)
    assert found.intervals is not None
    assert np.isfinite(found.intervals.self_weight).all()
    assert np.isfinite(found.intervals.influence[:, 3]).all()
    assert not any("unit" in text for text in found.warnings)


def test_groups_of_one_each_are_the_pooled_fit() -> None:
    transcript, _ = loner(1)
    alone = fit(transcript, "group", groups=("a", "b", "c", "d"), resamples=0)
    pooled = fit(transcript, "pooled", resamples=0)
    assert alone.rows == pytest.approx(pooled.rows, abs=1e-9)
    assert alone.influence == pytest.approx(pooled.influence, abs=1e-9)
    assert alone.self_weight == pytest.approx(pooled.self_weight, abs=1e-9)


def test_what_a_group_cannot_tell_is_said_with_the_names_of_groups() -> None:
    transcript, _ = loner(2)
    beliefs = transcript.beliefs.copy()
    beliefs[:, :, 3] = beliefs[:, :, 2]
    twins = replace(transcript, beliefs=beliefs)
    found = fit(twins, "group", groups=("a", "a", "b", "c"), resamples=0)
    text = " ".join(found.identified.reasons[0])
    assert "clones group b and group c" in text
    assert "group b always held the listener's own belief" in " ".join(found.identified.reasons[3])


def test_groups_name_every_seat() -> None:
    with pytest.raises(ParameterError, match="groups names 2 seats, the transcript has 6"):
        fit(deliberations(0, 3), "group", groups=("mild", "firm"))
