from typing import Any

import numpy as np
import pytest

from fjsim import registry
from fjsim.contracts import Attack
from fjsim.contracts.attacks import Choice, Range, Trial
from fjsim_attacks.shared.search_space import best_response, propose

OURS = [
    pytest.param(entry, id=entry.name)
    for entry in registry.entries("attack")
    if entry.package == "fjsim_attacks" and entry.name != "none"
]
SPACE: dict[str, Range | Choice] = {
    "certainty": Range(0.5, 1.0),
    "drift_rounds": Range(0, 8),
    "target": Choice(("a", "b")),
}


def damage(given):
    right = given.get("target", "a") == "b"
    return right - abs(given.get("certainty", 0.5) - 0.7) - abs(given.get("drift_rounds", 0) - 6)


@pytest.mark.parametrize("entry", OURS)
def test_every_attack_declares_where_it_is_searched(entry) -> None:
    names = {parameter.name for parameter in entry.parameters}
    assert entry.factory.searched
    assert set(entry.factory.searched) <= names


@pytest.mark.parametrize("entry", OURS)
def test_every_candidate_is_an_attack(entry) -> None:
    rng = np.random.default_rng(0)
    tried = [Trial(given, rng.random()) for given in entry.factory.respond((), 1, rng)]
    assert tried[0].parameters == {}
    for _ in range(4):
        candidates = entry.factory.respond(tried, 8, rng)
        for given in candidates:
            assert isinstance(registry.build("attack", {"kind": entry.name, **given}), Attack)
        tried += [Trial(given, rng.random()) for given in candidates]


def test_an_attack_that_declares_nothing_is_tried_as_it_is() -> None:
    respond = registry.build("attack", "none").respond
    assert respond((), 5, np.random.default_rng(0)) == ({},)
    assert respond((Trial({}, 0.0),), 5, np.random.default_rng(0)) == ()


def test_nothing_is_tried_twice() -> None:
    space = {"target": Choice(("a", "b", "c"))}
    trials = best_response(space, lambda given: 0.0, 50, np.random.default_rng(0), batch=4)
    assert [trial.parameters.get("target") for trial in trials].count("a") == 1
    assert len(trials) == 4


def test_the_same_trials_and_stream_propose_the_same_candidates() -> None:
    tried = (Trial({}, 0.1), Trial({"certainty": 0.7, "drift_rounds": 2, "target": "a"}, 0.4))
    first, second = (propose(SPACE, tried, 5, np.random.default_rng(3)) for _ in range(2))
    assert first == second
    assert len(first) == 5


def test_candidates_lie_in_their_ranges() -> None:
    for trial in best_response(SPACE, damage, 60, np.random.default_rng(1), batch=7):
        certainty: Any = trial.parameters.get("certainty", 0.5)
        assert 0.5 <= certainty <= 1
        assert trial.parameters.get("drift_rounds", 0) in range(9)


def test_the_search_finds_what_hurts_most_within_its_budget() -> None:
    trials = best_response(SPACE, damage, 120, np.random.default_rng(0))
    assert len(trials) == 120
    assert trials[0].parameters["target"] == "b"
    assert trials[0].parameters["drift_rounds"] == 6
    assert trials[0].parameters["certainty"] == pytest.approx(0.7, abs=0.05)


def test_a_search_beats_as_many_draws_without_one() -> None:
    searched = best_response(SPACE, damage, 80, np.random.default_rng(5))[0].damage
    rng = np.random.default_rng(5)
    drawn = [propose(SPACE, (Trial({}, 0.0),), 1, rng)[0] for _ in range(80)]
    assert searched >= max(damage(given) for given in drawn)
