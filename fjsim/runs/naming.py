"""What a run folder is called: what sets the run apart, and its hash."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fjsim.foreign_text import shortened
from fjsim.registry import find
from fjsim.scenario import Scenario

if TYPE_CHECKING:
    from fjsim.runs.resolve import Setup

LONGEST = 72
"""Characters of a name before its hash."""
KINDS = {"topology": "", "router": "uniform", "attack": "none", "defense": "none"}
"""Plug-ins that stand in a name, and the one that says nothing."""
_OTHER = re.compile(r"[^A-Za-z0-9.]+")


def folder_name(setup: Setup) -> str:
    """Return what a run is called: its name, or what differs from the defaults, then its hash.

    Parameters
    ----------
    setup : Setup

    Returns
    -------
    str
        For example ``star-stubborn-leaf-3rounds-1a2b3c4d5e``.
    """
    name = setup.scenario.name or _slug("-".join(_parts(setup)))
    return f"{name}-{setup.hash}"


def run_folder(runs: Path, setup: Setup) -> Path:
    """Return where a run lies, or would lie.

    Parameters
    ----------
    runs : Path
        The folder of all runs.
    setup : Setup
        One that is there already under another name is found by its hash.
    """
    usual = runs / folder_name(setup)
    if usual.is_dir() or not runs.is_dir():
        return usual
    there = sorted(one for one in runs.glob(f"*-{setup.hash}") if one.is_dir())
    return there[0] if there else usual


def _slug(text: str) -> str:
    return shortened(_OTHER.sub("-", text).strip("-."), LONGEST + 1).rstrip("…-.")


def _parts(setup: Setup) -> Iterator[str]:
    scenario, usual = setup.scenario, Scenario()
    for field, silent in KINDS.items():
        block = getattr(scenario, field)
        if block.kind != silent:
            yield block.kind
            yield from _set(field, block.kind, setup.resolved.get(field))
    yield from _model(scenario)
    counts = (
        ("agents", scenario.n_agents, usual.n_agents),
        ("rounds", scenario.rounds, usual.rounds),
        ("questions", scenario.questions.limit, None),
        ("replicas", scenario.replicas, usual.replicas),
    )
    for noun, value, default in counts:
        if value not in (default, None):
            yield f"{value}{noun}"
    if scenario.questions.source != usual.questions.source:
        yield Path(scenario.questions.source.replace(":", "-")).stem
    if scenario.seed != usual.seed:
        yield f"seed{scenario.seed}"


def _model(scenario: Scenario) -> Iterator[str]:
    if scenario.backend.kind == "simulated":
        yield from _set("backend", "simulated", scenario.backend.as_dict())
        return
    model = scenario.backend.parameters.get("model")
    yield str(model).rpartition("/")[2] if model else scenario.backend.kind


def _set(field: str, kind: str, values: Any) -> Iterator[str]:
    """Yield the plain parameters of a plug-in that are not at their defaults."""
    if not isinstance(values, Mapping):
        return
    for parameter in find(field, kind).parameters:
        value = values.get(parameter.name, parameter.default)
        if value == parameter.default or not isinstance(value, (str, int, float)):
            continue
        if isinstance(value, bool):
            yield parameter.name if value else f"no-{parameter.name}"
        elif isinstance(value, str):
            yield Path(value).stem
        else:
            yield f"{parameter.name}{value:g}"
