"""Simpler or rival accounts of the same turns, held to the same measure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.estimators.contract import Estimator, RowEstimator
from fjsim.fitting.estimators.grouped import Exchangeable
from fjsim.fitting.estimators.pooled import Pooled
from fjsim.fitting.estimators.resampled import DEFAULT_RESAMPLES
from fjsim.fitting.predict.beliefs import roll_out, step_rounds
from fjsim.fitting.rows.given import recorded_shares
from fjsim.fitting.rows.hearing import OWN, PEERS
from fjsim.records.transcript import Transcript
from fjsim.registry import register


class _Fixed(Estimator):
    """Weights that nothing is learned for."""

    def fit(self, transcript: Transcript) -> Self:
        """Learn nothing; see `Estimator.fit`."""
        return self

    def predict(self, transcript: Transcript) -> Array:
        """Predict each round from the recorded one before it; see `Estimator.predict`."""
        return step_rounds(transcript, self._rows_of(transcript))

    def rollout(self, transcript: Transcript, start: int = 0) -> Array:
        """Predict all rounds after ``start``; see `Estimator.rollout`."""
        return roll_out(transcript, self._rows_of(transcript), start)

    def _rows_of(self, transcript: Transcript) -> Array:
        raise NotImplementedError


def _even_rows(transcript: Transcript, own: float) -> Array:
    """Return rows with a fixed own weight and the rest over who was heard, even or as given."""
    shares = recorded_shares(transcript)
    rows = np.zeros((*shares.shape[:-1], shares.shape[-1] + PEERS))
    rows[..., PEERS:] = (1 - own) * shares
    rows[..., OWN] = 1 - rows[..., PEERS:].sum(axis=-1)
    return rows


@register("estimator", "persistence")
@dataclass(eq=False)
class Persistence(_Fixed):
    """Nobody changes: the next belief is the last one."""

    name: ClassVar[str] = "persistence"

    def _rows_of(self, transcript: Transcript) -> Array:
        rows = np.zeros((1, 1, transcript.n_agents, transcript.n_agents + PEERS))
        rows[..., OWN] = 1.0
        return rows


@register("estimator", "group-mean")
@dataclass(eq=False)
class GroupMean(_Fixed):
    """Everybody takes the mean of its own last belief and all it heard, each counted once.

    Shares of attention that a log gives say only who was heard.
    """

    name: ClassVar[str] = "group-mean"

    def _rows_of(self, transcript: Transcript) -> Array:
        heard = (recorded_shares(transcript) > 0).astype(float)
        rows = np.zeros((*heard.shape[:-1], heard.shape[-1] + PEERS))
        rows[..., PEERS:] = heard / (1 + heard.sum(axis=-1, keepdims=True))
        rows[..., OWN] = 1 - rows[..., PEERS:].sum(axis=-1)
        return rows


@register("estimator", "uniform-degroot")
@dataclass(eq=False)
class UniformDeGroot(_Fixed):
    """Half of oneself, half of the mean of what was heard; nothing is fitted.

    Parameters
    ----------
    own : float
        Weight on the own last belief, in [0, 1].
    """

    name: ClassVar[str] = "uniform-degroot"

    own: float = 0.5

    def _rows_of(self, transcript: Transcript) -> Array:
        return _even_rows(transcript, self.own)


@register("estimator", "fitted-degroot")
@dataclass(eq=False)
class FittedDeGroot(RowEstimator):
    """The law without stubbornness, fitted: what Friedkin-Johnsen has to beat.

    Parameters
    ----------
    resamples : int
        Bootstrap resamples; 0 for no intervals.

    Notes
    -----
    In a crowd one self-weight is fitted for everybody and peers count by their mean.
    """

    name: ClassVar[str] = "fitted-degroot"

    resamples: int = DEFAULT_RESAMPLES

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row per seat with the innate belief left out; see `Estimator.fit`."""
        inner: RowEstimator = (
            Exchangeable(without_innate=True, resamples=self.resamples)
            if transcript.exchangeable
            else Pooled(without_innate=True, resamples=self.resamples)
        )
        self.result_ = replace(inner.fit(transcript).result_, model=self.name)
        return self
