"""Hold the headline of ``fjsim fit`` against what simulated logs declare.

``python -m studies.fit_headline`` plays README's scenario (a star of six agents, clean arm) and
synthetic logs with known laws, fits each with ``model="auto"`` and prints how often the headline
is true: how often the population's intervals hold the declared means, how often the test of one
law rejects where one law holds, which model is chosen, and how far its held-out skill is from
that of the best of all models. Everything it prints is simulated.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from fjsim.beliefs import Array
from fjsim.contracts.population import Population
from fjsim.fitting import FJFit, fit
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS
from fjsim.fitting.rows.simplex import closest_on_simplex
from fjsim.fitting.rows.solving import join_rows
from fjsim.questions import Question, load_questions
from fjsim.records.transcript import NOT_HEARD, Transcript
from fjsim.seeds import stream

N_AGENTS, N_ROUNDS = 6, 10


def star(n_agents: int = N_AGENTS) -> Array:
    """Return W of a star with hub 0."""
    influence = np.zeros((n_agents, n_agents))
    influence[0, 1:] = 1 / (n_agents - 1)
    influence[1:, 0] = 1.0
    return influence


def complete(n_agents: int) -> Array:
    """Return even W of a complete graph."""
    return (np.ones((n_agents, n_agents)) - np.eye(n_agents)) / (n_agents - 1)


def played(
    rng: np.random.Generator, rows: Array, innate: Array, n_rounds: int, noise: float
) -> Transcript:
    """Play rows, one set for all items or one per item, over the edges that have a weight."""
    n_items, n_agents = innate.shape[:2]
    full = np.broadcast_to(rows, (n_items, *rows.shape[-2:]))
    update = full[..., PEERS:] + full[..., OWN, None] * np.eye(n_agents)
    beliefs = [innate]
    for _ in range(n_rounds):
        after = update @ beliefs[-1] + full[..., INNATE, None] * innate
        if noise:
            after = closest_on_simplex(after + noise * rng.standard_normal(after.shape))
        beliefs.append(after)
    rounds = np.arange(n_rounds + 1)[None, :, None, None] - 1
    edges = full[:, None, :, PEERS:] > 0
    heard = np.where(edges, rounds, NOT_HEARD)
    stacked = np.stack(beliefs, axis=1)
    return Transcript(
        question_ids=tuple(f"q{item}" for item in range(n_items)),
        replicas=np.zeros(n_items, dtype=np.int64),
        keys=np.full(n_items, -1),
        beliefs=stacked,
        answers=stacked.argmax(axis=-1),
        validity=np.zeros(stacked.shape[:3], dtype=np.int64),
        heard_round=heard,
        gates=np.where(heard >= 0, 1.0, np.nan),
        simulated=True,
    )


def readme_log(seed: int, n_questions: int, noise: float = 0.0) -> Transcript:
    """Return the numeric twin of README's run: its questions, its population, its star.

    The simulated backend draws the same members and rounds what they say to seven digits.
    """
    questions: list[Question] = list(load_questions("builtin"))[:n_questions]
    members = [
        [Population().member(question, 0, seat, seed) for seat in range(N_AGENTS)]
        for question in questions
    ]
    width = max(len(question.options) for question in questions)
    innate = np.full((len(questions), N_AGENTS, width), np.nan)
    for at, row in enumerate(members):
        for seat, member in enumerate(row):
            innate[at, seat, : len(member.innate)] = member.innate
    rows = join_rows(
        np.array([[member.stubbornness for member in row] for row in members]),
        np.array([[member.self_weight for member in row] for row in members]),
        star(),
    )
    return played(stream(seed, "fit-headline"), rows, innate, N_ROUNDS, noise)


def one_law_log(seed: int, n_items: int = 30, noise: float = 0.05) -> Transcript:
    """Return a log in which every agent has one law for all items."""
    rng = np.random.default_rng(seed)
    influence = rng.dirichlet(np.ones(4), 4)
    np.fill_diagonal(influence, 0)
    influence /= influence.sum(axis=1, keepdims=True)
    rows = join_rows(rng.uniform(0.05, 0.6, 4), rng.uniform(0.1, 0.6, 4), influence)
    return played(rng, rows, rng.dirichlet(np.full(4, 0.5), (n_items, 4)), 5, noise)


def crowd_log(seed: int, n_items: int = 30, noise: float = 0.02) -> Transcript:
    """Return a log in which new people sit in every seat of every item."""
    rng = np.random.default_rng(seed)
    shape = (n_items, 8)
    rows = join_rows(rng.beta(1, 2, shape), rng.beta(2, 4, shape), complete(8))
    return played(rng, rows, rng.dirichlet(np.full(3, 0.5), shape), 4, noise)


def rotating_log(seed: int, n_items: int = 40, noise: float = 0.02) -> Transcript:
    """Return a log in which the same four roles take other seats from item to item."""
    rng = np.random.default_rng(seed)
    stubbornness, self_weight = np.array([0.05, 0.2, 0.5, 0.8]), np.array([0.1, 0.3, 0.2, 0.4])
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    influence = np.tile(weights, (4, 1)) * (1 - np.eye(4))
    influence /= influence.sum(axis=1, keepdims=True)
    orders = np.stack([rng.permutation(4) for _ in range(n_items)])
    turned = np.stack([influence[np.ix_(order, order)] for order in orders])
    rows = join_rows(stubbornness[orders], self_weight[orders], turned)
    return played(rng, rows, rng.dirichlet(np.full(3, 0.5), (n_items, 4)), 4, noise)


def networks_log(
    seed: int, n_items: int = 16, n_agents: int = 50, noise: float = 0.02
) -> Transcript:
    """Return a log in which every item is a network of new people, its weights given."""
    rng = np.random.default_rng(seed)
    shape = (n_items, n_agents)
    given = np.zeros((*shape, n_agents))
    for item, listener in np.ndindex(*shape):
        others = rng.permutation(np.delete(np.arange(n_agents), listener))
        heard = others[: rng.integers(3, min(9, n_agents))]
        given[item, listener, heard] = rng.dirichlet(np.ones(len(heard)))
    rows = join_rows(rng.beta(1, 2, shape), rng.beta(2, 4, shape), given)
    opinions = rng.beta(2, 2, shape)
    made = played(rng, rows, np.stack([1 - opinions, opinions], axis=-1), 4, noise)
    shares = np.broadcast_to(given[:, None], (n_items, 5, n_agents, n_agents))
    return replace(made, given_influence=shares, influence=given, opinions=True)


@dataclass(frozen=True)
class Headline:
    """What one automatic fit said, beside what is true of its log."""

    fit: FJFit

    @property
    def skills(self) -> dict[str, float]:
        """Held-out skill of every model."""
        rows = self.fit.comparison
        return {row.model: row.skill for row in rows if row.protocol == "held-out-questions"}

    def covers(self, name: str, truth: float) -> bool:
        """Return whether the population's interval of a mean holds the truth."""
        assert self.fit.population is not None, "one law was not rejected"
        part = getattr(self.fit.population, name)
        return bool(part.low <= truth <= part.high)

    @property
    def behind(self) -> float:
        """Skill that the chosen model lacks to the best of all."""
        assert self.fit.choice is not None, "questions were held out"
        return max(self.skills.values()) - self.skills[self.fit.choice.model]


