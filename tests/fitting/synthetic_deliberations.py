"""Deliberations with known parameters: fixed seeds, one plain function per family."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS
from fjsim.fitting.rows.simplex import closest_on_simplex
from fjsim.fitting.rows.solving import join_rows
from fjsim.records.transcript import Transcript


def random_rows(
    rng: np.random.Generator,
    n_agents: int,
    stubbornness: tuple[float, float] = (0.05, 0.6),
    self_weight: tuple[float, float] = (0.1, 0.6),
) -> Array:
    """Draw a law; shape (n_agents, n_agents + 2)."""
    influence = rng.dirichlet(np.ones(n_agents), n_agents)
    np.fill_diagonal(influence, 0)
    influence /= influence.sum(1, keepdims=True)
    return join_rows(
        rng.uniform(*stubbornness, n_agents), rng.uniform(*self_weight, n_agents), influence
    )


def random_beliefs(
    rng: np.random.Generator, n_items: int, n_agents: int, n_options: int, spread: float = 1.0
) -> Array:
    """Draw innate beliefs; spread 0 makes all agents agree."""
    shared = rng.dirichlet(np.full(n_options, 0.5), (n_items, 1))
    own = rng.dirichlet(np.full(n_options, 0.5), (n_items, n_agents))
    return (1 - spread) * shared + spread * own


def transcript_of(beliefs: Array, heard_round: NDArray[np.int64] | None = None) -> Transcript:
    """Wrap beliefs of shape (items, rounds + 1, agents, options); synchronous, complete graph."""
    n_items, n_times, n_agents, _ = beliefs.shape
    if heard_round is None:
        rounds = np.arange(n_times)[None, :, None, None] - 1
        heard_round = np.broadcast_to(rounds, (n_items, n_times, n_agents, n_agents)).copy()
        heard_round[:, :, np.arange(n_agents), np.arange(n_agents)] = -1
    missing = np.isnan(beliefs).all(axis=-1)
    answers = np.where(missing, -1, np.nan_to_num(beliefs).argmax(axis=-1))
    return Transcript(
        question_ids=tuple(f"q{item}" for item in range(n_items)),
        replicas=np.zeros(n_items, dtype=np.int64),
        keys=np.zeros(n_items, dtype=np.int64),
        beliefs=beliefs,
        answers=answers,
        validity=np.where(missing, 3, 0),
        heard_round=heard_round,
        gates=np.ones((n_items, n_times, n_agents, n_agents)),
    )


def path(
    rng: np.random.Generator,
    rows: Array,
    innate: Array,
    n_rounds: int,
    process_noise: float = 0.0,
    observation_noise: float = 0.0,
) -> Array:
    """Play rows, one set for all items or one per item, in a synchronous complete graph."""
    n_agents = rows.shape[-2]
    update = rows[..., PEERS:] + rows[..., OWN, None] * np.eye(n_agents)
    beliefs = [innate]
    for _ in range(n_rounds):
        after = update @ beliefs[-1] + rows[..., INNATE, None] * innate
        if process_noise:
            after = closest_on_simplex(after + process_noise * rng.standard_normal(after.shape))
        beliefs.append(after)
    played = np.stack(beliefs, axis=1)
    if observation_noise:
        played = closest_on_simplex(played + observation_noise * rng.standard_normal(played.shape))
    return played


def simulated(
    rng: np.random.Generator,
    rows: Array,
    innate: Array,
    n_rounds: int,
    process_noise: float = 0.0,
    observation_noise: float = 0.0,
) -> Transcript:
    """Play rows and wrap the beliefs."""
    return transcript_of(path(rng, rows, innate, n_rounds, process_noise, observation_noise))
