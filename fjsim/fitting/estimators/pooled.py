"""One row of weights per listener for all items: the static ensemble."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal, Self

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.estimators.resampled import Resampled
from fjsim.fitting.findings.assembly import assemble, given_units, own_units, spread_as_given
from fjsim.fitting.rows.given import gives_shares, usual_shares
from fjsim.fitting.rows.grams import Columns, Grams, design, grams
from fjsim.fitting.rows.hearing import INNATE, Flags, hearing
from fjsim.fitting.rows.mixtures import Mixture, mixed_columns, routed_mixture, rows_by_mixture
from fjsim.fitting.rows.simplex import cross_entropy_row, solve_from_rows, solve_rows
from fjsim.records.transcript import Transcript
from fjsim.registry import register


def refined_rows(
    transcript: Transcript,
    normal: Grams,
    prior: Array | None = None,
    columns: Columns | None = None,
) -> Array:
    """Solve pooled normal equations, singular ones again from their rows.

    Parameters
    ----------
    transcript : Transcript
        Where the rows come from.
    normal : Grams
        Pooled.
    prior : ndarray of shape (n_agents, n_columns), optional
    columns : callable, optional
        Columns of the model, as `design` takes them.

    Returns
    -------
    ndarray of shape (n_agents, n_columns)
    """
    solved = solve_rows(normal.products, normal.targets, normal.allowed, prior)
    rows = solved.rows
    doubtful = np.flatnonzero(solved.singular & (normal.turns > 0))
    if not len(doubtful):
        return rows
    laid = design(transcript, columns)
    for listener in doubtful:
        rows[listener] = solve_from_rows(
            laid.columns[:, :, listener].reshape(-1, rows.shape[-1]),
            laid.moved[:, :, listener].ravel(),
            normal.allowed[listener],
            None if prior is None else prior[listener],
        )
    return rows


@register("estimator", "pooled")
@dataclass(eq=False)
class Pooled(Resampled):
    r"""One set of parameters for all items: the static ensemble.

    Parameters
    ----------
    loss : {'squared', 'cross-entropy'}
        What is minimised, over turns and options.
    influence : {'auto', 'fitted', 'given'}
        Whether who is listened to is fitted, or taken from the transcript; ``auto`` takes it
        where a log gives shares of attention, a router changed it per item, or gates renormalise.
    without_innate : bool
        Hold stubbornness at 0 (DeGroot).
    resamples, level, seed
        Settings of the intervals; see `Resampled`.

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

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row per seat; see `Estimator.fit`."""
        used = treated(transcript)
        mixture = routed_mixture if self._takes_influence(used) else None
        per_item = grams(used, None if mixture is None else mixed_columns(mixture))
        if self.without_innate:
            per_item = per_item.without(INNATE)
        normal = per_item.pooled()
        if mixture is None:
            rows = refined_rows(used, normal)
        else:
            rows = solve_rows(normal.products, normal.targets, normal.allowed).rows
        if self.loss == "cross-entropy":
            rows = _cross_entropy(used, normal.allowed, rows, mixture)
        draws = self._draws(used, per_item, rows)
        units = own_units(rows)
        if mixture is not None:
            units = given_units(used, rows)
            draws = None if draws is None else spread_as_given(draws, usual_shares(used))
        self.result_ = assemble(self.name, used, normal, rows, units, draws, self.level)
        if mixture is not None:
            self.result_ = replace(self.result_, predictor=partial(rows_by_mixture, rows, mixture))
        return self

    def _takes_influence(self, transcript: Transcript) -> bool:
        if self.influence != "auto":
            return self.influence == "given"
        if gives_shares(transcript):
            return True
        if transcript.influence is None:
            return False
        return transcript.influence.ndim == 3 or hearing(transcript).sways


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
