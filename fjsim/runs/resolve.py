"""From a scenario to everything a run needs: plug-ins by name, the graph, the seats, the order."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from fjsim.backends import make_backend
from fjsim.backends.wrappers.budget import Ledger, Spend
from fjsim.backends.wrappers.prices import PriceList, load_prices
from fjsim.beliefs import Array
from fjsim.contracts import (
    Agent,
    Attack,
    Backend,
    DeclaredLaw,
    Defense,
    ModelAgent,
    Router,
    Sampling,
    SpeakingAgent,
    Topology,
)
from fjsim.deliberation import Elicitor, Item, Rules, Team, memory_of, seeded_order
from fjsim.dynamics import influence_matrix
from fjsim.errors import ConfigError
from fjsim.runs.trust import reading
from fjsim.runs.unread import ARMS, unread_because
from fjsim.limits import check_turns
from fjsim.questions import Question, load_questions
from fjsim.records import SpendingLog
from fjsim.records.played import PlayedLaw, header_of
from fjsim.registry import build, describe
from fjsim.scenario import AGENT_KEYS, Block, Scenario, run_hash
from fjsim.seeds import stream

PACKAGES = ("fjsim-testbed", "numpy", "scipy", "networkx", "pydantic", "openai")
LEAST_WINDOW = 8
TOP_LOGPROBS = 20
"""As many alternatives as common servers return."""


@dataclass(frozen=True)
class Plugins:
    """What the names in a scenario stand for."""

    agents: tuple[Agent, ...]
    topology: Topology
    router: Router
    attack: Attack | None
    defense: Defense | None


@dataclass(frozen=True)
class Setup:
    """A scenario, resolved.

    Parameters
    ----------
    scenario : Scenario
        As given, with the warm-up that is played.
    resolved : mapping
        Its plain values with every plug-in's defaults spelled out.
    questions : tuple of Question
    plugins : Plugins
    influence : ndarray of shape (n_agents, n_agents)
    seats : tuple of int
        The adversary's.
    items : tuple of Item
        In the order to be played.
    """

    scenario: Scenario
    resolved: Mapping[str, Any]
    questions: tuple[Question, ...]
    plugins: Plugins
    influence: Array
    seats: tuple[int, ...]
    items: tuple[Item, ...]

    @property
    def hash(self) -> str:
        """The ten digits that name the run."""
        return run_hash(self.resolved)

    @property
    def title(self) -> str:
        """Name and hash, as the run folder is called."""
        return f"{self.scenario.title}-{self.hash}"

    @property
    def expected_turns(self) -> int:
        """How many turns the finished run has, both arms and warm-up."""
        rounds = sum(1 + item.rounds(self.scenario.rounds) for item in self.items)
        return rounds * self.scenario.n_agents * len(self.scenario.arms)

    @property
    def model_seats(self) -> tuple[int, ...]:
        """Seats whose turns ask a model."""
        agents = enumerate(self.plugins.agents)
        return tuple(seat for seat, agent in agents if isinstance(agent, ModelAgent))

    def header(self) -> dict[str, Any]:
        """Return what the event log says of the run."""
        return {
            "hash": self.hash,
            "rounds": self.scenario.rounds,
            "agents": [f"agent-{seat}" for seat in range(self.scenario.n_agents)],
            "seats": list(self.seats),
            "influence": self.influence.tolist(),
            "questions": [question.id for question in self.questions],
            "options": [question.n_options for question in self.questions],
            "arms": list(self.scenario.arms),
            "replicas": self.scenario.replicas,
            "residual": self.residual,
            "peers_read": self.peers_read,
            "law": header_of(self.played, {arm: unread_because(self.plugins, arm) for arm in ARMS}),
        }

    @property
    def played(self) -> PlayedLaw:
        """How weights and gates act, in either arm."""
        router, defense = self.plugins.router, self.plugins.defense
        return PlayedLaw(
            models=self.model_seats,
            router=router.channel,
            strength=router.strength,
            defense=None if defense is None else defense.channel,
            self_view=self.scenario.self_view,
        )

    @property
    def residual(self) -> str:
        """Where the weight goes that gates take away, for fits and predictions."""
        defense = self.plugins.defense
        if defense is None:
            return "self"
        kinds = {isinstance(agent, ModelAgent) for agent in self.plugins.agents}
        if False in kinds or defense.channel == "blend":
            return defense.residual
        return "renormalise" if defense.channel == "label" else "self"

    @property
    def peers_read(self) -> str:
        """What peers can read a belief off: the belief, the confidence, the answer, or nothing."""
        shown = self.scenario.peers_see
        if "belief" in shown:
            return "belief"
        if "answer" not in shown:
            return "nothing"
        return "confidence" if "confidence" in shown else "answer"


def resolve(scenario: Scenario) -> Setup:
    """Look up and build all that a scenario names, and draw graph, seats and order.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    Setup

    Raises
    ------
    UsageError
        If a name, a parameter, a file or a combination is wrong.
    """
    with reading(scenario, "questions.source", scenario.questions.source):
        questions = load_questions(scenario.questions.source, scenario.questions.resolved_limit)
    with reading(scenario, "budget.prices", scenario.budget.prices):
        if scenario.budget.prices is not None:
            load_prices(scenario.budget.prices)
    plugins = _plugins(scenario)
    with reading(scenario, "topology.path", _path(scenario.topology)):
        graph = plugins.topology.graph(scenario.n_agents, stream(scenario.seed, "graph"))
    influence = np.asarray(influence_matrix(graph, scenario.n_agents), dtype=float)
    seats: tuple[int, ...] = ()
    if plugins.attack is not None:
        seats = plugins.attack.take_seats(influence, stream(scenario.seed, "seats"))
    scenario = scenario.model_copy(update={"warmup": _warmup(scenario, plugins)})
    if scenario.warmup >= len(questions):
        raise ConfigError(
            f"warmup is {scenario.warmup} and there are {len(questions)} questions; leave at "
            "least one to be deliberated"
        )
    check_turns(
        scenario.n_agents, scenario.rounds, len(questions) * scenario.replicas, len(scenario.arms)
    )
    items = seeded_order(questions, scenario.replicas, scenario.warmup, scenario.seed)
    resolved = _resolved(scenario, plugins, questions)
    return Setup(scenario, resolved, questions, plugins, influence, seats, items)


def _warmup(scenario: Scenario, plugins: Plugins) -> int:
    """Return how long the warm-up is: policies that learn from one ask for it themselves."""
    policies = (plugins.defense, plugins.router)
    return max(scenario.warmup, *(policy.warmup for policy in policies if policy is not None))


def raised_warmup(given: Scenario, setup: Setup) -> str:
    """Say that a policy has raised the warm-up, and which; empty if none has.

    Parameters
    ----------
    given : Scenario
        As it was asked for.
    setup : Setup
        What it was resolved to.
    """
    warmup, defense = setup.scenario.warmup, setup.plugins.defense
    if warmup == given.warmup:
        return ""
    by_defense = defense is not None and defense.warmup == warmup
    kind = "defense" if by_defense else "router"
    return (
        f"warmup is {warmup} instead of {given.warmup}: {kind} {getattr(given, kind).kind} asks "
        "for that many questions, which play round 0 only and leave every metric"
    )


def _path(topology: Block) -> str | None:
    path = topology.parameters.get("path")
    return path if isinstance(path, str) else None


def _plugins(scenario: Scenario) -> Plugins:
    blocks = {id(block): block for block in scenario.seats}
    made = {at: build("agent", one.as_dict(), beside=AGENT_KEYS) for at, one in blocks.items()}
    attack: Attack = build("attack", scenario.attack.as_dict())
    defense: Defense = build("defense", scenario.defense.as_dict())
    plugins = Plugins(
        agents=tuple(made[id(block)] for block in scenario.seats),
        topology=build("topology", scenario.topology.as_dict()),
        router=build("router", scenario.router.as_dict()),
        attack=None if scenario.attack.kind == "none" else attack,
        defense=None if scenario.defense.kind == "none" else defense,
    )
    _check_residual(scenario, plugins)
    return plugins


def _check_residual(scenario: Scenario, plugins: Plugins) -> None:
    """Refuse a residual where there is none: a language model renormalises by itself."""
    defense, given = plugins.defense, scenario.defense.parameters
    if defense is None or not any(isinstance(agent, ModelAgent) for agent in plugins.agents):
        return
    if defense.channel != "blend" and "residual" in given:
        raise ConfigError(
            f"defense.residual is {given['residual']!r}, and channel '{defense.channel}' has none "
            "for model agents; leave it out, or use channel 'blend'"
        )
    if defense.channel == "blend" and defense.residual == "renormalise":
        raise ConfigError(
            "defense.residual 'renormalise' cannot be blended for model agents; use innate or self"
        )


def _resolved(
    scenario: Scenario, plugins: Plugins, questions: Sequence[Question]
) -> dict[str, Any]:
    for block in {id(seat): seat.backend for seat in scenario.seats if seat.backend}.values():
        build("backend", block.as_dict())  # A wrong one is refused before anything is written.
    values = scenario.as_dict()
    values["topology"] = describe(plugins.topology, scenario.topology.kind)
    values["router"] = describe(plugins.router, scenario.router.kind)
    values["backend"] = describe(
        build("backend", scenario.backend.as_dict()), scenario.backend.kind
    )
    if plugins.attack is not None:
        values["attack"] = describe(plugins.attack, scenario.attack.kind)
    if plugins.defense is not None:
        values["defense"] = describe(plugins.defense, scenario.defense.kind)
    values["agents"] = [
        {**describe(agent, block.kind), "backend": block.backend and block.backend.as_dict()}
        for agent, block in zip(plugins.agents, scenario.seats, strict=True)
    ]
    values["questions"] = {
        "source": scenario.questions.source,
        "limit": scenario.questions.resolved_limit,
    }
    values["questions_digest"] = questions_digest(questions)
    values["baseline"] = "clean" in scenario.arms
    return values


def questions_digest(questions: Sequence[Question]) -> str:
    """Return sixteen hex digits of all that makes up these questions."""
    text = json.dumps([[q.id, q.text, q.options, q.answer] for q in questions])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def versions() -> dict[str, str]:
    """Return the versions of fjsim, Python and the packages that numbers depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


