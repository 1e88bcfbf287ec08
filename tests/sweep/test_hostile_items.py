"""On which questions an adversary attacked, when it does not always."""

from fjsim.experiment.sweeps.cell import CellJob, play
from fjsim.scenario import Scenario


def test_a_sleeper_is_judged_on_the_questions_on_which_it_strikes(base):
    attack = {"kind": "sleeper", "honest_questions": 6}
    scenario = Scenario(**base | {"attack": attack, "questions": {"limit": 8}})
    tallies = play(CellJob(scenario, None, 0)).tallies
    every, hostile = tallies["attack_success_rate"], tallies["attack_success_hostile"]
    assert (every.denominator > 0).sum() == 8
    assert (hostile.denominator > 0).sum() == 2


def test_a_stubborn_agent_attacks_on_every_question(base):
    tallies = play(CellJob(Scenario(**base | {"attack": "stubborn"}), None, 0)).tallies
    every, hostile = tallies["attack_success_rate"], tallies["attack_success_hostile"]
    assert hostile.denominator.tolist() == every.denominator.tolist()
