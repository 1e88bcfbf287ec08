"""Plug-in files that a scenario names: loaded where its user allows it, pinned to their source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fjsim.errors import TrustError
from fjsim.foreign_text import shown
from fjsim.plugin_files import (
    PluginFile,
    load_plugin_file,
    loaded_plugin_file,
    plugin_files_of,
)
from fjsim.registry import find, split_kind
from fjsim.scenario import PLUGIN_FIELDS, PluginFileBlock, Scenario

KINDS = ("topology", "router", "attack", "defense", "backend")


def with_plugin_files(scenario: Scenario) -> Scenario:
    """Load what a scenario names of files, and return it with the hash of every file it uses.

    Parameters
    ----------
    scenario : Scenario
        From a file, it may name only what its user typed, allowed, or has loaded already.

    Raises
    ------
    TrustError
        If it names a file whose code only the user may let run; nothing of it has run.
    PluginError
        If a file fails, or is another one than the scenario says.
    """
    named = list(_named(scenario))
    if refused := [block.file for place, block in named if not _granted(scenario, place, block)]:
        origin = scenario.origin
        assert origin is not None, "a scenario without a file is granted everything"
        files = ", ".join(shown(file) for file in dict.fromkeys(refused))
        raise TrustError(
            f"{origin.file} asks to run the code of {files}; read it and, if you trust it, "
            f"add --trust or --plugin {refused[0]} (in Python: load_scenario(path, trust=True))"
        )
    loaded = [load_plugin_file(block.file, block.digest) for _, block in named]
    pinned = {one.digest: one for one in (*loaded, *_used(scenario))}
    if not pinned:
        return scenario
    blocks = tuple(PluginFileBlock(file=one.file, digest=one.digest) for one in pinned.values())
    origin = scenario.origin
    if origin is not None:
        origin = replace(origin, allowed=frozenset(pinned))
    return scenario.model_copy(update={"plugins": blocks}).coming_from(origin)


def _named(scenario: Scenario) -> Iterator[tuple[str, PluginFileBlock]]:
    """Yield the files that a scenario names, with the dotted key that names each."""
    for block in scenario.plugins:
        yield "plugins", block
    values = scenario.as_dict()
    for field in PLUGIN_FIELDS:
        for place, file in _files_in(values[field], field):
            yield place, PluginFileBlock(file=file)


def _files_in(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield key and file of every kind such as ``mine.py:Lollipop``, at any depth of a block."""
    if isinstance(value, Mapping):
        kind = value.get("kind")
        split = split_kind(kind) if isinstance(kind, str) else None
        if split is not None:
            yield f"{place}.kind", split[0]
        for key, inner in value.items():
            yield from _files_in(inner, f"{place}.{key}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _files_in(inner, f"{place}.{at}")


def _granted(scenario: Scenario, place: str, block: PluginFileBlock) -> bool:
    origin = scenario.origin
    if origin is None or not origin.owns([place]):
        return True
    # What has run already, and is the same still, runs nothing new.
    return block.digest in origin.allowed or loaded_plugin_file(block.file) is not None


def _used(scenario: Scenario) -> list[PluginFile]:
    """Return the loaded files that plug-ins come from which the scenario names without a file."""
    factories = [find(kind, getattr(scenario, kind).kind).factory for kind in KINDS]
    agents = dict.fromkeys(seat.kind for seat in scenario.seats)
    factories += [find("agent", kind).factory for kind in agents]
    return plugin_files_of(factories)
