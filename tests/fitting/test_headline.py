"""The headline of a fit: one law or a population, chosen by held-out questions, in plain words."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from synthetic_deliberations import random_beliefs, random_rows, simulated

from fjsim.contracts.population import Population
from fjsim.fitting import FJFit, fit
from fjsim.fitting.estimators import Hierarchical, Pooled
from fjsim.fitting.findings.summary import parameter_frame
from fjsim.fitting.population.likelihood import EDGES, likelihood_table
from fjsim.fitting.population.pairs import Pairs, pairs_by_round, pairs_of
from fjsim.fitting.rows.grams import grams
from fjsim.fitting.validate.choice import MARGIN, choose
from fjsim.fitting.validate.comparison import held_out
from fjsim.fitting.validate.errors import reliability
from fjsim.fitting.validate.one_law import one_law_test
from fjsim.records.transcript import Transcript
from studies.fit_headline import (
    Headline,
    crowd_log,
    headline,
    networks_log,
    one_law_log,
    readme_log,
)
from studies.fit_headline import rotating_log as rotating


@cache
def readme(seed: int = 0, noise: float = 0.0) -> Headline:
    return headline(readme_log(seed, 30, noise), seed, 300, compare=False)


@cache
def quick(seed: int) -> FJFit:
    return headline(one_law_log(seed, 20), seed, 50, compare=False).fit


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_the_population_of_readmes_agents_is_the_declared_one(noise: float) -> None:
    declared = Population()
    truth = declared.stubbornness
    spread = np.sqrt(truth * (1 - truth) / (1 + declared.stubbornness_concentration))
    held = [readme(seed, noise) for seed in range(2)]
    assert all(one.covers("stubbornness", truth) for one in held)
    assert all(one.covers("self_weight", declared.self_weight) for one in held)
    for one in held:
        assert one.fit.population is not None
        assert abs(one.fit.population.stubbornness.spread / spread - 1) < 0.25
        assert one.fit.model == "hierarchical"


def test_every_item_of_readmes_agents_gets_its_own_stubbornness() -> None:
    transcript = readme_log(0, 30)
    declared = [
        [Population().member(question, 0, seat, 0).stubbornness for seat in range(6)]
        for question in _questions(30)
    ]
    items = Hierarchical(resamples=0).fit(transcript).result_.items
    assert items is not None
    assert np.abs(items.stubbornness - np.array(declared)).max() < 0.01


def _questions(count: int) -> list:
    from fjsim.questions import load_questions

    return list(load_questions("builtin"))[:count]


def test_numbers_of_one_law_are_marked_where_no_one_law_holds() -> None:
    found = fit(readme_log(0, 30), "pooled", resamples=50)
    assert found.one_law is not None
    assert found.one_law.holds is False
    assert "one law does not hold for all items" in found.warnings[0]
    assert "averages, not anybody's parameters" in found.summary()
    assert any("One law does not hold" in line for line in found.verdict)


def test_one_law_is_not_rejected_where_it_holds_and_is_where_it_does_not() -> None:
    held = [one_law_test(one_law_log(seed, 12), seed) for seed in range(3)]
    assert sum(one.holds is True for one in held) >= 2
    rng = np.random.default_rng(3)
    laws = np.stack([random_rows(rng, 4) for _ in range(30)])
    varied = simulated(rng, laws, random_beliefs(rng, 30, 4, 4), 5, process_noise=0.03)
    assert one_law_test(varied).holds is False


def test_one_law_without_noise_holds_without_a_draw() -> None:
    tested = one_law_test(one_law_log(0, 10, noise=0.0))
    assert (tested.holds, tested.n_draws) == (True, 0)


@pytest.mark.parametrize(
    "transcript", [one_law_log(0, 2), one_law_log(0, 12).first_rounds(1)], ids=["items", "rounds"]
)
def test_one_law_of_two_items_or_one_update_is_not_tested(transcript: Transcript) -> None:
    tested = one_law_test(transcript)
    assert tested.holds is None
    assert np.isnan(tested.p)


@pytest.mark.slow
def test_one_law_is_rejected_in_five_percent_of_its_own_logs() -> None:
    rejected = [one_law_test(one_law_log(seed, 20), seed).holds is False for seed in range(400)]
    assert 0.03 <= np.mean(rejected) <= 0.07


def test_pooled_is_chosen_where_one_law_holds() -> None:
    assert [quick(seed).model for seed in range(3)] == ["pooled"] * 3


def networks(seed: int, n_items: int) -> Transcript:
    return networks_log(seed, n_items // 2, 12)


@pytest.mark.parametrize("make", [crowd_log, rotating, networks])
def test_the_chosen_model_of_people_who_change_seats_beats_no_change(make) -> None:
    transcript = make(1, 20)
    found = headline(transcript, 1, 0)
    choice = found.fit.choice
    assert choice is not None
    assert choice.model != "pooled"
    assert choice.low > 0
    assert found.behind < 0.01


def test_a_crowd_has_a_population_and_no_influence_between_seats() -> None:
    crowd = replace(crowd_log(0, 20, noise=0.005), exchangeable=True)
    found = fit(crowd, "hierarchical", resamples=100)
    assert found.population is not None
    assert found.population.influence_shares == ()
    assert np.isnan(found.influence).all()
    assert np.ptp(found.stubbornness) == 0
    assert found.population.stubbornness.mean == pytest.approx(1 / 3, abs=0.05)
    assert found.population.self_weight.mean == pytest.approx(1 / 3, abs=0.05)
    # Beta(1, 2) and Beta(2, 4).
    assert found.population.stubbornness.spread == pytest.approx(0.236, abs=0.03)
    assert found.population.self_weight.spread == pytest.approx(0.178, abs=0.03)


def test_predictions_of_a_round_know_the_rounds_before_it_and_no_later_one() -> None:
    transcript = crowd_log(2, 12)
    model = Hierarchical(resamples=0).fit(transcript)
    before = model.predict(transcript)
    beliefs = transcript.beliefs.copy()
    beliefs[:, 3] = beliefs[:, 3, ::-1]
    after = model.predict(replace(transcript, beliefs=beliefs))
    assert np.array_equal(after[:, :4], before[:, :4])
    assert not np.allclose(after[:, 4], before[:, 4])


def test_sums_by_round_are_those_of_the_first_rounds() -> None:
    transcript = one_law_log(0, 6)
    mixing = np.full((4, 4), 1 / 3) * (1 - np.eye(4))
    for at, seen in enumerate(pairs_by_round(transcript, None, mixing), start=1):
        whole = pairs_of(grams(transcript.first_rounds(at)), mixing)
        for name in Pairs.__dataclass_fields__:
            assert np.allclose(getattr(seen, name), getattr(whole, name), atol=1e-12)


@pytest.mark.parametrize("noise", [1e-4, 0.03, 2.0])
def test_the_likelihood_of_a_cell_is_its_integral(noise: float) -> None:
    pairs = Pairs(*(np.array([value]) for value in (2.0, -0.6, 1.5, 1.1, 0.4, 1.0, 30.0)))
    table = likelihood_table(pairs, noise)
    node = len(table.nodes[0]) // 2
    constant, slope, curve = (part[0, node] for part in pairs.parabola(1 - table.nodes))
    for cell in range(len(EDGES) - 1):
        fine = np.linspace(EDGES[cell], EDGES[cell + 1], 4001)
        log = -(constant - 2 * slope * fine + curve * fine**2) / (2 * noise**2)
        log -= pairs.freedom[0] * np.log(noise * np.sqrt(2 * np.pi)) + table.scale[0]
        whole = np.exp(np.minimum(log, 700.0))
        mean = float(np.trapezoid(whole, fine) / (fine[-1] - fine[0]))
        assert table.weight[0, node, cell] == pytest.approx(mean, rel=2e-3, abs=1e-12)


def test_the_first_of_two_equally_good_models_is_chosen() -> None:
    transcript = one_law_log(1)
    twice = held_out(transcript, ["pooled", "exchangeable", "fitted-degroot"])
    choice = choose(twice, ("pooled", "exchangeable"))
    assert choice is not None
    assert choice.model == choice.best == "pooled"
    assert choice.margin == MARGIN
    assert choice.over_rival_low <= choice.over_rival <= choice.over_rival_high
    other = choose(twice, ("exchangeable", "pooled"))
    assert other is not None
    assert other.model == "pooled"


def test_the_verdict_takes_twelve_lines_of_a_terminal() -> None:
    for found in (readme().fit, quick(0)):
        lines = [line for text in found.verdict for line in textwrap.wrap(text, 80)]
        assert 4 <= len(lines) <= 12
        assert "keeps" in " ".join(lines)
        assert "Chosen: " in " ".join(lines)


def test_three_items_are_said_to_be_few() -> None:
    found = fit(one_law_log(0, 3), "auto", resamples=20)
    assert "3 items are few" in found.verdict[0]


def test_a_path_fit_says_that_it_has_no_intervals() -> None:
    found = fit(one_law_log(0, 12), "trajectory", one_law=False)
    assert found.intervals is None
    assert "'trajectory' gives no intervals" in found.summary()


@pytest.mark.parametrize("model", ["item", "shrunk"])
def test_models_per_item_report_their_own_means_and_intervals(model: str) -> None:
    transcript = readme_log(0, 20, noise=0.02)
    found = fit(transcript, model, resamples=200, one_law=False)
    pooled = fit(transcript, "pooled", resamples=0)
    assert found.items is not None
    assert found.intervals is not None
    expected = np.nanmean(found.items.stubbornness, axis=0)
    assert np.allclose(found.stubbornness, expected)
    assert not np.allclose(found.stubbornness, pooled.stubbornness, atol=1e-3)
    low, high = found.intervals.stubbornness
    assert ((low <= found.stubbornness) & (found.stubbornness <= high)).all()


def test_halves_of_a_log_without_noise_agree() -> None:
    found = fit(one_law_log(0, 20, noise=0.0), "pooled", resamples=0)
    assert found.split_half is not None
    for half in found.split_half.values():
        assert half.difference < 1e-6
        assert half.spearman_brown == pytest.approx(1.0, abs=1e-6)


def test_reliability_is_the_gap_between_what_was_promised_and_what_came() -> None:
    sure = np.array([0.95, 0.95, 0.95, 0.95, 0.45, 0.45])
    top = np.array([1.0, 1.0, 1.0, 0.0, 1.0, np.nan])
    found = reliability(sure, top)
    assert found.turns == (1, 4)
    assert found.observed == (1.0, 0.75)
    assert found.error == pytest.approx((4 * 0.20 + 1 * 0.55) / 5)


def test_a_single_update_gives_no_population() -> None:
    transcript = one_law_log(0, 20).first_rounds(1)
    found = fit(transcript, "hierarchical", resamples=50)
    assert found.population is None
    assert np.isnan(found.stubbornness).all()


def test_the_table_of_a_paper_ends_with_the_population() -> None:
    frame = parameter_frame(readme().fit)
    assert frame["agent"].tolist()[-2:] == ["population mean", "population spread (SD)"]
    assert len(frame) == 6 + 2


def test_hierarchical_weights_of_speakers_come_back_where_they_differ() -> None:
    rng = np.random.default_rng(0)
    influence = rng.dirichlet(np.full(4, 0.6), 4) * (1 - np.eye(4))
    influence /= influence.sum(axis=1, keepdims=True)
    transcript = _varied(rng, influence, 40)
    model = Hierarchical(resamples=100).fit(transcript)
    assert model.kind_ == "seat"
    assert np.abs(model.result_.influence - influence).max() < 0.05
    ends = model.result_.intervals
    assert ends is not None
    held = (ends.influence[0] - 0.02 <= influence) & (influence <= ends.influence[1] + 0.02)
    assert held.mean() > 0.8
    assert model.score(transcript) > Pooled(resamples=0).fit(transcript).score(transcript)


def _varied(rng: np.random.Generator, influence: np.ndarray, n_items: int) -> Transcript:
    from fjsim.fitting.rows.solving import join_rows

    rows = join_rows(rng.beta(1, 2, (n_items, 4)), rng.beta(4, 8, (n_items, 4)), influence)
    return simulated(rng, rows, random_beliefs(rng, n_items, 4, 4), 5, process_noise=0.02)
