"""The crowd says what the loop says, turn by turn: beliefs to 1e-12, all else to the letter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fjsim.crowd.keeping import columns_of
from fjsim.crowd.schedule import play_all
from fjsim.records import LogContents, Turn
from fjsim.records.columns import Columns
from fjsim.registry import names
from fjsim.runs.engine import engine_of
from fjsim.runs.play import run
from fjsim.runs.resolve import resolve
from fjsim.runs.runtime import team_of
from fjsim.scenario import Scenario

SMALL: dict[str, Any] = {
    "agents": {"kind": "numeric", "count": 4},
    "questions": {"limit": 3},
    "rounds": 2,
}
SET: dict[str, dict[str, Any]] = {
    "t-w": {"warmup": 1},
    "t-wa": {"warmup": 1},
    "t-ws": {"warmup": 1},
    "watts-strogatz": {"neighbours": 2},
}
"""What a plug-in needs in so small a run."""


def block(kind: str) -> Any:
    return {"kind": kind, **SET.get(kind, {})}


def blocks_of(scenario: Scenario) -> Iterator[Columns]:
    setup = resolve(scenario)
    for crowds in play_all(team_of(setup), setup.scenario.arms, setup.items):
        for crowd in crowds:
            yield columns_of(crowd, setup.scenario.router.kind != "uniform", at=0.0)


def is_close(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return np.allclose(np.array(one, float), np.array(other, float), rtol=0, atol=1e-12)


def assert_same_turn(found: Turn, wanted: Turn) -> None:
    for name in ("validity", "answer", "reason", "problem", "shared", "text", "kept", "mass"):
        assert getattr(found, name) == getattr(wanted, name), (name, found, wanted)
    for name in ("belief", "stated_belief", "confidence"):
        assert is_close(getattr(found, name), getattr(wanted, name)), (name, found, wanted)
    assert len(found.heard) == len(wanted.heard), (found, wanted)
    for one, other in zip(found.heard, wanted.heard, strict=True):
        plain = ("speaker", "round", "tampered", "acting")
        assert all(getattr(one, name) == getattr(other, name) for name in plain), (found, wanted)
        # Both are rounded to 12 decimals.
        assert abs(one.gate - other.gate) < 2e-12, (found, wanted)
        assert abs(one.weight - other.weight) < 2e-12, (found, wanted)
        assert is_close(one.option_gates, other.option_gates), (found, wanted)


def assert_same(values: dict[str, Any]) -> None:
    scenario = Scenario(**{**SMALL, **values})
    loop: LogContents = run(scenario.with_values(events="full")).contents
    turns: dict[Any, Any] = {}
    probes: dict[Any, Any] = {}
    ends: dict[Any, Any] = {}
    for found in blocks_of(scenario):
        turns |= {key: found.turn(key) for key in found.keys_of_turns()}
        probes |= {probe.key: probe for probe in found.probes()}
        ends |= {end.identity: end for end in found.ends()}
    assert turns.keys() == loop.turns.keys()
    assert ends.keys() == loop.items.keys()
    assert probes.keys() == loop.probes.keys()
    for key, turn in turns.items():
        assert turn is not None
        assert_same_turn(turn, loop.turns[key])
    for identity, end in ends.items():
        wanted = loop.items[identity]
        for name in ("key", "n_options", "target", "warmup", "order"):
            assert getattr(end, name) == getattr(wanted, name), (name, end, wanted)
        for name in ("weights", "persuasion", "stubbornness", "self_weight"):
            assert is_close(getattr(end, name), getattr(wanted, name)), (name, end, wanted)
    for name, probe in probes.items():
        assert probe.perceived == pytest.approx(loop.probes[name].perceived, abs=1e-12)


TURN_BY_TURN = {
    "casting-vote": "asks or tells",
    "committee": "asks or tells",
    "rollback": "asks or tells",
    "unlike": "reads words",
}
"""Defenses that need more than a round's arrays, and what a run says of them."""
ATTACKS = names("attack")
DEFENSES = [name for name in names("defense") if name not in TURN_BY_TURN]
ROUTERS = names("router")
TOPOLOGIES = [name for name in names("topology") if name != "from-file"]


def varied(at: int) -> dict[str, Any]:
    """Return a router, a graph and a protocol, each in turn."""
    sequential = at % 5 == 0
    return {
        "router": ROUTERS[at % len(ROUTERS)],
        "topology": block(TOPOLOGIES[at % len(TOPOLOGIES)]),
        "protocol": "sequential" if sequential else "synchronous",
    }


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_is_played_as_the_loop_plays_it(attack: str) -> None:
    at = ATTACKS.index(attack)
    defense = DEFENSES[3 * at % len(DEFENSES)]
    assert_same({"attack": attack, "defense": block(defense), **varied(at)})


