"""The test against another item's peers finds shared evidence; a control arm tells it apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_deliberations import random_beliefs, random_rows, simulated, transcript_of

from fjsim.fitting.findings.summary import null_lines
from fjsim.fitting.rows.hearing import INNATE, OWN
from fjsim.fitting.rows.simplex import closest_on_simplex
from fjsim.fitting.validate.nulls import null_tests
from fjsim.records.transcript import Transcript

ITEMS, AGENTS, ROUNDS, OPTIONS = 24, 4, 4, 4


def drifting(seed: int, n_items: int = ITEMS) -> Transcript:
    """Play agents that hear nobody and move to one option of the question, all to the same."""
    rng = np.random.default_rng(seed)
    beliefs = [random_beliefs(rng, n_items, AGENTS, OPTIONS)]
    drawn_to = np.eye(OPTIONS)[rng.integers(OPTIONS, size=n_items)][:, None]
    for _ in range(ROUNDS):
        after = 0.8 * beliefs[-1] + 0.2 * drawn_to
        beliefs.append(closest_on_simplex(after + 0.05 * rng.standard_normal(after.shape)))
    return transcript_of(np.stack(beliefs, axis=1))


def listening(seed: int, n_items: int = ITEMS) -> Transcript:
    rng = np.random.default_rng(seed)
    innate = random_beliefs(rng, n_items, AGENTS, OPTIONS)
    return simulated(rng, random_rows(rng, AGENTS), innate, ROUNDS, process_noise=0.05)


def keeping(seed: int) -> Transcript:
    """Play agents that only keep their own belief."""
    rng = np.random.default_rng(seed)
    alone = np.zeros((AGENTS, AGENTS + 2))
    alone[:, INNATE], alone[:, OWN] = 0.3, 0.7
    innate = random_beliefs(rng, ITEMS, AGENTS, OPTIONS)
    return simulated(rng, alone, innate, ROUNDS, process_noise=0.05)


def half_alone(heard: Transcript, alone: Transcript) -> Transcript:
    """Join items in which peers could be heard and a control arm in which nobody was."""
    split = heard.n_items // 2
    control = np.arange(heard.n_items) >= split
    beliefs = heard.beliefs.copy()
    beliefs[control] = alone.beliefs[control]
    joined = transcript_of(beliefs)
    silent = joined.heard_round.copy()
    silent[control] = -1
    return replace(joined, heard_round=silent, control=control)


def test_what_the_peers_test_says_is_what_it_tests() -> None:
    text = " ".join(null_lines(null_tests(drifting(0), 1, 19)))
    assert "against another item's peers" in text
    assert "carry information about its moves, which any shared evidence does" in text
    assert "only a control arm separates listening from shared evidence" in text


def test_shared_evidence_looks_like_listening_and_like_its_control_arm() -> None:
    report = null_tests(half_alone(drifting(0, 60), drifting(0, 60)), 1, 19)
    assert report.peers_p <= 0.05
    arm = report.control
    assert arm is not None
    assert arm.control > 0.05
    assert arm.control_low <= arm.treated
    assert arm.treated_low <= arm.control
    arm = null_tests(half_alone(listening(0, 60), drifting(1, 60)), 1, 19).control
    assert arm is not None
    assert arm.treated_low > arm.control_high


def rejected(logs: list[Transcript]) -> float:
    return float(
        np.mean([null_tests(log, 1, 39, seed).peers_p <= 0.05 for seed, log in enumerate(logs)])
    )


@pytest.mark.slow
def test_the_peers_test_rejects_shared_evidence_as_it_does_listening() -> None:
    assert rejected([drifting(seed) for seed in range(25)]) >= 0.9
    assert rejected([listening(seed) for seed in range(25)]) >= 0.9
    assert rejected([keeping(seed) for seed in range(25)]) <= 0.2
