"""How routed weights act on model-driven agents."""

import numpy as np
import pytest

import fjsim
from fjsim.beliefs import certain
from fjsim.contracts import Message
from fjsim.deliberation.accepting import blended, routed
from fjsim.deliberation.hearing import Hearing, through_router
from fjsim.registry import build
from fjsim.scenario import Scenario

SHARES = np.array([0, 1, 1, 1]) / 3
MESSAGES = tuple(
    Message(seat, 0, seat % 2, certain(seat % 2, 2, 0.8), weight=weight)
    for seat, weight in ((1, 0.7), (2, 0.2), (3, 0.1))
)


def through(channel, messages=MESSAGES, seed=0, **parameters):
    router = build("router", {"kind": "self-confidence", "channel": channel, **parameters})
    return through_router(messages, router, SHARES, np.random.default_rng(seed))


def test_label_shows_the_routed_weight() -> None:
    assert through("label") == Hearing(MESSAGES)


def test_withhold_drops_what_is_small_beside_the_largest_and_shows_no_weight() -> None:
    hearing = through("withhold", threshold=0.25)
    assert [message.speaker for message in hearing.heard] == [1, 2]
    assert [message.speaker for message in hearing.silent] == [3]
    assert {message.weight for message in hearing.heard} == {1 / 3}


def test_sample_delivers_by_the_share_of_the_largest() -> None:
    counts = np.zeros(4)
    for seed in range(2000):
        for message in through("sample", seed=seed).heard:
            counts[message.speaker] += 1
    np.testing.assert_allclose(counts[1:] / 2000, [1, 2 / 7, 1 / 7], atol=0.04)


def test_blend_delivers_all_and_mixes_outside_the_model() -> None:
    hearing = through("blend")
    assert len(hearing.heard) == 3
    stated, rest = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    mixture = 0.7 * certain(1, 2, 0.8) + 0.2 * certain(0, 2, 0.8) + 0.1 * certain(1, 2, 0.8)
    weights = np.array([0, 0.7, 0.2, 0.1])
    np.testing.assert_allclose(
        routed(stated, hearing, weights, rest, 0.4), 0.6 * stated + 0.4 * mixture
    )
    np.testing.assert_allclose(routed(stated, hearing, weights, rest, 0.0), stated)


def test_who_said_nothing_is_replaced_by_the_residual() -> None:
    rest = np.array([0.9, 0.1])
    nobody = routed(np.array([0.5, 0.5]), Hearing(), np.array([0, 0.5, 0.5]), rest, 1.0)
    np.testing.assert_allclose(nobody, rest)


def test_full_trust_keeps_the_stated_belief_to_the_last_digit() -> None:
    stated = np.array([0.1, 0.2, 0.7000001])
    assert blended(stated, stated, stated, SHARES, np.ones(4), "innate") is stated


@pytest.mark.parametrize("channel", ["label", "withhold", "sample", "blend"])
def test_every_channel_plays_a_whole_run(channel) -> None:
    run = fjsim.run(
        Scenario(
            topology="complete",
            attack="stubborn",
            router={"kind": "self-confidence", "channel": channel},
            defense="ballot",
            agents=4,
            questions={"limit": 2},
            rounds=2,
        )
    )
    assert run.transcript.valid.all()
