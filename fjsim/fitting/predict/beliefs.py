"""What the law says a recorded deliberation should have looked like."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np

from fjsim.beliefs import Array
from fjsim.dynamics import FJParameters
from fjsim.errors import ParameterError
from fjsim.fitting.rows.columns import accepted_beliefs, stated_columns
from fjsim.fitting.rows.given import foreseen_hearing
from fjsim.fitting.rows.hearing import (
    INNATE,
    OWN,
    PEERS,
    HeardTurns,
    expressed_prediction,
    hearing,
    spoken_beliefs,
)
from fjsim.fitting.rows.solving import join_rows, rows_of
from fjsim.records.transcript import Transcript


class GivesRows(Protocol):
    """A fit, as far as predictions go."""

    def rows_for(self, transcript: Transcript) -> Array:
        """Return weights (n_agents, n_agents + 2), or with leading axes for items and rounds."""


Law: TypeAlias = FJParameters | GivesRows | Array | None
"""What may be rolled out; see `predicted_beliefs`."""


def predicted_beliefs(transcript: Transcript, law: Law = None, start: int = 0) -> Array:
    """Roll the law out over a recorded deliberation.

    Parameters
    ----------
    transcript : Transcript
        Gives innate beliefs, who was heard in each round, gates and their residual. In the
        attacked arm the seats in ``transcript.seats`` say what they said.
    law : FJParameters, FJFit, ndarray of shape (..., n_agents, n_agents + 2) or None
        One law for all items, or one per item in a leading axis. None takes the parameters that
        the transcript declares; an item with an undeclared benign agent comes out as NaN.
    start : int, default 0
        Last round that is taken as recorded; the law takes over after it.

    Returns
    -------
    ndarray of shape (n_items, n_rounds + 1, n_agents, n_options)
        Like ``transcript.beliefs``. An agent without innate belief stands there as recorded. Who
        spoke to whom, and through which gate, is taken as recorded in all rounds; recorded means
        of what was heard (``exposure``) only up to the first predicted round, see
        `fjsim.fitting.rows.given.foreseen_hearing`.

    Raises
    ------
    ParameterError
        If the law does not fit the transcript, or none is declared.
    """
    # A law whose weights depend on what is said has to follow its own predictions.
    roller = getattr(law, "roller", None)
    if roller is not None:
        return np.asarray(roller(transcript, start))
    return roll_out(transcript, law_rows(transcript, law), start)


def one_step_beliefs(transcript: Transcript, law: Law = None) -> Array:
    """Predict each round from the recorded one before it.

    Parameters
    ----------
    transcript, law
        As in `predicted_beliefs`.

    Returns
    -------
    ndarray like ``transcript.beliefs``
        Round 0 as recorded; NaN where the recorded past is missing.
    """
    return step_rounds(transcript, law_rows(transcript, law))


def law_rows(transcript: Transcript, law: Law) -> Array:
    """Return rows of weights for every item and round.

    Parameters
    ----------
    transcript : Transcript
        Which items and rounds.
    law
        As in `predicted_beliefs`; rows may also vary over rounds.

    Returns
    -------
    ndarray of shape (n_items or 1, n_rounds or 1, n_agents, n_agents + 2)
    """
    if law is None:
        return _declared_rows(transcript)
    if isinstance(law, FJParameters):
        rows = rows_of(law)
    elif isinstance(law, np.ndarray):
        rows = law
    else:
        rows = law.rows_for(transcript)
    n_agents = transcript.n_agents
    if rows.shape[-2:] != (n_agents, n_agents + PEERS):
        raise ParameterError(
            f"the law is for {rows.shape[-2]} agents, the transcript has {n_agents}; "
            "fit or give parameters for the same seats"
        )
    if rows.ndim == 2:
        return rows[None, None]
    return rows[:, None] if rows.ndim == 3 else rows


def _declared_rows(transcript: Transcript) -> Array:
    """Return the rows that backend or agents declare of themselves."""
    if transcript.stubbornness is None or transcript.self_weight is None:
        raise ParameterError(
            "the transcript declares no parameters; give a law, for example fit(transcript)"
        )
    influence = transcript.influence
    if influence is None:
        edges = (transcript.heard_round >= 0).any(axis=1) & ~np.eye(transcript.n_agents, dtype=bool)
        influence = edges / np.maximum(edges.sum(axis=-1, keepdims=True), 1)
    stubbornness, self_weight = transcript.stubbornness, transcript.self_weight
    if transcript.arm == "attacked" and transcript.seats:
        held = np.isin(np.arange(transcript.n_agents), transcript.seats)
        stubbornness = np.where(held, 1.0, stubbornness)
        self_weight = np.where(held, 0.0, self_weight)
    return join_rows(stubbornness, self_weight, influence)[:, None]


def apply_rows(heard: HeardTurns, at: int, rows: Array, columns: Array) -> Array:
    """Weigh one round's columns.

    Parameters
    ----------
    heard : HeardTurns
        Who was heard, for gates that renormalise.
    at : int
        Round, 1 or later.
    rows : ndarray of shape (n_items or 1, n_rounds or 1, n_agents, n_agents + 2)
    columns : ndarray of shape (n_items, n_agents, n_options, n_agents + 2)

    Returns
    -------
    ndarray of shape (n_items, n_agents, n_options)
    """
    now = rows[:, min(at, rows.shape[1]) - 1]
    if heard.sways:
        now = _renormalised(now, heard, at)
    # A column of weight 0 must not spread its NaN.
    live = np.where(now[:, :, None, :] > 0, columns, 0.0)
    return np.asarray((live @ now[..., None])[..., 0])


def _renormalised(rows: Array, hearing: HeardTurns, at: int) -> Array:
    """Give the weight that gates remove to the speakers that are still heard."""
    heard = hearing.heard[:, at - 1]
    rows = np.broadcast_to(rows, (len(heard), *rows.shape[-2:])).copy()
    before = np.where(heard, rows[..., PEERS:], 0.0)
    after = before * hearing.gate[:, at - 1]
    kept, total = after.sum(axis=-1, keepdims=True), before.sum(axis=-1, keepdims=True)
    scale = np.divide(total, kept, out=np.zeros_like(kept), where=kept > 0)
    rows[..., PEERS:] = np.where(heard & (kept > 0), after * scale, rows[..., PEERS:])
    nobody = (kept <= 0)[..., 0]
    left = np.where(nobody, total[..., 0], 0.0)
    rows[..., INNATE] += np.where(hearing.forgetful, left, 0.0)
    rows[..., OWN] += np.where(hearing.forgetful, 0.0, left)
    rows[..., PEERS:] = np.where(nobody[..., None] & heard, 0.0, rows[..., PEERS:])
    return rows


def step_rounds(transcript: Transcript, rows: Array) -> Array:
    """Predict every round from the recorded one before it; see `one_step_beliefs`."""
    heard, said = hearing(transcript), spoken_beliefs(transcript)
    predicted = transcript.beliefs.copy()
    for at in range(1, transcript.n_rounds + 1):
        own = transcript.beliefs[:, at - 1]
        predicted[:, at] = _step(heard, at, rows, transcript, own, said)[1]
    return predicted


def _step(
    heard: HeardTurns, at: int, rows: Array, transcript: Transcript, own: Array, said: Array
) -> tuple[Array, Array]:
    """Return what the rows make of one round: what is stated, and what is accepted of it."""
    innate = transcript.innate
    stated = apply_rows(heard, at, rows, stated_columns(heard, at, innate, own, said))
    return stated, accepted_beliefs(heard, at, stated, innate, own, said)


def roll_out(transcript: Transcript, rows: Array, start: int = 0) -> Array:
    """Play the rows forward from round ``start``; see `predicted_beliefs`."""
    heard = hearing(transcript)
    predicted, said = transcript.beliefs.copy(), spoken_beliefs(transcript).copy()
    # Who has no belief to start from cannot be predicted, but was heard: taken as recorded.
    given = ~transcript.valid[:, : start + 1].any(axis=1)
    given |= ~transcript.valid[:, 0]
    given |= transcript.hostile
    predicted[:, start + 1 :] = np.where(given[:, None, :, None], predicted[:, start + 1 :], np.nan)
    said[:, start + 1 :] = np.where(given[:, None, :, None], said[:, start + 1 :], np.nan)
    for at in range(start + 1, transcript.n_rounds + 1):
        foreseen = foreseen_hearing(heard, predicted, at, start)
        for _ in range(_passes(heard, at)):
            own = carried_beliefs(predicted, at)
            stated, after = _step(foreseen, at, rows, transcript, own, said)
            read = expressed_prediction(after, transcript, stated)
            predicted[:, at] = np.where(given[..., None], predicted[:, at], after)
            said[:, at] = np.where(given[..., None], said[:, at], read)
    return predicted


def _passes(heard: HeardTurns, at: int) -> int:
    """Return how often a round is evaluated: statements heard in the same round come first."""
    same_round = heard.heard[:, at - 1] & (heard.said_in[:, at - 1] == at)
    return int(same_round.shape[-1]) if same_round.any() else 1


def carried_beliefs(predicted: Array, at: int) -> Array:
    """Return the beliefs before round ``at``, a missing turn filled with the one before it.

    Parameters
    ----------
    predicted : ndarray of shape (n_items, n_rounds + 1, n_agents, n_options)
    at : int
        Round, 1 or later.

    Returns
    -------
    ndarray of shape (n_items, n_agents, n_options)
    """
    last = predicted[:, at - 1].copy()
    for earlier in range(at - 2, -1, -1):
        last = np.where(np.isnan(last).all(axis=-1, keepdims=True), predicted[:, earlier], last)
    return last
