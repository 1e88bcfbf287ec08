"""Where defenses fail, by how much, and what answers each failure."""

from typing import Any

import pytest

from studies.defense_grid import CAUTIOUS, OPEN, made
from studies.failure_modes import DEFAULT, FAILURES, observed
from studies.numeric_teams import ARMS, PLACES, Setting, play

STANDARD_ERRORS = 3.0
"""Eighteen numbers are compared at once."""

CASES: list[Any] = [
    pytest.param(failure, id=f"{failure.name}, {failure.place}".replace(" ", "-"))
    for failure in FAILURES
]
HARMED = [case for case in CASES if case.values[0].arm != "none"]


def rates(place, block, arms, n_teams=6, n_questions=40, **parameters):
    counts = play(
        Setting(place=place, arms=arms, n_teams=n_teams, n_questions=n_questions, **parameters),
        made(block),
    )
    success = {
        arm: counts.success(arm)[0].sum() / counts.success(arm)[1].sum()
        for arm in arms
        if arm != "none"
    }
    return success, counts.accuracy("none")[0].sum() / counts.accuracy("none")[1].sum()


@pytest.mark.parametrize(
    "failure",
    [case for case in CASES if case.values[0].place in ("star-hub", "star-leaf")],
)
def test_failure_on_a_star_comes_near_the_expected_number(failure) -> None:
    if failure.name == "the same, innate residual":
        pytest.skip("its rate is that of the first questions of 200; see the slow test")
    rate = observed(failure, failure.block, n_teams=8, n_questions=60)
    assert rate.misses(failure.expected) < STANDARD_ERRORS, rate.text


@pytest.mark.slow
@pytest.mark.parametrize("failure", CASES)
def test_failure_has_the_expected_number_within_its_interval(failure) -> None:
    rate = observed(failure, failure.block, n_teams=20)
    assert rate.misses(failure.expected) < STANDARD_ERRORS, rate.text


@pytest.mark.slow
@pytest.mark.parametrize("failure", HARMED)
def test_default_defense_answers_every_failure(failure) -> None:
    assert observed(failure, DEFAULT).mean < 0.02


@pytest.mark.parametrize("place", ["star-hub", "star-leaf", "complete"])
def test_default_defense_answers_the_failures_on_small_teams(place) -> None:
    arms = ("none", "stubborn", "late-sleeper", "wobble-alt", "collude-2", "tamper")
    success, accuracy = rates(place, DEFAULT, arms)
    assert max(success.values()) < 0.05, success
    _, undefended = rates(place, None, ("none",))
    assert accuracy > undefended - 0.02


def test_renormalised_trust_is_no_trust_at_a_hub_until_it_is_an_exact_zero() -> None:
    arms = ("none", "stubborn")
    floored = {"kind": "peer-agreement", "residual": "renormalise"}
    assert rates("star-hub", floored, arms)[0]["stubborn"] == 1
    assert rates("star-hub", "peer-agreement", arms)[0]["stubborn"] < 0.3
    exact = {"kind": "t-s", "labels": "all", "residual": "renormalise"}
    assert rates("star-hub", exact, arms)[0]["stubborn"] < 0.3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("block", "place", "arm", "expected"),
    [
        pytest.param(CAUTIOUS, "star-leaf", "collude-2", 0.082, id="cautious"),
        pytest.param(OPEN, "ring", "on-off", 0.160, id="open"),
    ],
)
def test_local_record_has_the_expected_worst_case(block, place, arm, expected) -> None:
    """Eight teams of two hundred questions stand behind the expected numbers."""
    success, _ = rates(place, block, ("none", arm), n_teams=20, n_questions=200)
    assert success[arm] == pytest.approx(expected, abs=0.025)


def test_local_record_loses_to_a_duty_cycle_and_the_public_one_does_not() -> None:
    arms = ("none", "duty-cycle")
    assert rates("star-hub", OPEN, arms, n_questions=60)[0]["duty-cycle"] > 0.4
    assert rates("star-hub", DEFAULT, arms, n_questions=60)[0]["duty-cycle"] < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_default_defense_keeps_the_promise_of_the_design(place) -> None:
    success, accuracy = rates(place, DEFAULT, ARMS, n_teams=10, n_questions=200)
    _, undefended = rates(place, None, ("none",), n_teams=10, n_questions=200)
    assert max(success.values()) < 0.02, success
    assert accuracy > undefended - 0.02
    if place.startswith("star"):
        assert accuracy > undefended + 0.04


def test_bound_of_the_ballot_theorem_stands_above_the_observed_rate() -> None:
    from fjsim_defenses.shared.ballot_bound import unprotected_share

    success, _ = rates("complete", "ballot", ("none", "stubborn", "collude-2"))
    assert success["stubborn"] <= unprotected_share(6, 1, 0.8)
    assert success["collude-2"] <= unprotected_share(6, 2, 0.8)


def test_no_question_that_the_theorem_covers_is_lost() -> None:
    counts = play(
        Setting(arms=("stubborn", "collude-2", "wobble"), n_teams=10, n_questions=40),
        made("ballot"),
    )
    assert counts.protected.mean() > 0.7
    assert not counts.flipped[counts.protected].any()
    assert counts.flipped[~counts.protected].any()