@dataclass(frozen=True)
class Crew:
    """A team at work: with backends that can be asked and must be closed.

    Parameters
    ----------
    team : Team
    backends : tuple of Backend or None
        One per seat; seats alike share one.
    """

    team: Team
    backends: tuple[Backend | None, ...]

    @property
    def simulated(self) -> bool:
        """Whether no language model takes part."""
        return all(backend is None or backend.simulated for backend in self.backends)

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
            for backend in {id(b): b for b in self.backends if b is not None}.values():
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
        if not rules.self_view and all(isinstance(a, ModelAgent) for a in self.team.agents):
            # Without its own last view an agent falls back on what it thought first.
            stubbornness = stubbornness + (1 - stubbornness) * self_weight
            self_weight = np.zeros_like(self_weight)
        return DeclaredLaw(stubbornness, self_weight)

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


def make_crew(
    setup: Setup,
    spent: Spend,
    cache: Path | bool | None = True,
    spending: SpendingLog | None = None,
) -> Crew:
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
    for block in blocks:
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
    samples = elicitation.samples if elicitation.channel == "frequency" else 1
    logprobs = TOP_LOGPROBS if elicitation.channel == "logprobs" else 0
    elicitors = tuple(
        None
        if backend is None
        else Elicitor(backend, sampling, elicitation.repairs, samples, logprobs)
        for backend in backends
    )
    return Crew(team_of(setup, elicitors), backends)


