"""Sealed first statements: an adversary commits its own before it has seen any."""

import numpy as np
import pytest

import fjsim
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario

VALUES = {
    "agents": {"kind": "numeric", "count": 6},
    "attack": {"kind": "collude", "target": "best"},
    "questions": {"limit": 30},
    "rounds": 2,
}


def played(**changes):
    return fjsim.run(Scenario(**{**VALUES, **changes}))


def statements(run, number):
    """Return what the first colluder states in a round, and what most of the others answer."""
    seat = run.transcript.seats[0]
    tops = run.transcript.beliefs[:, number, seat].argmax(axis=-1)
    return tops, run.transcript.targets


def test_sealed_adversary_does_not_know_what_is_popular_until_round_one() -> None:
    open_, sealed = played(), played(sealed=True)
    first, popular = statements(open_, 0)
    assert (first == popular).all(), "it spoke last"
    first, popular = statements(sealed, 0)
    assert (first != popular).mean() > 0.3
    later, popular = statements(sealed, 1)
    assert (later == popular).all(), "from round 1 on everybody has seen round 0"


def test_honest_agents_say_the_same_sealed_or_not() -> None:
    open_, sealed = played(), played(sealed=True)
    benign = list(open_.transcript.benign)
    np.testing.assert_array_equal(
        open_.transcript.beliefs[:, 0, benign], sealed.transcript.beliefs[:, 0, benign]
    )
    np.testing.assert_array_equal(open_.baseline.beliefs, sealed.baseline.beliefs)


def test_an_attack_that_waits_for_nothing_is_the_same_sealed_or_not() -> None:
    attack = {"kind": "collude", "target": "random-wrong"}
    open_, sealed = played(attack=attack), played(attack=attack, sealed=True)
    np.testing.assert_array_equal(open_.transcript.beliefs, sealed.transcript.beliefs)


def test_adaptive_adversary_can_be_sealed() -> None:
    sealed = played(attack="adaptive", sealed=True, questions={"limit": 4})
    assert sealed.transcript.n_items == 4


def test_sealed_run_resumes_as_it_was(tmp_path) -> None:
    whole = played(sealed=True)
    values = {**VALUES, "sealed": True}
    fjsim.run(Scenario(**values), out=tmp_path / "run")
    events = tmp_path / "run" / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    events.write_bytes(b"".join(lines[: len(lines) // 2]))
    resumed = fjsim.run(Scenario(**values), out=tmp_path / "run")
    np.testing.assert_array_equal(whole.transcript.beliefs, resumed.transcript.beliefs)
    np.testing.assert_array_equal(whole.transcript.targets, resumed.transcript.targets)


def test_sealing_makes_another_run_and_leaves_the_names_of_others_alone() -> None:
    assert resolve(Scenario(**VALUES, sealed=True)).hash != resolve(Scenario(**VALUES)).hash
    assert resolve(Scenario(**VALUES, sealed=False)).hash == resolve(Scenario(**VALUES)).hash


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_study_script_sees_votes_only_as_far_as_it_foresees_them(share) -> None:
    from studies.attack_search import trial_counts
    from studies.casting_search import STARTS
    from studies.defense_grid import made
    from studies.numeric_teams import Setting

    setting = Setting(n_teams=6, n_questions=60, foresight=share)
    counts = trial_counts(setting, made("trust-adaptive"), [{"seats": "own 2", **STARTS[0]}])
    flips, chances = counts.success_on_every("try 0")
    rate = flips.sum() / chances.sum()
    assert rate > 0.05 if share else rate < 0.03
