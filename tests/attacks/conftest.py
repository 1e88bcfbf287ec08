"""What the tests of attacks share: a view to ask an attack with, and a stage to watch it on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from fjsim import registry
from fjsim.beliefs import certain
from fjsim.contracts import (
    Agent,
    Attack,
    Message,
    Sight,
    Situation,
    SpeakingAgent,
    Statement,
    View,
)
from fjsim.deliberation import Deliberation, Item, Rules, Team
from fjsim.questions import Question
from fjsim.records import MemoryLog

N_AGENTS = 4
QUESTION = Question("q", "Which one?", ("ant", "bee", "cat", "dog"), key=2)
STAR = np.zeros((N_AGENTS, N_AGENTS))
STAR[0, 1:], STAR[1:, 0] = 1 / (N_AGENTS - 1), 1.0

MakeView = Callable[..., View]
Act = Callable[..., "Play"]


@pytest.fixture
def view() -> MakeView:
    """A view as the runtime would make it for an attack, with some fields replaced."""

    def make(attack: Attack, **changes: Any) -> View:
        sees = attack.threat.sees
        known = QUESTION if Sight.KEY in sees else Question("q", "?", QUESTION.options, None)
        values: dict[str, Any] = {
            "question": known,
            "order": 0,
            "warmup": 0,
            "replica": 0,
            "round": 1,
            "n_rounds": 10,
            "seats": (0,),
            "target": 1,
            "rng": np.random.default_rng(0),
        }
        return View(**{**values, **changes})

    return make


@dataclass(frozen=True)
class Listener(SpeakingAgent):
    """Holds one opinion and keeps what it was given."""

    belief: tuple[float, ...] = (0.1, 0.1, 0.7, 0.1)
    situations: list[Situation] = field(default_factory=list)

    def speak(self, situation: Situation) -> Statement:
        self.situations.append(situation)
        if situation.stance is not None:
            stance = situation.stance
            return Statement(stance.target, stance.belief, float(stance.belief.max()))
        belief = np.array(self.belief)
        return Statement(int(belief.argmax()), belief, float(belief.max()), "I think so.")


@dataclass(frozen=True)
class Play:
    """A deliberation that was played."""

    deliberation: Deliberation
    log: MemoryLog
    agents: Mapping[int, Listener]

    def heard(self, listener: int, number: int) -> tuple[Message, ...]:
        """What a listener was given before a round, by speaker."""
        situation = next(s for s in self.agents[listener].situations if s.round == number)
        return tuple(sorted(situation.heard, key=lambda message: message.speaker))

    def belief(self, seat: int, number: int) -> list[float]:
        """What a seat stated in a round."""
        found = [
            t for t in self.log.contents.turns.values() if (t.agent, t.round) == (seat, number)
        ]
        return list(found[0].belief or ())


@pytest.fixture
def act() -> Act:
    """Play one question on a star of listeners under an attack, given or by its block."""

    def play(
        attack: Attack | dict[str, Any] | str,
        n_rounds: int = 3,
        beliefs: Sequence[tuple[float, ...]] = (),
        item: Item | None = None,
        influence: np.ndarray[Any, np.dtype[np.float64]] = STAR,
        rules: Mapping[str, Any] | None = None,
        **team: Any,
    ) -> Play:
        built = attack if isinstance(attack, Attack) else registry.build("attack", attack)
        agents = [Listener(belief) for belief in beliefs] or [Listener() for _ in influence]
        router = registry.build("router", "uniform")
        playing: tuple[Agent, ...] = tuple(agents)
        made = Team(
            agents=playing,
            elicitors=(None,) * len(agents),
            influence=influence,
            router=router,
            defense=team.get("defense"),
            attack=built,
            adversary_seats=built.take_seats(influence, np.random.default_rng(0)),
            rules=Rules(n_rounds=n_rounds, **(rules or {})),
        )
        log = MemoryLog()
        deliberation = Deliberation(made, "attacked", item or Item(QUESTION), log)
        asyncio.run(_played(deliberation, n_rounds))
        return Play(deliberation, log, dict(enumerate(agents)))

    return play


async def _played(deliberation: Deliberation, n_rounds: int) -> None:
    team = deliberation.team
    await deliberation.open()
    state = None if team.defense is None else team.defense.initial_state(team.n_agents)
    await deliberation.run(state, None, n_rounds)


@pytest.fixture
def sure() -> Callable[[int, float], list[float]]:
    """A belief with one certainty on one option of the question."""
    return lambda option, certainty: certain(option, QUESTION.n_options, certainty).tolist()
