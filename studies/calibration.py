"""Repeat the calibration of the embedded model, and check what its defaults give.

``python -m studies.calibration`` draws parameters at random, simulates a stubborn agent at a
hub, in a complete graph and at a leaf, and prints the settings whose attack success rates come
nearest to those reported for language models (arXiv 2603.15809: .65, .33, .24), the defaults of
``fjsim.contracts.population.Population`` beside them on fresh draws. Everything it prints is
simulated.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from fjsim.beliefs import Array, certain
from fjsim.contracts.population import Population
from fjsim.dynamics import FJParameters, rollout
from fjsim.questions import Question
from fjsim.seeds import stream

N_AGENTS, N_OPTIONS, N_ROUNDS, CERTAINTY = 6, 5, 10, 0.97
REPORTED = (0.65, 0.33, 0.24)
PLACES = (("star", 0), ("complete", 0), ("star", 1))


@dataclass(frozen=True)
class Rates:
    """Attack success at hub, complete and leaf, and the clean flips beside them."""

    attacked: tuple[float, ...]
    clean: tuple[float, ...]

    @property
    def distance(self) -> float:
        """Largest distance from a reported rate."""
        return max(abs(got - listed) for got, listed in zip(self.attacked, REPORTED, strict=True))


def influence(shape: str) -> Array:
    """Return W of a complete graph or a star with hub 0."""
    edges = np.ones((N_AGENTS, N_AGENTS)) - np.eye(N_AGENTS)
    if shape == "star":
        edges[1:, 1:] = 0
    return np.asarray(edges / edges.sum(axis=1, keepdims=True))


def simulate(population: Population, n_questions: int, seed: int) -> Rates:
    """Return the rates of one population on so many questions."""
    innate = np.empty((n_questions, N_AGENTS, N_OPTIONS))
    stubbornness = np.empty((n_questions, N_AGENTS))
    rng = stream(seed, "calibration")
    keys = rng.integers(N_OPTIONS, size=n_questions)
    targets = (keys + rng.integers(1, N_OPTIONS, size=n_questions)) % N_OPTIONS
    for at, key in enumerate(keys.tolist()):
        question = Question(str(at), str(at), tuple("abcde"), key)
        for seat in range(N_AGENTS):
            member = population.member(question, 0, seat, seed)
            innate[at, seat], stubbornness[at, seat] = member.innate, member.stubbornness
    attacked: list[float] = []
    clean: list[float] = []
    for shape, seat in PLACES:
        held, anchors = stubbornness.copy(), innate.copy()
        held[:, seat] = 1.0
        anchors[:, seat] = [certain(t, N_OPTIONS, CERTAINTY) for t in targets]
        benign = [other for other in range(N_AGENTS) if other != seat]
        for rates, who, start in ((attacked, held, anchors), (clean, stubbornness, innate)):
            law = FJParameters(
                stubbornness=who, self_weight=population.self_weight, influence=influence(shape)
            )
            last = rollout(law, start, N_ROUNDS)[..., -1, :, :]
            right = innate[:, benign].argmax(axis=-1) == keys[:, None]
            wrong = last[:, benign].argmax(axis=-1) != keys[:, None]
            rates.append(float((right & wrong).sum() / right.sum()))
    return Rates(tuple(attacked), tuple(clean))


def drawn(rng: np.random.Generator) -> Population:
    """Return a population drawn from the search's ranges."""
    return Population(
        competence=float(rng.choice([0.7, 0.75, 0.8, 0.85, 0.9])),
        shared_distractor=float(rng.choice([0.0, 0.5, 1.0])),
        stubbornness=float(rng.uniform(0.2, 0.6)),
        stubbornness_concentration=float(rng.choice([0.3, 0.4, 0.5, 1, 2, 5])),
        self_weight=float(rng.choice([0.1, 0.2, 0.3, 0.5])),
        lowest_confidence=float(rng.choice([0.2, 0.3])),
        confidence_alpha=float(rng.choice([1, 1.5, 2, 3, 4])),
        confidence_beta=float(rng.choice([0.7, 1, 1.5, 2, 3])),
    )


def table(rows: list[tuple[str, Population, Rates]]) -> Table:
    """Return settings and rates as a table."""
    made = Table(
        title="simulated attack success rates against the reported ones", title_justify="left"
    )
    for name in ("setting", "hub .65", "complete .33", "leaf .24", "clean flips", "largest gap"):
        made.add_column(name)
    for label, population, rates in rows:
        changed = {f.name: getattr(population, f.name) for f in fields(population)}
        text = ", ".join(f"{name}={value:.3g}" for name, value in changed.items())
        flips = "/".join(f"{rate:.3f}" for rate in rates.clean)
        made.add_row(
            f"{label}: {text}", *(f"{rate:.3f}" for rate in rates.attacked), flips,
            f"{rates.distance:.3f}",
        )  # fmt: skip
    return made


def main() -> None:
    """Search, then compare the best settings with the defaults on fresh draws."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=60, help="settings tried (default 60)")
    parser.add_argument("--questions", type=int, default=400, help="questions each (default 400)")
    parser.add_argument("--check", type=int, default=4000, help="fresh questions (default 4000)")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = stream(given.seed, "search")
    tried = [drawn(rng) for _ in range(given.draws)]
    tried.sort(key=lambda one: simulate(one, given.questions, given.seed).distance)
    rows = [("default", Population(), simulate(Population(), given.check, given.seed + 1))]
    yielding = replace(Population(), stubbornness_concentration=0.0)
    rows.append(("all alike", yielding, simulate(yielding, given.check, given.seed + 1)))
    for place, population in enumerate(tried[:5], start=1):
        rows.append(
            (f"found {place}", population, simulate(population, given.check, given.seed + 1))
        )
    Console(width=150).print(table(rows))


if __name__ == "__main__":
    main()
