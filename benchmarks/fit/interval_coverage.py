"""How often 95 % intervals of a pooled fit hold the truth, beside plain percentiles.

Usage: python benchmarks/fit/interval_coverage.py [--logs 200] [--questions 10 20] [--replicas 1]

Prints Markdown: coverage, and mean width in brackets, over agents and logs. Truth is a law drawn
per log: 5 agents, 4 options, 5 rounds, process noise .05, 1000 resamples.
"""

from __future__ import annotations

import os

from fjsim.beliefs import Array

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from fjsim.fitting.findings.bootstrap import bootstrap_rows, percentile_intervals
from fjsim.fitting.rows.grams import grams
from fjsim.fitting.rows.solving import finite_influence, split_rows

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "fitting"))
from synthetic_deliberations import random_beliefs, random_rows, simulated

N_AGENTS, N_OPTIONS, N_ROUNDS, N_RESAMPLES, LEVEL = 5, 4, 5, 1000, 0.95
PARAMETERS = ("stubbornness", "self-weight", "influence", "influence share")


def parameters(rows: Array) -> list[Array]:
    """Return stubbornness, self-weight, influence off the diagonal, and influence shares."""
    parts = split_rows(rows)
    between = ~np.eye(N_AGENTS, dtype=bool)
    shares = finite_influence(rows, N_ROUNDS).mean(axis=-2)
    return [parts.stubbornness, parts.self_weight, parts.influence[..., between], shares]


def study(seed: int, n_questions: int, n_replicas: int) -> tuple[Array, Array]:
    """Return (coverage, width) by parameter, of the library's intervals and of percentiles."""
    random = np.random.default_rng([seed, n_questions])
    truth = random_rows(random, N_AGENTS)
    innate = random_beliefs(random, n_questions * n_replicas, N_AGENTS, N_OPTIONS)
    log = simulated(random, truth, innate, N_ROUNDS, process_noise=0.05)
    names = tuple(f"q{item // n_replicas}" for item in range(len(innate)))
    log = replace(log, question_ids=names, replicas=np.arange(len(innate)) % n_replicas)
    drawn = bootstrap_rows(grams(log), log.question_ids, N_RESAMPLES, seed)
    ours = percentile_intervals(drawn, N_ROUNDS, LEVEL, n_questions)
    between = ~np.eye(N_AGENTS, dtype=bool)
    ends = [ours.stubbornness, ours.self_weight, ours.influence[:, between], ours.influence_shares]
    tail = (1 - LEVEL) / 2
    plain = [np.nanquantile(some, [tail, 1 - tail], axis=0) for some in parameters(drawn)]
    right = parameters(truth)
    both = [[held(*pair) for pair in zip(found, right, strict=True)] for found in (ends, plain)]
    return np.array(both[0]), np.array(both[1])


def held(ends: Array, truth: Array) -> tuple[float, float]:
    """Return the share of intervals that hold the truth, and their mean width."""
    inside = (ends[0] <= truth) & (truth <= ends[1])
    return float(inside.mean()), float((ends[1] - ends[0]).mean())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=200)
    parser.add_argument("--questions", type=int, nargs="+", default=[10, 20, 30, 60])
    parser.add_argument("--replicas", type=int, default=1)
    given = parser.parse_args()
    print(f"| questions | intervals | {' | '.join(PARAMETERS)} |")
    print("|---" * (2 + len(PARAMETERS)) + "|")
    for n_questions in given.questions:
        found = np.mean(
            [study(seed, n_questions, given.replicas) for seed in range(given.logs)], axis=0
        )
        for name, numbers in zip(("expanded", "percentile"), found, strict=True):
            cells = " | ".join(f"{inside:.3f} ({width:.3f})" for inside, width in numbers)
            print(f"| {n_questions} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
