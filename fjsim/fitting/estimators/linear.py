"""One row of weights per listener: pooled, per item, shrunk, per group, exchangeable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting.assembly import Units, assemble, item_parameters, own_units
from fjsim.fitting.bootstrap import bootstrap_rows
from fjsim.fitting.estimators.contract import RowEstimator, treated
from fjsim.fitting.grams import Grams, design, grams
from fjsim.fitting.hearing import INNATE, OWN, PEERS, Flags
from fjsim.fitting.mixtures import (
    Mixture,
    even_mixture,
    expand_rows,
    group_mixture,
    mixed_columns,
    routed_mixture,
)
from fjsim.fitting.result import FJFit
from fjsim.fitting.rows import split_rows
from fjsim.fitting.simplex import cross_entropy_row, solve_from_rows, solve_rows
from fjsim.records.transcript import Transcript
from fjsim.registry import register

DEFAULT_RESAMPLES = 2000


def refined_rows(transcript: Transcript, normal: Grams, prior: Array | None = None) -> Array:
    """Solve pooled normal equations, singular ones again from their rows.

    Parameters
    ----------
    transcript : Transcript
        Where the rows come from.
    normal : Grams
        Pooled.
    prior : ndarray of shape (n_agents, n_columns), optional

    Returns
    -------
    ndarray of shape (n_agents, n_columns)
    """
    solved = solve_rows(normal.products, normal.targets, normal.allowed, prior)
    rows = solved.rows
    doubtful = np.flatnonzero(solved.singular & (normal.turns > 0))
    if not len(doubtful):
        return rows
    laid = design(transcript)
    for listener in doubtful:
        columns = laid.columns[:, :, listener].reshape(-1, rows.shape[-1])
        rows[listener] = solve_from_rows(
            columns,
            laid.moved[:, :, listener].ravel(),
            normal.allowed[listener],
            None if prior is None else prior[listener],
        )
    return rows


@register("estimator", "pooled")
@dataclass(eq=False)
class Pooled(RowEstimator):
    r"""One set of parameters for all items: the static ensemble.

    Parameters
    ----------
    loss : {'squared', 'cross-entropy'}
        What is minimised, over turns and options.
    influence : {'auto', 'fitted', 'given'}
        Whether who is listened to is fitted, or taken from the transcript; ``auto`` takes it
        where a router changed it per item or gates renormalise.
    without_innate : bool
        Hold stubbornness at 0 (DeGroot).
    resamples : int
        Bootstrap resamples over questions; 0 for no intervals.
    level : float
        Of the intervals.
    seed : int
        Of the resampling.

    Notes
    -----
    Per listener, with :math:`c` on the simplex,

    .. math:: \min_c \sum_{t,k} (b_i(t+1) - X_t c)^2, \quad X_t = [s_i, b_i(t), b_j(t) \dots],

    a convex problem that is solved exactly. :math:`\gamma = c_0`,
    :math:`\alpha = c_1/(1-c_0)`, :math:`w = c_{peers}/\sum c_{peers}`.
    """

    name: ClassVar[str] = "pooled"

    loss: Literal["squared", "cross-entropy"] = "squared"
    influence: Literal["auto", "fitted", "given"] = "auto"
    without_innate: bool = False
    resamples: int = DEFAULT_RESAMPLES
    level: float = 0.95
    seed: int = 0

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row per seat; see `Estimator.fit`."""
        used = treated(transcript)
        mixture = routed_mixture if self._takes_influence(used) else None
        per_item = grams(used, None if mixture is None else mixed_columns(mixture))
        if self.without_innate:
            per_item = replace(per_item, allowed=_without(per_item.allowed, INNATE))
        normal = per_item.pooled()
        if mixture is None:
            rows = refined_rows(used, normal)
        else:
            rows = solve_rows(normal.products, normal.targets, normal.allowed).rows
        if self.loss == "cross-entropy":
            rows = _cross_entropy(used, normal.allowed, rows, mixture)
        draws = None
        if self.resamples:
            draws = bootstrap_rows(per_item, used.question_ids, self.resamples, self.seed, rows)
        units = own_units(rows)
        if mixture is not None:
            units, draws = _given_units(used, rows, draws)
        self.result_ = assemble(self.name, used, normal, rows, units, draws, self.level)
        if mixture is not None:
            self.result_ = replace(
                self.result_, predictor=lambda given: expand_rows(rows, mixture(given))
            )
        return self

    def _takes_influence(self, transcript: Transcript) -> bool:
        if self.influence != "auto":
            return self.influence == "given"
        routed = transcript.influence is not None and transcript.influence.ndim == 3
        gates = np.nan_to_num(transcript.gates[:, 1:], nan=1.0)
        swaying = transcript.residual == "renormalise" and transcript.stated_beliefs is None
        known = transcript.influence is not None
        return routed or (known and swaying and bool((gates < 1).any()))


