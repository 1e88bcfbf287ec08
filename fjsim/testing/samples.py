"""What plug-ins are tried on: a team of six, a question with four options, a short record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fjsim.beliefs import Array, certain
from fjsim.contracts import Message, Record
from fjsim.dynamics import influence_matrix
from fjsim.questions import Question
from fjsim.registry import build

N_AGENTS, N_OPTIONS = 6, 4
QUESTION = Question("q", "Which one?", ("a", "b", "c", "d"), key=2)
MESSAGE = Message(
    speaker=3, round=1, answer=1, belief=certain(1, 4, 0.7), confidence=0.7, reason="Because."
)
NETWORKS = ("complete", "star", "layered")


def generator(seed: int = 0) -> np.random.Generator:
    """Return a seeded generator."""
    return np.random.default_rng(seed)


def complete() -> Array:
    """Return W of a complete graph of six."""
    return (np.ones((N_AGENTS, N_AGENTS)) - np.eye(N_AGENTS)) / (N_AGENTS - 1)


def record_of(network: str, n_rounds_done: int) -> Record:
    """Return a read-only record of some rounds in which agent 2 is missing from the last one."""
    influence = influence_matrix(build("topology", network).graph(N_AGENTS, generator()))
    stated = generator(1).dirichlet(np.ones(N_OPTIONS), size=(n_rounds_done, N_AGENTS))
    answers = stated.argmax(axis=-1)
    confidence = stated.max(axis=-1)
    stated[-1, 2], answers[-1, 2], confidence[-1, 2] = np.nan, -1, np.nan
    arrays = (np.asarray(influence, dtype=float), stated, stated.copy(), answers, confidence)
    for array in arrays:
        array.flags.writeable = False
    return Record("q", *arrays)


def reversed_options(record: Record) -> Record:
    """Return a record with the options in the other order: another record of the same graph."""
    answers = np.where(record.answers < 0, record.answers, N_OPTIONS - 1 - record.answers)
    return replace(
        record,
        stated=record.stated[..., ::-1].copy(),
        accepted=record.accepted[..., ::-1].copy(),
        answers=answers,
    )


def together_of(records: Sequence[Record]) -> Record:
    """Return several records of as many rounds as one, items in the second axis."""
    first = records[0]
    return Record(
        "",
        np.broadcast_to(first.influence, (len(records), *first.influence.shape)),
        np.stack([record.stated for record in records], axis=1),
        np.stack([record.accepted for record in records], axis=1),
        np.stack([record.answers for record in records], axis=1),
        np.stack([record.confidence for record in records], axis=1),
    )
