"""Who brought a wrong answer, whom it has won, and what is taken back."""

from __future__ import annotations

import numpy as np
import pytest
from defense_records import COMPLETE, random_record, stacked, then, voted

import fjsim
from fjsim.contracts import Demand
from fjsim.errors import FjsimError
from fjsim.registry import build
from fjsim.runs.trust import demands
from fjsim_defenses.fixed_trust import FixedTrust
from fjsim_defenses.infection_aware import diagnosed
from fjsim_defenses.shared.around import until

LAW = {
    "kind": "numeric", "count": 5, "stubbornness": 0.1, "stubbornness_concentration": 0,
    "self_weight": 0.3,
}  # fmt: skip


def test_who_stands_by_a_lonely_answer_is_a_source_and_who_takes_it_over_infected() -> None:
    record = then(voted([0, 0, 0, 0, 1, 1]), [0, 0, 1, 0, 1, 0])
    health = diagnosed(record)
    assert health.source[0].tolist() == [False, False, False, False, True, False]
    assert health.infected[0].tolist() == [False, False, True, False, False, False]


def test_an_infection_is_followed_from_seat_to_seat_along_what_is_heard() -> None:
    line = np.zeros((4, 4))
    line[1, 0] = line[2, 1] = line[3, 2] = 1.0
    first = voted([1, 0, 0, 0], influence=line)
    record = then(then(first, [1, 1, 0, 0]), [1, 1, 1, 1])
    assert diagnosed(record).infected[3].tolist() == [False, True, True, False]
    # Seat 3 heard seat 2 before that one was won: it came to the option by itself.
    assert diagnosed(then(first, [1, 0, 0, 1])).infected.sum() == 0


def test_sources_and_converts_are_cut_and_converts_hear_nobody() -> None:
    record = then(voted([0, 0, 0, 0, 1, 1]), [0, 0, 1, 0, 1, 0])
    gates = build("defense", "infection-aware").gates(record, None)
    assert gates[0].tolist() == [1, 1, 0, 1, 0, 1]
    assert gates[2].tolist() == [0, 0, 1, 0, 0, 0]


def test_a_blended_convert_is_back_at_its_own_first_view_at_once() -> None:
    run = fjsim.run({
        "topology": "complete", "attack": "stubborn", "agents": 5, "rounds": 3, "baseline": False,
        "questions": {"limit": 1}, "defense": {"kind": "infection-aware", "patience": 2},
    })  # fmt: skip
    beliefs, gates = run.transcript.beliefs[0], run.transcript.gates[0, 3]
    silenced = [seat for seat in range(1, 5) if np.nansum(gates[seat]) == 0]
    np.testing.assert_allclose(beliefs[3, silenced], beliefs[0, silenced], atol=1e-9)


def test_patience_hears_everybody_through_its_rounds() -> None:
    patient = build("defense", {"kind": "infection-aware", "patience": 1})
    assert (patient.gates(voted([0, 0, 0, 1, 1, 1]), None) == 1).all()


def suspecting(open_rounds):
    """Return gates that trust everybody for some rounds, and nobody in seat 0 afterwards."""

    def gates(self, record, state):
        trust = np.ones(record.influence.shape)
        if record.round >= open_rounds:
            trust[..., 1:, 0] = 0.0
        return trust

    return gates


def played(defense, open_rounds, monkeypatch, topology="complete", **values):
    monkeypatch.setattr(FixedTrust, "gates", suspecting(open_rounds))
    return fjsim.run({
        "topology": topology, "attack": {"kind": "stubborn", "seat": 0}, "agents": LAW,
        "rounds": 5, "questions": {"limit": 2}, "defense": defense, **values,
    })  # fmt: skip


@pytest.mark.parametrize("topology", ["complete", "star", "ring"])
def test_rolled_back_numeric_agents_stand_where_they_would_had_it_never_been_heard(
    topology, monkeypatch
) -> None:
    back = {"kind": "rollback", "around": "fixed-trust"}
    late = played(back, 2, monkeypatch, topology).transcript.beliefs[:, :, 1:]
    never = played("fixed-trust", 0, monkeypatch, topology).transcript.beliefs[:, :, 1:]
    plain = played("fixed-trust", 2, monkeypatch, topology).transcript.beliefs[:, :, 1:]
    np.testing.assert_allclose(late[:, 3:], never[:, 3:], atol=1e-9)
    np.testing.assert_array_equal(late[:, 2], plain[:, 2])
    assert np.abs(plain[:, 5] - never[:, 5]).max() > 1e-3


