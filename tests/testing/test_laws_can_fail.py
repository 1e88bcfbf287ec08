"""Each law of ``fjsim.testing`` finds what it is there for: a plug-in that breaks it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from fjsim import registry
from fjsim.beliefs import Array, certain
from fjsim.contracts import (
    Attack,
    Backend,
    Defense,
    Message,
    Record,
    Reply,
    Request,
    Router,
    Situation,
    SpeakingAgent,
    Stance,
    Statement,
    Topology,
    View,
)
from fjsim.fitting.estimators import Persistence
from fjsim.metrics import ArmMetric, Tally, Transcript, tally
from fjsim.questions import Question
from fjsim.testing import (
    BrokenLawError,
    check_agent,
    check_attack,
    check_backend,
    check_defense,
    check_estimator,
    check_metric,
    check_router,
    check_topology,
)


@pytest.fixture(autouse=True)
def only_for_this_test() -> Iterator[None]:
    """Take what a test registers away again."""
    registry.load_plugins()
    before = dict(registry._entries)
    yield
    registry._entries.clear()
    registry._entries.update(before)


@dataclass(frozen=True)
class Forgetful(Defense):
    """Count on itself how often it was asked, which no state knows.

    References
    ----------
    .. [1] An example; not published.
    """

    asked: list[int] = field(default_factory=list, init=False)

    def gates(self, record: Record, state: Any) -> Array:
        self.asked.append(1)
        return np.full((record.n_agents,) * 2, 1 / len(self.asked))


@dataclass(frozen=True)
class Overfull(Defense):
    """Return gates above one.

    References
    ----------
    .. [1] An example; not published.
    """

    def gates(self, record: Record, state: Any) -> Array:
        return np.full((record.n_agents,) * 2, 1.5)


@dataclass(frozen=True)
class Unsourced(Defense):
    """Hear everybody, on nobody's word."""

    def gates(self, record: Record, state: Any) -> Array:
        return np.ones((record.n_agents,) * 2)


@dataclass(frozen=True)
class Scribbling(Defense):
    """Change the state that it is given.

    References
    ----------
    .. [1] An example; not published.
    """

    memory = "history"

    def initial_state(self, n_agents: int) -> Any:
        return np.ones((n_agents, n_agents))

    def update(self, record: Record, state: Any, key: int | None) -> Any:
        state *= 0.5
        return state

    def gates(self, record: Record, state: Any) -> Array:
        return np.array(state)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (Forgetful, "keep nothing on self"),
        (Overfull, "gates have shape"),
        (Unsourced, "names no source"),
        (Scribbling, "return a new one"),
    ],
)
def test_a_broken_defense_is_found(broken: type[Defense], says: str) -> None:
    registry.register("defense", "broken")(broken)
    with pytest.raises(BrokenLawError, match=says):
        check_defense("broken")


def test_a_defense_that_is_not_registered_is_told_how(tmp_path: Path) -> None:
    with pytest.raises(BrokenLawError, match="is not registered"):
        check_defense(Overfull())


@dataclass(frozen=True)
class OffGraph(Router):
    """Listen to everybody, whether the graph has the edge or not."""

    def weights(self, record: Record, state: Any) -> Array:
        return np.full((record.n_agents,) * 2, 1 / record.n_agents)


def test_a_router_off_the_graph_is_found() -> None:
    registry.register("router", "off-graph")(OffGraph)
    with pytest.raises(BrokenLawError, match="has no edge"):
        check_router(OffGraph())


@dataclass(frozen=True)
class Careless(Attack):
    """Do one thing that an attack must not do.

    Parameters
    ----------
    fault : str, default ""
        Which.

    References
    ----------
    .. [1] An example; not published.
    """

    fault: str = ""

    def take_seats(self, influence: Array, rng: np.random.Generator) -> tuple[int, ...]:
        return (0, 0) if self.fault == "seats" else (0,)

    def pick_target(
        self, question: Question, benign: Array | None, rng: np.random.Generator
    ) -> int:
        return 2 if self.fault == "target" else (3 if question.key != 3 else 1)

    def stance(self, seat: int, view: View) -> Stance:
        belief = certain(view.target, view.question.n_options, 0.9)
        return Stance(view.target, belief * 2 if self.fault == "stance" else belief)

    def tamper(self, message: Message, listener: int, view: View) -> Message:
        return replace(message, reason="no") if self.fault == "tamper" else message


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("seats", "takes seats"),
        ("target", "is after option"),
        ("stance", "round 0, seat 0"),
        ("tamper", "declare Power.REWRITE"),
    ],
)
def test_a_careless_attack_is_found_and_a_careful_one_passes(fault: str, says: str) -> None:
    registry.register("attack", "careless")(Careless)
    check_attack("careless")
    with pytest.raises(BrokenLawError, match=says):
        check_attack({"kind": "careless", "fault": fault})


