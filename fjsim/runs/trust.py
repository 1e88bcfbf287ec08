"""What a scenario from a file asks for that only its user may allow, and the refusal of it."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fjsim.contracts import Demand
from fjsim.errors import ConfigError, TrustError, UsageError
from fjsim.foreign_text import shown
from fjsim.registry import build
from fjsim.scenario import AGENT_KEYS, AgentBlock, Scenario, UniformAgents

PLUGINS = ("topology", "router", "attack", "defense", "backend")
MOST_LISTED = 5
MOST_DATA = 2_000_000_000
"""Bytes of a data file."""
REMEDY = "if you trust the file, add --trust (in Python: load_scenario(path, trust=True))"


def demands(scenario: Scenario) -> tuple[str, ...]:
    """Return what a scenario asks for that a file must not decide, one line each.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    tuple of str
        ``"backend.executable: starts the program ./x.sh"``; empty for a scenario made in code,
        for a trusted one, and where the user typed what the file would decide.
    """
    origin = scenario.origin
    if origin is None:
        return ()
    asked: dict[str, None] = {}
    for place, demand in _asked_by_plugins(scenario):
        if origin.owns(f"{place}.{name}" for name in demand.parameters):
            asked[f"{place}.{demand.parameters[0]}: {demand.does}"] = None
    return tuple(asked)


def require_trust(scenarios: Iterable[Scenario]) -> None:
    """Refuse scenarios from a file that ask for what only the user may allow.

    Raises
    ------
    TrustError
        With all that is asked for, and what to do.
    """
    asked: dict[str, str] = {}
    for scenario in scenarios:
        if scenario.origin is not None:
            asked |= dict.fromkeys(demands(scenario), scenario.origin.file)
    if asked:
        file, listed = next(iter(asked.values())), "; ".join(list(asked)[:MOST_LISTED])
        more = f"; and {len(asked) - MOST_LISTED} more" if len(asked) > MOST_LISTED else ""
        raise TrustError(
            f"{file} asks for what a file must not decide by itself: {listed}{more}; {REMEDY}"
        )


@contextmanager
def reading(scenario: Scenario, key: str, path: str | None) -> Iterator[None]:
    """Read a data file that a scenario names: what stands in it is not repeated to a log.

    A scenario from somebody else may name any file of its user's. One that is no data file of
    this project is refused without a word of its contents.

    Parameters
    ----------
    scenario : Scenario
    key : str
        Dotted key that names the file.
    path : str or None
        The file; None where there is none.

    Raises
    ------
    UsageError
        What the reading raises, or the same without the contents.
    """
    origin = scenario.origin
    if origin is None or path is None or not origin.owns([key]):
        yield
        return
    _check_size(path)
    try:
        yield
    except UsageError as error:
        if _is_near(path, origin.file):
            raise
        line = re.search(r", line \d+", str(error))
        raise type(error)(
            f"{shown(path)}{line.group() if line else ''}: cannot be read as what {key} takes it "
            "for; its contents are not repeated, because only a file names it: look at it, or add "
            "--trust"
        ) from None


def _check_size(path: str) -> None:
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return  # Whoever reads it says so better.
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise ConfigError(f"{shown(path)}: is no ordinary file; a file may name no other")
    if status.st_size > MOST_DATA:
        raise ConfigError(
            f"{shown(path)}: has {status.st_size:,} bytes; a file may name data of at most "
            f"{MOST_DATA:,}"
        )


def _is_near(path: str, origin: str) -> bool:
    """Say whether a file is of the project: below this folder or the scenario's, and not hidden."""
    try:
        real = Path(path).resolve()
        roots = [root.resolve() for root in (Path(), Path(origin).parent)]
    except (OSError, RuntimeError, ValueError):
        return False
    inside = [root for root in roots if real.is_relative_to(root)]
    return any(
        not any(part.startswith(".") for part in real.relative_to(root).parts) for root in inside
    )


def _asked_by_plugins(scenario: Scenario) -> Iterator[tuple[str, Demand]]:
    for place, kind, block, beside in _blocks(scenario):
        ask = getattr(build(kind, block, beside=beside), "demands", None)
        for demand in () if ask is None else ask():
            yield place, demand


def _blocks(scenario: Scenario) -> Iterator[tuple[str, str, dict[str, Any], tuple[str, ...]]]:
    for name in PLUGINS:
        yield name, name, getattr(scenario, name).as_dict(), ()
    casting = scenario.defense.parameters.get("backend")
    if casting is not None:
        yield "defense.backend", "backend", _as_block(casting), ()
    for place, agent in _agents(scenario):
        yield place, "agent", agent.as_dict(), AGENT_KEYS
        if agent.backend is not None:
            yield f"{place}.backend", "backend", agent.backend.as_dict(), ()


def _as_block(given: Any) -> dict[str, Any]:
    return dict(given) if isinstance(given, Mapping) else {"kind": given}


def _agents(scenario: Scenario) -> list[tuple[str, AgentBlock]]:
    if isinstance(scenario.agents, UniformAgents):
        return [("agents", scenario.agents)]
    return [(f"agents.{at}", agent) for at, agent in enumerate(scenario.agents)]