def test_a_rolled_back_run_that_is_cut_off_ends_like_an_undisturbed_one(
    monkeypatch, tmp_path
) -> None:
    back = {"kind": "rollback", "around": "fixed-trust"}
    whole = played(back, 2, monkeypatch).transcript.beliefs
    monkeypatch.setattr(FixedTrust, "gates", suspecting(2))
    scenario = {
        "topology": "complete", "attack": {"kind": "stubborn", "seat": 0}, "agents": LAW,
        "rounds": 5, "questions": {"limit": 2}, "defense": back,
    }  # fmt: skip
    again = fjsim.run(scenario, tmp_path).metrics["told_again"].value
    assert again > 0
    lines = (tmp_path / "events.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "events.jsonl").write_text("".join(lines[: len(lines) * 2 // 3]))
    resumed = fjsim.run(scenario, tmp_path)
    np.testing.assert_array_equal(resumed.transcript.beliefs, whole)
    assert resumed.metrics["told_again"].value == again
    told = resumed.transcript.told_again
    assert told is not None
    assert fjsim.load_run(tmp_path).metrics["told_again"].value >= told.sum()


def test_no_law_is_read_off_a_run_whose_beliefs_were_taken_back(monkeypatch) -> None:
    run = played({"kind": "rollback", "around": "fixed-trust"}, 2, monkeypatch)
    assert run.prediction["declared"] is None
    assert any("takes beliefs back" in warning for warning in fjsim.fit(run).warnings)


def test_turns_told_again_are_those_that_depended_and_nobody_else_is_moved(monkeypatch) -> None:
    monkeypatch.setattr(FixedTrust, "gates", suspecting(2))
    line = np.zeros((4, 4))
    line[1, 0] = line[2, 1] = line[3, 2] = line[0, 3] = 1.0
    record = random_record(0, n_agents=4, influence=line, n_rounds=2)
    rollback = build("defense", {"kind": "rollback", "around": "fixed-trust"})
    told = rollback.restored(record, None)
    # Seat 1 heard seat 0 in both rounds, seat 2 heard seat 1 in the second, seat 3 nobody yet.
    assert told.turns == 3
    assert np.isnan(told.beliefs).any(axis=-1).tolist() == [True, False, False, True]
    assert rollback.restored(until(record, 2), None) is None


@pytest.mark.parametrize("around", ["stubbornness-detector", "ballot", "unlike"])
def test_a_batch_is_rolled_back_as_each_team_alone(around) -> None:
    records = [random_record(seed, influence=COMPLETE) for seed in range(3)]
    rollback = build("defense", {"kind": "rollback", "around": around})
    together = rollback.restored(stacked(records), None)
    for team, record in enumerate(records):
        alone = rollback.restored(record, None)
        expected = np.full((6, 4), np.nan) if alone is None else alone.beliefs
        found = np.full((6, 4), np.nan) if together is None else together.beliefs[team]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_defense_around_another_takes_its_labels_and_refuses_its_wrong_parameters() -> None:
    around = build("defense", {"kind": "rollback", "around": {"kind": "t-w"}})
    assert (around.labels, around.warmup) == ("all", 10)
    with pytest.raises(FjsimError, match="width"):
        build("defense", {"kind": "rollback", "around": {"kind": "ballot", "width": -1}})


def test_what_an_inner_defense_asks_for_is_asked_of_the_user(monkeypatch, tmp_path) -> None:
    asked = (Demand(("level",), "starts the program ./x.sh"),)
    monkeypatch.setattr(FixedTrust, "demands", lambda self: asked, raising=False)
    path = tmp_path / "theirs.yaml"
    path.write_text("defense: {kind: rollback, around: fixed-trust}\n")
    found = demands(fjsim.load_scenario(path))
    assert found == ("defense.around: starts the program ./x.sh",)
    assert demands(fjsim.load_scenario(path, trust=True)) == ()
