"""The committee: influential seats first, second opinions on doubt only, within a budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from defense_records import COMPLETE, then, voted

import fjsim
from fjsim.contracts import Record
from fjsim.dynamics import influence_matrix
from fjsim.errors import ConfigError
from fjsim.judging.replay import replay
from fjsim.judging.source import judged_log
from fjsim.records import EVENTS, read_log
from fjsim.registry import build
from fjsim.runs.estimate import estimate
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario
from fjsim_defenses.committee import Committee
from fjsim_topologies.regular import Star

K = 5
HEARD: dict[str, Any] = {"kind": "fixed-trust", "level": 0.6}
"""An inner defense whose gates are told apart from those of the committee."""
OPEN, CLEAR = (0, 0, 0, 1, 1, 1), (0, 0, 0, 0, 0, 0)
STAR = influence_matrix(Star().graph(6, np.random.default_rng(0)))


def committee(**given: Any) -> Committee:
    return Committee(around=HEARD, **given)


def state(defense: Committee) -> Any:
    return defense.initial_state(6)


def decided(votes: tuple[int, ...], *opinions: int, influence: Any = COMPLETE) -> Record:
    """Return a record of round 0 with second opinions."""
    record = voted(votes, n_options=K, influence=influence)
    return replace(record, casting=np.array(opinions, dtype=np.int64))


def gates_of(defense: Committee, record: Record) -> Any:
    """Return the gates of the messages of seats 0 and 5 for a listener between them."""
    return defense.gates(record, state(defense))[2, [0, 5]].tolist()


def test_only_questions_in_doubt_get_a_second_opinion() -> None:
    asks = [
        Committee().asks_for_casting(voted(votes, n_options=K), state(Committee()))
        for votes in (OPEN, CLEAR, (0, 0, 0, 0, 0, 1), (0, 0, 0, 0, 1, 1))
    ]
    assert asks == [True, False, False, True]


def test_second_opinions_decide_what_is_heard() -> None:
    assert gates_of(committee(), decided(OPEN, 1, 1)) == [0.0, 1.0]
    assert gates_of(committee(), decided(OPEN, 0, 0)) == [1.0, 0.0]


@pytest.mark.parametrize("opinions", [(), (0, 1), (-1, -1), (0, -1)])
def test_without_a_decision_a_challenge_silences_and_an_inspection_leaves_alone(opinions) -> None:
    record = decided(OPEN, *opinions)
    assert gates_of(committee(), record) == [0.0, 0.0]
    assert gates_of(committee(manner="inspect"), record) == [0.6, 0.6]


def test_the_cheap_check_alone_silences_who_is_clearly_outvoted() -> None:
    record = voted((0, 0, 0, 0, 0, 1), n_options=K)
    assert gates_of(committee(), record) == [0.6, 0.0]
    assert gates_of(committee(manner="inspect"), record) == [0.6, 0.6]


def test_opinions_that_were_not_asked_for_count_for_nothing() -> None:
    assert gates_of(committee(), decided(CLEAR, 1, 1)) == [0.6, 0.6]


def test_a_later_message_is_judged_by_what_it_says_then() -> None:
    record = then(voted(OPEN, n_options=K), (1, 0, 0, 1, 1, 0))
    assert gates_of(committee(), replace(record, casting=np.array([0, 0]))) == [0.0, 1.0]


def test_the_most_influential_seats_are_checked_first_with_all_that_tie() -> None:
    assert committee(seats=1).checked(STAR).tolist() == [True] + [False] * 5
    assert committee(seats=2).checked(STAR).all(), "leaves are alike"
    assert committee(seats=1).checked(COMPLETE).all()


def test_doubt_about_a_seat_that_is_not_checked_asks_nobody_and_stays_with_the_inner() -> None:
    hub, leaf = (1, 0, 0, 0, 1, 1), (2, 0, 0, 0, 1, 1)
    defense = committee(seats=1)
    asks = [
        defense.asks_for_casting(voted(votes, n_options=K, influence=STAR), state(defense))
        for votes in (hub, leaf)
    ]
    assert asks == [True, False], (
        "the hub is one vote behind, then clearly outvoted while leaves are not"
    )
    gates = defense.gates(decided(hub, 0, 0, influence=STAR), state(defense))
    assert gates[1, 0] == 0.0
    assert gates[0, 5] == 0.6


def test_what_is_spent_is_counted_and_never_more_than_the_budget() -> None:
    defense = committee(budget=5)
    at, asked = state(defense), []
    for _ in range(4):
        record = then(voted(OPEN, n_options=K), OPEN)
        asked.append(defense.asks_for_casting(voted(OPEN, n_options=K), at))
        at = defense.update(record, at, None)
    assert asked == [True, True, False, False]
    assert int(at.calls) == 4


def test_a_question_of_round_0_alone_costs_nothing() -> None:
    defense = committee(budget=5)
    assert int(defense.update(voted(OPEN, n_options=K), state(defense), None).calls) == 0


def test_questions_wait_for_each_other_only_where_something_is_remembered() -> None:
    assert Committee(around="ballot").memory == "none"
    assert Committee(around="ballot", budget=3).memory == "history"
    assert Committee().memory == "history", "the inner defense learns"


def test_parameters_that_cannot_be_are_refused() -> None:
    wrongs: list[dict[str, Any]] = [
        {"seats": 0}, {"votes": 0}, {"budget": -1}, {"margin": -1}, {"horizon": 0},
    ]  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(ConfigError, match="defense"):
            Committee(**wrong)
    with pytest.raises(ConfigError, match="leave one out"):
        Committee(backend="simulated", competence=0.8)
    with pytest.raises(ConfigError, match="gets them once"):
        Committee(around="casting-vote")


BUDGET, LIMIT = 6, 8
VALUES: dict[str, Any] = {
    "agents": {"kind": "llm", "count": 5},
    "topology": "complete",
    "attack": {"kind": "collude", "target": "best"},
    "defense": {
        "kind": "committee",
        "backend": {"kind": "simulated", "competence": 0.9},
        "budget": BUDGET,
    },
    "questions": {"limit": LIMIT},
    "rounds": 2,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A finished run whose budget is spent."""
    place = tmp_path_factory.mktemp("committee") / "run"
    fjsim.run(Scenario(**VALUES), out=place)
    return place


