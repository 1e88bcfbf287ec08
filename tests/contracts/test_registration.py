"""What every plug-in owes to who reads `fjsim list` and to who rebuilds a run."""

import dataclasses
import inspect
import json
import re
from typing import Any

import pytest

from fjsim import contracts, metrics, registry

EVERY = [
    pytest.param(entry, id=f"{kind}-{entry.name}")
    for kind in registry.KINDS
    for entry in registry.entries(kind)
]
PARTS = {
    "agent": contracts.Agent,
    "topology": contracts.Topology,
    "router": contracts.Router,
    "attack": contracts.Attack,
    "defense": contracts.Defense,
    "backend": contracts.Backend,
    "metric": metrics.Metric,
}
FROZEN = frozenset({"agent", "topology", "router", "attack", "defense"})
PUBLISHED = [
    pytest.param(entry, id=f"{kind}-{entry.name}")
    for kind in ("attack", "defense")
    for entry in registry.entries(kind)
    if entry.name != "none"
]


@pytest.mark.parametrize("entry", EVERY)
def test_summary_is_one_line_and_a_sentence(entry) -> None:
    assert re.fullmatch(r"[A-Z0-9].{8,98}\.", entry.summary), entry.summary


@pytest.mark.parametrize("entry", EVERY)
def test_parameters_are_typed_and_documented(entry) -> None:
    section = re.search(
        r"^Parameters\n-+\n(.*?)(^\w+\n-+$|\Z)", inspect.getdoc(entry.factory), re.M | re.S
    )
    for parameter in entry.parameters:
        assert "inspect._empty" not in parameter.type, f"{parameter.name} has no type"
        assert section, "add a Parameters section"
        assert re.search(rf"\b{parameter.name}\b", section[1]), f"document {parameter.name}"


@pytest.mark.parametrize("entry", EVERY)
def test_plugin_fills_its_contract(entry, block_of) -> None:
    if entry.kind in PARTS:
        assert isinstance(registry.build(entry.kind, block_of(entry)), PARTS[entry.kind])


def kind_of(case: Any) -> Any:
    return case.values[0].kind


@pytest.mark.parametrize("entry", [case for case in EVERY if kind_of(case) in FROZEN])
def test_parameters_are_frozen_fields(entry) -> None:
    assert dataclasses.is_dataclass(entry.factory)
    made: Any = entry.factory
    assert made.__dataclass_params__.frozen


@pytest.mark.parametrize("entry", EVERY)
def test_description_builds_the_plugin_again(entry, block_of) -> None:
    first = registry.build(entry.kind, block_of(entry))
    described = registry.describe(first, entry.name)
    again = registry.build(entry.kind, json.loads(json.dumps(described)))
    assert registry.describe(again, entry.name) == described


@pytest.mark.parametrize("entry", EVERY)
def test_description_names_every_parameter(entry, block_of) -> None:
    plugin = registry.build(entry.kind, block_of(entry))
    if dataclasses.is_dataclass(plugin):
        described = registry.describe(plugin, entry.name)
        assert set(described) - {"kind"} == {parameter.name for parameter in entry.parameters}


@pytest.mark.parametrize("entry", PUBLISHED)
def test_attack_or_defense_names_its_source(entry) -> None:
    text = inspect.getdoc(entry.factory) or ""
    references = text.partition("References\n----------\n")[2]
    assert re.search(r"\.\. \[1\] \S+", references), "add a References section"
