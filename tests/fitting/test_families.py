"""A good FJ score is not automatic: the family that made the data wins on held-out turns."""

from __future__ import annotations

import pytest

import fjsim
from fjsim.fitting.validate.comparison import compare


def deliberation(rule: str) -> fjsim.Transcript:
    """Run the simulated backend under one update rule, everybody alike."""
    scenario = fjsim.Scenario(
        name="family",
        agents=5,
        rounds=4,
        questions={"source": "builtin", "limit": 25},
        backend={"kind": "simulated", "rule": rule, "stubbornness_concentration": 0.0},
    )
    return fjsim.run(scenario).transcript


@pytest.mark.parametrize(
    ("rule", "family", "protocol"),
    [
        ("fj", "pooled", "held-out-questions"),
        ("log-linear", "log-linear", "held-out-questions"),
        ("majority", "majority", "held-out-questions"),
        # The attractor of a question can only be learned from that question's earlier rounds.
        ("attractor", "bias", "last-round"),
    ],
)
def test_the_comparison_ranks_the_true_family_first(rule: str, family: str, protocol: str) -> None:
    rows = compare(deliberation(rule), protocols=[protocol])
    assert rows[0].model == family, [(row.model, row.one_step_mse) for row in rows]
    assert rows[0].one_step_mse < 0.2 * rows[1].one_step_mse


def test_no_change_has_no_skill_and_intervals_hold_the_estimate() -> None:
    rows = {row.model: row for row in compare(deliberation("fj"), protocols=["held-out-questions"])}
    assert rows["persistence"].skill == 0
    for row in rows.values():
        assert row.low <= row.skill <= row.high
        assert row.kl_epsilon == 1e-6
        assert row.metric
