"""How each seat of a run speaks reasons and hears them, as far as that is known."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fjsim.contracts import Agent, Backend, Manner, SpeakingAgent
from fjsim.registry import build
from fjsim.scenario import Scenario


def manners_of(scenario: Scenario, agents: Sequence[Agent]) -> tuple[Manner, ...]:
    """Return the manner of every seat; a language model's is the default one.

    Parameters
    ----------
    scenario : Scenario
        Names the backends.
    agents : sequence of Agent
        Who sits in each seat.
    """
    made: dict[str, Manner] = {}
    found = []
    for agent, seat in zip(agents, scenario.seats, strict=True):
        if isinstance(agent, SpeakingAgent):
            found.append(agent.manner)
            continue
        block = (seat.backend or scenario.backend).as_dict()
        text = json.dumps(block, sort_keys=True)
        if text not in made:
            backend: Backend = build("backend", block)
            made[text] = backend.manner
        found.append(made[text])
    return tuple(found)
