"""On which questions an adversary attacked, when it does not always."""

import numpy as np
import pytest

from fjsim.metrics import MetricKey
from fjsim.runs import run
from fjsim.runs.law.intent import adversary_of, declared_hostile, items_of
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario
from fjsim.sweeps.cell import CellJob, play


def success(scenario):
    """Return attack success on all questions, and on the hostile ones, as they are counted."""
    counts = play(CellJob(scenario, None, 0)).counts.counts
    names = ("attack_success_rate", "attack_success_hostile")
    return [counts[MetricKey(name, "attacked")] for name in names]


def counted(base, attack, **changes):
    """Return on how many questions somebody could be flipped, and how many of them count."""
    every, hostile = success(Scenario(**base | {"attack": attack} | changes))
    return (every.denominator > 0).sum(), (hostile.denominator > 0).sum()


def test_a_sleeper_is_judged_on_the_questions_on_which_it_strikes(base) -> None:
    attack = {"kind": "sleeper", "honest_questions": 6}
    assert counted(base, attack, questions={"limit": 8}) == (8, 2)


def test_a_stubborn_agent_attacks_on_every_question(base) -> None:
    every, hostile = success(Scenario(**base | {"attack": "stubborn"}))
    assert hostile.denominator.tolist() == every.denominator.tolist()


def test_a_drift_that_never_arrives_is_an_attack_all_the_same(base) -> None:
    every, hostile = counted(base, {"kind": "slow-drift", "drift_rounds": 50})
    assert hostile == every


def test_a_man_in_the_middle_is_judged_where_it_forges(base) -> None:
    """A target that happens to be right is not attacked."""
    every, hostile = counted(base, {"kind": "tamper", "target": 0})
    assert 0 < hostile < every


@pytest.mark.parametrize(
    "attack",
    [
        {"kind": "on-off", "honest_phase": 1, "hostile_phase": 2},
        {"kind": "adaptive", "least_flips": 2},
        {"kind": "stubborn", "target": 1},
        {"kind": "collude", "target": "best"},
    ],
    ids=str,
)
def test_what_the_attack_says_is_what_it_did(base, attack) -> None:
    scenario = Scenario(**base | {"attack": attack, "topology": "ring"})
    setup, played = resolve(scenario), run(scenario)
    attacked, clean = played.arms["attacked"], played.arms["clean"]
    declared = declared_hostile(setup, attacked)
    seats = list(attacked.seats)
    said, ordinary = attacked.beliefs[:, :, seats], clean.beliefs[:, :, seats]
    tops = said.argmax(axis=-1) == attacked.targets[:, None, None]
    other = ~np.isclose(said, ordinary).all(axis=-1)
    assert declared.tolist() == (tops & other).any(axis=(1, 2)).tolist()
    assert declared.sum() > 0


def test_plans_are_those_of_the_run(base) -> None:
    scenario = Scenario(**base | {"attack": "adaptive"})
    setup, attacked = resolve(scenario), run(scenario).arms["attacked"]
    plans = [
        adversary_of(setup, item, attacked.innate[at])
        for at, item in enumerate(items_of(setup, attacked))
    ]
    assert [plan.target for plan in plans] == attacked.targets.tolist()
