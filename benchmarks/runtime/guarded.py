"""What a guard costs in a running team: one message, and one round of a large team."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.runtime.row import Row
from fjsim.guard import Guard, Message

OPTIONS = tuple("ABCDE")
SMALL, LARGE, ROUNDS = 12, 1000, 10
MESSAGE_MS, ROUND_MS = 1.0, 50.0


def rows(quick: bool) -> Iterator[Row]:
    """Yield the guard's rows, in process time.

    Parameters
    ----------
    quick : bool
        A tenth of the large team.
    """
    taken = 1e3 * _messages(ROUNDS)
    worst = float(np.quantile(taken, 0.99))
    yield Row(
        f"one message through the guard, {SMALL} agents, default defense",
        f"{np.median(taken):.2f} ms, 99 % below {worst:.2f} ms",
        f"99 % below {MESSAGE_MS:g} ms",
        met=worst < MESSAGE_MS,
    )
    agents = LARGE // 10 if quick else LARGE
    once = 1e3 * min(_round(agents) for _ in range(3))
    yield Row(
        f"one round through the guard, {agents} agents, ballot",
        f"{once:.0f} ms",
        f"{ROUND_MS:g} ms",
        met=once < ROUND_MS,
    )


def _messages(n_rounds: int) -> np.ndarray:
    names = [f"agent-{seat}" for seat in range(SMALL)]
    guard, rng = Guard(names, options=OPTIONS, shadow=False), np.random.default_rng(0)
    taken = []
    for number in range(n_rounds):
        beliefs = rng.dirichlet(np.full(len(OPTIONS), 0.5), size=SMALL)
        for listener in names:
            for seat, speaker in enumerate(names):
                if speaker == listener:
                    continue
                message = Message(speaker, belief=beliefs[seat], question="q", round=number)
                begun = time.process_time()
                guard.heard(listener, message)
                taken.append(time.process_time() - begun)
    return np.array(taken)


def _round(n_agents: int) -> float:
    names = [f"agent-{seat}" for seat in range(n_agents)]
    guard = Guard(names, "ballot", options=OPTIONS, shadow=False)
    for seat, name in enumerate(names):
        guard.said(Message(name, seat % len(OPTIONS), question="q"))
    begun = time.process_time()
    guard.weights(names[0], "q")
    return time.process_time() - begun
