"""Turn by turn, or many questions at once: by which of the two a run is played, and why."""

from __future__ import annotations

from dataclasses import dataclass

from fjsim.contracts import Defense, ModelAgent, Policy, SpeakingAgent
from fjsim.crowd.states import is_stackable
from fjsim.records import LogContents
from fjsim.runs.resolve import Setup

MODELS = "a model plays agents"
ASKED = "the scenario asks for events: full"
STARTED = "its folder holds turns of an earlier session that have a line each"


@dataclass(frozen=True, slots=True)
class Engine:
    """How a run is played.

    Parameters
    ----------
    turn_by_turn : str
        Why it is played turn by turn; empty where many questions are played at once.
    """

    turn_by_turn: str = ""

    @property
    def crowd(self) -> bool:
        """Whether many questions are played at once."""
        return not self.turn_by_turn

    @property
    def surprising(self) -> str:
        """Why it is played turn by turn, where one might expect otherwise."""
        return "" if self.turn_by_turn in (MODELS, ASKED) else self.turn_by_turn

    @property
    def text(self) -> str:
        """What `fjsim run --dry-run` says."""
        return f"turn by turn: {self.turn_by_turn}" if self.turn_by_turn else "many at once"


def engine_of(setup: Setup, contents: LogContents | None = None) -> Engine:
    """Choose how a run is played.

    Parameters
    ----------
    setup : Setup
    contents : LogContents, optional
        What its folder holds already.
    """
    because = _by_scenario(setup)
    if not because and contents is not None and contents.single_turns:
        because = STARTED
    return Engine(because)


def _by_scenario(setup: Setup) -> str:
    scenario, plugins = setup.scenario, setup.plugins
    for agent, block in zip(plugins.agents, scenario.seats, strict=True):
        if isinstance(agent, ModelAgent):
            return MODELS
        if not isinstance(agent, SpeakingAgent) or not agent.batched:
            return f"agent '{block.kind}' takes one turn at a time"
    if scenario.events == "full":
        return ASKED
    if scenario.sealed:
        return "first statements are sealed"
    if plugins.defense is not None and _asks_aside(plugins.defense):
        return f"defense '{scenario.defense.kind}' asks or tells turns beside those of the team"
    for kind, policy in (("router", plugins.router), ("defense", plugins.defense)):
        if policy is None:
            continue
        name = f"{kind} '{getattr(scenario, kind).kind}'"
        if because := _by_policy(policy, name, scenario.n_agents):
            return because
    return ""


def _by_policy(policy: Policy, name: str, n_agents: int) -> str:
    if policy.reads_words:
        return f"{name} reads words, which these agents do not use"
    if not policy.batched:
        return f"{name} reads one question at a time"
    if not is_stackable(policy.initial_state(n_agents)):
        return f"what {name} remembers cannot be stacked"
    return ""


def _asks_aside(defense: Defense) -> bool:
    """Say whether a defense has voters of its own, or takes turns back."""
    return defense.casting is not None or defense.restores