def _without(allowed: Flags, column: int) -> Flags:
    kept = allowed.copy()
    kept[:, column] = False
    return kept


def _given_units(
    transcript: Transcript, rows: Array, draws: Array | None
) -> tuple[Units, Array | None]:
    """Spread rows over one mixture along the declared influence."""
    influence = transcript.influence
    assert influence is not None
    mean = influence.mean(axis=0) if influence.ndim == 3 else influence
    spread = np.concatenate([rows[:, :PEERS], rows[:, PEERS:] * mean], axis=-1)
    spread[:, OWN] = 1 - spread[:, INNATE] - spread[:, PEERS:].sum(axis=-1)
    units = Units(np.arange(len(rows)), np.clip(spread, 0, 1), given=mean)
    if draws is None:
        return units, None
    wide = np.concatenate([draws[..., :PEERS], draws[..., PEERS:] * mean], axis=-1)
    return units, wide


def _cross_entropy(
    transcript: Transcript, allowed: Flags, start: Array, mixture: Mixture | None
) -> Array:
    """Fit rows to the cross-entropy, listener by listener."""
    laid = design(transcript, None if mixture is None else mixed_columns(mixture))
    own = np.nan_to_num(transcript.beliefs[:, :-1])
    rows = start.copy()
    for listener in range(len(rows)):
        counts = laid.counts[:, :, listener]
        if not counts.any():
            continue
        base = own[:, :, listener][counts]
        columns = laid.columns[:, :, listener][counts] + base[..., None]
        observed = laid.moved[:, :, listener][counts] + base
        rows[listener] = cross_entropy_row(
            np.maximum(columns.reshape(-1, columns.shape[-1]), 0.0),
            np.maximum(observed.ravel(), 0.0),
            allowed[listener],
            start[listener],
        )
    return rows


def _item_lookup(
    transcript: Transcript, item_rows: Array, otherwise: Array
) -> tuple[dict[tuple[str, int], Array], Array]:
    """Index rows by question and replica."""
    keys = zip(transcript.question_ids, transcript.replicas.tolist(), strict=True)
    return dict(zip(keys, item_rows, strict=True)), otherwise


def _rows_by_item(
    known: dict[tuple[str, int], Array], otherwise: Array, transcript: Transcript
) -> Array:
    """Return each item's rows; the pooled ones for an item that was not fitted."""
    keys = zip(transcript.question_ids, transcript.replicas.tolist(), strict=True)
    return np.stack([known.get(key, otherwise) for key in keys])


