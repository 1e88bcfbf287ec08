"""What every estimator can do: fit, predict, roll out, score, summary."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.predict.beliefs import law_rows, roll_out, step_rounds
from fjsim.fitting.validate.errors import half_squared_gap, scored_turns
from fjsim.records.transcript import Transcript


class Estimator(ABC):
    """An estimator in scikit-learn's sense: creation only stores, ``fit`` learns.

    Attributes
    ----------
    result_ : FJFit
        The fitted parameters; estimators outside the law have none.
    """

    name: ClassVar[str] = ""
    per_item: ClassVar[bool] = False
    """Whether what is learned belongs to single items, so that new items cannot be predicted."""

    @abstractmethod
    def fit(self, transcript: Transcript) -> Self:
        """Learn from a transcript.

        Parameters
        ----------
        transcript : Transcript

        Returns
        -------
        Estimator
            Itself.
        """

    @abstractmethod
    def predict(self, transcript: Transcript) -> Array:
        """Predict each round from the recorded one before it.

        Parameters
        ----------
        transcript : Transcript

        Returns
        -------
        ndarray like ``transcript.beliefs``
        """

    @abstractmethod
    def rollout(self, transcript: Transcript, start: int = 0) -> Array:
        """Predict all rounds after ``start`` from the beliefs up to it.

        Parameters
        ----------
        transcript : Transcript
        start : int, default 0
            Last round that is taken as recorded.

        Returns
        -------
        ndarray like ``transcript.beliefs``
        """

    def score(self, transcript: Transcript) -> float:
        """Return the skill of the one-step predictions against predicting no change.

        Parameters
        ----------
        transcript : Transcript

        Returns
        -------
        float
            ``1 - error / persistence error``: 1 is perfect, 0 as good as no change.
        """
        counts = scored_turns(transcript)
        observed = transcript.beliefs[:, 1:][counts]
        gap = half_squared_gap(self.predict(transcript)[:, 1:][counts], observed).mean()
        still = half_squared_gap(transcript.beliefs[:, :-1][counts], observed).mean()
        return float(1 - gap / still) if still > 0 else float("nan")

    def summary(self) -> str:
        """Return what was learned as plain text."""
        return f"{self.name}: {self!r}"


class RowEstimator(Estimator):
    """An estimator whose predictions are weighted means of what a listener had before it."""

    result_: FJFit

    def predict(self, transcript: Transcript) -> Array:
        """Predict each round from the recorded one before it; see `Estimator.predict`."""
        return step_rounds(transcript, law_rows(transcript, self._fitted()))

    def rollout(self, transcript: Transcript, start: int = 0) -> Array:
        """Predict all rounds after ``start``; see `Estimator.rollout`."""
        return roll_out(transcript, law_rows(transcript, self._fitted()), start)

    def summary(self) -> str:
        """Return the fitted parameters as a table."""
        return self._fitted().summary()

    def _fitted(self) -> FJFit:
        if not hasattr(self, "result_"):
            raise ParameterError(f"{self.name} has learned nothing yet; call fit(transcript) first")
        return self.result_


def treated(transcript: Transcript) -> Transcript:
    """Return the items in which somebody may have heard somebody.

    Parameters
    ----------
    transcript : Transcript

    Returns
    -------
    Transcript
        Without control items, unless all are.
    """
    if transcript.control is None or not transcript.control.any() or transcript.control.all():
        return transcript
    kept = transcript.select(~transcript.control)
    return replace(kept, control=np.zeros(kept.n_items, dtype=bool))
