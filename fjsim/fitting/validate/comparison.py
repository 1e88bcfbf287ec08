"""Held-out comparison of estimators: by items, by last round, by roll-out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import ConfigError, FjsimError
from fjsim.fitting.estimators.contract import Estimator, treated
from fjsim.fitting.findings.bootstrap import question_index
from fjsim.fitting.findings.identified import ComparisonRow
from fjsim.fitting.findings.protocols import NO_CHANGE, PROTOCOLS
from fjsim.fitting.rows.given import gives_shares
from fjsim.fitting.validate.errors import (
    KL_EPSILON,
    brier,
    divergence,
    half_squared_gap,
    reliability,
    same_top,
    scored_turns,
)
from fjsim.records.transcript import Transcript
from fjsim.registry import build
from fjsim.seeds import stream

N_FOLDS = 5
N_RESAMPLES = 2000


def default_models(transcript: Transcript) -> tuple[str, ...]:
    """Return the models that stand in a comparison unless others are asked for."""
    own = "exchangeable" if transcript.exchangeable else "pooled"
    rivals = ["persistence", "group-mean", "uniform-degroot", "fitted-degroot", own]
    if not transcript.exchangeable:
        rivals += ["shrunk", "item"]
    if not transcript.exchangeable or gives_shares(transcript):
        rivals.append("bias")
    if transcript.hostile.any():
        rivals += ["by-role", "hostile-multiplier"]
    return (*rivals, "log-linear", "majority")


def compare(
    transcript: Transcript,
    models: Iterable[str | Estimator] | None = None,
    protocols: Sequence[str] = tuple(PROTOCOLS),
    seed: int = 0,
) -> tuple[ComparisonRow, ...]:
    """Compare models on turns that none of them was fitted to.

    Parameters
    ----------
    transcript : Transcript
        Control items are left out.
    models : iterable of str or Estimator, optional
        Names or estimators; default `default_models`. The first one is what ``gap`` is measured
        from.
    protocols : sequence of str
        Names from `PROTOCOLS`. Models that learn single items stand under ``last-round`` only.
    seed : int, default 0
        Seed of folds and resampling.

    Returns
    -------
    tuple of ComparisonRow
        By protocol, best first.

    Raises
    ------
    ConfigError
        If a protocol has no such name.
    """
    return held_out(transcript, models, protocols, seed).table()


@dataclass(frozen=True)
class HeldOut:
    """Scores of models on turns that none of them was fitted to.

    Parameters
    ----------
    scores : dict
        ``protocol -> model -> scores``, one entry per turn.
    still : dict
        ``protocol -> scores`` of no change.
    turns : dict
        ``protocol -> turns``.
    """

    scores: dict[str, dict[str, Scores]]
    still: dict[str, Scores]
    turns: dict[str, Turns]

    def table(self) -> tuple[ComparisonRow, ...]:
        """Return one row per model and protocol, best first."""
        rows: list[ComparisonRow] = []
        for protocol, scores in self.scores.items():
            rows += _table(protocol, scores, self.still[protocol], self.turns[protocol])
        return tuple(rows)


def held_out(
    transcript: Transcript,
    models: Iterable[str | Estimator] | None = None,
    protocols: Sequence[str] = tuple(PROTOCOLS),
    seed: int = 0,
) -> HeldOut:
    """Score models on turns that none of them was fitted to.

    Parameters
    ----------
    transcript, models, protocols, seed
        As for `compare`.

    Returns
    -------
    HeldOut
    """
    used = treated(transcript)
    makers = [_maker(model) for model in (default_models(used) if models is None else models)]
    for protocol in protocols:
        if protocol not in PROTOCOLS:
            raise ConfigError(f"no protocol '{protocol}'; there are {', '.join(PROTOCOLS)}")
    counts = {name: _scored(name, used) for name in protocols}
    there = [name for name in protocols if counts[name].any()]
    scores: dict[str, dict[str, Scores]] = {name: {} for name in there}
    for maker in makers:
        for name, predicted in _predictions(maker, used, there, seed).items():
            scores[name][maker.name] = _score(predicted, used, counts[name])
    return HeldOut(
        scores,
        {name: _score(_unchanged(used, name), used, counts[name]) for name in there},
        {name: _turns(name, used, counts[name], seed) for name in there},
    )


def _scored(protocol: str, transcript: Transcript) -> NDArray[np.bool_]:
    """Return the turns that are scored under a protocol; none where it cannot be played."""
    counts = scored_turns(transcript)
    if protocol == "last-round":
        counts[:, :-1] = False
        return counts if transcript.n_rounds > 1 else np.zeros_like(counts)
    many = len(set(transcript.question_ids)) > 1
    return counts if many else np.zeros_like(counts)


@dataclass(frozen=True)
class _Maker:
    name: str
    per_item: bool
    make: Callable[[], Estimator]


def _maker(model: str | Estimator) -> _Maker:
    if isinstance(model, Estimator):
        return _Maker(model.name, model.per_item, lambda: _without_resampling(model))
    first = build("estimator", model)
    return _Maker(model, first.per_item, lambda: _without_resampling(build("estimator", model)))


def _without_resampling(estimator: Estimator) -> Estimator:
    from copy import copy

    fresh = copy(estimator)
    if hasattr(fresh, "resamples"):
        fresh.resamples = 0
    return fresh


@dataclass(frozen=True)
class Scores:
    """Held-out scores, one entry per turn.

    Parameters
    ----------
    gap, brier, kl : ndarray of shape (n_turns,)
    top : ndarray of shape (n_turns,)
        1 where the predicted top option is the observed one; NaN where that one is tied.
    sure : ndarray of shape (n_turns,)
        Predicted probability of the predicted top option.
    """

    gap: Array
    top: Array
    sure: Array
    brier: Array
    kl: Array


def _unchanged(transcript: Transcript, protocol: str) -> Array:
    """Return the predictions of no change."""
    beliefs = transcript.beliefs.copy()
    source = transcript.beliefs[:, :1] if protocol == "rollout" else transcript.beliefs[:, :-1]
    beliefs[:, 1:] = source
    return beliefs


def folds(transcript: Transcript, seed: int) -> NDArray[np.int64]:
    """Return each item's fold; all replicas of a question share one.

    Parameters
    ----------
    transcript : Transcript
    seed : int

    Returns
    -------
    ndarray of int, shape (n_items,)
    """
    of_item = question_index(transcript.question_ids)
    order = stream(seed, "fit-folds").permutation(int(of_item.max()) + 1)
    return np.asarray((order % N_FOLDS)[of_item])


def _predictions(
    maker: _Maker, transcript: Transcript, protocols: Sequence[str], seed: int
) -> dict[str, Array]:
    """Predict turns that the model has not seen; none where it cannot be fitted."""
    found: dict[str, Array] = {}
    folded = [name for name in protocols if name != "last-round" and not maker.per_item]
    with suppress(FjsimError):
        if "last-round" in protocols:
            before = transcript.first_rounds(transcript.n_rounds - 1)
            found["last-round"] = maker.make().fit(before).predict(transcript)
    with suppress(FjsimError):
        found.update(_folded(maker, transcript, folded, seed))
    return found


def _folded(
    maker: _Maker, transcript: Transcript, protocols: Sequence[str], seed: int
) -> dict[str, Array]:
    """Fit once without each fold, and predict it under every protocol."""
    found = {name: transcript.beliefs.copy() for name in protocols}
    of_item = folds(transcript, seed)
    for fold in np.unique(of_item) if protocols else ():
        inside = of_item == fold
        learned = maker.make().fit(transcript.select(~inside))
        test = transcript.select(inside)
        for name in protocols:
            ahead = learned.rollout if name == "rollout" else learned.predict
            found[name][inside] = ahead(test)
    return found


def _score(predicted: Array, transcript: Transcript, counts: NDArray[np.bool_]) -> Scores:
    """Score predictions turn by turn."""
    guess, seen = predicted[:, 1:][counts], transcript.beliefs[:, 1:][counts]
    gap, sure = half_squared_gap(guess, seen), np.nan_to_num(guess).max(axis=-1, initial=0.0)
    if transcript.opinions:
        # An opinion is a number: its error has a unit, and there is no answer to be right about.
        none = np.full(len(gap), np.nan)
        return Scores(transcript.error_scale * gap, none, none, none, none)
    return Scores(
        gap,
        same_top(guess, seen),
        sure,
        brier(guess, seen),
        divergence(guess, seen),
    )


@dataclass(frozen=True)
class Turns:
    """Which question each scored turn belongs to, and how often a resample draws each question."""

    question: NDArray[np.int64]
    drawn: Array

    @property
    def size(self) -> Array:
        """Turns per question."""
        return np.bincount(self.question, minlength=self.drawn.shape[1]).astype(float)

    def resampled(self, values: Array) -> Array:
        """Return the mean over turns in every resample."""
        sums = np.bincount(self.question, weights=values, minlength=self.drawn.shape[1])
        return np.asarray((self.drawn @ sums) / np.maximum(self.drawn @ self.size, 1))


def _turns(protocol: str, transcript: Transcript, counts: NDArray[np.bool_], seed: int) -> Turns:
    of_item = question_index(transcript.question_ids)[:, None, None]
    question = np.broadcast_to(of_item, counts.shape)[counts]
    n_questions = int(question.max()) + 1
    rng = stream(seed, "fit-comparison", protocol)
    even = np.full(n_questions, 1 / n_questions)
    return Turns(question, rng.multinomial(n_questions, even, size=N_RESAMPLES).astype(float))


def _table(
    protocol: str, scores: dict[str, Scores], still: Scores, turns: Turns
) -> list[ComparisonRow]:
    """Turn scores into rows with paired intervals, best first; gaps are to the first model."""
    if not scores:
        return []
    first = next(iter(scores.values()))
    rows = [_row(protocol, name, found, first, still, turns) for name, found in scores.items()]
    return sorted(rows, key=lambda row: row.one_step_mse)


def _row(
    protocol: str, name: str, found: Scores, first: Scores, still: Scores, turns: Turns
) -> ComparisonRow:
    """Put one model beside no change and beside the first model."""
    gaps = turns.resampled(found.gap)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = _ends(1 - gaps / turns.resampled(still.gap))
    gap_low, gap_high = _ends(gaps - turns.resampled(first.gap))
    error, base = float(found.gap.mean()), float(still.gap.mean())
    if not base > NO_CHANGE:
        low = high = float("nan")
    return ComparisonRow(
        model=name,
        protocol=protocol,
        metric="half summed squared gap",
        one_step_mse=error,
        skill=1 - error / base if base > NO_CHANGE else float("nan"),
        low=low,
        high=high,
        top1=_mean(found.top),
        brier=_mean(found.brier),
        kl=_mean(found.kl),
        kl_epsilon=KL_EPSILON,
        calibration_error=reliability(found.sure, found.top).error,
        n_turns=len(turns.question),
        n_questions=int((turns.size > 0).sum()),
        gap=error - float(first.gap.mean()),
        gap_low=gap_low,
        gap_high=gap_high,
    )


def _mean(values: Array) -> float:
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if len(kept) else float("nan")


def _ends(values: Array) -> tuple[float, float]:
    kept = values[np.isfinite(values)]
    if not len(kept):
        return float("nan"), float("nan")
    low, high = np.quantile(kept, [0.025, 0.975])
    return float(low), float(high)
