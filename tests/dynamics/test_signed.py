"""Hostile ties: a law that stays linear, a takeover with a sign, and two camps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fjsim.dynamics import (
    FJParameters,
    camps,
    rollout,
    signed_rollout,
    signed_takeover,
    takeover,
)
from fjsim.errors import NotConvergentError, ParameterError

seeds = st.integers(0, 10_000)


def team(seed: int, n: int = 6) -> tuple[FJParameters, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    influence = rng.random((n, n)) * (rng.random((n, n)) < 0.7)
    np.fill_diagonal(influence, 0.0)
    influence /= np.maximum(influence.sum(axis=1, keepdims=True), 1e-12)
    parameters = FJParameters(
        rng.uniform(0.05, 0.5, n), rng.uniform(0, 0.6, n), influence=influence
    )
    return parameters, np.asarray(influence), rng


@settings(max_examples=20)
@given(seeds, st.integers(2, 5))
def test_signed_beliefs_stay_beliefs_and_trusting_ties_are_the_plain_law(
    seed: int, n_options: int
) -> None:
    parameters, _, rng = team(seed)
    innate = rng.dirichlet(np.ones(n_options), size=6)
    signs = rng.choice([1, -1], (6, 6))
    beliefs = signed_rollout(parameters, signs, innate, 8)
    assert (beliefs >= -1e-12).all()
    np.testing.assert_allclose(beliefs.sum(axis=-1), 1.0)
    plain = signed_rollout(parameters, np.ones((6, 6)), innate, 8)
    np.testing.assert_allclose(plain, rollout(parameters, innate, 8), atol=1e-12)


@settings(max_examples=20)
@given(seeds)
def test_a_hostile_tie_carries_the_opposite_of_two_options(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pair = FJParameters(0.1, 0.3, influence=[[0, 1], [1, 0]])
    innate = rng.dirichlet(np.ones(2), size=2)
    after = signed_rollout(pair, [[1, -1], [1, 1]], innate, 1)[1]
    np.testing.assert_allclose(
        after[0], 0.1 * innate[0] + 0.9 * (0.3 * innate[0] + 0.7 * innate[1, ::-1])
    )
    np.testing.assert_allclose(
        after[1], 0.1 * innate[1] + 0.9 * (0.3 * innate[1] + 0.7 * innate[0])
    )


@settings(max_examples=20)
@given(seeds, st.integers(2, 5))
def test_hostile_ties_never_add_to_the_size_of_a_takeover(seed: int, n_options: int) -> None:
    parameters, influence, rng = team(seed)
    whole = takeover(
        influence, seats=[0], stubbornness=parameters.stubbornness,
        self_weight=parameters.self_weight,
    ).equilibrium  # fmt: skip
    found = signed_takeover(parameters, rng.choice([1, -1], (6, 6)), [0], n_options)
    assert (np.abs(found[1:]) <= whole[1:] + 1e-9).all()
    trusting = signed_takeover(parameters, np.ones((6, 6)), [0], n_options)
    np.testing.assert_allclose(trusting[1:], whole[1:], atol=1e-9)


@settings(max_examples=20)
@given(seeds)
def test_balanced_ties_drive_the_other_camp_away_by_as_much(seed: int) -> None:
    parameters, influence, rng = team(seed)
    camp = rng.choice([1, -1], 6)
    signs = np.outer(camp, camp)
    found = camps(influence, signs)
    assert found is not None
    ties = influence > 0
    assert (np.outer(found, found)[ties] == signs[ties]).all()
    plain = signed_takeover(parameters, np.ones((6, 6)), [0])
    signed = signed_takeover(parameters, signs, [0])
    np.testing.assert_allclose(signed[1:], (camp * camp[0] * plain)[1:], atol=1e-9)


def test_a_takeover_is_where_long_rollouts_end() -> None:
    parameters, influence, rng = team(3)
    signs = rng.choice([1, -1], (6, 6))
    stubborn = np.where(np.arange(6) == 0, 1.0, parameters.stubbornness)
    held = FJParameters(stubborn, parameters.self_weight, influence=influence)
    even, lie = np.full((6, 3), 1 / 3), np.full((6, 3), 1 / 3)
    lie[0] = [1, 0, 0]
    moved = signed_rollout(held, signs, lie, 400)[-1] - signed_rollout(held, signs, even, 400)[-1]
    expected = signed_takeover(parameters, signs, [0], 3)[1:, None] * (lie[0] - 1 / 3)
    np.testing.assert_allclose(moved[1:], expected, atol=1e-9)


def test_a_triangle_with_one_hostile_tie_has_no_camps() -> None:
    triangle = (np.ones((3, 3)) - np.eye(3)) / 2
    signs = np.ones((3, 3))
    signs[0, 1] = signs[1, 0] = -1
    assert camps(triangle, signs) is None
    assert camps(np.zeros((3, 3)), signs) is not None


@pytest.mark.parametrize(
    ("signs", "seats", "n_options", "says"),
    [
        (np.zeros((2, 2)), [0], 2, "1 or -1"),
        (np.ones((3, 3)), [0], 2, "shape"),
        (np.ones((2, 2)), [], 2, "seats"),
        (np.ones((2, 2)), [0, 1], 2, "seats"),
        (np.ones((2, 2)), [0], 1, "two options"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    signs: np.ndarray, seats: list[int], n_options: int, says: str
) -> None:
    pair = FJParameters(0.1, 0.3, influence=[[0, 1], [1, 0]])
    with pytest.raises(ParameterError, match=says):
        signed_takeover(pair, signs, seats, n_options)


def test_agents_that_hear_only_each_other_and_hold_nothing_have_no_takeover() -> None:
    closed = FJParameters(0.0, 0.3, influence=[[0, 1, 0], [0, 0, 1], [0, 1, 0]])
    with pytest.raises(NotConvergentError, match="stubbornness > 0"):
        signed_takeover(closed, np.ones((3, 3)), [0])
