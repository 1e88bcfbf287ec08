"""Rivals of the averaging law: beliefs that are multiplied, and the pull of a majority."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.errors import ParameterError
from fjsim.fitting.estimators.contract import Estimator, treated
from fjsim.fitting.rows.columns import columns_of_round
from fjsim.fitting.rows.given import foreseen_hearing, gives_shares, recorded_shares
from fjsim.fitting.rows.grams import design
from fjsim.fitting.rows.hearing import (
    INNATE,
    OWN,
    PEERS,
    Flags,
    HeardTurns,
    expressed_prediction,
    hearing,
    spoken_beliefs,
)
from fjsim.fitting.rows.mixtures import settled_mixture
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.records.transcript import Transcript
from fjsim.registry import register

LOG_FLOOR = 1e-6
"""Probability below which a belief's logarithm is cut."""


@dataclass(frozen=True, slots=True)
class _Round:
    """What a rival rule is given in one round."""

    heard: HeardTurns
    at: int
    columns: Array
    shares: Array
    """How each listener shares its attention, (n_items, n_agents, n_agents)."""
    given: bool
    """Whether the log gives the shares."""


class _OwnColumns(Estimator):
    """A rule that is linear in columns of its own making, fitted exactly on the simplex."""

    rows_: Array

    def _make(self, now: _Round) -> Array:
        raise NotImplementedError

    def _finish(self, mixed: Array) -> Array:
        return mixed

    def _target(self, beliefs: Array) -> Array:
        return beliefs

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row per seat; see `Estimator.fit`."""
        used = treated(transcript)
        heard, said = hearing(used), spoken_beliefs(used)
        laid_turns = design(used, lambda given, at, block: block).counts
        shares, given = recorded_shares(used), gives_shares(used)
        products: Array | None = None
        targets: Array | None = None
        for at in range(1, used.n_rounds + 1):
            own = used.beliefs[:, at - 1]
            block = columns_of_round(heard, at, used.innate, own, said)
            made = self._make(_Round(heard, at, block, shares[:, at - 1], given))
            base = made[..., [OWN]]
            keep = laid_turns[:, at - 1, :, None, None]
            columns = np.where(keep, np.nan_to_num(made - base), 0.0)
            moved = np.where(
                keep[..., 0], np.nan_to_num(self._target(used.beliefs[:, at]) - base[..., 0]), 0.0
            )
            square = np.einsum("qika,qikb->iab", columns, columns)
            aim = np.einsum("qika,qik->ia", columns, moved)
            products = square if products is None else products + square
            targets = aim if targets is None else targets + aim
        if products is None or targets is None:
            raise ParameterError("nothing to fit: the log has no round after round 0")
        if used.exchangeable:
            products[:], targets[:] = products.sum(axis=0), targets.sum(axis=0)
        self.rows_ = solve_rows(products, targets, self._allowed(used)).rows
        return self

    def _allowed(self, transcript: Transcript) -> Flags | None:
        return None

    def predict(self, transcript: Transcript) -> Array:
        """Predict each round from the recorded one before it; see `Estimator.predict`."""
        heard, said = hearing(transcript), spoken_beliefs(transcript)
        shares, known = recorded_shares(transcript), gives_shares(transcript)
        predicted = transcript.beliefs.copy()
        for at in range(1, transcript.n_rounds + 1):
            block = columns_of_round(
                heard, at, transcript.innate, transcript.beliefs[:, at - 1], said
            )
            predicted[:, at] = self._weigh(_Round(heard, at, block, shares[:, at - 1], known))
        return predicted

    def rollout(self, transcript: Transcript, start: int = 0) -> Array:
        """Predict all rounds after ``start``; see `Estimator.rollout`."""
        heard = hearing(transcript)
        predicted, said = transcript.beliefs.copy(), spoken_beliefs(transcript).copy()
        shares, known = recorded_shares(transcript), gives_shares(transcript)
        passes = transcript.n_agents if heard.sequential else 1
        given = ~transcript.valid[:, 0] | transcript.hostile
        for at in range(start + 1, transcript.n_rounds + 1):
            foreseen = foreseen_hearing(heard, predicted, at, start)
            for _ in range(passes):
                own = predicted[:, at - 1]
                block = columns_of_round(foreseen, at, transcript.innate, own, said)
                after = self._weigh(_Round(heard, at, block, shares[:, at - 1], known))
                read = expressed_prediction(after, transcript)
                predicted[:, at] = np.where(given[..., None], predicted[:, at], after)
                said[:, at] = np.where(given[..., None], said[:, at], read)
        return predicted

    def _weigh(self, now: _Round) -> Array:
        if not hasattr(self, "rows_"):
            raise ParameterError(f"{self.name} has learned nothing yet; call fit(transcript) first")
        made = self._make(now)
        return self._finish((made @ self.rows_[None, :, :, None])[..., 0])


@register("estimator", "log-linear")
@dataclass(eq=False)
class LogLinear(_OwnColumns):
    r"""Beliefs are multiplied, not averaged: geometric pooling with fitted weights.

    Parameters
    ----------
    floor : float
        Probabilities below it are cut before the logarithm.

    Notes
    -----
    :math:`b_i(t+1) \propto \exp \sum_k c_k \log x_k` over the columns of the law, weights on
    the simplex, fitted by least squares on centred log-beliefs. In a crowd peers count by their
    mean, and by the shares of attention that a log gives.
    """

    name: ClassVar[str] = "log-linear"

    floor: float = LOG_FLOOR

    def _logs(self, values: Array, axis: int) -> Array:
        present = ~np.isnan(values)
        logs = np.log(np.maximum(np.where(present, values, 1.0), self.floor))
        count = np.maximum(present.sum(axis=axis, keepdims=True), 1)
        mean = np.where(present, logs, 0.0).sum(axis=axis, keepdims=True) / count
        return np.where(present, logs - mean, np.nan)

    def _make(self, now: _Round) -> Array:
        logs = self._logs(now.columns, -2)
        return _mixed(logs, now) if self._mixes else logs

    def _target(self, beliefs: Array) -> Array:
        return self._logs(beliefs, -1)

    def _finish(self, mixed: Array) -> Array:
        top = np.nanmax(np.where(np.isnan(mixed), -np.inf, mixed), axis=-1, keepdims=True)
        raised = np.exp(mixed - np.where(np.isfinite(top), top, 0.0))
        return np.asarray(raised / np.nansum(raised, axis=-1, keepdims=True))

    def _allowed(self, transcript: Transcript) -> Flags | None:
        return None if self._mixes else hearing(transcript).columns

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row per seat; see `Estimator.fit`."""
        self._mixes = settled_mixture(transcript) is not None
        return super().fit(transcript)


