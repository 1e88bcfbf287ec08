"""From a scenario to everything a run needs: plug-ins by name, the graph, the seats, the order."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any, Literal

from fjsim.arms import ARMS
from fjsim.backends.wrappers.prices import load_prices
from fjsim.beliefs import Array
from fjsim.contracts import Agent, Attack, Defense, ModelAgent, Router, Topology
from fjsim.deliberation import Item, seeded_order
from fjsim.errors import ConfigError
from fjsim.limits import check_turns
from fjsim.questions import Question, load_questions
from fjsim.readonly import ReadOnlyArrays
from fjsim.records import RunHeader
from fjsim.records.played import PlayedLaw
from fjsim.registry import build, describe
from fjsim.runs.manners import manners_of
from fjsim.runs.naming import folder_name
from fjsim.runs.own_plugins import with_plugin_files
from fjsim.runs.trust import reading
from fjsim.runs.unread import unread_because
from fjsim.scenario import AGENT_KEYS, PROVENANCE, Block, Scenario, run_hash
from fjsim.seeds import stream

PACKAGES = ("fjsim-testbed", "numpy", "scipy", "networkx", "pydantic", "openai")


@dataclass(frozen=True)
class Plugins:
    """What the names in a scenario stand for."""

    agents: tuple[Agent, ...]
    topology: Topology
    router: Router
    attack: Attack | None
    defense: Defense | None


@dataclass(frozen=True, eq=False)
class Setup(ReadOnlyArrays):
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
        """What sets it apart and its hash, as the run folder is called."""
        return folder_name(self)

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

    @property
    def casting_block(self) -> Block | None:
        """Block of the backend that gives casting votes; None where nobody is asked for any."""
        defense = self.plugins.defense
        voters = None if defense is None else defense.casting
        if voters is None or voters.competence is not None:
            return None
        return self.scenario.backend if voters.backend is None else Block(**voters.backend)

    @property
    def spelled_out(self) -> Scenario:
        """The scenario with every plug-in's defaults, as a run folder keeps it."""
        values = {key: value for key, value in self.resolved.items() if key not in PROVENANCE}
        return Scenario(**values).coming_from(self.scenario.origin)

    def as_asked(self, given: Scenario) -> Scenario:
        """Return the scenario that this was resolved from, held to the plug-in files it has now.

        Another process that resolves it runs the same code or refuses to.
        """
        if not self.scenario.plugins:
            return given
        held = given.model_copy(update={"plugins": self.scenario.plugins})
        return held.coming_from(self.scenario.origin)

    def header(self) -> RunHeader:
        """Return what the event log says of the run."""
        return RunHeader(
            hash=self.hash,
            rounds=self.scenario.rounds,
            agents=tuple(f"agent-{seat}" for seat in range(self.scenario.n_agents)),
            seats=self.seats,
            influence=tuple(map(tuple, self.influence.tolist())),
            questions=tuple(question.id for question in self.questions),
            options=tuple(question.n_options for question in self.questions),
            subjects=_subjects(self.questions),
            arms=self.scenario.arms,
            replicas=self.scenario.replicas,
            residual=self.residual,
            peers_read=self.peers_read,
            words=self.words if self.peers_read == "words" else None,
            law=self.played,
            unread={arm: unread_because(self.plugins, arm) for arm in ARMS},
        )

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
    def probes(self) -> bool:
        """Whether listeners are asked aside how sure speakers seem."""
        return self.scenario.probe is not None or bool(self.plugins.router.probes)

    @property
    def residual(self) -> Literal["innate", "self", "renormalise"]:
        """Where the weight goes that gates take away, for fits and predictions."""
        defense = self.plugins.defense
        if defense is None:
            return "self"
        kinds = {isinstance(agent, ModelAgent) for agent in self.plugins.agents}
        if False in kinds or defense.channel == "blend":
            return defense.residual
        return "renormalise" if defense.channel == "label" else "self"

    @property
    def words(self) -> tuple[float, ...]:
        """How far each seat's reasons convey its confidence, in [0, 1]."""
        return tuple(manner.words for manner in manners_of(self.scenario, self.plugins.agents))

    @property
    def peers_read(self) -> Literal["belief", "confidence", "words", "answer", "nothing"]:
        """What peers can read a belief off: belief, confidence, words, the answer, or nothing."""
        shown = self.scenario.shown_to_peers
        if "belief" in shown:
            return "belief"
        if "answer" not in shown:
            return "nothing"
        if "confidence" in shown:
            return "confidence"
        return "words" if "reason" in shown and any(self.words) else "answer"


def _subjects(questions: Sequence[Question]) -> tuple[str, ...]:
    """Return what each question is about; nothing where none says so."""
    subjects = tuple(question.subject for question in questions)
    return subjects if any(subjects) else ()


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
    scenario = with_plugin_files(scenario)
    plugins = _plugins(scenario)
    with reading(scenario, "topology.path", _path(scenario.topology)):
        influence = plugins.topology.influence(scenario.n_agents, stream(scenario.seed, "graph"))
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
    _check_casting(plugins)
    return plugins


def _check_casting(plugins: Plugins) -> None:
    """Refuse a backend for casting votes that cannot be built, before anything is written."""
    voters = None if plugins.defense is None else plugins.defense.casting
    if voters is not None and voters.backend is not None:
        build("backend", voters.backend)


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
