"""What plays a run: the team, the backends behind it, and what they may spend."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from fjsim.backends import make_backend
from fjsim.backends.wrappers.budget import Ledger, Spend
from fjsim.backends.wrappers.prices import PriceList, load_prices
from fjsim.contracts import Agent, Backend, DeclaredLaw, Manner, ModelAgent, Sampling, SpeakingAgent
from fjsim.deliberation import ChoiceElicitor, ChosenToken, Elicitor, Item, Rules, Team, memory_of
from fjsim.records import SpendingLog
from fjsim.runs.resolve import Setup
from fjsim.scenario import ElicitationBlock, Scenario

LEAST_WINDOW = 8


@dataclass(frozen=True)
class Runtime:
    """A team at work: with backends that can be asked and must be closed.

    Parameters
    ----------
    team : Team
    backends : tuple of Backend or None
        One per seat; seats alike share one.
    casting : Backend or None
        Who gives the casting votes; None where nobody is asked for any.
    """

    team: Team
    backends: tuple[Backend | None, ...]
    casting: Backend | None = None

    @property
    def simulated(self) -> bool:
        """Whether no language model takes part."""
        asked = (*self.backends, self.casting)
        return all(backend is None or backend.simulated for backend in asked)

    @property
    def window(self) -> int:
        """How many items are worth starting at a time."""
        paces = [backend.pace for backend in self.backends if backend is not None]
        limits = [pace.max_concurrency for pace in paces if pace is not None]
        return max(
            LEAST_WINDOW, max(limits, default=0) // max(1, self.team.n_agents) + LEAST_WINDOW
        )

    async def close(self) -> None:
        """Close all backends, also those after one that cannot be closed."""
        async with AsyncExitStack() as closing:
            asked = (*self.backends, self.casting)
            for backend in {id(b): b for b in asked if b is not None}.values():
                closing.push_async_callback(backend.close)

    def declared(self, item: Item) -> DeclaredLaw | None:
        """Return the true parameters of all seats on one item, where every seat has some."""
        rules, rows = self.team.rules, []
        for seat, agent in enumerate(self.team.agents):
            own = self._declared(agent, seat, item)
            if own is None:
                return None
            rows.append(own)
        stubbornness, self_weight = np.array(rows).T
        if "reason" in rules.peers_see:
            if not self._hears_reasons_alike:
                return None
            stubbornness = (1 - np.array([one.readiness for one in self._manners])) * stubbornness
        if not rules.self_view and all(isinstance(a, ModelAgent) for a in self.team.agents):
            # Without its own last view an agent falls back on what it thought first.
            stubbornness = stubbornness + (1 - stubbornness) * self_weight
            self_weight = np.zeros_like(self_weight)
        return DeclaredLaw(stubbornness, self_weight)

    @cached_property
    def _manners(self) -> tuple[Manner, ...]:
        seats = zip(self.team.agents, self.backends, strict=True)
        return tuple(
            agent.manner
            if isinstance(agent, SpeakingAgent)
            else Manner()
            if backend is None
            else backend.manner
            for agent, backend in seats
        )

    @cached_property
    def _hears_reasons_alike(self) -> bool:
        """Whether who yields to reasons gets some in every turn, so that one law holds for all.

        Agents without a model may give none, and where what a model said was blended, a reason for
        another answer is dropped. Agents without a model know by themselves that reasons are shown.
        """
        models = [isinstance(agent, ModelAgent) for agent in self.team.agents]
        ready = [one.readiness > 0 for one in self._manners]
        if not any(model and yields for model, yields in zip(models, ready, strict=True)):
            return True
        return all(models) and not self.team.blends

    def _declared(self, agent: Agent, seat: int, item: Item) -> tuple[float, float] | None:
        seed = self.team.rules.seed
        if isinstance(agent, SpeakingAgent):
            return agent.declared(item.question, item.replica, seat, seed)
        backend = self.backends[seat]
        if backend is None:
            return None
        law = backend.declared(item.question, item.replica, self.team.n_agents, seed)
        return (
            None if law is None else (float(law.stubbornness[seat]), float(law.self_weight[seat]))
        )


def make_runtime(
    setup: Setup,
    spent: Spend,
    cache: Path | bool | None = True,
    spending: SpendingLog | None = None,
) -> Runtime:
    """Make the team of a run, backends and all.

    Parameters
    ----------
    setup : Setup
    spent : Spend
        What earlier sessions took.
    cache : bool or Path
        Whether replies had before are used again, and from which file.
    spending : SpendingLog, optional
        Where requests are written down; by default in memory.
    """
    scenario = setup.scenario
    blocks = [block.backend or scenario.backend for block in scenario.seats]
    ledger, prices = _ledger(scenario, spent, spending)
    made: dict[str, Backend] = {}
    voters = setup.casting_block
    for block in (*blocks, *([voters] if voters is not None else [])):
        text = json.dumps(block.as_dict(), sort_keys=True)
        if text not in made:
            made[text] = make_backend(
                block.as_dict(),
                questions=setup.questions,
                cache=cache is not False,
                cache_path=cache if isinstance(cache, Path) else None,
                ledger=ledger,
                prices=prices,
            )
    backends = tuple(
        made[json.dumps(block.as_dict(), sort_keys=True)] if seat in setup.model_seats else None
        for seat, block in enumerate(blocks)
    )
    sampling = Sampling(**scenario.sampling.model_dump(), seed=scenario.seed)
    elicitation = scenario.elicitation
    elicitors = tuple(
        None if backend is None else _elicitor(elicitation, backend, sampling)
        for backend in backends
    )
    casting = None if voters is None else made[json.dumps(voters.as_dict(), sort_keys=True)]
    asking = None if casting is None else Elicitor(casting, sampling, elicitation.repairs)
    return Runtime(team_of(setup, elicitors, asking), backends, casting)


def _elicitor(block: ElicitationBlock, backend: Backend, sampling: Sampling) -> Elicitor:
    choice = _choice(block)
    if choice is not None:
        return ChoiceElicitor(
            backend, sampling, block.repairs, logprobs=block.alternatives, choice=choice
        )
    samples = block.samples if block.channel == "frequency" else 1
    logprobs = block.alternatives if block.channel == "logprobs" else 0
    return Elicitor(backend, sampling, block.repairs, samples, logprobs)


def _choice(block: ElicitationBlock) -> ChosenToken | None:
    return ChosenToken(block.permutations, block.reason) if block.channel == "choice" else None


def _ledger(
    scenario: Scenario, spent: Spend, spending: SpendingLog | None
) -> tuple[Ledger, PriceList | None]:
    budget = scenario.budget
    prices = load_prices(budget.prices) if budget.prices is not None else None
    caps = (budget.max_calls, budget.max_tokens, budget.max_cost)
    return Ledger(*caps, spent=spent, log=spending), prices


def team_of(
    setup: Setup,
    elicitors: tuple[Elicitor | None, ...] | None = None,
    casting: Elicitor | None = None,
) -> Team:
    """Return the team of a run; without elicitors, one that can be asked but cannot ask."""
    scenario, plugins = setup.scenario, setup.plugins
    return Team(
        agents=plugins.agents,
        elicitors=elicitors or (None,) * scenario.n_agents,
        influence=setup.influence,
        router=plugins.router,
        defense=plugins.defense,
        attack=plugins.attack,
        adversary_seats=setup.seats,
        casting=casting,
        rules=Rules(
            n_rounds=scenario.rounds,
            sequential=scenario.protocol == "sequential",
            sealed=scenario.sealed,
            peers_see=frozenset(scenario.shown_to_peers),
            self_view=scenario.self_view,
            probes=scenario.probe is not None,
            permute_options=scenario.elicitation.permute_options,
            shuffle_peers=scenario.elicitation.shuffle_peers,
            token_budget=scenario.elicitation.context_budget,
            seed=scenario.seed,
            choice=_choice(scenario.elicitation),
        ),
    )


def memory(setup: Setup) -> str:
    """Return how much of the past the policies need: none, round0 or history."""
    return memory_of(team_of(setup))
