"""What a scenario from a file asks for that only its user may allow, and the refusal of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fjsim.contracts import Demand
from fjsim.errors import TrustError
from fjsim.registry import build
from fjsim.scenario import AGENT_KEYS, AgentBlock, Scenario, Team

PLUGINS = ("topology", "router", "attack", "defense", "backend")
MOST_LISTED = 5
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


def _asked_by_plugins(scenario: Scenario) -> Iterator[tuple[str, Demand]]:
    for place, kind, block, beside in _blocks(scenario):
        ask = getattr(build(kind, block, beside=beside), "demands", None)
        for demand in () if ask is None else ask():
            yield place, demand


def _blocks(scenario: Scenario) -> Iterator[tuple[str, str, dict[str, Any], tuple[str, ...]]]:
    for name in PLUGINS:
        yield name, name, getattr(scenario, name).as_dict(), ()
    for place, agent in _agents(scenario):
        yield place, "agent", agent.as_dict(), AGENT_KEYS
        if agent.backend is not None:
            yield f"{place}.backend", "backend", agent.backend.as_dict(), ()


def _agents(scenario: Scenario) -> list[tuple[str, AgentBlock]]:
    if isinstance(scenario.agents, Team):
        return [("agents", scenario.agents)]
    return [(f"agents.{at}", agent) for at, agent in enumerate(scenario.agents)]