@pytest.mark.parametrize("defense", DEFENSES)
def test_every_defense_is_played_as_the_loop_plays_it(defense: str) -> None:
    at = DEFENSES.index(defense)
    attack = ATTACKS[5 * at % len(ATTACKS)]
    assert_same({"attack": attack, "defense": block(defense), **varied(2 * at + 1)})


@pytest.mark.parametrize(("defense", "because"), TURN_BY_TURN.items())
def test_a_defense_that_asks_aside_is_played_turn_by_turn_and_the_run_says_so(
    defense: str, because: str
) -> None:
    numeric = {"kind": "numeric", "count": 4}
    scenario = Scenario(agents=numeric, attack="stubborn", defense=defense, rounds=1)
    assert because in engine_of(resolve(scenario)).text


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("defense", DEFENSES)
def test_every_pair_is_played_as_the_loop_plays_it(attack: str, defense: str) -> None:
    for router in ROUTERS:
        for topology in TOPOLOGIES:
            values = {"attack": attack, "defense": block(defense)}
            assert_same({**values, "router": router, "topology": block(topology)})


SILENT = [
    {"kind": "numeric", "count": 2},
    {"kind": "scripted", "lines": ["wrong", "silent", "key"]},
    {"kind": "scripted", "lines": ["key", "abstain"], "reason": "I sound 0.4 sure. So it is."},
]
READERS = {
    "kind": "numeric",
    "count": 4,
    "profile": "stubborn-neighbors",
    "readiness": 0.3,
}
CASES: dict[str, dict[str, Any]] = {
    "seats that are silent or abstain": {"agents": SILENT, "attack": "wobble", "defense": "ballot"},
    "turns in between, some of them missing": {
        "agents": SILENT,
        "protocol": "sequential",
        "peers_see": ["answer", "reason"],
        "defense": "w-msr",
    },
    "reasons that convey confidence": {
        "agents": READERS,
        "peers_see": ["answer", "reason"],
        "attack": "tamper",
        "defense": "trust-adaptive",
    },
    "names that nobody has, heard by their reasons": {
        "agents": READERS,
        "peers_see": ["answer", "reason"],
        "attack": {"kind": "sybil", "persuasiveness": 3.0},
        "defense": "ballot",
    },
    "a forged record beside true words": {
        "attack": {"kind": "tamper", "listeners": [0, 2], "rewrite_record": True},
        "router": "competence-history",
        "defense": "peer-agreement",
        "replicas": 2,
    },
    "forged words beside a true record": {
        "attack": {"kind": "tamper", "listeners": [0, 2]},
        "defense": "trust-adaptive",
    },
    "an attack that yields a little": {"attack": {"kind": "stubborn", "stubbornness": 0.5}},
    "a plan made of round 0, without a clean arm": {
        "attack": {"kind": "stubborn", "target": "most-flips"},
        "baseline": False,
    },
    "recruits": {"attack": {"kind": "infect", "susceptibility": 0.5}, "rounds": 4},
    "audits and a memory, replica by replica": {
        "attack": {"kind": "on-off", "honest_phase": 1, "hostile_phase": 1},
        "defense": {"kind": "trust-adaptive", "labels": {"audit": 0.5}, "scope": "local"},
        "replicas": 3,
    },
    "a probe": {"probe": "perceived-confidence", "attack": "stubborn"},
    "weights that are renormalised": {
        "attack": "stubborn",
        "defense": {"kind": "ballot", "residual": "renormalise"},
    },
    "a warm-up": {"attack": "sleeper", "defense": {"kind": "t-w", "warmup": 2}},
}


@pytest.mark.parametrize("case", CASES)
def test_a_special_case_is_played_as_the_loop_plays_it(case: str) -> None:
    assert_same(CASES[case])


def test_without_a_defense_beliefs_are_the_same_to_the_last_digit() -> None:
    scenario = Scenario(**SMALL, attack="stubborn", topology="star")
    loop = run(scenario.with_values(events="full")).contents
    for found in blocks_of(scenario):
        for key in found.keys_of_turns():
            turn = found.turn(key)
            assert turn is not None
            assert turn.belief == loop.turns[key].belief


def test_questions_of_different_widths_are_played_together(tmp_path: Any) -> None:
    source = tmp_path / "questions.jsonl"
    source.write_text(
        '{"question": "One?", "options": ["a", "b"], "answer": 0}\n'
        '{"question": "Two?", "options": ["a", "b", "c"], "answer": 2}\n'
        '{"question": "Three?", "options": ["a", "b"]}\n'
    )
    assert_same({"questions": {"source": str(source)}, "attack": "stubborn", "router": "oracle"})