def _ledger(
    scenario: Scenario, spent: Spend, spending: SpendingLog | None
) -> tuple[Ledger, PriceList | None]:
    budget = scenario.budget
    prices = load_prices(budget.prices) if budget.prices is not None else None
    caps = (budget.max_calls, budget.max_tokens, budget.max_cost)
    return Ledger(*caps, spent=spent, log=spending), prices


def team_of(setup: Setup, elicitors: tuple[Elicitor | None, ...] | None = None) -> Team:
    """Return the team of a run; without elicitors, one that can be asked but cannot ask."""
    scenario, plugins = setup.scenario, setup.plugins
    return Team(
        agents=plugins.agents,
        elicitors=elicitors or (None,) * scenario.n_agents,
        influence=setup.influence,
        router=plugins.router,
        defense=plugins.defense,
        attack=plugins.attack,
        seats=setup.seats,
        rules=Rules(
            n_rounds=scenario.rounds,
            sequential=scenario.protocol == "sequential",
            peers_see=frozenset(scenario.peers_see),
            self_view=scenario.self_view,
            permute_options=scenario.elicitation.permute_options,
            shuffle_peers=scenario.elicitation.shuffle_peers,
            token_budget=scenario.elicitation.context_budget,
            seed=scenario.seed,
        ),
    )


def memory(setup: Setup) -> str:
    """Return how much of the past the policies need: none, round0 or history."""
    return memory_of(team_of(setup))
