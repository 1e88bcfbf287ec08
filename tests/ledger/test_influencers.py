"""Who becomes an influencer: what was planted is found, and nothing where nothing was."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import fjsim
from fjsim.beliefs import confidence
from fjsim.errors import ParameterError
from fjsim.ledger.explaining import explain, holm_adjusted, seat_effect
from fjsim.ledger.gates import ONE_LAW, ItemGates, item_gates, item_shares
from fjsim.ledger.likeness import likeness
from fjsim.ledger.proxies import (
    ALIGNMENT,
    COMPETENCE,
    NOT_ASKED,
    PERCEIVED,
    RELATIVE,
    SELF_ASSESSED,
    STATED,
    competence_history,
    observable_proxies,
)
from fjsim.ledger.resampling import exchanged, within
from fjsim.records.transcript import Transcript
from studies.influencer_truths import FOUND, Explained, explained, planted


@cache
def found_in(kind: str, seed: int = 0) -> Explained:
    return explained(planted(kind, seed, 70))


@pytest.mark.parametrize("kind", FOUND)
def test_the_proxy_that_influence_follows_is_found(kind: str) -> None:
    assert FOUND[kind] in found_in(kind).found


@pytest.mark.parametrize("kind", ["independent", "constant"])
def test_no_proxy_is_found_where_influence_follows_none(kind: str) -> None:
    assert not found_in(kind).found
    assert not found_in(kind).r2 > 0


@pytest.mark.parametrize("kind", FOUND)
def test_no_forest_explains_more_than_the_gates_reproduce_of_themselves(kind: str) -> None:
    one = found_in(kind)
    assert 0 < one.ceiling < 1
    assert not one.beaten


def test_a_correlated_proxy_holds_alone_and_not_beside_the_planted_one() -> None:
    transcript = planted("entropy", 1)
    gates = item_gates(transcript)
    found = explain(gates, observable_proxies(transcript), np.arange(100))
    table: Any = found.set_index("proxy")
    assert table.loc[SELF_ASSESSED, "verdict"] == "yes"
    others = table.drop(SELF_ASSESSED)
    assert not (others["verdict"] == "yes").any()
    assert abs(table.loc[SELF_ASSESSED, "joint"]) > 5 * others["joint"].abs().max()


def test_one_law_for_all_questions_stops_the_analysis() -> None:
    found = fjsim.influencers(planted("constant", 0, 60))
    assert not found.by_item
    assert found.why.empty
    assert found.forest is None
    assert np.isnan(found.ceiling.r2)
    assert ONE_LAW in str(found)
    assert (found.agents["high"] - found.agents["low"] > 0.005).all()
    assert not any(line.startswith("why") for line in found.lines())


def test_gates_come_from_every_question_by_itself_where_it_determines_them() -> None:
    transcript = planted("stated", 0, 60)
    gates = item_gates(transcript)
    assert gates.model == "item"
    assert gates.shares.std(axis=0).min() > 0.02
    assert np.allclose(gates.shares.sum(axis=1), 1)
    assert np.allclose(gates.shares, item_shares(gates.fit, transcript))


def test_an_item_in_which_everybody_agrees_is_left_out_and_counted() -> None:
    transcript = planted("stated", 0, 60)
    beliefs = transcript.beliefs.copy()
    beliefs[:7] = beliefs[:7, :1, :1]
    found = fjsim.influencers(replace(transcript, beliefs=beliefs, keys=np.full(60, -1)))
    assert found.items_left_out == 7
    assert "left out" in str(found)
    assert not found.gates["determined"].to_numpy()[: 7 * 5].any()


def test_gates_made_of_round_0_are_refused_where_they_predict_no_better() -> None:
    with pytest.raises(ParameterError, match="do not predict better than one law"):
        item_gates(planted("independent", 0, 60), "gated")


def test_gates_made_of_round_0_are_never_explained_by_it() -> None:
    transcript = planted("entropy", 0, 60)
    gates = item_gates(transcript, "gated")
    assert gates.by_item
    assert gates.halves is None
    left = observable_proxies(transcript).without(gates.features, "the gates are made of it")
    assert left.names == (COMPETENCE,)
    assert left.absent[SELF_ASSESSED] == "the gates are made of it"


def test_a_crowd_has_no_influencers_by_seat() -> None:
    crowd = replace(planted("stated", 0, 20), exchangeable=True)
    with pytest.raises(ParameterError, match="different people"):
        fjsim.influencers(crowd)


def test_what_nobody_was_asked_is_absent() -> None:
    transcript = planted("stated", 0, 20)
    proxies = observable_proxies(transcript)
    assert PERCEIVED not in proxies.names
    assert proxies.absent[PERCEIVED] == NOT_ASKED
    silent = observable_proxies(replace(transcript, confidence=None))
    assert STATED not in silent.names
    assert RELATIVE in silent.names


def test_proxies_are_read_from_round_0_only() -> None:
    transcript = planted("stated", 0, 20)
    shorter = observable_proxies(transcript.first_rounds(0))
    assert np.array_equal(shorter.values, observable_proxies(transcript).values)
    assert set(shorter.names) == {STATED, SELF_ASSESSED, RELATIVE, ALIGNMENT, COMPETENCE}


def test_competence_counts_other_questions_of_the_subject_and_never_the_question_itself() -> None:
    transcript = planted("stated", 0, 40)
    known = competence_history(transcript)
    assert known is not None
    first = replace(transcript, keys=(transcript.keys + np.eye(40, dtype=np.int64)[3]) % 4)
    changed = competence_history(first)
    assert changed is not None
    assert np.array_equal(known[3], changed[3])
    same = np.array(transcript.subjects) == transcript.subjects[3]
    moved = np.abs(known - changed).max(axis=1)
    assert moved[same & (np.arange(40) != 3)].max() > 2 * moved[~same].max()


def test_replicas_of_a_question_change_places_together() -> None:
    question = np.repeat(np.arange(6), [2, 2, 2, 3, 3, 1])
    for order in exchanged(question, 0, 50):
        assert sorted(order) == list(range(13))
        for at in range(6):
            assert len(set(question[order[question == at]])) == 1
        assert order[-1] == 12


def test_what_a_seat_always_has_is_taken_away_where_entries_are_missing_too() -> None:
    rng = np.random.default_rng(0)
    known = rng.random((40, 5)) < 0.8
    known[known.sum(axis=1) < 2] = True
    additive = rng.random((40, 1)) + rng.random((1, 5))
    assert np.abs(within(additive, known)).max() < 1e-6


def test_p_values_are_adjusted_after_holm() -> None:
    adjusted = holm_adjusted(np.array([0.03, 0.01, np.nan, 0.04]))
    assert np.allclose(adjusted, [0.06, 0.03, np.nan, 0.06], equal_nan=True)


def test_a_seat_that_always_leads_is_an_effect_of_the_seat() -> None:
    rng = np.random.default_rng(0)
    transcript = planted("independent", 0, 60)
    gates = item_gates(transcript)
    led = gates.shares + np.array([0.3, 0, 0, 0, 0])
    tilted = replace(gates, shares=led / led.sum(axis=1, keepdims=True))
    assert seat_effect(tilted).p < 0.01
    mixed = rng.permuted(gates.shares, axis=1)
    assert seat_effect(replace(gates, shares=mixed)).share < 0.1


def test_findings_are_plain_values_with_every_table() -> None:
    found = fjsim.influencers(planted("competence", 0, 60))
    values = found.as_json()
    assert values["by_item"] is True
    tables = {
        "agents",
        "why",
        "likeness",
        "importances",
        "ledger",
        "pairs",
        "signs",
        "sources",
        "quality",
    }
    assert tables <= set(values["tables"])
    assert {row["sample"] for row in values["tables"]["quality"]} == {"in sample", "last round"}
    assert values["stubbornness"]["null_mean"] > 0
    assert len(found.lines()) <= 24
    assert "cannot be told apart here: stated, relative confidence" in str(found)
    assert values["condition"] > 5


def test_a_probe_is_regressed_on_and_without_it_there_is_no_such_row() -> None:
    team = {
        "agents": {"kind": "numeric", "count": 4},
        "rounds": 4,
        "questions": {"limit": 12},
        "topology": "complete",
    }
    asked = fjsim.influencers(fjsim.run(fjsim.Scenario(probe="perceived-confidence", **team)))
    assert PERCEIVED in set(asked.why["proxy"])
    plain = fjsim.influencers(fjsim.run(fjsim.Scenario(**team)))
    assert PERCEIVED not in set(plain.why["proxy"])
    assert plain.absent[PERCEIVED] == NOT_ASKED


def test_personas_stand_beside_the_agents_of_a_run() -> None:
    seats = [{"kind": "llm", "persona": name} for name in ("scientist", "lawyer", "skeptic")]
    team = fjsim.Scenario(agents=seats, rounds=3, questions={"limit": 8})
    found = fjsim.influencers(fjsim.run(team))
    assert found.agents["persona"].tolist() == ["scientist", "lawyer", "skeptic"]


def test_the_confident_lead_where_a_router_makes_them() -> None:
    routed = fjsim.Scenario(
        agents={"kind": "numeric", "count": 4},
        router={"kind": "self-confidence", "sharpness": 5},
        rounds=4,
        questions={"limit": 40},
    )
    found = fjsim.influencers(fjsim.run(routed))
    assert "routed weights" in found.reason
    assert np.isnan(found.ceiling.r2)
    row = found.why.set_index("proxy").loc[STATED]
    assert row["single"] > 0.03
    assert row["p_holm"] < 0.05


def test_halves_are_fitted_by_the_estimator_of_the_whole() -> None:
    transcript: Transcript = planted("stated", 0, 30)
    gates: ItemGates = item_gates(transcript, "item")
    assert gates.halves is not None
    assert np.allclose(gates.halves(range(transcript.n_rounds)), gates.shares, atol=1e-6)


def test_proxies_that_are_one_column_are_said_to_be_indistinguishable() -> None:
    transcript = planted("stated", 0, 60)
    assert transcript.confidence is not None
    shown = np.repeat(confidence(transcript.innate)[:, None], transcript.n_rounds + 1, axis=1)
    alike = replace(transcript, confidence=shown)
    found = likeness(item_gates(alike, "item"), observable_proxies(alike))
    ((names, least),) = found.groups
    assert {STATED, SELF_ASSESSED} <= set(names)
    assert least > 0.95
    assert found.condition > 100
    apart = likeness(item_gates(transcript, "item"), observable_proxies(transcript))
    assert not any(SELF_ASSESSED in names for names, _ in apart.groups)
    assert 1 < apart.condition < found.condition
