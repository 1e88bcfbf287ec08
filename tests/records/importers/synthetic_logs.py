"""Deliberations that obey the law exactly, written down as other people would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """True parameters, and what was said: (items, rounds + 1, agents)."""

    stubbornness: Array
    self_weight: Array
    influence: Array
    said: Array


def play(
    seed: int, items: int = 40, agents: int = 5, rounds: int = 4, sequential: bool = False,
    noise: float = 0.02,
) -> World:  # fmt: skip
    rng = np.random.default_rng(seed)
    stubbornness, own = rng.uniform(0.1, 0.4, agents), rng.uniform(0.2, 0.5, agents)
    influence = rng.dirichlet(np.ones(agents), agents)
    np.fill_diagonal(influence, 0.0)
    influence /= influence.sum(axis=1, keepdims=True)
    said = np.empty((items, rounds + 1, agents))
    said[:, 0] = rng.standard_normal((items, agents))
    for at in range(1, rounds + 1):
        before = said[:, at - 1].copy()
        now = before.copy()
        for agent in range(agents):
            heard = (now if sequential else before) @ influence[agent]
            mixed = own[agent] * before[:, agent] + (1 - own[agent]) * heard
            first = stubbornness[agent] * said[:, 0, agent]
            now[:, agent] = first + (1 - stubbornness[agent]) * mixed
            now[:, agent] += noise * rng.standard_normal(items)
        said[:, at] = now
    return World(stubbornness, own, influence, said)


def write_rows(
    path: Path, said: Array, *, neighbours: Callable[[int, int, int], str] | None = None,
    topology: str = "", turns: bool = False,
) -> Path:  # fmt: skip
    """Write opinions; ``neighbours`` gives the cell of (item, round, agent)."""
    lines = ["item_id,agent_id,round,opinion,topology,turn,neighbours"]
    for item, rounds in enumerate(said):
        for at, opinions in enumerate(rounds):
            for agent, opinion in enumerate(opinions):
                cell = neighbours(item, at, agent) if neighbours and at else ""
                turn = str(agent) if turns else ""
                lines.append(
                    f'q{item},a{agent},{at},{float(opinion)!r},"{topology}",{turn},"{cell}"'
                )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
