"""Takeover and the end of a deliberation, predicted from what was recorded before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import FjsimError, ParameterError
from fjsim.fitting.estimators.grouped import Exchangeable
from fjsim.fitting.estimators.per_item import Shrunk
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.predict.beliefs import predicted_beliefs
from fjsim.fitting.rows.hearing import unplaced_turns
from fjsim.fitting.validate.errors import half_squared_gap
from fjsim.records.transcript import Transcript

FIRST_SHARE = 0.7
"""Share of the rounds from which the rest is predicted."""


def first_share(transcript: Transcript, share: float = FIRST_SHARE) -> int:
    """Return the last round of the first part, ``floor(share * n_rounds)``, at least 1."""
    return max(int(np.floor(share * transcript.n_rounds + 1e-9)), min(1, transcript.n_rounds))


def quick_fit(transcript: Transcript) -> FJFit:
    """Return each item's fit, shrunk to the pooled one, without intervals.

    Parameters
    ----------
    transcript : Transcript
        A crowd, whose people differ from item to item, gets one row for all.

    Notes
    -----
    How far items are pulled together is chosen on held-out rounds: agents that are alike on all
    questions end up pooled, and agents that hold on some and yield on others do not. A pooled
    fit of the latter predicts a takeover that none of them has.

    Returns
    -------
    FJFit

    Raises
    ------
    ParameterError
        If there is nothing to fit.
    """
    if transcript.exchangeable:
        return Exchangeable(resamples=0).fit(transcript).result_
    return Shrunk(resamples=0).fit(transcript).result_


@dataclass(frozen=True)
class FittedPrediction:
    """The law's beliefs in both arms, from fitted parameters.

    Parameters
    ----------
    fit : FJFit
        What was fitted.
    attacked, clean : ndarray like ``transcript.beliefs``
        Beliefs that the law gives for the same innate beliefs; what was recorded up to ``start``.
    start : int
        Last recorded round that the prediction takes over from; 0 for the innate beliefs.
    """

    fit: FJFit
    attacked: Array
    clean: Array
    start: int


def fitted_on_clean(clean: Transcript, attacked: Transcript) -> FittedPrediction:
    """Predict both arms with parameters fitted on the clean one.

    Parameters
    ----------
    clean, attacked : Transcript
        The arms of one run.

    Returns
    -------
    FittedPrediction
        Rolled out from round 0.

    Raises
    ------
    ParameterError
        If there is nothing to fit.
    """
    fit = quick_fit(clean)
    return FittedPrediction(fit, predicted_beliefs(attacked, fit), predicted_beliefs(clean, fit), 0)


def fitted_on_first_rounds(
    clean: Transcript, attacked: Transcript, share: float = FIRST_SHARE
) -> FittedPrediction:
    """Predict the attacked arm's end from its own first rounds.

    Parameters
    ----------
    clean, attacked : Transcript
        The arms of one run.
    share : float, default 0.7
        Rounds 0 to ``floor(share * n_rounds)`` are fitted, per arm.

    Returns
    -------
    FittedPrediction
        Rolled out from the last fitted round; the clean arm by a fit of its own first rounds.

    Raises
    ------
    ParameterError
        If there is nothing to fit, for example after round 0.
    """
    last = first_share(attacked, share)
    fit = quick_fit(attacked.first_rounds(last))
    start = first_share(clean, share)
    other = quick_fit(clean.first_rounds(start))
    return FittedPrediction(
        fit,
        predicted_beliefs(attacked, fit, last),
        predicted_beliefs(clean, other, start),
        last,
    )


@dataclass(frozen=True)
class MiddleForecast:
    """Errors of predicting a deliberation's end from a middle round.

    Parameters
    ----------
    start : int
        Last round that was fitted.
    rollout_error, persistence_error : float
        Mean half summed squared gap in the last round: of the law rolled out from ``start``, and
        of keeping round ``start``.
    one_step_errors, one_step_persistence : ndarray of shape (n_rounds - start,)
        One step ahead, then refitted with the round just seen; and keeping the last round.
    rounds : ndarray of int, shape (n_rounds - start,)
        Rounds that the one-step errors belong to.
    n_turns : int
        Turns in the last round that count.
    """

    start: int
    rollout_error: float
    persistence_error: float
    one_step_errors: Array
    one_step_persistence: Array
    rounds: NDArray[np.int64]
    n_turns: int


def forecast_from_middle(transcript: Transcript, share: float = FIRST_SHARE) -> MiddleForecast:
    """Fit the first rounds, roll out to the end, and step ahead with updates, beside persistence.

    Parameters
    ----------
    transcript : Transcript
    share : float, default 0.7
        Share of the rounds that is fitted.

    Returns
    -------
    MiddleForecast

    Raises
    ------
    ParameterError
        If no round is left to predict.
    """
    start = first_share(transcript, share)
    if start >= transcript.n_rounds:
        raise ParameterError(
            f"nothing to predict: {transcript.n_rounds} rounds, fitted up to round {start}; "
            "record at least 2 rounds"
        )
    fit = quick_fit(transcript.first_rounds(start))
    rolled = predicted_beliefs(transcript, fit, start)
    last = transcript.n_rounds
    errors, still = [], []
    for at in range(start, last):
        fit = quick_fit(transcript.first_rounds(at))
        seen = transcript.first_rounds(at + 1)
        ahead = predicted_beliefs(seen, fit, at)[:, -1]
        errors.append(_mean_gap(transcript, at + 1, ahead))
        still.append(_mean_gap(transcript, at + 1, transcript.beliefs[:, at]))
    return MiddleForecast(
        start,
        _mean_gap(transcript, last, rolled[:, -1]),
        _mean_gap(transcript, last, transcript.beliefs[:, start]),
        np.array(errors),
        np.array(still),
        np.arange(start + 1, last + 1, dtype=np.int64),
        int(_counted(transcript, last, rolled[:, -1]).sum()),
    )


def _counted(transcript: Transcript, at: int, predicted: Array) -> Array:
    """Return which seats count in one round: fitted ones with belief and prediction."""
    held = transcript.hostile
    there = ~np.isnan(predicted).all(axis=-1)
    known = transcript.valid[:, at] & ~unplaced_turns(transcript)[:, at - 1]
    return np.asarray(known & there & ~held)


def _mean_gap(transcript: Transcript, at: int, predicted: Array) -> float:
    counts = _counted(transcript, at, predicted)
    if not counts.any():
        return float("nan")
    return float(half_squared_gap(predicted[counts], transcript.beliefs[:, at][counts]).mean())


@dataclass(frozen=True)
class FittedPair:
    """Predictions from fitted parameters; None where there is nothing to fit, with the reason.

    Parameters
    ----------
    clean, first_rounds : FittedPrediction or None
    problems : dict of str to str
        Why one is None.
    """

    clean: FittedPrediction | None
    first_rounds: FittedPrediction | None
    problems: dict[str, str]


def fitted_prediction(clean: Transcript | None, attacked: Transcript) -> FittedPair:
    """Return both fitted predictions of a run, for takeover predicted beside observed.

    Parameters
    ----------
    clean : Transcript or None
        The clean arm; None where it was not run.
    attacked : Transcript

    Returns
    -------
    FittedPair
    """
    if clean is None:
        reason = "no clean arm was run"
        return FittedPair(None, None, {"clean": reason, "first_rounds": reason})
    found: dict[str, FittedPrediction | None] = {"clean": None, "first_rounds": None}
    problems: dict[str, str] = {}
    for name, make in (("clean", fitted_on_clean), ("first_rounds", fitted_on_first_rounds)):
        try:
            found[name] = make(clean, attacked)
        except FjsimError as error:
            problems[name] = str(error)
    return FittedPair(found["clean"], found["first_rounds"], problems)


__all__ = [
    "FittedPair",
    "FittedPrediction",
    "MiddleForecast",
    "fitted_on_clean",
    "fitted_on_first_rounds",
    "fitted_prediction",
    "forecast_from_middle",
    "quick_fit",
]
