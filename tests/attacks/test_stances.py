"""What the seats of attacks say that speak for themselves alone."""

import numpy as np
import pytest

from fjsim.beliefs import certain
from fjsim.contracts import Message, Power, Sight
from fjsim.errors import ConfigError
from fjsim.registry import build

TARGET = 1
HEARD = Message(2, 0, 3, np.array([0.0, 0.0, 0.2, 0.8]), 0.8, "", weight=0.5)


def test_a_stubborn_seat_says_the_same_in_every_round(view, sure) -> None:
    attack = build("attack", {"kind": "stubborn", "certainty": 0.9, "persuasiveness": "low"})
    for number in range(5):
        stance = attack.stance(0, view(attack, round=number))
        assert (stance.target, stance.persuasiveness) == (TARGET, "low")
        assert stance.belief.tolist() == pytest.approx(sure(TARGET, 0.9))


def test_a_partly_stubborn_seat_gives_way_to_what_it_hears(view, sure) -> None:
    attack = build("attack", {"kind": "stubborn", "stubbornness": 0.75})
    assert Sight.MESSAGES in attack.threat.sees
    alone = attack.stance(0, view(attack, round=0))
    assert alone.belief.tolist() == pytest.approx(sure(TARGET, 0.97))
    moved = attack.stance(0, view(attack, messages=(HEARD,))).belief
    np.testing.assert_allclose(moved, 0.75 * certain(TARGET, 4, 0.97) + 0.25 * HEARD.belief)


def test_a_partly_stubborn_seat_in_the_law_is_the_closed_form(act) -> None:
    attack = {"kind": "stubborn", "stubbornness": 0.4, "target": TARGET}
    played = act(attack, n_rounds=2, beliefs=[(0.1, 0.1, 0.7, 0.1)] * 4)
    expected = 0.4 * certain(TARGET, 4, 0.97) + 0.6 * np.array([0.1, 0.1, 0.7, 0.1])
    np.testing.assert_allclose(played.belief(0, 1), expected)


def test_who_shows_no_belief_is_read_by_answer_and_confidence(view) -> None:
    attack = build("attack", {"kind": "stubborn", "stubbornness": 0.0})
    spoken = Message(2, 0, 3, None, 0.7)
    np.testing.assert_allclose(
        attack.stance(0, view(attack, messages=(spoken,))).belief, certain(3, 4, 0.7)
    )
    silent = Message(2, 0, None, None)
    assert attack.stance(0, view(attack, messages=(silent,))).target == TARGET


def test_a_random_wobble_moves_but_keeps_the_target_on_top(view) -> None:
    attack = build("attack", "wobble")
    stated = [
        attack.stance(0, view(attack, messages=(HEARD,), rng=np.random.default_rng(seed))).belief
        for seed in range(30)
    ]
    assert {int(belief.argmax()) for belief in stated} == {TARGET}
    certainty = [belief[TARGET] for belief in stated]
    assert 0.55 <= min(certainty) < 0.65
    assert 0.85 < max(certainty) <= 0.97


def test_an_alternating_wobble_jumps_between_its_ends(view) -> None:
    attack = build("attack", {"kind": "wobble", "pattern": "alternating"})
    stated = [attack.stance(0, view(attack, round=number)).belief[TARGET] for number in range(4)]
    assert stated == pytest.approx([0.97, 0.55, 0.97, 0.55])


def test_a_wobble_gives_the_rest_to_what_it_heard(view) -> None:
    attack = build("attack", {"kind": "wobble", "pattern": "alternating"})
    belief = attack.stance(0, view(attack, round=1, messages=(HEARD,))).belief
    np.testing.assert_allclose(belief, 0.55 * certain(TARGET, 4) + 0.45 * HEARD.belief)


def test_colluders_share_a_target_and_name_each_other(view) -> None:
    attack = build("attack", {"kind": "collude", "n_seats": 3})
    stances = {seat: attack.stance(seat, view(attack, seats=(0, 1, 3))) for seat in (0, 1, 3)}
    assert {stance.target for stance in stances.values()} == {TARGET}
    assert "Agent 1 and Agent 3" in stances[0].brief
    assert "Agent 1" not in stances[1].brief


def test_a_lone_colluder_has_nobody_to_praise(view) -> None:
    attack = build("attack", {"kind": "collude", "n_seats": 1})
    assert attack.stance(0, view(attack)).brief == ""


@pytest.mark.parametrize("target", ["best", "second-best", "most-flips"])
@pytest.mark.parametrize("kind", ["stubborn", "sleeper", "collude", "tamper", "inject"])
def test_a_target_that_reads_round_0_is_part_of_the_threat_model(kind, target) -> None:
    plain, reading = build("attack", kind), build("attack", {"kind": kind, "target": target})
    assert Sight.BELIEFS not in plain.threat.sees
    assert {Sight.BELIEFS} <= reading.threat.sees
    assert Power.OUT_OF_TURN in reading.threat.may
    assert (Sight.GRAPH in reading.threat.sees) >= (target == "most-flips")


@pytest.mark.parametrize(
    "block",
    [
        {"kind": "wobble", "lowest": 0.98},
        {"kind": "wobble", "lowest": 0.0},
        {"kind": "sybil", "identities": 0},
        {"kind": "inject", "payload": "ignroe"},
        {"kind": "infect", "susceptibility": 1.5},
        {"kind": "adaptive", "budget": 0},
        {"kind": "adaptive", "least_flips": -1},
    ],
)
def test_a_parameter_outside_its_range_is_refused(block) -> None:
    with pytest.raises(ConfigError, match=f"attack.{list(block)[1]}"):
        build("attack", block)


def test_a_number_persuades_and_leaves_the_arguing_of_a_model_as_it_is(view) -> None:
    for kind in ("stubborn", "wobble", "sleeper"):
        attack = build("attack", {"kind": kind, "persuasiveness": 2.5})
        assert (attack.persuasion, attack.arguing) == (2.5, "high")
    word = build("attack", {"kind": "stubborn", "persuasiveness": "low"})
    assert (word.persuasion, word.arguing) == (1.0, "low")
    loud = build("attack", {"kind": "stubborn", "persuasiveness": 2})
    assert loud.stance(0, view(loud)).persuasiveness == "high"


@pytest.mark.parametrize("given", [0, -2, float("inf"), float("nan"), 1e7])
def test_a_persuasiveness_that_is_no_factor_is_refused(given) -> None:
    with pytest.raises(ConfigError, match=r"attack.persuasiveness is .*must lie in \(0, 1e\+06\]"):
        build("attack", {"kind": "stubborn", "persuasiveness": given})


def test_a_word_for_persuasiveness_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="'persuasiveness': got 'loud'"):
        build("attack", {"kind": "stubborn", "persuasiveness": "loud"})
