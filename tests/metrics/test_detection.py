"""Detection by trust: against scikit-learn, and on gates made by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fjsim.metrics import NOTHING, Evidence, Measured
from fjsim.metrics.detection import TrustScores, mean_trust, questions_to_detect, trust_scores
from fjsim.records import NOT_HEARD, Transcript

N_AGENTS, N_ROUNDS = 4, 3


def transcript(gates, seats=(0,), beliefs=None):
    """Return a complete graph's deliberation with gates[item, round, speaker] from everybody."""
    gates = np.asarray(gates, dtype=float)
    n_items = len(gates)
    full = np.full((n_items, N_ROUNDS + 1, N_AGENTS, N_AGENTS), np.nan)
    full[:, 1:] = gates[:, :, None, :]
    shape = (n_items, N_ROUNDS + 1, N_AGENTS)
    return Transcript(
        question_ids=tuple(f"q{at}" for at in range(n_items)),
        replicas=np.zeros(n_items, dtype=int),
        keys=np.zeros(n_items, dtype=int),
        beliefs=np.full((*shape, 2), 0.5) if beliefs is None else beliefs,
        answers=np.zeros(shape, dtype=int),
        validity=np.zeros(shape, dtype=int),
        heard_round=np.full((*shape, N_AGENTS), NOT_HEARD),
        gates=full,
        influence=(1 - np.eye(N_AGENTS)) / (N_AGENTS - 1),
        seats=seats,
        arm="attacked",
    )


def judged(arm, order=()):
    """Return the numbers of an attacked arm with a defense."""
    return Measured(Evidence({"attacked": arm}, gated=True, order=tuple(order)))


def area(arm):
    return judged(arm)["detection_auc"]


def flat(n_items, adversary, benign):
    gates = np.full((n_items, N_ROUNDS, N_AGENTS), benign, dtype=float)
    gates[:, :, 0] = adversary
    return gates


def test_the_area_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    trust = rng.integers(0, 8, 300) / 8
    hostile = rng.integers(0, 2, 300).astype(np.float64)
    names = tuple(f"q{at % 40}" for at in range(300))
    estimate = TrustScores(names, trust, hostile).estimate()
    assert estimate.value == pytest.approx(roc_auc_score(hostile, -trust))
    assert estimate.low < estimate.value < estimate.high
    assert estimate.n == 300


def test_no_trust_in_the_adversary_is_perfect_detection() -> None:
    assert area(transcript(flat(5, 0, 1))).value == 1


def test_equal_trust_is_chance() -> None:
    estimate = area(transcript(flat(5, 0.7, 0.7)))
    assert (estimate.value, estimate.low, estimate.high) == (0.5, 0.5, 0.5)


def test_more_trust_in_the_adversary_is_worse_than_chance() -> None:
    assert area(transcript(flat(5, 1, 0.2))).value == 0


def test_without_an_adversary_there_is_nothing_to_detect() -> None:
    assert area(transcript(flat(5, 1, 1), seats=())) == NOTHING


def test_a_message_without_a_recorded_gate_counts_as_no_trust() -> None:
    gates = flat(4, np.nan, 1)
    assert np.all(mean_trust(transcript(gates))[:, 1:, 0] == 0)
    assert area(transcript(gates)).value == 1


def test_a_speaker_that_did_not_speak_is_neither_trusted_nor_distrusted() -> None:
    beliefs = np.full((4, N_ROUNDS + 1, N_AGENTS, 2), 0.5)
    beliefs[:, N_ROUNDS - 1, 1] = np.nan
    scores = trust_scores(transcript(flat(4, 0, 1), beliefs=beliefs))
    assert len(scores.trust) == 4 * (N_AGENTS - 1)


def test_rounds_and_questions_to_detection_are_counted_from_one() -> None:
    gates = flat(4, 1, 1)
    gates[2, 1:, 0] = 0.1
    gates[3, :, 0] = 0.1
    found = judged(transcript(gates), ["q0", "q1", "q2", "q3"])
    assert found["detected"].value == pytest.approx(0.5)
    assert found["rounds_to_detect"].value == pytest.approx((2 + 1) / 2)
    assert found["questions_to_detect"].value == 3
    assert found["false_isolation"].value == 0


def test_an_adversary_that_is_never_distrusted_has_no_detection_time() -> None:
    found = judged(transcript(flat(3, 1, 0.2)), ["q0", "q1", "q2"])
    assert found["questions_to_detect"] == NOTHING
    assert found["rounds_to_detect"] == NOTHING
    assert found["false_isolation"].value == 1


def test_the_order_of_play_decides_how_many_questions_it_took() -> None:
    gates = flat(3, 1, 1)
    gates[0, :, 0] = 0
    assert questions_to_detect(transcript(gates), ["warm-up", "q2", "q1", "q0"]) == 3


def test_scores_of_two_seeds_are_pooled() -> None:
    one = trust_scores(transcript(flat(3, 0, 1)))
    other = trust_scores(transcript(flat(3, 1, 1)))
    assert TrustScores.pooled([one, other]).estimate().value == pytest.approx(0.75)