@register("estimator", "item")
@dataclass(eq=False)
class PerItem(RowEstimator):
    """Parameters of their own for every item.

    Parameters
    ----------
    resamples : int
        Bootstrap resamples for the mean over items; 0 for no intervals.
    level : float
        Of the intervals.
    seed : int
        Of the resampling.

    Notes
    -----
    Even under one common law the estimates vary from item to item: see the null tests before
    reading that as input-dependence. Where an item does not determine a weight, the pooled row
    decides.
    """

    name: ClassVar[str] = "item"
    per_item: ClassVar[bool] = True

    resamples: int = DEFAULT_RESAMPLES
    level: float = 0.95
    seed: int = 0

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row per item and seat; see `Estimator.fit`."""
        used = treated(transcript)
        per_item = grams(used)
        normal = per_item.pooled()
        common = refined_rows(used, normal)
        rows = solve_rows(per_item.products, per_item.targets, per_item.allowed, common).rows
        self.result_ = _item_result(self, used, per_item, common, rows)
        return self


def _item_result(
    estimator: PerItem | Shrunk,
    transcript: Transcript,
    per_item: Grams,
    common: Array,
    rows: Array,
    **details: object,
) -> FJFit:
    """Make the result of a model with parameters per item."""
    normal = per_item.pooled()
    draws = None
    if estimator.resamples:
        draws = bootstrap_rows(
            per_item, transcript.question_ids, estimator.resamples, estimator.seed, common
        )
    fit = assemble(estimator.name, transcript, normal, common, None, draws, estimator.level)
    items = item_parameters(per_item, rows, transcript.n_rounds)
    known, otherwise = _item_lookup(transcript, rows, common)
    total = max(float(per_item.turns.sum()), 1.0)
    error = float(np.maximum(per_item.errors(rows), 0).sum() / total / 2)
    return replace(
        fit,
        items=items,
        one_step_mse=error,
        details=dict(details),
        predictor=lambda given: _rows_by_item(known, otherwise, given),
    )


@register("estimator", "shrunk")
@dataclass(eq=False)
class Shrunk(RowEstimator):
    r"""Parameters per item, shrunk towards the pooled ones as far as held-out rounds advise.

    Parameters
    ----------
    strengths : tuple of float
        Candidates, relative to the mean information of one item; larger pulls harder.
    resamples : int
        Bootstrap resamples; 0 for no intervals.
    level : float
        Of the intervals.
    seed : int
        Of the resampling.

    Notes
    -----
    Minimises the item's squared error plus :math:`\lambda\|c - c_{pooled}\|^2`. The last round
    of every item chooses :math:`\lambda`; with a single round a hundredfold information is used.
    """

    name: ClassVar[str] = "shrunk"
    per_item: ClassVar[bool] = True

    strengths: tuple[float, ...] = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
    resamples: int = DEFAULT_RESAMPLES
    level: float = 0.95
    seed: int = 0

    def fit(self, transcript: Transcript) -> Self:
        """Learn the strength, then one row per item and seat; see `Estimator.fit`."""
        used = treated(transcript)
        per_item = grams(used)
        common = refined_rows(used, per_item.pooled())
        self.strength_ = self._choose(used)
        rows = shrunk_rows(per_item, common, self.strength_)
        self.result_ = _item_result(
            self, used, per_item, common, rows, shrinkage_strength=self.strength_
        )
        return self

    def _choose(self, transcript: Transcript) -> float:
        """Return the strength that predicts the last round best."""
        if transcript.n_rounds < 2:
            return max(self.strengths)
        before = grams(transcript.first_rounds(transcript.n_rounds - 1))
        whole = grams(transcript)
        last = whole - before
        common = refined_rows(transcript, before.pooled())
        errors = [
            float(last.errors(shrunk_rows(before, common, strength)).sum())
            for strength in self.strengths
        ]
        return float(self.strengths[int(np.argmin(errors))])


def shrunk_rows(per_item: Grams, common: Array, strength: float) -> Array:
    """Return per-item rows pulled towards common ones.

    Parameters
    ----------
    per_item : Grams
    common : ndarray of shape (n_agents, n_columns)
    strength : float
        Relative to the mean diagonal entry of one item's Gram matrix.

    Returns
    -------
    ndarray of shape (n_items, n_agents, n_columns)
    """
    width = common.shape[-1]
    size = float(np.trace(per_item.products, axis1=-2, axis2=-1).mean()) / width
    pull = strength * max(size, 1e-12)
    products = per_item.products + pull * np.eye(width)
    return solve_rows(products, per_item.targets + pull * common, per_item.allowed, common).rows


@register("estimator", "group")
@dataclass(eq=False)
class Grouped(RowEstimator):
    """One set of parameters per group of seats: same model, same persona, same role.

    Parameters
    ----------
    groups : tuple of str
        Group of each seat; empty for one group of all.
    resamples : int
        Bootstrap resamples over questions; 0 for no intervals.
    level : float
        Of the intervals.
    seed : int
        Of the resampling.

    Notes
    -----
    A listener's row has one weight per group of speakers, its members weighed alike.
    """

    name: ClassVar[str] = "group"

    groups: tuple[str, ...] = ()
    resamples: int = DEFAULT_RESAMPLES
    level: float = 0.95
    seed: int = 0

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row per group; see `Estimator.fit`."""
        of_seat = self._numbers(transcript.n_agents)
        self.result_ = _fit_mixture(
            self, treated(transcript), group_mixture(of_seat), of_seat, identity=True
        )
        return self

    def _numbers(self, n_agents: int) -> NDArray[np.int64]:
        """Return the group of each seat as a number."""
        if not self.groups:
            return np.zeros(n_agents, dtype=np.int64)
        if len(self.groups) != n_agents:
            raise ParameterError(
                f"groups names {len(self.groups)} seats, the transcript has {n_agents}; "
                "give one group per seat"
            )
        known = {name: at for at, name in enumerate(dict.fromkeys(self.groups))}
        return np.array([known[name] for name in self.groups], dtype=np.int64)