def test_a_run_spends_its_budget_in_each_arm_and_no_more(folder: Any) -> None:
    asked = [
        2 * sum(end.casting is not None for end in read_log(folder / EVENTS).items.values()
                if end.arm == arm)
        for arm in ("attacked", "clean")
    ]  # fmt: skip
    assert asked[0] == BUDGET
    assert 0 < asked[1] <= BUDGET
    calls = sum(vote.cost.calls for vote in read_log(folder / EVENTS).casting.values())
    assert calls <= sum(asked)


def test_a_dry_run_knows_the_budget(tmp_path: Any) -> None:
    assert estimate(resolve(Scenario(**VALUES)), tmp_path).casting_calls == 2 * BUDGET
    free = VALUES["defense"] | {"budget": None}
    planned = estimate(resolve(Scenario(**{**VALUES, "defense": free})), tmp_path)
    assert planned.casting_calls == 2 * LIMIT


def test_a_run_that_was_cut_spends_the_budget_on_the_same_questions(
    folder: Any, tmp_path: Any
) -> None:
    lines = (folder / EVENTS).read_bytes().splitlines(keepends=True)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "scenario.yaml").write_bytes((folder / "scenario.yaml").read_bytes())
    (tmp_path / "run" / EVENTS).write_bytes(b"".join(lines[: len(lines) // 2]))
    fjsim.run(Scenario(**VALUES), out=tmp_path / "run")
    whole, cut = read_log(folder / EVENTS), read_log(tmp_path / "run" / EVENTS)
    assert {k: end.casting for k, end in cut.items.items()} == {
        k: end.casting for k, end in whole.items.items()
    }
    assert {k: turn.essence() for k, turn in cut.turns.items()} == {
        k: turn.essence() for k, turn in whole.turns.items()
    }


def test_a_log_judged_by_the_same_committee_gives_the_gates_of_the_run(folder: Any) -> None:
    run = fjsim.load_run(folder)
    log = judged_log(run)
    for arm in (log.main, log.clean):
        assert arm is not None
        found = replay(arm, build("defense", run.scenario.defense.as_dict())).gates
        heard = ~np.isnan(found)
        assert heard.any()
        np.testing.assert_allclose(found[heard], arm.transcript.gates[heard], atol=1e-9)
