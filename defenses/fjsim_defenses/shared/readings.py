"""What listeners read in the record: votes, present positions, present beliefs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Record, Scope

Options = NDArray[np.int64]
Flags = NDArray[np.bool_]

UNCLEAR = -1
"""Stands for no option: a missing turn, a tie."""


def heard_beliefs(record: Record, at: int = -1) -> Array:
    """Return the beliefs that peers read of one round, shape (..., n_agents, n_options).

    Round 0 is never blended, so it is read as stated; later rounds as accepted.
    """
    number = at % (record.round + 1)
    return np.asarray(record.stated[0] if number == 0 else record.accepted[number])


def first_votes(record: Record) -> Options:
    """Return what every seat publicly favoured in round 0, shape (..., n_agents)."""
    return top_option(record.stated[0])


def own_options(record: Record) -> Options:
    """Return what every seat itself favoured in round 0, shape (..., n_agents)."""
    return top_option(record.accepted[0])


def certainties(beliefs: Array) -> Array:
    """Return the largest probability of each belief; NaN where there is none."""
    return np.asarray(beliefs.max(axis=-1))


def median_certainty(certainty: Array) -> Array:
    """Return the median over those who voted, shape (..., 1); 1 where nobody did."""
    ordered = np.sort(certainty, axis=-1)  # NaN last
    n_voters = (~np.isnan(ordered)).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(n_voters - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, n_voters // 2 % ordered.shape[-1], axis=-1)
    return np.asarray(np.where(n_voters > 0, (low + high) / 2, 1.0))


def positions(record: Record) -> tuple[Options, ...]:
    """Return every option that a reader of the last round may take a seat to stand for.

    A speaker may state one option as its answer and put its belief on another. Who shows which
    of the two is not the defense's to know, so that it has to allow for both.

    Returns
    -------
    tuple of ndarray of int, shape (..., n_agents)
        The top of the belief first, then, where any differs from it, the answers. -1 stands for
        a position that favours no option: a missing or tied belief, or an answer stated with no
        more confidence than a guess.
    """
    tops = top_option(heard_beliefs(record))
    answers = _shown_answers(record, tops)
    return (tops,) if np.array_equal(answers, tops) else (tops, answers)


def _shown_answers(record: Record, tops: Options) -> Options:
    """Return the answers as peers read them; a blended turn speaks by its accepted belief."""
    said = np.asarray(record.answers[-1], dtype=np.int64)
    stated, accepted = record.stated[-1], record.accepted[-1]
    blended = (stated != accepted).any(axis=-1) & ~np.isnan(stated).any(axis=-1)
    guess = record.confidence[-1] <= 1 / record.stated.shape[-1]
    said = np.where(guess & ~np.isnan(record.confidence[-1]), UNCLEAR, said)
    return np.where((blended & (record.round > 0)) | (tops == UNCLEAR), tops, said)


def in_sight(influence: Array, scope: Scope) -> Flags:
    """Say whose statements count for whom, shape (..., listener, speaker).

    Parameters
    ----------
    influence : ndarray of shape (..., n_agents, n_agents)
        Zero where the listener does not hear the speaker.
    scope : {'public', 'local'}
        ``'public'``: everybody's; ``'local'``: those of own speakers and one's own.
    """
    if scope == "public":
        return np.ones_like(influence, dtype=np.bool_)
    return np.asarray((influence > 0) | np.eye(influence.shape[-1], dtype=np.bool_))


def self_trusting(gates: Array) -> Array:
    """Return the gates with ones on the diagonal: nobody distrusts itself."""
    return np.where(np.eye(gates.shape[-1], dtype=np.bool_), 1.0, gates)


def ramp(values: Array, low: float, high: float) -> Array:
    """Return 0 up to ``low``, 1 from ``high``, straight in between; a step where they meet."""
    if high <= low:
        return np.asarray(values >= high, dtype=float)
    return np.asarray(np.clip((values - low) / (high - low), 0.0, 1.0))


def distance(first: Array, second: Array) -> Array:
    """Return the total variation of two beliefs; 0 where one is missing."""
    return np.asarray(np.nan_to_num(np.abs(first - second).sum(axis=-1) / 2))
