"""The law beside what was seen, where a router blends or a message is forged; or why not."""

from typing import Any

import numpy as np
import pytest

from fjsim.metrics import MetricKey, paired
from fjsim.runs import run
from fjsim.runs.law.effective import MOVING
from fjsim.runs.law.intent import forged_beliefs
from fjsim.runs.law.prediction import law_beliefs, laws, predictions
from fjsim.runs.resolve import resolve
from fjsim.runs.unread import INVENTED, RECRUITED, REWRITTEN
from fjsim.scenario import Scenario
from fjsim.sweeps.cell import CellJob, CellResult, play
from fjsim.sweeps.grid import Sweep
from fjsim.sweeps.sweep import run_sweep

BLEND = {"kind": "self-confidence", "channel": "blend", "strength": 0.6}
CLOSE = 1e-9


def both_arms(scenario):
    played = run(scenario)
    return paired(played.arms["attacked"], played.arms["clean"])


def gaps(scenario, source="declared"):
    """Return how far the law's beliefs lie from the recorded ones, arm by arm."""
    pair = both_arms(scenario)
    told = law_beliefs(pair, source, resolve(scenario))
    assert told.because == ""
    return [
        np.nanmax(np.abs(law - arm.beliefs))
        for law, arm in zip((told.attacked, told.clean), pair, strict=True)
    ]


def shown(tally):
    return tally.numerator.sum() / tally.denominator.sum()


@pytest.mark.parametrize(
    "attack",
    [
        {"kind": "tamper"},
        {"kind": "tamper", "listeners": [2, 3]},
        {"kind": "tamper", "target": "best", "certainty": 0.8},
    ],
    ids=str,
)
@pytest.mark.parametrize("topology", ["star", "complete"])
def test_a_forged_speaker_is_a_stubborn_source_of_the_law(base, attack, topology) -> None:
    scenario = Scenario(**base | {"attack": attack, "topology": topology})
    assert max(gaps(scenario)) < CLOSE


def test_a_forged_speaker_under_a_defense_is_one_too(base) -> None:
    scenario = Scenario(**base | {"attack": "tamper", "defense": "trust-adaptive"})
    assert max(gaps(scenario)) < CLOSE


def test_answers_alone_are_forged_as_they_are_read(base) -> None:
    scenario = Scenario(
        **base | {"attack": "tamper", "topology": "complete", "peers_see": ["answer"]}
    )
    assert max(gaps(scenario)) < CLOSE


def test_a_man_in_the_middle_is_no_longer_predicted_to_do_nothing(base) -> None:
    counts = play(CellJob(Scenario(**base | {"attack": "tamper"}), None, 0)).counts.counts
    seen, law = (
        shown(counts[MetricKey(name, "attacked")])
        for name in ("takeover_observed", "takeover_predicted")
    )
    assert seen > 0.1
    assert law == pytest.approx(seen, abs=1e-6)


def test_a_router_that_blends_is_part_of_the_law(base) -> None:
    team = {"agents": 4, "topology": "complete", "attack": "stubborn", "router": BLEND}
    scenario = Scenario(**base | team)
    assert max(gaps(scenario)) < 1e-6
    pair, setup = both_arms(scenario), resolve(scenario)
    plain = predictions(pair, laws(pair), seed=0)["declared"]
    told = predictions(pair, laws(pair, setup), seed=0)["declared"]
    assert plain.error == told.error < 1e-6, "the transcript says it all"


def test_a_router_that_blends_on_top_of_a_defense_that_blends_is_part_of_the_law(base) -> None:
    team = {"agents": 4, "topology": "complete", "attack": "stubborn", "router": BLEND}
    scenario = Scenario(**base | team | {"defense": "trust-adaptive"})
    assert max(gaps(scenario)) < 1e-6


def test_numeric_agents_mix_by_routed_weights_and_need_no_blend(base) -> None:
    scenario = Scenario(**base | {"attack": "stubborn", "router": BLEND})
    assert max(gaps(scenario)) < CLOSE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"attack": "sybil"}, INVENTED),
        ({"attack": "infect"}, RECRUITED),
    ],
)
def test_what_the_law_cannot_say_is_a_reason_and_not_a_number(base, changes, reason) -> None:
    row = run_sweep(Sweep(base=base | changes, attacks=[changes["attack"]])).table.iloc[0]
    assert row["no_prediction"] == reason
    assert row["prediction"] == ""
    assert row["takeover_predicted"] is None or np.isnan(row["takeover_predicted"])


def test_where_the_law_speaks_no_reason_is_given(base) -> None:
    row = run_sweep(Sweep(base=base, attacks=["stubborn"])).table.iloc[0]
    assert (row["prediction"], row["no_prediction"]) == ("declared", "")


def test_the_reason_survives_its_way_to_disk(base) -> None:
    result = play(CellJob(Scenario(**base | {"attack": "sybil"}), None, 0))
    assert CellResult.from_json(result.to_json()).no_prediction == INVENTED


def test_a_forged_arm_is_not_fitted_on_itself(base) -> None:
    scenario = Scenario(**base | {"attack": "tamper"})
    told = law_beliefs(both_arms(scenario), "fitted_first_rounds", resolve(scenario))
    assert told.because == REWRITTEN
    assert told.pair(both_arms(scenario)) is None


def test_an_attack_that_forges_anew_each_round_is_no_source(base, monkeypatch) -> None:
    scenario = Scenario(**base | {"attack": "tamper"})
    pair, setup = both_arms(scenario), resolve(scenario)
    attack = type(setup.plugins.attack)
    fixed = attack.tamper

    def restless(self, message, listener, view):
        heard = fixed(self, message, listener, view)
        if heard is message or message.round == 0:
            return heard
        return message

    assert forged_beliefs(setup, pair.attacked) is not None
    monkeypatch.setattr(attack, "tamper", restless)
    forged_beliefs.cache_clear()
    assert forged_beliefs(setup, pair.attacked) is None
    assert law_beliefs(pair, "declared", setup).because == MOVING


def test_a_run_of_its_own_says_why_it_predicts_nothing() -> None:
    team: dict[str, Any] = {
        "agents": {"kind": "numeric", "count": 4},
        "questions": {"limit": 2},
        "rounds": 1,
    }
    told: Any = run(Scenario(attack="sybil", topology="complete", **team)).as_dict()["prediction"]
    assert told["declared"] is None
    assert told["assumes"] == f"no prediction: {INVENTED}"


def test_a_run_of_its_own_predicts_a_forged_speaker() -> None:
    team = {"agents": {"kind": "numeric", "count": 4}, "questions": {"limit": 8}, "rounds": 4}
    metrics = run(Scenario(attack="tamper", topology="complete", **team)).outcome.metrics
    assert metrics["takeover_predicted"].value == pytest.approx(metrics["takeover_observed"].value)
