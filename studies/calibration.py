"""Repeat the calibrations of the embedded model, and check what its profiles give.

``python -m studies.calibration`` simulates a stubborn agent at a hub, in a complete graph and at
a leaf, where peers see beliefs and where they see answer and reason, and prints the attack success
rates of the profiles of ``fjsim.contracts.population.Population`` on fresh draws, beside those
reported for language models (arXiv 2603.15809: .65, .33, .24). It then draws parameters at random
and prints the settings that come nearest. Everything it prints is simulated.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from fjsim.beliefs import Array, certain
from fjsim.contracts.argument import persuaded, sureness
from fjsim.contracts.population import PROFILES, Population
from fjsim.contracts.speech import expressed_beliefs
from fjsim.metrics import Estimate
from fjsim.metrics.counting import Tally
from fjsim.questions import Question
from fjsim.seeds import stream

N_AGENTS, N_OPTIONS, N_ROUNDS, CERTAINTY = 6, 5, 10, 0.97
REPORTED = (0.65, 0.33, 0.24)
PLACES = (("star", 0), ("complete", 0), ("star", 1))
Seen = Literal["beliefs", "reasons"]
"""What peers see: all of a statement, or answer and reason as the paper's agents do."""


@dataclass(frozen=True)
class Rates:
    """Attack success at hub, complete and leaf, and the clean flips beside them."""

    attacked: tuple[Estimate, ...]
    clean: tuple[Estimate, ...]

    @property
    def distance(self) -> float:
        """Largest distance from a reported rate."""
        found = zip(self.attacked, REPORTED, strict=True)
        return max(abs((got.value or 0.0) - listed) for got, listed in found)


@dataclass(frozen=True)
class Draws:
    """Members of one population, question by question, with the right option and a target.

    Parameters
    ----------
    innate : ndarray of shape (n_questions, N_AGENTS, N_OPTIONS)
    stubbornness, persuasiveness : ndarray of shape (n_questions, N_AGENTS)
    keys, targets : ndarray of int, shape (n_questions,)
    """

    innate: Array
    stubbornness: Array
    persuasiveness: Array
    keys: NDArray[np.int64]
    targets: NDArray[np.int64]


def influence(shape: str) -> Array:
    """Return W of a complete graph or a star with hub 0."""
    edges = np.ones((N_AGENTS, N_AGENTS)) - np.eye(N_AGENTS)
    if shape == "star":
        edges[1:, 1:] = 0
    return np.asarray(edges / edges.sum(axis=1, keepdims=True))


def draws_of(population: Population, n_questions: int, seed: int) -> Draws:
    """Draw the members of so many questions."""
    rng = stream(seed, "calibration")
    keys = rng.integers(N_OPTIONS, size=n_questions)
    targets = (keys + rng.integers(1, N_OPTIONS, size=n_questions)) % N_OPTIONS
    members = [
        [
            population.member(Question(str(at), str(at), tuple("abcde"), key), 0, seat, seed)
            for seat in range(N_AGENTS)
        ]
        for at, key in enumerate(keys.tolist())
    ]
    return Draws(
        np.array([[one.innate for one in row] for row in members]),
        np.array([[one.stubbornness for one in row] for row in members]),
        np.array([[one.persuasiveness for one in row] for row in members]),
        keys,
        targets,
    )


def played(population: Population, drawn: Draws, shape: str, seat: int | None, seen: Seen) -> Array:
    """Return the last beliefs, with an adversary in a seat or without one."""
    held, first = drawn.stubbornness.copy(), drawn.innate.copy()
    factors = drawn.persuasiveness.copy()
    if seen == "reasons":
        held *= 1 - population.readiness
    if seat is not None:
        held[:, seat], factors[:, seat] = 1.0, 1.0
        first[:, seat] = [certain(target, N_OPTIONS, CERTAINTY) for target in drawn.targets]
    weights = persuaded(influence(shape)[None], factors[:, None, :])
    gamma, alpha, belief = held[..., None], population.self_weight, first
    for _ in range(N_ROUNDS):
        said = belief
        if seen == "reasons":
            sure = sureness(population.words, belief.max(axis=-1))
            said = expressed_beliefs(belief.argmax(axis=-1), sure, belief)
        moved = alpha * belief + (1 - alpha) * (weights @ said)
        belief = gamma * first + (1 - gamma) * moved
    return np.asarray(belief)


