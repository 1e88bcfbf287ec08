"""Speakers weighed by the part they play: planted weights come back, and real logs need them."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fjsim
from fjsim.fitting.estimators import ByRole, Exchangeable, HostileMultiplier
from fjsim.fitting.rows.roles import role_shares, solve_bounded
from fjsim.fitting.validate.comparison import compare, default_models
from fjsim.records import Transcript

REAL = Path(__file__).parents[2] / "../shared/data/g_safeguard_memory_train.json.gz"
N_AGENTS, N_ROUNDS = 6, 4
KEY, LIE = 0, 1


def attacked(
    innate_weight: float, weights: tuple[float, float, float], n_items: int = 60, seed: int = 0
) -> Transcript:
    """Teams of answers: 1 to 3 hostile seats, random graphs, answers drawn from the law."""
    rng = np.random.default_rng(seed)
    shape = (n_items, N_ROUNDS + 1, N_AGENTS)
    answers = np.zeros(shape, dtype=np.int64)
    heard = np.full((*shape, N_AGENTS), -1)
    hostile = np.zeros((n_items, N_AGENTS), dtype=bool)
    for item in range(n_items):
        hostile[item, rng.permutation(N_AGENTS)[: rng.integers(1, 4)]] = True
        graph = (rng.random((N_AGENTS, N_AGENTS)) < 0.6) & ~np.eye(N_AGENTS, dtype=bool)
        answers[item, 0] = np.where(hostile[item], LIE, rng.choice(3, N_AGENTS, p=[0.6, 0.2, 0.2]))
        for at in range(1, N_ROUNDS + 1):
            heard[item, at][graph] = at - 1
            for seat in range(N_AGENTS):
                answers[item, at, seat] = (
                    LIE
                    if hostile[item, seat]
                    else rng.choice(3, p=chances(answers[item], at, seat, graph, hostile[item],
                                                 innate_weight, weights))
                )  # fmt: skip
    return Transcript(
        question_ids=tuple(f"q{item}" for item in range(n_items)),
        replicas=np.zeros(n_items, dtype=np.int64),
        keys=np.full(n_items, KEY),
        beliefs=np.eye(3)[answers],
        answers=answers,
        validity=np.zeros(shape, dtype=np.int64),
        heard_round=heard,
        gates=np.where(heard >= 0, 1.0, np.nan),
        targets=np.full(n_items, LIE),
        roles=tuple(tuple("hostile" if bad else "benign" for bad in row) for row in hostile),
        arm="attacked",
    )


def chances(
    answers: Any, at: int, seat: int, graph: Any, hostile: Any, innate_weight: float, weights: Any
) -> Any:
    """Return the law's chances of a seat's next answer, written as one reads it."""
    mixed = np.zeros(3)
    mixed[answers[0, seat]] += innate_weight
    speakers = np.flatnonzero(graph[seat])
    left = 1 - innate_weight
    for speaker in speakers:
        said = answers[at - 1, speaker]
        role = 0 if hostile[speaker] else 1 if said == LIE else 2
        mixed[said] += weights[role] / len(speakers)
        left -= weights[role] / len(speakers)
    mixed[answers[at - 1, seat]] += left
    return mixed


def test_planted_weights_come_back_within_their_intervals() -> None:
    planted = {"hostile": 0.15, "converted": 0.8, "benign": 0.45}
    fit = fjsim.fit(attacked(0.1, (0.15, 0.8, 0.45), n_items=150), "by-role", resamples=400)
    for role, weight in planted.items():
        found = fit.roles[role]
        assert found.low <= weight <= found.high
        assert found.weight == pytest.approx(weight, abs=0.08)
    assert fit.stubbornness[0] == pytest.approx(0.1, abs=0.04)


def test_a_multiplier_of_one_means_that_listeners_do_not_tell_them_apart() -> None:
    same = fjsim.fit(attacked(0.1, (0.5, 0.5, 0.5), 150), "hostile-multiplier", resamples=400)
    found = same.roles["multiplier"]
    assert found.low < 1 < found.high
    apart = fjsim.fit(attacked(0.1, (0.1, 0.5, 0.5), 150), "hostile-multiplier", resamples=400)
    assert apart.roles["multiplier"].weight == pytest.approx(0.2, abs=0.08)
    assert apart.roles["multiplier"].high < 0.5


def test_roles_beat_the_plain_law_where_they_matter_and_not_where_they_do_not() -> None:
    models = ["exchangeable", "by-role", "hostile-multiplier"]
    for protocol in ("held-out-questions", "rollout"):
        apart = compare(attacked(0.1, (0.05, 0.9, 0.4), 100), models, [protocol])
        rows = {row.model: row for row in apart}
        assert rows["by-role"].gap_high < 0
        assert rows["by-role"].one_step_mse < rows["hostile-multiplier"].one_step_mse
    alike = compare(attacked(0.1, (0.5, 0.5, 0.5), 100), models, ["held-out-questions"])
    rows = {row.model: row for row in alike}
    assert rows["by-role"].one_step_mse == pytest.approx(
        rows["exchangeable"].one_step_mse, rel=0.02
    )


def test_an_attacked_log_is_compared_with_both_and_a_clean_one_with_neither() -> None:
    given = attacked(0.1, (0.2, 0.9, 0.4), 10)
    assert {"by-role", "hostile-multiplier"} <= set(default_models(given))
    clean = replace(given, roles=(), arm="clean")
    assert not {"by-role", "hostile-multiplier"} & set(default_models(clean))


def test_rolling_out_reads_nothing_of_what_benign_seats_said_later() -> None:
    given = attacked(0.1, (0.2, 0.9, 0.4), 30)
    estimator = ByRole(resamples=0).fit(given)
    told = estimator.rollout(given)
    wild = np.roll(given.beliefs, 1, axis=-1)
    later = given.beliefs.copy()
    later[:, 1:] = np.where(given.hostile[:, None, :, None], later[:, 1:], wild[:, 1:])
    other = replace(given, beliefs=later, answers=later.argmax(axis=-1))
    benign = ~given.hostile
    assert np.array_equal(told[:, -1][benign], estimator.rollout(other)[:, -1][benign])
    assert not np.array_equal(estimator.predict(given)[:, -1], estimator.predict(other)[:, -1])


def test_what_a_speaker_is_depends_on_the_statement_that_was_heard() -> None:
    given = attacked(0.1, (0.2, 0.9, 0.4), 20)
    shares = role_shares(given)
    heard = given.heard_round[:, 1:] >= 0
    assert np.allclose(shares.sum(axis=(-1, -2)), heard.any(axis=-1))
    lies = given.answers[:, :-1] == LIE
    converted = np.broadcast_to((lies & ~given.hostile[:, None])[:, :, None], heard.shape)
    assert np.array_equal(shares[..., 1] > 0, heard & converted)


def test_without_a_hostile_role_there_is_nothing_to_tell_apart() -> None:
    given = replace(attacked(0.1, (0.2, 0.9, 0.4), 5), roles=(), arm="clean")
    fit = fjsim.fit(given, "by-role", resamples=20)
    assert np.isnan(fit.roles["hostile"].weight)
    assert any("nobody is marked as hostile" in text for text in fit.warnings)


def test_a_log_without_a_lie_has_no_converts() -> None:
    fit = fjsim.fit(replace(attacked(0.1, (0.2, 0.5, 0.5)), targets=None), "by-role", resamples=50)
    assert np.isnan(fit.roles["converted"].weight)
    assert fit.roles["converted"].text == "n/a"
    assert fit.roles["benign"].weight == pytest.approx(0.5, abs=0.12)
    assert fit.as_json()["roles"]["converted"] == {"weight": None, "low": None, "high": None}


def test_the_bounded_problem_is_solved_exactly() -> None:
    rng = np.random.default_rng(0)
    grid = np.linspace(0, 1, 41)
    points = np.array([x for x in product(grid, repeat=3) if x[0] + max(x[1:]) <= 1 + 1e-12])
    for _ in range(20):
        design, aim = rng.standard_normal((6, 3)), rng.standard_normal(6) * 2
        products, targets = design.T @ design, design.T @ aim
        found = solve_bounded(products, targets, np.ones(3, dtype=bool))
        assert found.min() >= 0
        assert found[0] + found[1:].max() <= 1 + 1e-12

        def value(x: Any, products: Any = products, targets: Any = targets) -> Any:
            return np.einsum("...i,ij,...j->...", x, products, x) / 2 - x @ targets

        assert value(found) <= value(points).min() + 1e-9


def test_the_table_names_the_roles_with_their_weights() -> None:
    text = fjsim.fit(attacked(0.1, (0.2, 0.9, 0.4), 30), "by-role", resamples=50).summary()
    assert "weight of a speaker per unit of attention, by role" in text
    assert "converted" in text


@pytest.mark.skipif(not REAL.is_file(), reason="shared/data is not there")
def test_recorded_converts_weigh_several_times_an_attacker_that_says_the_same() -> None:
    given = fjsim.read_log(REAL).transcript
    roles = fjsim.fit(given, "by-role", resamples=500).roles
    assert roles["converted"].low > 2 * roles["hostile"].high
    models = [Exchangeable(resamples=0), ByRole(resamples=0), HostileMultiplier(resamples=0)]
    rows = {row.model: row for row in compare(given, models, ["held-out-questions"])}
    assert rows["by-role"].gap_high < 0
    assert rows["hostile-multiplier"].gap_high < 0
    assert rows["by-role"].one_step_mse < rows["hostile-multiplier"].one_step_mse


def test_the_automatic_model_of_an_attacked_log_weighs_roles_where_they_matter() -> None:
    found = fjsim.fit(attacked(0.1, (0.05, 0.9, 0.4), 40), "auto", resamples=50)
    assert found.model == "by-role"
    assert found.choice is not None
    assert found.choice.low > 0
    said = " ".join(found.verdict)
    assert "converted" in said
    lines = [line for text in found.verdict for line in textwrap.wrap(text, 80)]
    assert len(lines) <= 12


def test_the_automatic_model_reports_roles_also_where_they_do_not_matter() -> None:
    found = fjsim.fit(attacked(0.1, (0.5, 0.5, 0.5), 20), "auto", resamples=50)
    assert found.model != "by-role"
    assert set(found.roles) == {"hostile", "converted", "benign"}
    assert np.isfinite([one.low for one in found.roles.values()]).all()