def headline(
    transcript: Transcript, seed: int = 0, resamples: int = 500, compare: bool = True
) -> Headline:
    """Fit one log automatically, by default with all models on held-out questions."""
    protocols = ("held-out-questions",) if compare else False
    return Headline(fit(transcript, "auto", compare=protocols, seed=seed, resamples=resamples))


def _readme(seeds: int) -> Table:
    """Hold the population against the declared one: stubbornness .38 (SD .41), self-weight .10."""
    declared = Population()
    truth = declared.stubbornness
    spread = np.sqrt(truth * (1 - truth) / (1 + declared.stubbornness_concentration))
    table = Table("noise", "stubbornness held", "self-weight held", "spread within 25 %", "chosen")
    for noise in (0.0, 0.02):
        heads = [headline(readme_log(seed, 100, noise), compare=False) for seed in range(seeds)]
        kept = [one for one in heads if one.fit.population is not None]
        near = [abs(one.fit.population.stubbornness.spread / spread - 1) < 0.25 for one in kept]  # type: ignore[union-attr]
        table.add_row(
            f"{noise}",
            f"{sum(one.covers('stubbornness', truth) for one in kept)} of {seeds}",
            f"{sum(one.covers('self_weight', declared.self_weight) for one in kept)} of {seeds}",
            f"{sum(near)} of {seeds}",
            _counted(heads),
        )
    return table


def _counted(heads: list[Headline]) -> str:
    names = Counter(one.fit.model for one in heads)
    return ", ".join(f"{name} {count}" for name, count in names.most_common())


def _families(seeds: int) -> Table:
    """Say what is rejected and chosen on logs of one law, of crowds, of roles and of networks."""
    makers: dict[str, Callable[[int], Transcript]] = {
        "one law": one_law_log,
        "crowd, not flagged": crowd_log,
        "crowd, flagged": lambda seed: replace(crowd_log(seed), exchangeable=True),
        "rotating roles": rotating_log,
        "networks, weights given": networks_log,
        "the same, much noise": lambda seed: networks_log(seed, noise=0.1),
        "the same, flagged": lambda seed: replace(networks_log(seed), exchangeable=True),
    }
    table = Table("log", "one law rejected", "chosen", "beats no change", "most behind the best")
    for name, make in makers.items():
        heads = [headline(make(seed), seed, 0) for seed in range(seeds)]
        rejected = sum(one.fit.one_law is not None and not one.fit.one_law.holds for one in heads)
        sure = sum(one.fit.choice is not None and one.fit.choice.low > 0 for one in heads)
        table.add_row(
            name,
            f"{rejected} of {seeds}",
            _counted(heads),
            f"{sure} of {seeds}",
            f"{max(one.behind for one in heads):.4f}",
        )
    return table


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="Logs of README's scenario.")
    parser.add_argument("--logs", type=int, default=40, help="Logs of each other kind.")
    asked = parser.parse_args()
    console = Console()
    console.print(_readme(asked.seeds))
    console.print(_families(asked.logs))


if __name__ == "__main__":
    main()
