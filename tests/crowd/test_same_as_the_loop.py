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
from fjsim.registry import available
from fjsim.runs.play import run
from fjsim.runs.resolve import resolve
from fjsim.runs.runtime import team_of
from fjsim.scenario import Scenario

SMALL: dict[str, Any] = {
    "agents": {"kind": "numeric", "count": 4},
    "questions": {"limit": 3},
    "rounds": 2,
}
WARM = {"t-w": 1, "t-wa": 1, "t-ws": 1}
NEEDS_MORE = {"from-file", "edge-list", "file"}


def names(kind: str) -> list[str]:
    return sorted(available(kind))


def block(kind: str) -> Any:
    return {"kind": kind, "warmup": WARM[kind]} if kind in WARM else kind


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
    turns, probes, ends = {}, {}, {}
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
