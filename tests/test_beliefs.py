"""The simplex: what a belief is, and what is read off it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fjsim import beliefs
from fjsim.errors import BeliefError

weights = arrays(float, st.integers(2, 8), elements=st.floats(0.001, 1))


def normal(values):
    return values / values.sum()


@given(weights, st.floats(-0.0199, 0.0199))
def test_small_slip_of_the_sum_is_normalised(values, slip) -> None:
    belief = beliefs.as_belief(normal(values) * (1 + slip), n_options=values.size)
    assert belief.sum() == pytest.approx(1)
    np.testing.assert_allclose(belief, normal(values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5, 0.47], r"must sum to 1; they sum to 0\.970"),
        ([0.5, 0.6], "they sum to 1.100"),
        ([0, 0], "they sum to 0.000"),
        ([1.2, -0.2], "must be a number >= 0"),
        ([np.nan, 1], "must be a number >= 0"),
        ([np.inf, 0], "must be a number >= 0"),
        ([1.0], "needs 2 numbers, one per option; got 1"),
        ([[0.5, 0.5]], "needs 2 numbers"),
        (["a", "b"], "one number per option"),
        ([[1], [0, 1]], "one number per option"),
        (None, "needs 2 numbers"),
        ({"A": 0.5}, "one number per option"),
    ],
)
def test_what_is_no_belief_is_refused(values, message) -> None:
    with pytest.raises(BeliefError, match=message):
        beliefs.as_belief(values, n_options=2)


def test_belief_error_is_also_a_value_error() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        beliefs.as_belief([0, 0], n_options=2)


@pytest.mark.parametrize(
    ("belief", "top"),
    [
        ([0.2, 0.5, 0.3], 1),
        ([0.4, 0.4, 0.2], -1),
        ([0.4, 0.4 + 1e-12, 0.2], -1),
        ([0.4, 0.4 + 1e-6, 0.2 - 1e-6], 1),
        ([0.7, 0.3, np.nan], 0),
        ([np.nan, np.nan, np.nan], -1),
        ([1.0], 0),
        ([], -1),
    ],
)
def test_top_option_is_the_strictly_largest(belief, top) -> None:
    assert beliefs.top_option(belief) == top


def test_tie_is_told_from_a_missing_belief() -> None:
    rows = [[0.5, 0.5, np.nan], [np.nan] * 3, [0.6, 0.3, 0.1]]
    assert beliefs.is_tied(rows).tolist() == [True, False, False]


@given(weights)
def test_confidence_lies_between_uniform_and_certain(values) -> None:
    assert 0 <= beliefs.confidence(normal(values)) <= 1


def test_confidence_at_its_ends() -> None:
    rows: Any = [[0.2] * 5, [0, 0, 1, 0, 0], [np.nan] * 5, [0.5, 0.5, np.nan, np.nan, np.nan]]
    np.testing.assert_allclose(beliefs.confidence(rows), np.array([0, 1, np.nan, 0]), atol=1e-12)


def test_confidence_of_a_single_option_is_not_defined() -> None:
    assert np.isnan(beliefs.confidence([1.0]))


def test_entropy_is_in_nats() -> None:
    assert beliefs.entropy([0.25] * 4) == pytest.approx(np.log(4))


@given(weights, st.randoms(use_true_random=False))
def test_total_variation_is_a_distance_within_one(values, random) -> None:
    first, second = normal(values), normal(np.array(random.sample(list(values), len(values))))
    gap = beliefs.total_variation(first, second)
    assert 0 <= gap <= 1
    assert gap == beliefs.total_variation(second, first)
    assert beliefs.total_variation(first, first) == 0


def test_total_variation_of_disjoint_beliefs_is_one() -> None:
    assert beliefs.total_variation([1, 0, np.nan], [0, 1, np.nan]) == 1
    assert np.isnan(beliefs.total_variation([np.nan] * 2, [np.nan] * 2))


@given(st.integers(2, 9), st.floats(0, 1), st.data())
def test_certain_belief_is_a_belief(n_options, certainty, data) -> None:
    option = data.draw(st.integers(0, n_options - 1))
    belief = beliefs.certain(option, n_options, certainty)
    assert belief[option] == certainty
    assert beliefs.as_belief(belief, n_options=n_options) == pytest.approx(belief)


def test_opinion_and_belief_over_two_options_are_one() -> None:
    opinions = np.array([[0.0, 0.3], [0.9, 1.0]])
    assert beliefs.from_opinion(opinions).shape == (2, 2, 2)
    np.testing.assert_array_equal(beliefs.from_opinion(opinions)[..., 1], opinions)


@given(st.lists(st.sampled_from([0.0, 0.2, 0.2 + 5e-10, 0.3, 0.5, np.nan, -np.inf]), max_size=6))
def test_one_belief_has_the_same_top_by_itself_as_in_an_array(belief: list[float]) -> None:
    array = np.array(belief, dtype=float)
    assert beliefs.top_of(belief) == int(beliefs.top_option(array))