@dataclass(frozen=True)
class Chancy(Topology):
    """Draw from the process's own generator."""

    def graph(self, n_agents: int, rng: np.random.Generator) -> nx.Graph[int]:
        return nx.gnp_random_graph(n_agents, 0.5, seed=int(np.random.randint(9999)))  # noqa: NPY002


@dataclass(frozen=True)
class Lettered(Topology):
    """Name its nodes by letters."""

    def graph(self, n_agents: int, rng: np.random.Generator) -> Any:
        return nx.relabel_nodes(nx.complete_graph(n_agents), dict(enumerate("abcdefghijklmn")))


@pytest.mark.parametrize(
    ("broken", "says"), [(Chancy, "two graphs"), (Lettered, "make them 0 to 5")]
)
def test_a_broken_topology_is_found(broken: type[Topology], says: str) -> None:
    registry.register("topology", "broken")(broken)
    with pytest.raises(BrokenLawError, match=says):
        check_topology("broken")


@dataclass(frozen=True)
class Loud(SpeakingAgent):
    """Answer beside the options, or otherwise each time.

    Parameters
    ----------
    fault : str, default "answer"
        Which.
    """

    fault: str = "answer"
    said: list[int] = field(default_factory=list, init=False)

    def speak(self, situation: Situation) -> Statement:
        self.said.append(1)
        if self.fault == "answer":
            return Statement(answer=7, belief=None)
        return Statement(answer=len(self.said) % 4, belief=None)


@pytest.mark.parametrize(("fault", "says"), [("answer", "said"), ("memory", "and then")])
def test_a_broken_agent_is_found(fault: str, says: str) -> None:
    registry.register("agent", "loud")(Loud)
    with pytest.raises(BrokenLawError, match=says):
        check_agent({"kind": "loud", "fault": fault})


class Wide(ArmMetric):
    """Count, of all turns, twice as many as there are."""

    label = "wide"
    direction = "neither"

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        first = arm.answers[:, 0] >= 0
        return tally(arm, 2.0 * first, first)


class Whole(ArmMetric):
    """Count, of all turns, those answered as most of the run's items were."""

    label = "whole"
    direction = "neither"

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        last = arm.answers[:, number]
        return tally(arm, last == np.median(last), last >= 0)


@pytest.mark.parametrize(("broken", "says"), [(Wide, "leaves its bounds"), (Whole, "halves")])
def test_a_broken_metric_is_found(broken: type[ArmMetric], says: str) -> None:
    registry.register("metric", "broken")(broken)
    with pytest.raises(BrokenLawError, match=says):
        check_metric("broken")


class Clairvoyant(Persistence):
    """Predict what was recorded."""

    def predict(self, transcript: Transcript) -> Array:
        return transcript.beliefs

    def rollout(self, transcript: Transcript, start: int = 0) -> Array:
        return transcript.beliefs


def test_an_estimator_that_reads_the_future_is_found() -> None:
    registry.register("estimator", "clairvoyant")(Clairvoyant)
    with pytest.raises(BrokenLawError, match="looks at rounds"):
        check_estimator("clairvoyant")


class Renamed(Backend):
    """Call itself otherwise each time."""

    async def complete(self, request: Request) -> Reply:
        return Reply("")

    @property
    def identity(self) -> str:
        return str(next(NUMBERS))


NUMBERS = iter(range(99))


def test_a_backend_whose_identity_changes_is_found() -> None:
    registry.register("backend", "renamed")(Renamed)
    with pytest.raises(BrokenLawError, match="identity was"):
        check_backend("renamed")
