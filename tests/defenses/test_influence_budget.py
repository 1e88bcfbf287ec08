"""Caps on influence: the false one and the true one."""

import numpy as np
import pytest
from defense_records import random_record

from fjsim.contracts.ranges import require
from fjsim.registry import build
from fjsim_defenses.shared.influence_budget import budget_scale, flip_weight
from studies.direct_cap import direct_cap

STUBBORNNESS, SELF_WEIGHT = 0.1, 0.3
RESISTANCE = STUBBORNNESS / ((1 - STUBBORNNESS) * (1 - SELF_WEIGHT))


def weight_of_adversary(weights, stubbornness, self_weight, n_rounds):
    """Return A_i(t) of seat 0 as a fully stubborn agent, the last axis the rounds."""
    held = np.zeros(len(weights))
    held[0] = 1
    path = [held]
    for _ in range(n_rounds):
        moved = (1 - stubbornness) * (
            self_weight * path[-1] + (1 - self_weight) * (weights @ path[-1])
        )
        moved[0] = 1
        path.append(moved)
    return np.array(path)


def test_direct_cap_lets_an_adversary_flip_an_agent_that_never_hears_it() -> None:
    margins = np.array([0.0, 0.8, 0.1])
    chain = np.array([[0, 0, 0], [1.0, 0, 0], [0, 1.0, 0]])
    share = direct_cap(chain, margins[:, None], np.full(3, RESISTANCE))[1, 0]
    weights = np.array([[0, 0, 0], [share, 0, 1 - share], [0, 1.0, 0]])
    held = weight_of_adversary(weights, STUBBORNNESS, SELF_WEIGHT, 10)[-1]
    assert held[2] == pytest.approx(0.204, abs=0.001)
    assert flip_weight(0.1) == pytest.approx(0.091, abs=0.001)
    assert held[2] > flip_weight(0.1)


@pytest.mark.parametrize("seed", range(40))
def test_budget_keeps_every_adversary_below_the_flip_weight_of_everybody(seed) -> None:
    rng = np.random.default_rng(seed)
    n_agents = int(rng.integers(4, 12))
    stubbornness = rng.uniform(0.02, 0.6, n_agents)
    self_weight = rng.uniform(0, 0.8, n_agents)
    resistance = stubbornness / ((1 - stubbornness) * (1 - self_weight))
    limits = flip_weight(rng.uniform(0.02, 0.98, n_agents))
    held = np.zeros(n_agents)
    held[0] = 1
    for _ in range(40):
        weights = rng.gamma(0.5, 1, (n_agents, n_agents)) * (rng.random((n_agents, n_agents)) < 0.6)
        np.fill_diagonal(weights, 0)
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
        weights *= budget_scale(weights, limits, resistance)[:, None]
        held = (1 - stubbornness) * (self_weight * held + (1 - self_weight) * (weights @ held))
        held[0] = 1
        assert (held[1:] <= limits[1:] + 1e-12).all()


def test_without_the_scale_the_same_graphs_break_the_limit() -> None:
    chain = np.array([[0, 0, 0], [0.5, 0, 0.5], [0, 1.0, 0]])
    limits = flip_weight(np.array([0.5, 0.2, 0.1]))
    held = weight_of_adversary(chain, STUBBORNNESS, SELF_WEIGHT, 10)[-1]
    assert (held[1:] > limits[1:]).all()


def test_default_defense_applies_the_budget_when_asked() -> None:
    record = random_record(4)
    plain = build("defense", "trust-adaptive")
    capped = build("defense", {"kind": "trust-adaptive", "cap": "budget"})
    state = plain.initial_state(6)
    loose, tight = plain.gates(record, state), capped.gates(record, state)
    assert (tight <= loose + 1e-12).all()
    assert tight.sum() < loose.sum()


def test_range_check_says_what_is_allowed() -> None:
    with pytest.raises(Exception, match=r"defense.width is -1; it must be >= 0"):
        require("defense.width", -1, ">= 0")
    with pytest.raises(Exception, match=r"defense.level is 2; it must lie in \[0, 1\]"):
        require("defense.level", 2, "[0, 1]")
