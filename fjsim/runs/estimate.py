"""What a run will take, before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fjsim.backends.wrappers.prices import load_prices
from fjsim.contracts import CHARACTERS_PER_TOKEN, Arm, ModelAgent, Usage
from fjsim.deliberation import Item, rendering
from fjsim.questions import Question
from fjsim.records import EVENTS, LogContents, read_log
from fjsim.runs.engine import engine_of
from fjsim.runs.resolve import Setup
from fjsim.runs.runtime import memory
from fjsim.runs.trust import demands

REPLY_CHARACTERS = 420
"""A reply of a few sentences with its belief, as JSON."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """What a run will take.

    Parameters
    ----------
    turns : int
        Turns of all arms, in all.
    turns_done : int
        In the folder already.
    calls : int
        Requests still to be sent, without retries and repairs; at most so many where a defense
        asks for casting votes.
    tokens_in, tokens_out : int
        Tokens of these calls; rough, at four characters a token.
    cost : float or None
        By the price file, without a server's prompt cache; None without one.
    warmup : int
        How many questions play round 0 only.
    questions_in_turn : bool
        Whether a policy's memory makes questions wait for each other.
    folder : str
        Where the run would lie.
    needs_trust : tuple of str
        What the scenario's file asks for that only the user may allow; see ``--trust``.
    casting_calls : int
        Those of the calls that are casting votes: as many as if every vote were close.
    engine : str
        Whether many questions are played at once, or why turn by turn.
    """

    turns: int
    turns_done: int
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    warmup: int
    questions_in_turn: bool
    folder: str
    needs_trust: tuple[str, ...] = ()
    casting_calls: int = 0
    engine: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def estimate(setup: Setup, folder: Path) -> Estimated:
    """Estimate a run; nobody is asked and nothing is written.

    Parameters
    ----------
    setup : Setup
    folder : Path
        What is in it already is not counted again.
    """
    events = folder / EVENTS
    done = read_log(events) if events.is_file() else LogContents()
    left = _Left(setup, done)
    calls, tokens_in, probes, probe_tokens = (
        sum(column) for column in zip(*left.of_all_items(), strict=True)
    )
    letters, replies = _draws(setup)
    factor = letters + replies
    casting, casting_tokens = left.of_casting()
    spoken = calls * replies + probes + casting
    tokens_out = spoken * REPLY_CHARACTERS // CHARACTERS_PER_TOKEN + calls * letters
    calls = calls * factor + probes + casting
    usage = Usage(tokens_in * factor + probe_tokens + casting_tokens, tokens_out)
    return Estimated(
        turns=setup.expected_turns,
        turns_done=len(done.turns),
        calls=calls,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost=_cost(setup, usage),
        warmup=setup.scenario.warmup,
        questions_in_turn=memory(setup) == "history",
        folder=str(folder),
        needs_trust=demands(setup.scenario),
        casting_calls=casting,
        engine=engine_of(setup, done).text,
    )


def _draws(setup: Setup) -> tuple[int, int]:
    """Return how many single letters and how many whole replies are asked for one turn."""
    block = setup.scenario.elicitation
    if block.channel != "choice":
        return 0, block.samples if block.channel == "frequency" else 1
    n_options = max((question.n_options for question in setup.questions), default=1)
    return min(block.permutations, n_options), int(block.reason)


class _Left:
    """What is left to ask: requests and their tokens, probes and theirs, item by item.

    Parameters
    ----------
    setup : Setup
    done : LogContents
        Without anything in it, all replicas of a question take the same, which is counted once.
    """

    def __init__(self, setup: Setup, done: LogContents) -> None:
        self._setup, self._done = setup, done
        self._is_fresh = not done.turns and not done.probes
        self._lengths: dict[tuple[str, bool], NDArray[np.int64]] = {}
        self._fresh: dict[tuple[str, str, bool], tuple[int, int, int, int]] = {}
        self._listeners = [
            seat for seat in setup.model_seats if bool((setup.influence[seat] > 0).any())
        ]

    def of_all_items(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield requests, their tokens, probes and theirs of every item in every arm."""
        for item in self._setup.items:
            lengths = self._lengths_of(item)
            for arm in self._setup.scenario.arms:
                key = (arm, item.question.id, item.is_warmup)
                if not self._is_fresh:
                    yield self._resumed(arm, item, lengths)
                elif key in self._fresh:
                    yield self._fresh[key]
                else:
                    yield self._fresh.setdefault(key, self._first(arm, item, lengths))

    def of_casting(self) -> tuple[int, int]:
        """Return the casting votes that may still be asked for, and their tokens."""
        setup, defense = self._setup, self._setup.plugins.defense
        if setup.casting_block is None or defense is None or setup.scenario.rounds == 0:
            return 0, 0
        assert defense.casting is not None, "its block says so"
        calls, tokens = 0, 0
        for item in setup.items:
            if not item.is_warmup and not self._is_done(item):
                place = item.question.id, item.replica
                voters = range(defense.casting.n_votes)
                left = sum((*place, voter) not in self._done.casting for voter in voters)
                calls, tokens = calls + left, tokens + left * int(self._lengths_of(item)[0])
        limit = defense.casting.most_calls
        # Every arm and replica has the whole of it; which questions it goes to is not known yet.
        most = (
            calls if limit is None else limit * len(setup.scenario.arms) * setup.scenario.replicas
        )
        return (calls, tokens) if calls <= most else (most, tokens * most // calls)

    def _is_done(self, item: Item) -> bool:
        """Say whether an item is finished in all arms."""
        place = item.question.id, item.replica
        return all((arm, *place) in self._done.items for arm in self._setup.scenario.arms)

    def _lengths_of(self, item: Item) -> NDArray[np.int64]:
        key = (item.question.id, item.is_warmup)
        if key not in self._lengths:
            self._lengths[key] = _prompt_tokens(
                self._setup, item.question, 0 if item.is_warmup else None
            )
        return self._lengths[key]

    def _first(self, arm: Arm, item: Item, lengths: NDArray[np.int64]) -> tuple[int, int, int, int]:
        """Return what an item takes of which nothing was played."""
        seats = self._setup.model_seats
        openings = sum(not self._is_copied(arm, seat) for seat in seats)
        later = len(seats) * (len(lengths) - 1)
        tokens = openings * int(lengths[0]) + len(seats) * int(lengths[1:].sum())
        probes = len(self._listeners) if self._probes(item) else 0
        return openings + later, tokens, probes, probes * int(lengths[1]) if probes else 0

    def _resumed(
        self, arm: Arm, item: Item, lengths: NDArray[np.int64]
    ) -> tuple[int, int, int, int]:
        """Return what an item takes beyond what the log holds."""
        place = (arm, item.question.id, item.replica)
        asked = [
            int(length)
            for seat in self._setup.model_seats
            for number, length in enumerate(lengths)
            if (*place, number, seat) not in self._done.turns
            and (number or not self._is_copied(arm, seat))
        ]
        listeners = self._listeners if self._probes(item) else []
        probes = sum((*place, seat) not in self._done.probes for seat in listeners)
        return len(asked), sum(asked), probes, probes * int(lengths[1]) if probes else 0

    def _is_copied(self, arm: Arm, seat: int) -> bool:
        """Say whether a seat's round 0 is taken over from the other arm."""
        setup = self._setup
        both = arm == "attacked" and "clean" in setup.scenario.arms
        return both and seat not in setup.seats

    def _probes(self, item: Item) -> bool:
        setup = self._setup
        return setup.probes and setup.scenario.rounds > 0 and not item.is_warmup


def _prompt_tokens(setup: Setup, question: Question, last: int | None) -> NDArray[np.int64]:
    """Return the estimated tokens of the chat in each round."""
    scenario = setup.scenario
    question_view = rendering.QuestionView(question, tuple(range(question.n_options)))
    agent = next((a for a in setup.plugins.agents if isinstance(a, ModelAgent)), None)
    persona = agent.describe() if agent is not None else ""
    opening = len(rendering.system_prompt(question_view, "Agent 0", scenario.n_agents, persona))
    opening += len(rendering.question_prompt(question_view, None))
    n_speakers = float((setup.influence > 0).sum(axis=1).mean())
    heard = 60 + n_speakers * REPLY_CHARACTERS * 0.8
    rounds = np.arange((scenario.rounds if last is None else last) + 1)
    grows = heard + REPLY_CHARACTERS if scenario.self_view else 0.0
    later = (heard + REPLY_CHARACTERS) * (rounds > 0) + grows * np.maximum(0, rounds - 1)
    return (opening + later).astype(np.int64) // CHARACTERS_PER_TOKEN


def _cost(setup: Setup, usage: Usage) -> float | None:
    budget, backend = setup.scenario.budget, setup.scenario.backend
    if budget.prices is None:
        return None
    model = str(backend.parameters.get("model", backend.kind))
    return round(load_prices(budget.prices).of(model).cost(usage), 4)
