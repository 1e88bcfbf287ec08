"""Held-out comparison of estimators: by items, by last round, by roll-out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import ConfigError, FjsimError
from fjsim.fitting.estimators.contract import Estimator, treated
from fjsim.fitting.findings.bootstrap import question_index
from fjsim.fitting.findings.identified import ComparisonRow
from fjsim.fitting.validate.errors import (
    KL_EPSILON,
    brier,
    divergence,
    half_squared_gap,
    same_top,
    scored_turns,
)
from fjsim.records.transcript import Transcript
from fjsim.registry import build
from fjsim.seeds import stream

Holdout = Literal["held-out-questions", "last-round", "rollout"]

N_FOLDS = 5
N_RESAMPLES = 2000

PROTOCOLS: dict[str, str] = {
    "held-out-questions": "5 folds over questions, one step ahead",
    "last-round": "fitted without the last round, which is then predicted one step ahead",
    "rollout": "5 folds over questions, all rounds predicted from round 0",
}
"""Named protocols, and what each holds out."""


def default_models(transcript: Transcript) -> tuple[str, ...]:
    """Return the models that stand in a comparison unless others are asked for."""
    own = "exchangeable" if transcript.exchangeable else "pooled"
    rivals = ["persistence", "group-mean", "uniform-degroot", "fitted-degroot", own]
    if not transcript.exchangeable:
        rivals += ["shrunk", "item", "bias"]
    if transcript.hostile.any():
        rivals += ["by-role", "hostile-multiplier"]
    return (*rivals, "log-linear", "majority")


def compare(
    transcript: Transcript,
    models: Iterable[str | Estimator] | None = None,
    protocols: Sequence[str] = ("held-out-questions", "last-round", "rollout"),
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
    used = treated(transcript)
    chosen = list(default_models(used) if models is None else models)
    makers = [_maker(model) for model in chosen]
    rows: list[ComparisonRow] = []
    for protocol in protocols:
        if protocol not in PROTOCOLS:
            raise ConfigError(f"no protocol '{protocol}'; there are {', '.join(PROTOCOLS)}")
        rows += _rows(protocol, makers, used, seed)
    return tuple(rows)


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
class _Scores:
    """Held-out scores, one entry per turn."""

    gap: Array
    top: Array
    brier: Array
    kl: Array


def _rows(
    protocol: str, makers: list[_Maker], transcript: Transcript, seed: int
) -> list[ComparisonRow]:
    """Score every model under one protocol."""
    counts = scored_turns(transcript)
    if protocol == "last-round":
        if transcript.n_rounds < 2:
            return []
        last = counts.copy()
        last[:, :-1] = False
        counts = last
    if not counts.any():
        return []
    n_questions = int(question_index(transcript.question_ids).max()) + 1
    if protocol != "last-round" and n_questions < 2:
        return []
    scores: dict[str, _Scores] = {}
    for maker in makers:
        if maker.per_item and protocol != "last-round":
            continue
        predicted = _held_out(protocol, maker, transcript, seed)
        if predicted is not None:
            scores[maker.name] = _score(predicted, transcript, counts)
    still = _score(_unchanged(transcript, protocol), transcript, counts)
    return _table(protocol, scores, still, _turns(protocol, transcript, counts, seed))


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


def _held_out(protocol: str, maker: _Maker, transcript: Transcript, seed: int) -> Array | None:
    """Predict turns that the model has not seen; None where it cannot be fitted."""
    try:
        if protocol == "last-round":
            before = transcript.first_rounds(transcript.n_rounds - 1)
            return maker.make().fit(before).predict(transcript)
        predicted = transcript.beliefs.copy()
        of_item = folds(transcript, seed)
        for fold in np.unique(of_item):
            inside = of_item == fold
            learned = maker.make().fit(transcript.select(~inside))
            test = transcript.select(inside)
            ahead = learned.rollout if protocol == "rollout" else learned.predict
            predicted[inside] = ahead(test)
        return predicted
    except FjsimError:
        return None


def _score(predicted: Array, transcript: Transcript, counts: NDArray[np.bool_]) -> _Scores:
    """Score predictions turn by turn."""
    guess, seen = predicted[:, 1:][counts], transcript.beliefs[:, 1:][counts]
    gap = half_squared_gap(guess, seen)
    if transcript.opinions:
        # An opinion is a number: its error has a unit, and there is no answer to be right about.
        none = np.full(len(gap), np.nan)
        return _Scores(transcript.error_scale * gap, none, none, none)
    return _Scores(
        gap,
        same_top(guess, seen),
        brier(guess, seen),
        divergence(guess, seen),
    )


@dataclass(frozen=True)
class _Turns:
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


def _turns(protocol: str, transcript: Transcript, counts: NDArray[np.bool_], seed: int) -> _Turns:
    of_item = question_index(transcript.question_ids)[:, None, None]
    question = np.broadcast_to(of_item, counts.shape)[counts]
    n_questions = int(question.max()) + 1
    rng = stream(seed, "fit-comparison", protocol)
    even = np.full(n_questions, 1 / n_questions)
    return _Turns(question, rng.multinomial(n_questions, even, size=N_RESAMPLES).astype(float))


def _table(
    protocol: str, scores: dict[str, _Scores], still: _Scores, turns: _Turns
) -> list[ComparisonRow]:
    """Turn scores into rows with paired intervals, best first; gaps are to the first model."""
    if not scores:
        return []
    first = next(iter(scores.values()))
    rows = [_row(protocol, name, found, first, still, turns) for name, found in scores.items()]
    return sorted(rows, key=lambda row: row.one_step_mse)


def _row(
    protocol: str, name: str, found: _Scores, first: _Scores, still: _Scores, turns: _Turns
) -> ComparisonRow:
    """Put one model beside no change and beside the first model."""
    gaps = turns.resampled(found.gap)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = _ends(1 - gaps / turns.resampled(still.gap))
    gap_low, gap_high = _ends(gaps - turns.resampled(first.gap))
    error, base = float(found.gap.mean()), float(still.gap.mean())
    return ComparisonRow(
        model=name,
        protocol=protocol,
        metric="half summed squared gap",
        one_step_mse=error,
        skill=1 - error / base if base > 0 else float("nan"),
        low=low,
        high=high,
        top1=_mean(found.top),
        brier=_mean(found.brier),
        kl=_mean(found.kl),
        kl_epsilon=KL_EPSILON,
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
