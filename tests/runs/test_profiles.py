"""Profiles name sets of parameters; without one, and without the new ones, nothing moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fjsim.contracts.population import PROFILES, Population
from fjsim.errors import ConfigError
from fjsim.registry import build
from fjsim.runs import run
from fjsim.runs.resolve import resolve
from fjsim.scenario import Scenario, run_hash

PAPERS = ("answer", "reason")


def small(**changes: Any) -> Scenario:
    values: dict[str, Any] = {"agents": 5, "rounds": 4, "questions": {"limit": 5}}
    return Scenario(**{**values, **changes})


@pytest.mark.parametrize(("kind", "name"), [("backend", "simulated"), ("agent", "numeric")])
def test_a_profile_sets_what_it_names_and_what_stands_beside_it_wins(kind: str, name: str) -> None:
    plain = build(kind, {"kind": name, "profile": "stubborn-neighbors"})
    for parameter, value in PROFILES["stubborn-neighbors"].items():
        assert getattr(plain, parameter) == value
    changed = build(kind, {"kind": name, "profile": "stubborn-neighbors", "words": 0.5})
    assert (changed.words, changed.stubbornness) == (0.5, plain.stubbornness)
    assert build(kind, {"kind": name, "profile": "beliefs-seen"}) == build(kind, name)


@pytest.mark.parametrize("given", ["stubborn-neighbor", 3, None, ["stubborn-neighbors"]])
def test_an_unknown_profile_is_one_line_with_the_known_ones(given: Any) -> None:
    with pytest.raises(ConfigError, match="there are beliefs-seen, stubborn-neighbors"):
        build("agent", {"kind": "numeric", "profile": given})


def test_a_plugin_without_profiles_has_no_such_parameter() -> None:
    with pytest.raises(ConfigError, match="no parameter 'profile'"):
        build("agent", {"kind": "scripted", "profile": "stubborn-neighbors"})


def test_a_run_with_a_profile_is_the_run_with_its_parameters_spelled_out() -> None:
    named = small(backend={"kind": "simulated", "profile": "stubborn-neighbors"})
    spelled = small(backend={"kind": "simulated", **PROFILES["stubborn-neighbors"]})
    assert resolve(named).hash == resolve(spelled).hash
    assert resolve(named).hash != resolve(small()).hash
    assert resolve(resolve(named).spelled_out).hash == resolve(named).hash


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("words", 1.01),
        ("words", -0.1),
        ("readiness", 2.0),
        ("persuasiveness_spread", -1.0),
        ("persuasiveness_spread", 6.0),
        ("persuasiveness_spread", float("nan")),
    ],
)
def test_a_parameter_outside_its_range_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is"):
        Population(**{name: value})


EARLIER: dict[str, tuple[dict[str, Any], list[float]]] = {
    "simulated": (
        {"topology": "star", "attack": {"kind": "stubborn", "seat": "leaf"}},
        [0.3308657768, 0.1165403918, 0.0495070965, 0.0667806653, 0.4363060695],
    ),
    "numeric": (
        {"attack": "stubborn", "peers_see": PAPERS, "agents": {"kind": "numeric", "count": 5}},
        [0.2570803024, 0.0008920501, 0.0006845719, 0.0012938299, 0.7400492056],
    ),
}
"""Last beliefs of seat 2 on the first item, as they were before reasons were heard."""


@pytest.mark.parametrize("name", EARLIER)
def test_without_the_parameters_of_reasons_a_run_is_what_it_was(name: str) -> None:
    changes, beliefs = EARLIER[name]
    found = run(small(**changes), cache=False)
    np.testing.assert_allclose(found.transcript.beliefs[0, -1, 2], beliefs, atol=1e-9)


def test_without_them_a_run_keeps_the_name_that_it_had() -> None:
    resolved = resolve(small(agents={"kind": "numeric", "count": 2})).resolved
    older = {
        **resolved,
        "agents": [_without(block) for block in resolved["agents"]],
        "backend": _without(resolved["backend"]),
    }
    assert older != resolved
    assert run_hash(older) == run_hash(resolved)


def _without(block: dict[str, Any]) -> dict[str, Any]:
    added = ("words", "persuasiveness_spread", "readiness")
    return {key: value for key, value in block.items() if key not in added}


def test_a_log_without_them_holds_none_of_their_keys(tmp_path: Path) -> None:
    run(small(attack="stubborn", peers_see=PAPERS), out=tmp_path / "r", cache=False)
    events = (tmp_path / "r" / "events.jsonl").read_text()
    assert '"persuasion"' not in events
    assert '"words"' not in events
    assert "I sound" not in events
