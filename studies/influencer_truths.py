"""Hold the analysis of influencers against deliberations whose influencers were planted.

``python -m studies.influencer_truths [--seeds 20] [--table NAME]`` prints three tables.
``proxies`` plants what influence follows and counts how often each proxy is found. ``signs``
plants whose words count and counts the signs of Theorem 2.5. ``ceiling`` sets the noise ceiling
beside how much of the fitted influence is the planted one. Everything is simulated; nothing is
asked of a model.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, confidence, total_variation
from fjsim.fitting.findings.bootstrap import question_index
from fjsim.fitting.rows.solving import finite_influence
from fjsim.fitting.validate.comparison import folds
from fjsim.ledger.ceiling import noise_ceiling
from fjsim.ledger.explaining import compared, explain
from fjsim.ledger.forest import forest
from fjsim.ledger.gates import item_gates
from fjsim.ledger.mixture import mixture_ledger
from fjsim.ledger.proxies import (
    ALIGNMENT,
    COMPETENCE,
    RELATIVE,
    SELF_ASSESSED,
    STATED,
    observable_proxies,
    relative,
)
from fjsim.ledger.resampling import question_draws, within
from fjsim.records.transcript import Transcript

N_AGENTS, N_OPTIONS, N_ROUNDS = 5, 4, 5
STUBBORNNESS, SELF_WEIGHT, NOISE = 0.1, 0.3, 0.02

FOUND = {
    "stated": STATED,
    "relative": RELATIVE,
    "entropy": SELF_ASSESSED,
    "alignment": ALIGNMENT,
    "competence": COMPETENCE,
}
"""What influence follows -> the proxy that ought to be found."""

NOTHING = ("independent", "constant")


@dataclass(frozen=True)
class World:
    """Initial beliefs, what agents say of them, and the truth.

    Parameters
    ----------
    innate : ndarray of shape (n_items, n_agents, n_options)
    stated : ndarray of shape (n_items, n_agents)
        Stated confidence.
    keys : ndarray of int, shape (n_items,)
    subjects : ndarray of int, shape (n_items,)
    skill : ndarray of shape (n_items, n_agents)
        Probability of a right answer.
    """

    innate: Array
    stated: Array
    keys: NDArray[np.int64]
    subjects: NDArray[np.int64]
    skill: Array


def drawn_world(rng: np.random.Generator, n_items: int, calibrated: bool) -> World:
    """Draw questions and what everybody believes of them.

    Parameters
    ----------
    rng : numpy.random.Generator
    n_items : int
    calibrated : bool
        Whether agents are right as often as they are sure; else skill depends on the subject, and
        confidence on nothing.
    """
    shape = (n_items, N_AGENTS)
    keys, subjects = rng.integers(0, N_OPTIONS, n_items), rng.integers(0, 5, n_items)
    sure = rng.uniform(0.3, 0.97, shape)
    skills = np.where(rng.random((5, N_AGENTS)) < 0.5, 0.85, 0.35)
    skill = sure if calibrated else skills[subjects]
    right = rng.random(shape) < skill
    wrong = (keys[:, None] + rng.integers(1, N_OPTIONS, shape)) % N_OPTIONS
    answers = np.where(right, keys[:, None], wrong)
    rest = rng.dirichlet(np.full(N_OPTIONS - 1, 5.0), shape) * (1 - sure)[..., None]
    places = (answers[..., None] + np.arange(1, N_OPTIONS)) % N_OPTIONS
    innate = np.zeros((*shape, N_OPTIONS))
    np.put_along_axis(innate, answers[..., None], sure[..., None], -1)
    np.put_along_axis(innate, places, rest, -1)
    stated = sure if calibrated else rng.uniform(0.3, 1.0, shape)
    return World(innate, stated, keys, subjects, skill)


def planted_weights(kind: str, world: World, rng: np.random.Generator) -> Array:
    """Return how much each agent counts on each item, shape (n_items, n_agents), not normalised."""
    shape = world.stated.shape
    if kind == "constant":
        return np.broadcast_to(rng.uniform(0.3, 1.0, N_AGENTS), shape)
    if kind == "independent":
        return np.asarray(rng.uniform(0.3, 1.0, shape) ** 3)
    if kind == "oracle":
        right = np.take_along_axis(world.innate, world.keys[:, None, None], -1)[..., 0]
        return np.asarray(np.exp(6 * right))
    if kind == "calibrated":
        return np.asarray(np.exp(6 * world.stated))
    alike = 1 - total_variation(world.innate[:, :, None], world.innate[:, None, :])
    followed = {
        "stated": world.stated,
        "relative": relative(world.stated),
        "entropy": confidence(world.innate),
        "alignment": (alike.sum(-1) - 1) / (N_AGENTS - 1),
        "competence": world.skill,
    }[kind]
    return np.asarray(np.exp(followed / followed.std()))


def planted_influence(weights: Array) -> Array:
    """Return whom everybody listens to, shape (n_items, n_agents, n_agents); rows sum to 1."""
    others = np.repeat(weights[:, None], N_AGENTS, 1) * (1 - np.eye(N_AGENTS))
    return np.asarray(others / others.sum(axis=-1, keepdims=True))


def deliberated(
    world: World,
    weights: Array,
    rng: np.random.Generator,
    noise: float = NOISE,
    n_rounds: int = N_ROUNDS,
) -> Transcript:
    """Let the team deliberate; everybody reads beliefs and mixes them by the planted weights."""
    influence = planted_influence(weights)
    beliefs = [world.innate]
    for _ in range(n_rounds):
        drift = SELF_WEIGHT * beliefs[-1] + (1 - SELF_WEIGHT) * influence @ beliefs[-1]
        after = STUBBORNNESS * world.innate + (1 - STUBBORNNESS) * drift
        after = np.clip(after + noise * rng.standard_normal(after.shape), 0, None)
        beliefs.append(after / after.sum(axis=-1, keepdims=True))
    played = np.stack(beliefs, axis=1)
    rounds = np.arange(n_rounds + 1)[None, :, None, None] - 1
    heard = np.broadcast_to(rounds, (len(played), n_rounds + 1, N_AGENTS, N_AGENTS))
    heard = np.where(np.eye(N_AGENTS, dtype=bool), -1, heard)
    return Transcript(
        question_ids=tuple(f"q{item}" for item in range(len(played))),
        replicas=np.zeros(len(played), dtype=np.int64),
        keys=world.keys,
        beliefs=played,
        answers=played.argmax(-1),
        validity=np.zeros(played.shape[:3], dtype=np.int64),
        heard_round=heard,
        gates=np.ones(heard.shape),
        confidence=np.repeat(world.stated[:, None], n_rounds + 1, axis=1),
        subjects=tuple(map(str, world.subjects.tolist())),
        simulated=True,
    )


def planted(kind: str, seed: int, n_items: int = 100, calibrated: bool | None = None) -> Transcript:
    """Return a deliberation whose influencers are known.

    Parameters
    ----------
    kind : str
        A key of `FOUND`, ``independent``, ``constant``, ``calibrated`` or ``oracle``.
    seed : int
    n_items : int, default 100
    calibrated : bool, optional
        See `drawn_world`; default yes for ``calibrated`` alone.
    """
    rng = np.random.default_rng([seed, len(kind), n_items])
    world = drawn_world(rng, n_items, kind == "calibrated" if calibrated is None else calibrated)
    return deliberated(world, planted_weights(kind, world, rng), rng)


@dataclass(frozen=True)
class Explained:
    """What the analysis says of one planted deliberation.

    Parameters
    ----------
    found : tuple of str
        Proxies that hold alone, after Holm.
    largest : str
        The one of the largest effect among them; empty where there is none.
    r2, low : float
        What a forest explains, with the lower end of its interval; NaN where influence does not
        differ by question.
    ceiling, high : float
        What could be explained, with the upper end of its interval.
    """

    found: tuple[str, ...]
    largest: str
    r2: float
    low: float
    ceiling: float
    high: float

    @property
    def beaten(self) -> bool:
        """Whether the ceiling is beaten by more than the intervals."""
        return self.low > self.high


def explained(transcript: Transcript, seed: int = 0) -> Explained:
    """Explain influence, as ``fjsim influencers`` does."""
    none = float("nan")
    gates = item_gates(transcript, seed=seed)
    if not gates.by_item:
        return Explained((), "", none, none, none, none)
    question = question_index(transcript.question_ids)
    proxies, known = observable_proxies(transcript), compared(gates)
    table = explain(gates, proxies, question, seed)
    found = table[table["p_holm"] < 0.05]
    largest = "" if found.empty else str(found["proxy"].iloc[int(found["single"].abs().argmax())])
    draws = question_draws(question, seed)
    learned = forest(gates.shares, known, proxies, question, folds(transcript, seed), draws, seed)
    limit = noise_ceiling(gates, known, transcript.n_rounds, draws)
    return Explained(
        tuple(found["proxy"]), largest, learned.r2.value, learned.r2.low, limit.r2, limit.high
    )


def sign_of_routing(transcript: Transcript, seed: int = 0) -> int:
    """Return the sign of Theorem 2.5."""
    signs = mixture_ledger(transcript, seed=seed).signs.set_index("theorem")["sign"]
    return int(signs["Theorem 2.5"])


def proxies_table(seeds: int) -> None:
    """Print how often each proxy is found, truth by truth."""
    print(f"100 questions, {N_AGENTS} agents, {N_OPTIONS} options, {seeds} seeds each; simulated")
    print("truth        planted found  largest  any found  forest r2  ceiling  ceiling beaten")
    for kind in (*FOUND, *NOTHING):
        runs = [explained(planted(kind, seed)) for seed in range(seeds)]
        proxy = FOUND.get(kind, "")
        hit = np.mean([proxy in run.found for run in runs])
        first = np.mean([run.largest == proxy for run in runs])
        anything = np.mean([bool(run.found) for run in runs])
        beaten = np.mean([run.beaten for run in runs])
        shown = f"{hit:>13.0%}  {first:>7.0%}" if proxy else f"{'-':>13}  {'-':>7}"
        print(
            f"{kind:<11}{shown}  {anything:>9.0%}  {_mean(runs, 'r2'):>9}  "
            f"{_mean(runs, 'ceiling'):>7}  {beaten:>14.0%}",
            flush=True,
        )


def _mean(runs: Sequence[Explained], name: str) -> str:
    values = np.array([getattr(run, name) for run in runs])
    return "n/a" if np.isnan(values).all() else f"{np.nanmean(values):.2f}"


def signs_table(seeds: int) -> None:
    """Print the signs of Theorem 2.5, truth by truth."""
    print("\nTheorem 2.5: the gate beats the best static weights")
    print("truth        questions      +      0      -")
    cases = [(kind, size) for kind in NOTHING for size in (60, 100, 300)]
    for kind, size in [*cases, ("calibrated", 100), ("oracle", 100)]:
        signs = Counter(sign_of_routing(planted(kind, seed, size)) for seed in range(seeds))
        shares = "".join(f"{signs[sign] / seeds:>7.0%}" for sign in (1, 0, -1))
        print(f"{kind:<11}{size:>11}{shares}", flush=True)


def ceiling_and_truth(kind: str, seed: int, n_rounds: int, noise: float) -> tuple[float, float]:
    """Return the noise ceiling of a planted deliberation, and what it stands for.

    Parameters
    ----------
    kind : str
        As for `planted`.
    seed, n_rounds : int
    noise : float
        Standard deviation of what every belief is moved by besides the law.

    Returns
    -------
    ceiling : float
    truth : float
        Squared correlation of fitted and planted influence within items: what a forest could
        explain that knew the planted influence.
    """
    rng = np.random.default_rng([seed, len(kind), 100])
    world = drawn_world(rng, 100, calibrated=False)
    weights = planted_weights(kind, world, rng)
    gates = item_gates(deliberated(world, weights, rng, noise, n_rounds), "item")
    known = compared(gates)
    limit = noise_ceiling(gates, known, n_rounds, np.ones((1, len(known))))
    rows = np.empty((len(known), N_AGENTS, N_AGENTS + 2))
    moved = 1 - STUBBORNNESS
    rows[..., 0], rows[..., 1] = STUBBORNNESS, moved * SELF_WEIGHT
    rows[..., 2:] = moved * (1 - SELF_WEIGHT) * planted_influence(weights)
    shares = finite_influence(rows, n_rounds).mean(axis=-2)
    alike = np.corrcoef(within(shares, known)[known], within(gates.shares, known)[known])
    return limit.r2, float(alike[0, 1] ** 2)


def ceiling_table(seeds: int) -> None:
    """Print by how much the noise ceiling misses the truth, by rounds and noise."""
    print("\nNoise ceiling beside the truth")
    print("truth        rounds  noise  ceiling   truth   error")
    cases = product((4, 5, 6, 8, 12), (0.02, 0.05), ("independent", "stated"))
    for n_rounds, noise, kind in cases:
        found = [ceiling_and_truth(kind, seed, n_rounds, noise) for seed in range(seeds)]
        limit, truth = np.mean(found, axis=0)
        print(
            f"{kind:<11}{n_rounds:>8}{noise:>7}{limit:>9.2f}{truth:>8.2f}{limit - truth:>+8.2f}",
            flush=True,
        )


TABLES = {"proxies": proxies_table, "signs": signs_table, "ceiling": ceiling_table}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--table", choices=list(TABLES), help="only this one")
    given = parser.parse_args()
    for name, printed in TABLES.items():
        if given.table in (None, name):
            printed(given.seeds)


if __name__ == "__main__":
    main()
