"""A further source that pulls every agent: a bias of the model, an attractor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.estimators.contract import RowEstimator, treated
from fjsim.fitting.findings.assembly import Units, assemble, given_units
from fjsim.fitting.findings.bootstrap import question_index
from fjsim.fitting.rows.columns import columns_of_round
from fjsim.fitting.rows.given import foreseen_hearing
from fjsim.fitting.rows.grams import Columns, Design, design, grams
from fjsim.fitting.rows.hearing import OWN, Flags, hearing, spoken_beliefs
from fjsim.fitting.rows.mixtures import mixed_columns, rows_by_mixture, settled_mixture
from fjsim.fitting.rows.simplex import closest_on_simplex, solve_rows
from fjsim.records.transcript import Transcript
from fjsim.registry import register

SETTLED = 1e-10
"""Relative fall of the error at which the alternation stops."""


@register("estimator", "bias")
@dataclass(eq=False)
class Bias(RowEstimator):
    r"""The law plus a pull to a free belief that nobody in the group stated.

    Parameters
    ----------
    shared_by : {'question', 'log'}
        Whether every question has its own attractor, or one belief over the option positions
        holds for the whole log.
    steps : int
        Largest number of alternations.

    Attributes
    ----------
    pull_ : ndarray of shape (n_agents,)
        Weight on the attractor.
    attractors_ : ndarray of shape (n_questions or 1, n_options)
        On the simplex.

    Notes
    -----
    :math:`b_i(t+1) = \beta_i m + (1-\beta_i)\,\mathrm{FJ}_i(t)`. Given :math:`m` the rows are
    exact simplex problems; given the rows the best :math:`m` is a projection onto the simplex;
    the two alternate, and the error falls at every step. The problem is not convex jointly.
    A question that was not fitted gets an even attractor. The parameters are those of the FJ
    part. Shares of attention that a log gives are kept; in a crowd everybody has one row.
    """

    name: ClassVar[str] = "bias"
    per_item: ClassVar[bool] = True

    shared_by: Literal["question", "log"] = "question"
    steps: int = 200

    def fit(self, transcript: Transcript) -> Self:
        """Learn rows and attractors; see `Estimator.fit`."""
        used = treated(transcript)
        self.mixture_ = settled_mixture(used)
        laid = design(used, self._columns())
        group = self._groups(used)
        own = np.nan_to_num(used.beliefs[:, :-1])
        present = ~np.isnan(used.innate).all(axis=(1, 2))
        options = np.asarray(~np.isnan(used.innate).all(axis=1))
        attractors = _start(used, group, options)
        rows = np.zeros((used.n_agents, laid.columns.shape[-1] + 1))
        error = np.inf
        for _ in range(self.steps):
            pull = np.nan_to_num(attractors[group])[:, None, None] - own
            pull = np.where(laid.counts[..., None] & options[:, None, None], pull, 0.0)
            rows, now = _best_rows(laid, pull, used.exchangeable)
            if error - now <= SETTLED * max(now, 1e-300):
                break
            error = now
            attractors = _best_attractors(laid, rows, own, group, attractors, options)
        self.attractors_ = attractors
        self.rows_ = rows
        self.pull_ = rows[:, -1]
        self._known = dict(zip(used.question_ids, group.tolist(), strict=True))
        self.result_ = self._result(used, error, int(present.sum()))
        return self

    def _columns(self) -> Columns | None:
        return None if self.mixture_ is None else mixed_columns(self.mixture_)

    def _groups(self, transcript: Transcript) -> NDArray[np.int64]:
        if self.shared_by == "log":
            return np.zeros(transcript.n_items, dtype=np.int64)
        return question_index(transcript.question_ids)

    def _result(self, transcript: Transcript, error: float, n_items: int):  # type: ignore[no-untyped-def]
        """Report the FJ part; the pull stands in the details."""
        rest = np.maximum(1 - self.pull_, 1e-12)[:, None]
        law = self.rows_[:, :-1] / rest
        law = law / law.sum(-1, keepdims=True)
        normal, mixture = grams(transcript, self._columns()).pooled(), self.mixture_
        units, fitted = None, law
        if transcript.exchangeable:
            alike, spread = np.zeros(len(law), dtype=np.int64), given_units(transcript, law).rows
            units = Units(alike, spread, influence_known=False, names=("the peers",))
            normal, fitted = normal.of_groups(alike), law[:1]
        elif mixture is not None:
            units = given_units(transcript, law)
        fit = assemble(self.name, transcript, normal, fitted, units)
        if mixture is not None:
            fit = replace(fit, predictor=partial(rows_by_mixture, law, mixture))
        turns = max(float(normal.turns.sum()), 1.0)
        details = {"bias_weight": self.pull_.tolist(), "attractors": self.attractors_.tolist()}
        return replace(fit, one_step_mse=error / 2 / turns, details=details)

    def _attractors_of(self, transcript: Transcript) -> Array:
        """Return each item's attractor; an even belief for a question that was not fitted."""
        options = ~np.isnan(transcript.innate).all(axis=1)
        even = options / np.maximum(options.sum(axis=-1, keepdims=True), 1)
        width = min(even.shape[-1], self.attractors_.shape[-1])
        for at, name in enumerate(transcript.question_ids):
            place = 0 if self.shared_by == "log" else self._known.get(name, -1)
            if place >= 0:
                even[at, :width] = np.nan_to_num(self.attractors_[place, :width])
        return np.where(options, even, np.nan)

    def predict(self, transcript: Transcript) -> Array:
        """Predict each round from the recorded one before it; see `Estimator.predict`."""
        self._fitted()
        heard, said = hearing(transcript), spoken_beliefs(transcript)
        attractors = self._attractors_of(transcript)
        predicted = transcript.beliefs.copy()
        for at in range(1, transcript.n_rounds + 1):
            block = columns_of_round(
                heard, at, transcript.innate, transcript.beliefs[:, at - 1], said
            )
            predicted[:, at] = self._weigh(transcript, at, block, attractors)
        return predicted

    def rollout(self, transcript: Transcript, start: int = 0) -> Array:
        """Predict all rounds after ``start``; see `Estimator.rollout`."""
        self._fitted()
        heard, said = hearing(transcript), spoken_beliefs(transcript).copy()
        attractors = self._attractors_of(transcript)
        predicted = transcript.beliefs.copy()
        fixed = transcript.hostile[..., None]
        for at in range(start + 1, transcript.n_rounds + 1):
            foreseen = foreseen_hearing(heard, predicted, at, start)
            for _ in range(transcript.n_agents if heard.sequential else 1):
                own = predicted[:, at - 1]
                block = columns_of_round(foreseen, at, transcript.innate, own, said)
                after = self._weigh(transcript, at, block, attractors)
                predicted[:, at] = np.where(fixed, predicted[:, at], after)
                said[:, at] = np.where(fixed, said[:, at], after)
        return predicted

    def _weigh(self, transcript: Transcript, at: int, block: Array, attractors: Array) -> Array:
        columns = self._columns()
        block = block if columns is None else columns(transcript, at, block)
        live = np.where(self.rows_[None, :, None, :-1] > 0, block, 0.0)
        law = (live @ self.rows_[None, :, :-1, None])[..., 0]
        return np.asarray(law + self.pull_[:, None] * attractors[:, None])


