"""The exact per-item fit beside the per-question L-BFGS-B fit, end to end, with objective gaps.

Usage: python -m benchmarks.fit.legacy [--items 300] [--agents 5] [--options 5] [--rounds 5]
           [--quick]

The estimator `legacy` takes the differences of one gradient together. The public code takes them
one by one: beside it stands the search so done, on some of the items, by its own loss where
PUBLIC_CODE names a checkout of github.com/Dormant-Neurons/MAS-Cascade.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import importlib
import sys
from time import process_time

import numpy as np
from scipy.optimize import minimize

from benchmarks.line import Line, time_of
from fjsim.beliefs import Array
from fjsim.fitting.estimators import Legacy, PerItem
from fjsim.fitting.rows.grams import grams
from fjsim.fitting.rows.simplex import closest_on_simplex
from fjsim.fitting.rows.solving import finite_influence, join_rows
from fjsim.records.transcript import Transcript

ONE_BY_ONE = 20
"""Items of the slow search."""
PUBLIC = "public code"
GOAL = 1000


def deliberation(n_items: int, n_agents: int, n_options: int, n_rounds: int) -> Transcript:
    """Draw peaked beliefs and let every item follow a law of its own, with process noise."""
    rng = np.random.default_rng(0)
    influence = rng.dirichlet(np.ones(n_agents), (n_items, n_agents)) * (1 - np.eye(n_agents))
    influence /= influence.sum(-1, keepdims=True)
    rows = join_rows(
        rng.uniform(0, 0.4, (n_items, n_agents)), rng.uniform(0.1, 0.6, (n_items, n_agents)),
        influence,
    )  # fmt: skip
    update = rows[..., 2:] + rows[..., 1, None] * np.eye(n_agents)
    innate = rng.dirichlet(np.full(n_options, 0.3), (n_items, n_agents))
    beliefs = [innate]
    for _ in range(n_rounds):
        after = update @ beliefs[-1] + rows[..., :1] * innate
        beliefs.append(closest_on_simplex(after + 0.05 * rng.standard_normal(after.shape)))
    played = np.stack(beliefs, axis=1)
    heard = np.broadcast_to(
        np.arange(n_rounds + 1)[None, :, None, None] - 1,
        (n_items, n_rounds + 1, n_agents, n_agents),
    )
    heard = np.where(np.eye(n_agents, dtype=bool), -1, heard)
    return Transcript(
        question_ids=tuple(f"q{item}" for item in range(n_items)),
        replicas=np.zeros(n_items, dtype=np.int64),
        keys=np.full(n_items, -1),
        beliefs=played,
        answers=played.argmax(-1),
        validity=np.zeros(played.shape[:3], dtype=np.int64),
        heard_round=heard,
        gates=np.ones(heard.shape),
    )


def loss(theta: Array, played: Array, innate: Array) -> float:
    """Return the one-step error of one question under stubbornness, self-weight and logits."""
    n = len(innate)
    held, kept = theta[:n, None], theta[n : 2 * n, None]
    logits = np.full((n, n), -np.inf)
    logits[~np.eye(n, dtype=bool)] = theta[2 * n :]
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    heard = (raised / raised.sum(axis=1, keepdims=True)) @ played[:-1]
    predicted = held * innate + (1 - held) * (kept * played[:-1] + (1 - kept) * heard)
    return float(((played[1:] - predicted) ** 2).mean())


def one_by_one(transcript: Transcript, n_items: int) -> tuple[str, float]:
    """Return whose loss it is, and CPU seconds per item of the search over it."""
    folder, who, searched = os.environ.get("PUBLIC_CODE"), "one by one", loss
    if folder:
        sys.path.insert(0, folder)
        public = importlib.import_module("cascade.analysis.fit_fj_complete_full")
        who, searched = PUBLIC, public.fj_loss_complete
    n = transcript.n_agents
    start = np.r_[np.full(n, 0.2), np.full(n, 0.5), np.zeros(n * (n - 1))]
    boxes = [(0.0, 1.0)] * (2 * n) + [(None, None)] * (n * (n - 1))
    began = process_time()
    for played in transcript.beliefs[:n_items]:
        minimize(
            searched,
            start,
            args=(played, played[0]),
            method="L-BFGS-B",
            bounds=boxes,
            options={"maxiter": 3000, "ftol": 1e-12},
        )
    return who, (process_time() - began) / n_items


def line(n_items: int = 100) -> Line:
    """Return what an item takes, all in, beside the search of the public code."""
    transcript = deliberation(n_items, 5, 5, 5)
    PerItem(resamples=0).fit(transcript)
    start = process_time()
    PerItem(resamples=0).fit(transcript)
    ours = (process_time() - start) / n_items
    who, single = one_by_one(transcript, 2)
    return Line(
        f"one item of 5 agents fitted, of {n_items}",
        time_of(ours),
        f"{who} {single / ours:.3g}×",
        f">= {GOAL}×" if who == PUBLIC else "",
        single / ours >= GOAL if who == PUBLIC else None,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    for name, default in (("items", 300), ("agents", 5), ("options", 5), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--quick", action="store_true", help="a tenth: shows that all runs")
    given = parser.parse_args()
    n_items = given.items // 10 if given.quick else given.items
    transcript = deliberation(n_items, given.agents, given.options, given.rounds)
    PerItem(resamples=0).fit(transcript.select(np.arange(2)))
    start = process_time()
    exact = PerItem(resamples=0).fit(transcript).result_.items
    ours = process_time() - start
    start = process_time()
    legacy = Legacy().fit(transcript)
    theirs = process_time() - start
    searched = legacy.result_.items
    assert exact is not None
    assert searched is not None
    normal = grams(transcript)
    best = normal.errors(exact.rows).sum(-1)
    gaps = normal.errors(searched.rows).sum(-1) - best
    tops = [
        finite_influence(one.rows, given.rounds).mean(-2).argmax(-1) for one in (exact, searched)
    ]
    print(f"{n_items} items, {given.agents} agents, {given.options} options")
    print(f"exact  {ours / n_items * 1e3:9.4f} ms per item, end to end")
    print(f"legacy {theirs / n_items * 1e3:9.4f} ms per item, end to end")
    print(f"ratio  {theirs / ours:9.0f} x")
    who, single = one_by_one(transcript, min(n_items, ONE_BY_ONE))
    print(f"{who} {single * 1e3:9.4f} ms per item, the search alone")
    promise = f" (>= {GOAL})" if who == PUBLIC else ""
    print(f"ratio  {single * n_items / ours:9.0f} x{promise}")
    print(f"legacy objective minus exact: least {gaps.min():.1e}, largest {gaps.max():.1e}")
    print(f"largest relative excess of the legacy objective: {(gaps / best).max():.1%}")
    print(f"items with another top influencer: {(tops[0] != tops[1]).mean():.1%}")
    print(f"legacy searches that report convergence: {legacy.converged_.mean():.1%}")


if __name__ == "__main__":
    main()
