"""The default defense in whole runs, through the loop that users run."""

import pytest

import fjsim
from fjsim.registry import names
from fjsim.scenario import Scenario

NUMERIC = {
    "kind": "numeric",
    "count": 6,
    "stubbornness": 0.1,
    "stubbornness_concentration": 0,
    "self_weight": 0.3,
    "lowest_confidence": 0.35,
    "confidence_alpha": 1,
    "confidence_beta": 1,
}


def success(attack, defense, topology="star", **values):
    run = fjsim.run(
        Scenario(
            topology=topology,
            attack=attack,
            defense=defense,
            agents=NUMERIC,
            questions={"limit": 15},
            rounds=6,
            baseline=False,
            **values,
        )
    )
    return run.outcome.metrics["attack_success_rate"].value


def test_hostile_hub_wins_everything_undefended_and_next_to_nothing_defended() -> None:
    assert success("stubborn", "none") == 1
    assert success("stubborn", "trust-adaptive") < 0.05


@pytest.mark.parametrize("attack", ["tamper", "sybil"])
def test_forged_words_do_not_pass_under_an_honest_record(attack) -> None:
    if attack not in names("attack"):
        pytest.skip(f"there is no attack '{attack}'")
    assert success(attack, "ballot", "complete") < 0.07


def test_speakers_in_turn_are_judged_by_what_they_say_in_this_round() -> None:
    assert success("stubborn", "ballot", "complete", protocol="sequential") < 0.07