def _mixed(columns: Array, now: _Round) -> Array:
    """Replace speakers by their mean; what shares lack to 1 stays with the own last belief."""
    own, shares = columns[..., OWN], now.shares[..., None]
    peers = (np.nan_to_num(columns[..., PEERS:]) @ shares)[..., 0]
    peers = peers + (1 - shares.sum(axis=-2)) * own
    return np.concatenate([columns[..., :PEERS], peers[..., None]], axis=-1)


@register("estimator", "majority")
@dataclass(eq=False)
class Majority(_OwnColumns):
    """Listeners move towards the option that most of the speakers they heard favour.

    Parameters
    ----------
    voters : {'peers', 'all'}
        Whether the listener's own last answer counts among the votes.

    Notes
    -----
    Columns: innate belief, own last belief, the winning option, and an even belief, so that any
    certainty of the adopted belief can be fitted. Where no option has most votes the own last
    belief stands for both. Votes count by the shares of attention that a log gives.
    """

    name: ClassVar[str] = "majority"

    voters: Literal["peers", "all"] = "peers"

    def _make(self, now: _Round) -> Array:
        columns = now.columns
        own = columns[..., OWN]
        tops = top_option(columns[..., PEERS:].swapaxes(-1, -2))  # (items, listener, speaker)
        options = np.arange(own.shape[-1])
        weights = now.shares if now.given else now.heard.heard[:, now.at - 1].astype(float)
        votes = ((tops[..., None] == options) * weights[..., None]).sum(axis=-2)
        if self.voters == "all":
            votes += top_option(own)[..., None] == options
        present = ~np.isnan(own)
        votes = np.where(present, votes, np.nan)
        winner = top_option(votes)
        won = (winner >= 0)[..., None]
        chosen = np.where(present, (options == winner[..., None]).astype(float), np.nan)
        even = np.where(present, 1 / np.maximum(present.sum(-1, keepdims=True), 1), np.nan)
        return np.stack(
            [columns[..., INNATE], own, np.where(won, chosen, own), np.where(won, even, own)],
            axis=-1,
        )