def _start(transcript: Transcript, group: NDArray[np.int64], options: Flags) -> Array:
    """Start from the mean of the last beliefs minus half of the first ones, per group."""
    n_groups = int(group.max()) + 1
    sums = np.zeros((n_groups, transcript.n_options))
    last = np.nan_to_num(np.nan_to_num(transcript.beliefs[:, 1:]).mean(axis=(1, 2)))
    np.add.at(sums, group, np.where(options, last + 1e-6, 0.0))
    return np.asarray(sums / np.maximum(sums.sum(axis=-1, keepdims=True), 1e-300))


def _best_rows(laid: Design, pull: Array, alike: bool) -> tuple[Array, float]:
    """Return exact rows given the attractors, one for all where seats are alike, and the error."""
    n_agents = laid.columns.shape[2]
    extended = np.concatenate([laid.columns, pull[..., None]], axis=-1)
    extended = np.moveaxis(extended, 2, 0).reshape(n_agents, -1, extended.shape[-1])
    moved = np.moveaxis(laid.moved, 2, 0).reshape(n_agents, -1, 1)
    turned = extended.swapaxes(-1, -2)
    products, targets = turned @ extended, (turned @ moved)[..., 0]
    allowed = np.column_stack([laid.allowed, np.ones(n_agents, dtype=bool)])
    if alike:
        products[:], targets[:] = products.sum(axis=0), targets.sum(axis=0)
        allowed[:] = allowed.any(axis=0)
    rows = solve_rows(products, targets, allowed).rows
    return rows, float(((moved - extended @ rows[..., None]) ** 2).sum())


def _best_attractors(
    laid: Design,
    rows: Array,
    own: Array,
    group: NDArray[np.int64],
    before: Array,
    options: Flags,
) -> Array:
    """Return exact attractors given the rows."""
    pull = rows[:, -1]
    law = (laid.columns @ rows[None, None, :, :-1, None])[..., 0]
    # What the attractor has to explain: moved - law = pull * (m - own).
    left = np.where(laid.counts[..., None], laid.moved - law + pull[:, None] * own, 0.0)
    sums = np.zeros_like(before)
    mass = np.zeros(len(before))
    np.add.at(sums, group, (left * pull[:, None]).sum(axis=(1, 2)))
    np.add.at(mass, group, (laid.counts * pull**2).sum(axis=(1, 2)))
    known = mass > 1e-14
    wanted = np.where(known[:, None], sums / np.where(known, mass, 1.0)[:, None], before)
    live = np.zeros(before.shape, dtype=bool)
    np.logical_or.at(live, group, options)
    projected = closest_on_simplex(np.where(live, wanted, -1e6))
    return np.where(known[:, None], projected, before)


__all__ = ["OWN", "Bias"]
