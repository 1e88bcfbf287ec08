"""The embedded model moves by the rule that its page states, to a millionth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fjsim.beliefs import Array
from fjsim.runs.play import run
from fjsim.scenario import Scenario

GAMMA, ALPHA = 0.25, 0.4
FLOOR = 1e-6


def arithmetic(innate: Array, own: Array, peers: Array) -> Array:
    return np.asarray(GAMMA * innate + (1 - GAMMA) * (ALPHA * own + (1 - ALPHA) * peers.mean(0)))


def geometric(innate: Array, own: Array, peers: Array) -> Array:
    first, last, said = (np.log(np.maximum(belief, FLOOR)) for belief in (innate, own, peers))
    mixed = np.exp(arithmetic(first, last, said))
    return np.asarray(mixed / mixed.sum())


@pytest.mark.parametrize("rule", ["fj", "log-linear"])
@pytest.mark.parametrize("competence", [0.5, 0.95])
def test_replies_follow_the_rule_to_a_millionth(rule: str, competence: float) -> None:
    backend: dict[str, Any] = {
        "kind": "simulated",
        "rule": rule,
        "competence": competence,
        "stubbornness": GAMMA,
        "stubbornness_concentration": 0,
        "self_weight": ALPHA,
    }
    beliefs = run(
        Scenario(
            topology="complete",
            attack="stubborn",
            agents=4,
            rounds=4,
            questions={"limit": 8},
            backend=backend,
        ),
        cache=False,
    ).transcript.beliefs
    follows = arithmetic if rule == "fj" else geometric
    for item in range(len(beliefs)):
        for at in range(1, 5):
            for seat in range(1, 4):
                there = ~np.isnan(beliefs[item, 0, seat])
                before = beliefs[item, at - 1][:, there]
                expected = follows(
                    beliefs[item, 0, seat, there], before[seat], np.delete(before, seat, axis=0)
                )
                gap = np.abs(beliefs[item, at, seat, there] - expected).max()
                assert gap < 1e-6
