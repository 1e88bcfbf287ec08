"""What every plug-in owes to who reads ``fjsim list`` and to who rebuilds a run."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re

from fjsim import contracts, metrics, registry
from fjsim.fitting import Estimator
from fjsim.testing.subject import Law, Subject, require

CONTRACTS: dict[str, type] = {
    "agent": contracts.Agent,
    "topology": contracts.Topology,
    "router": contracts.Router,
    "attack": contracts.Attack,
    "defense": contracts.Defense,
    "backend": contracts.Backend,
    "metric": metrics.Metric,
    "estimator": Estimator,
}
FROZEN = ("agent", "topology", "router", "attack", "defense")
SECTION = r"^Parameters\n-+\n(.*?)(^\w+\n-+$|\Z)"


def summary_is_one_sentence(subject: Subject) -> None:
    """The first line of the docstring is a sentence of 10 to 100 characters."""
    text = subject.entry.summary
    require(
        re.fullmatch(r"[A-Z0-9].{8,98}\.", text),
        f"{subject.name}: its docstring begins with {text!r}; begin with one sentence",
    )


def parameters_are_typed_and_documented(subject: Subject) -> None:
    """Every parameter has a type, and a line under *Parameters*."""
    section = re.search(SECTION, inspect.getdoc(subject.entry.factory) or "", re.M | re.S)
    for parameter in subject.entry.parameters:
        where = f"{subject.name}, parameter '{parameter.name}'"
        require("inspect._empty" not in parameter.type, f"{where}: has no type; annotate it")
        known = section is not None and re.search(rf"\b{parameter.name}\b", section[1])
        require(known, f"{where}: is not documented; add it to a Parameters section")


def fills_its_contract(subject: Subject) -> None:
    """What is made is of the class that its kind stands for."""
    wanted = CONTRACTS[subject.entry.kind]
    require(
        isinstance(subject.plugin, wanted),
        f"{subject.name} makes a {type(subject.plugin).__name__}; subclass {wanted.__name__}",
    )


def parameters_are_frozen_fields(subject: Subject) -> None:
    """Its class is a frozen dataclass, so that nothing of a run is kept on it."""
    factory = subject.entry.factory
    frozen = dataclasses.is_dataclass(factory) and factory.__dataclass_params__.frozen  # type: ignore[attr-defined]
    require(frozen, f"{subject.name}: make its class a @dataclass(frozen=True)")


def description_builds_it_again(subject: Subject) -> None:
    """Its description survives JSON, makes the same plug-in, and names every parameter."""
    name, kind = subject.entry.name, subject.entry.kind
    described = registry.describe(subject.plugin, name)
    again = registry.build(kind, json.loads(json.dumps(described)))
    require(
        registry.describe(again, name) == described,
        f"{subject.name}: {described} builds another plug-in; keep parameters as they were given",
    )
    if dataclasses.is_dataclass(subject.plugin):
        missing = {p.name for p in subject.entry.parameters} - set(described)
        require(not missing, f"{subject.name}: its description lacks {', '.join(sorted(missing))}")


def source_is_named(subject: Subject) -> None:
    """An attack or a defense says where it is published; ``none`` need not."""
    text = inspect.getdoc(subject.entry.factory) or ""
    references = text.partition("References\n----------\n")[2]
    named = subject.entry.name == "none" or re.search(r"\.\. \[1\] \S+", references)
    require(named, f"{subject.name}: names no source; add a References section")


def registration(kind: str) -> tuple[Law, ...]:
    """Return the laws of registration that a kind has to keep."""
    every = (
        summary_is_one_sentence,
        parameters_are_typed_and_documented,
        fills_its_contract,
        description_builds_it_again,
    )
    frozen = (parameters_are_frozen_fields,) if kind in FROZEN else ()
    published = (source_is_named,) if kind in ("attack", "defense") else ()
    return (*every, *frozen, *published)
