"""One row of weights per item and listener: free, or shrunk to the pooled one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.estimators.pooled import refined_rows
from fjsim.fitting.estimators.resampled import Resampled
from fjsim.fitting.findings.assembly import item_result
from fjsim.fitting.rows.grams import Columns, Grams, grams
from fjsim.fitting.rows.mixtures import mixed_columns, settled_mixture
from fjsim.fitting.rows.simplex import solve_rows
from fjsim.records.transcript import Transcript
from fjsim.registry import register


@register("estimator", "item")
@dataclass(eq=False)
class PerItem(Resampled):
    """Parameters of their own for every item.

    Parameters
    ----------
    resamples, level, seed
        Settings of the intervals of the mean over items; see `Resampled`.

    Notes
    -----
    Even under one common law the estimates vary from item to item: see the null tests before
    reading that as input-dependence. Where an item does not determine a weight, the pooled row
    decides. Shares of attention that a log gives are kept.
    """

    name: ClassVar[str] = "item"
    per_item: ClassVar[bool] = True

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row per item and seat; see `Estimator.fit`."""
        used = treated(transcript)
        mixture = settled_mixture(used)
        columns = None if mixture is None else mixed_columns(mixture)
        per_item = grams(used, columns)
        common = refined_rows(used, per_item.pooled(), columns=columns)
        rows = solve_rows(per_item.products, per_item.targets, per_item.allowed, common).rows
        self.result_ = item_result(
            self.name, used, per_item, common, rows,
            resamples=self.resamples, level=self.level, seed=self.seed, mixture=mixture,
        )  # fmt: skip
        return self


@register("estimator", "shrunk")
@dataclass(eq=False)
class Shrunk(Resampled):
    r"""Parameters per item, shrunk towards the pooled ones as far as held-out rounds advise.

    Parameters
    ----------
    strengths : tuple of float
        Candidates, relative to the mean information of one item; larger pulls harder.
    resamples, level, seed
        Settings of the intervals; see `Resampled`.

    Notes
    -----
    Minimises the item's squared error plus :math:`\lambda\|c - c_{pooled}\|^2`. The last round
    of every item chooses :math:`\lambda`; with a single round a hundredfold information is used.
    Shares of attention that a log gives are kept.
    """

    name: ClassVar[str] = "shrunk"
    per_item: ClassVar[bool] = True

    strengths: tuple[float, ...] = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)

    def fit(self, transcript: Transcript) -> Self:
        """Learn the strength, then one row per item and seat; see `Estimator.fit`."""
        used = treated(transcript)
        mixture = settled_mixture(used)
        columns = None if mixture is None else mixed_columns(mixture)
        per_item = grams(used, columns)
        common = refined_rows(used, per_item.pooled(), columns=columns)
        self.strength_ = self._choose(used, columns)
        rows = shrunk_rows(per_item, common, self.strength_)
        self.result_ = item_result(
            self.name, used, per_item, common, rows,
            resamples=self.resamples, level=self.level, seed=self.seed,
            mixture=mixture, details={"shrinkage_strength": self.strength_},
        )  # fmt: skip
        return self

    def _choose(self, transcript: Transcript, columns: Columns | None) -> float:
        """Return the strength that predicts the last round best."""
        if transcript.n_rounds < 2:
            return max(self.strengths)
        before = grams(transcript.first_rounds(transcript.n_rounds - 1), columns)
        whole = grams(transcript, columns)
        last = whole - before
        common = refined_rows(transcript, before.pooled(), columns=columns)
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
