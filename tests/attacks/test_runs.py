"""Every attack in a whole run: paired, seeded, resumable, on agents of every kind."""

import json

import numpy as np
import pytest

from fjsim import registry
from fjsim.runs import run
from fjsim.scenario import Scenario

OURS = sorted(
    entry.name
    for entry in registry.entries("attack")
    if entry.package == "fjsim_attacks" and entry.name != "none"
)
over_attacks = pytest.mark.parametrize("kind", OURS)


def scenario(kind, agents="numeric", **changes):
    values = {
        "topology": "complete",
        "attack": kind,
        "agents": {"kind": agents, "count": 4},
        "questions": {"limit": 3},
        "rounds": 2,
        "warmup": 1,
        "events": "full",
    }
    return Scenario(**{**values, **changes})


def essences(finished, arm):
    turns = finished.contents.turns.values()
    return {turn.key: repr(turn.essence()) for turn in turns if turn.arm == arm}


@over_attacks
@pytest.mark.parametrize("agents", ["llm", "numeric"])
def test_the_clean_arm_is_the_same_under_any_attack(kind, agents) -> None:
    attacked = run(scenario(kind, agents), cache=False)
    alone = run(scenario("none", agents), cache=False)
    assert essences(attacked, "clean") == essences(alone, "clean")
    assert essences(attacked, "attacked").keys() != essences(attacked, "clean").keys()


@over_attacks
def test_a_run_cut_off_anywhere_ends_like_an_undisturbed_one(kind, tmp_path) -> None:
    whole = run(scenario(kind), cache=False)
    events = tmp_path / "events.jsonl"
    recorded = run(scenario(kind), tmp_path, cache=False)
    assert essences(recorded, "attacked") == essences(whole, "attacked")
    lines = events.read_text().splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["type"] != "item"]
    events.write_text("".join(kept[: len(kept) // 2]))
    again = run(scenario(kind), tmp_path, cache=False)
    assert essences(again, "attacked") == essences(whole, "attacked")
    np.testing.assert_array_equal(again.transcript.targets, whole.transcript.targets)


@over_attacks
@pytest.mark.parametrize("agents", ["llm", "scripted"])
def test_any_agent_can_be_attacked_and_attack(kind, agents) -> None:
    finished = run(scenario(kind, agents, protocol="sequential", warmup=0), cache=False)
    assert finished.transcript.valid.all()
    wrong = finished.transcript.targets != finished.transcript.keys
    assert wrong.all()


@over_attacks
def test_two_replicas_share_nothing_but_the_question(kind) -> None:
    finished = run(scenario(kind, replicas=2, questions={"limit": 2}), cache=False)
    assert finished.transcript.n_items == 2
    assert len(set(finished.transcript.replicas.tolist())) == 2


def test_an_optimal_seat_moves_more_than_a_leaf() -> None:
    moved = {
        seat: run(
            scenario({"kind": "stubborn", "seat": seat}, topology="star", warmup=0), cache=False
        )
        .metrics["takeover_observed"]
        .value
        for seat in ("optimal", "leaf")
    }
    assert moved["optimal"] > moved["leaf"]