def simulate(population: Population, n_questions: int, seed: int, seen: Seen = "beliefs") -> Rates:
    """Return the rates of one population on so many questions."""
    drawn = draws_of(population, n_questions, seed)
    rates: dict[bool, list[Estimate]] = {True: [], False: []}
    for shape, seat in PLACES:
        benign = [other for other in range(N_AGENTS) if other != seat]
        right = drawn.innate[:, benign].argmax(axis=-1) == drawn.keys[:, None]
        for attacked, found in rates.items():
            last = played(population, drawn, shape, seat if attacked else None, seen)
            wrong = last[:, benign].argmax(axis=-1) != drawn.keys[:, None]
            found.append(_rate(right & wrong, right, seed))
    return Rates(tuple(rates[True]), tuple(rates[False]))


def _rate(hit: NDArray[np.bool_], among: NDArray[np.bool_], seed: int) -> Estimate:
    """Return a share with its bootstrap interval over questions."""
    questions = tuple(map(str, range(len(hit))))
    return Tally(questions, hit.sum(axis=1), among.sum(axis=1)).estimate(seed)


def drawn_population(rng: np.random.Generator, seen: Seen) -> Population:
    """Return a population drawn from the search's ranges."""
    plain = Population(
        competence=float(rng.choice([0.7, 0.75, 0.8, 0.85, 0.9])),
        shared_distractor=float(rng.choice([0.0, 0.5, 1.0])),
        stubbornness=float(rng.uniform(0.2, 0.6)),
        stubbornness_concentration=float(rng.choice([0.3, 0.4, 0.5, 1, 2, 5])),
        self_weight=float(rng.choice([0.1, 0.2, 0.3, 0.5])),
        lowest_confidence=float(rng.choice([0.2, 0.3])),
        confidence_alpha=float(rng.choice([1, 1.5, 2, 3, 4])),
        confidence_beta=float(rng.choice([0.7, 1, 1.5, 2, 3])),
    )
    if seen == "beliefs":
        return plain
    # Narrower than above: where words convey little, an adversary sounds no surer than anybody
    # else, and the reported rate of a complete graph is out of reach.
    return replace(
        plain,
        competence=0.8,
        shared_distractor=float(rng.choice([0.25, 0.5])),
        stubbornness=float(rng.uniform(0.34, 0.46)),
        stubbornness_concentration=float(rng.choice([0.2, 0.3, 0.4])),
        self_weight=0.1,
        lowest_confidence=0.2,
        confidence_alpha=float(rng.choice([1, 1.5, 2])),
        confidence_beta=float(rng.choice([1.5, 2, 2.5])),
        words=float(rng.choice([0.8, 0.9, 1.0])),
        persuasiveness_spread=float(rng.choice([0.0, 0.3, 0.6, 0.9])),
        readiness=float(rng.choice([0.0, 0.1, 0.2])),
    )


def table(rows: list[tuple[str, Population, Rates]], seen: Seen) -> Table:
    """Return settings and rates as a table."""
    made = Table(
        title=f"peers see {seen}: simulated attack success rates against the reported ones",
        title_justify="left",
    )
    for name in ("setting", "hub .65", "complete .33", "leaf .24", "clean flips", "largest gap"):
        made.add_column(name)
    for label, population, rates in rows:
        flips = " / ".join(f"{rate.value:.3f}" for rate in rates.clean)
        made.add_row(
            f"{label}: {_changed(population)}",
            *(f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]" for one in rates.attacked),
            flips,
            f"{rates.distance:.3f}",
        )
    return made


def _changed(population: Population) -> str:
    plain = Population()
    changed = {
        one.name: getattr(population, one.name)
        for one in fields(population)
        if getattr(population, one.name) != getattr(plain, one.name)
    }
    text = ", ".join(f"{name}={value:.3g}" for name, value in changed.items())
    return text or "every parameter at its default"


def found(seen: Seen, draws: int, questions: int, seed: int) -> list[Population]:
    """Return the settings that come nearest to the reported rates, the best first."""
    rng = stream(seed, "search", seen)
    tried = [drawn_population(rng, seen) for _ in range(draws)]
    return sorted(tried, key=lambda one: simulate(one, questions, seed, seen).distance)


def main() -> None:
    """Show what the profiles give on fresh draws, then search for settings that come nearer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=60, help="settings tried (default 60)")
    parser.add_argument("--questions", type=int, default=400, help="questions each (default 400)")
    parser.add_argument("--check", type=int, default=4000, help="fresh questions (default 4000)")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for seen in get_args(Seen):
        compared = {name: Population(**values) for name, values in PROFILES.items()}
        compared["all alike"] = Population(stubbornness_concentration=0.0)
        best = found(seen, given.draws, given.questions, given.seed)[:5]
        compared |= {f"found {place}": one for place, one in enumerate(best, start=1)}
        rows = [
            (label, one, simulate(one, given.check, given.seed + 1, seen))
            for label, one in compared.items()
        ]
        Console(width=150).print(table(rows, seen))


if __name__ == "__main__":
    main()
