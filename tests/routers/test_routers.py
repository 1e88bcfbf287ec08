"""Routers: who is listened to, per question."""

from dataclasses import replace

import numpy as np
import pytest

from fjsim import registry
from fjsim.beliefs import certain
from fjsim.contracts import Record
from fjsim.errors import ConfigError
from fjsim_routers.shared.measures import best_few, perceived_confidence

OURS = [entry for entry in registry.entries("router") if entry.package == "fjsim_routers"]
ROUTERS = [pytest.param(entry.name, id=entry.name) for entry in OURS]
COMPLETE = (np.ones((4, 4)) - np.eye(4)) / 3
ORDER = np.array([2, 0, 3, 1])


def record_of(options, certainties, influence=COMPLETE, stated=None):
    beliefs = np.array([certain(k, 4, c) for k, c in zip(options, certainties, strict=True)])[None]
    said = np.array(certainties if stated is None else stated, dtype=float)[None]
    return Record("q", influence, beliefs, beliefs.copy(), np.array(options)[None], said)


MIXED = record_of([0, 1, 0, 2], [0.9, 0.5, 0.7, 0.6])


def weights(block, record=MIXED, key=0):
    router = registry.build("router", block)
    return router.route(record, router.initial_state(record.n_agents), key)


def permuted(record):
    return Record(
        "q",
        record.influence[np.ix_(ORDER, ORDER)],
        record.stated[:, ORDER],
        record.accepted[:, ORDER],
        record.answers[:, ORDER],
        record.confidence[:, ORDER],
    )


@pytest.mark.parametrize("name", ROUTERS)
def test_another_order_of_the_seats_permutes_the_weights(name) -> None:
    plain, moved = weights(name), weights(name, permuted(MIXED))
    np.testing.assert_allclose(moved, plain[np.ix_(ORDER, ORDER)])


@pytest.mark.parametrize("name", ROUTERS)
def test_rows_sum_to_one_on_the_graph(name) -> None:
    routed = weights(name)
    np.testing.assert_allclose(routed.sum(axis=1), 1)
    assert not np.diagonal(routed).any()


@pytest.mark.parametrize(
    "name",
    ["self-confidence", "relative-confidence", "perceived-confidence", "alignment", "oracle"],
)
def test_no_sharpness_is_uniform(name) -> None:
    np.testing.assert_allclose(weights({"kind": name, "sharpness": 0}), COMPLETE)


@pytest.mark.parametrize(
    "name", ["self-confidence", "relative-confidence", "perceived-confidence", "top-k"]
)
def test_confident_speaker_attracts_weight(name) -> None:
    assert weights(name)[1].argmax() == 0


def test_stated_confidence_is_used_when_told() -> None:
    boasting = record_of([0, 1, 0, 2], [0.9, 0.5, 0.7, 0.6], stated=[0.1, 0.99, 0.1, 0.1])
    block = {"kind": "self-confidence", "confidence": "stated"}
    assert weights(block, boasting)[0].argmax() == 1
    assert weights("self-confidence", boasting)[1].argmax() == 0


def test_aligned_speaker_attracts_weight() -> None:
    assert weights("alignment")[0].argmax() == 2


def test_top_k_hears_so_many_and_ties_share_the_last_place() -> None:
    assert (weights({"kind": "top-k", "k": 2}) > 0).sum(axis=1).tolist() == [2, 2, 2, 2]
    tied = best_few(COMPLETE, np.array([0.9, 0.5, 0.5, 0.5]), 2)
    np.testing.assert_allclose(tied[0], [0, 2 / 3, 2 / 3, 2 / 3])
    np.testing.assert_allclose(tied[1], [1, 0, 0.5, 0.5])


def test_oracle_listens_to_who_believes_the_key_and_is_uniform_without_it() -> None:
    assert weights("oracle", key=2)[0].argmax() == 3
    np.testing.assert_allclose(weights("oracle", key=None), COMPLETE)
    np.testing.assert_allclose(weights({"kind": "oracle", "labels": "none"}, key=2), COMPLETE)


def test_competence_history_is_the_odds_of_the_record() -> None:
    router = registry.build("router", "competence-history")
    state = router.initial_state(4)
    for _ in range(3):
        state = router.update(MIXED, state, 0)
    state = router.update(MIXED, state, None)
    odds = np.array([4, 1 / 4, 4, 1 / 4])
    expected = COMPLETE * odds / (COMPLETE @ odds)[:, None]
    np.testing.assert_allclose(router.weights(MIXED, state), expected)


def test_a_probe_is_used_where_the_record_has_one() -> None:
    probed = replace(MIXED, perceived=np.tile([0.1, 0.1, 0.1, 0.9], (4, 1)))
    assert perceived_confidence(MIXED) is None
    assert weights("perceived-confidence", probed)[0].argmax() == 3


def test_missing_first_turn_is_no_confidence_and_no_alignment() -> None:
    missing = record_of([0, 1, 0, 2], [0.9, 0.5, 0.7, 0.6])
    missing.stated[0, 0], missing.confidence[0, 0] = np.nan, np.nan
    for name in ("self-confidence", "alignment", "top-k"):
        assert np.isfinite(weights(name, missing)).all()
        assert weights(name, missing)[1].argmax() != 0


@pytest.mark.parametrize(
    "block",
    [
        {"kind": "top-k", "k": 0},
        {"kind": "self-confidence", "threshold": 2},
        {"kind": "alignment", "strength": -1},
        {"kind": "competence-history", "prior": 0},
    ],
)
def test_parameters_outside_their_range_are_refused(block) -> None:
    with pytest.raises(ConfigError, match="router"):
        registry.build("router", block)