@register("estimator", "exchangeable")
@dataclass(eq=False)
class Exchangeable(RowEstimator):
    """One stubbornness and one self-weight for everybody; peers count by their mean.

    Parameters
    ----------
    without_innate : bool
        Hold stubbornness at 0 (DeGroot).
    resamples : int
        Bootstrap resamples over questions; 0 for no intervals.
    level : float
        Of the intervals.
    seed : int
        Of the resampling.

    Notes
    -----
    For crowds whose members differ from item to item: influence between seats is not defined.
    """

    name: ClassVar[str] = "exchangeable"

    without_innate: bool = False
    resamples: int = DEFAULT_RESAMPLES
    level: float = 0.95
    seed: int = 0

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row for all; see `Estimator.fit`."""
        of_seat = np.zeros(transcript.n_agents, dtype=np.int64)
        self.result_ = _fit_mixture(
            self, treated(transcript), even_mixture, of_seat, identity=False
        )
        return self


def _fit_mixture(
    estimator: Grouped | Exchangeable,
    transcript: Transcript,
    mixture: Mixture,
    of_seat: NDArray[np.int64],
    identity: bool,
) -> FJFit:
    """Fit one row per group of listeners over mixtures of speakers."""
    per_item = summed_listeners(grams(transcript, mixed_columns(mixture)), of_seat)
    if isinstance(estimator, Exchangeable) and estimator.without_innate:
        per_item = replace(per_item, allowed=_without(per_item.allowed, INNATE))
    normal = per_item.pooled()
    rows = solve_rows(normal.products, normal.targets, normal.allowed).rows
    weights = mixture(transcript)
    typical = _typical(weights)
    full = _spread(rows[of_seat], typical)
    draws = None
    if estimator.resamples:
        drawn = bootstrap_rows(
            per_item, transcript.question_ids, estimator.resamples, estimator.seed, rows
        )
        draws = np.stack([_spread(draw[of_seat], typical) for draw in drawn])
    units = Units(of_seat, full, influence_known=identity)
    fit = assemble(
        estimator.name, transcript, normal, rows, units, draws, estimator.level,
        details={"mixture_rows": rows.tolist()},
    )  # fmt: skip
    return replace(fit, predictor=lambda given: expand_rows(rows[of_seat], mixture(given)))


def summed_listeners(per_item: Grams, of_seat: NDArray[np.int64]) -> Grams:
    """Add up the listeners of one group."""
    member = np.eye(int(of_seat.max()) + 1)[of_seat]

    def total(values: Array) -> Array:
        return np.asarray(np.moveaxis(np.tensordot(values, member, axes=(1, 0)), -1, 1))

    allowed = (member.T @ per_item.allowed) > 0
    return Grams(
        total(per_item.products),
        total(per_item.targets),
        total(per_item.power),
        total(per_item.turns),
        total(per_item.freedom),
        allowed,
    )


def _typical(weights: Array) -> Array:
    """Return mixture weights averaged over the turns in which somebody was heard."""
    heard = weights.sum(axis=-2, keepdims=True) > 0
    count = np.maximum(heard.sum(axis=(0, 1)), 1)
    return np.asarray(weights.sum(axis=(0, 1)) / count)


def _spread(rows: Array, typical: Array) -> Array:
    """Return rows over speakers from rows over mixtures and typical mixture weights."""
    return np.asarray(expand_rows(rows, typical[None, None])[0, 0])


__all__ = ["Exchangeable", "Grouped", "PerItem", "Pooled", "Shrunk", "refined_rows", "split_rows"]
