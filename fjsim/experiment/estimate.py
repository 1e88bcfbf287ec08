"""What a run will take, before anything is asked."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fjsim.backends.wrappers.prices import load_prices
from fjsim.contracts import ModelAgent, Usage
from fjsim.deliberation import rendering
from fjsim.experiment.setup import Setup, memory
from fjsim.experiment.trust import demands
from fjsim.questions import Question
from fjsim.records import EVENTS, LogContents, read_log

CHARACTERS_PER_TOKEN = 4
REPLY_CHARACTERS = 420
"""A reply of a few sentences with its belief, as JSON."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """What a run will take.

    Parameters
    ----------
    turns : int
        Of all arms, in all.
    turns_done : int
        In the folder already.
    calls : int
        Requests still to be sent, without retries and repairs.
    tokens_in, tokens_out : int
        Of those; rough, at four characters a token.
    cost : float or None
        By the price file, without a server's prompt cache; None without one.
    questions_in_turn : bool
        Whether a policy's memory makes questions wait for each other.
    folder : str
        Where the run would lie.
    needs_trust : tuple of str
        What the scenario's file asks for that only the user may allow; see ``--trust``.
    """

    turns: int
    turns_done: int
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    questions_in_turn: bool
    folder: str
    needs_trust: tuple[str, ...] = ()

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
    calls = tokens_in = probes = probe_tokens = 0
    for item in setup.items:
        lengths = _prompt_tokens(setup, item.question, 0 if item.is_warmup else None)
        for arm in setup.scenario.arms:
            for seat in setup.model_seats:
                if _is_probed(setup, done, arm, item, seat):
                    probes += 1
                    probe_tokens += lengths[1]
                for number, length in enumerate(lengths):
                    if _is_asked(setup, done, arm, item, number, seat):
                        calls += 1
                        tokens_in += length
    draws = setup.scenario.elicitation
    factor = draws.samples if draws.channel == "frequency" else 1
    calls = calls * factor + probes
    tokens_out = calls * REPLY_CHARACTERS // CHARACTERS_PER_TOKEN
    usage = Usage(tokens_in * factor + probe_tokens, tokens_out)
    return Estimated(
        turns=setup.expected_turns,
        turns_done=len(done.turns),
        calls=calls,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost=_cost(setup, usage),
        questions_in_turn=memory(setup) == "history",
        folder=str(folder),
        needs_trust=demands(setup.scenario),
    )


def _is_asked(setup: Setup, done: LogContents, arm: Any, item: Any, number: int, seat: int) -> bool:
    if (arm, item.question.id, item.replica, number, seat) in done.turns:
        return False
    copied = number == 0 and arm == "attacked" and "clean" in setup.scenario.arms
    return not (copied and seat not in setup.seats)


def _is_probed(setup: Setup, done: LogContents, arm: Any, item: Any, seat: int) -> bool:
    plays = setup.plugins.router.probes and setup.scenario.rounds > 0 and not item.is_warmup
    hears = bool((setup.influence[seat] > 0).any())
    return plays and hears and (arm, item.question.id, item.replica, seat) not in done.probes


def _prompt_tokens(setup: Setup, question: Question, last: int | None) -> list[int]:
    """Return the estimated tokens of the chat in each round."""
    scenario = setup.scenario
    sheet = rendering.Sheet(question, tuple(range(question.n_options)))
    agent = next((a for a in setup.plugins.agents if isinstance(a, ModelAgent)), None)
    persona = agent.describe() if agent is not None else ""
    opening = len(rendering.system_prompt(sheet, "Agent 0", scenario.n_agents, persona))
    opening += len(rendering.question_prompt(sheet, None))
    n_speakers = float((setup.influence > 0).sum(axis=1).mean())
    heard = 60 + n_speakers * REPLY_CHARACTERS * 0.8
    rounds = range((scenario.rounds if last is None else last) + 1)
    grows = heard + REPLY_CHARACTERS if scenario.self_view else 0.0
    return [
        int(
            opening
            + (heard if number else 0)
            + grows * max(0, number - 1)
            + REPLY_CHARACTERS * bool(number)
        )
        // CHARACTERS_PER_TOKEN
        for number in rounds
    ]


def _cost(setup: Setup, usage: Usage) -> float | None:
    budget, backend = setup.scenario.budget, setup.scenario.backend
    if budget.prices is None:
        return None
    model = str(backend.parameters.get("model", backend.kind))
    return round(load_prices(budget.prices).of(model).cost(usage), 4)
