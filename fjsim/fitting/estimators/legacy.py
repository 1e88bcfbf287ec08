"""The per-question fit of published numbers, for comparison with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.fitting.assembly import assemble, item_parameters
from fjsim.fitting.estimators.contract import RowEstimator, treated
from fjsim.fitting.estimators.linear import _item_lookup, _rows_by_item
from fjsim.fitting.grams import design, grams
from fjsim.fitting.hearing import PEERS, Flags
from fjsim.fitting.rows import join_rows
from fjsim.records.transcript import Transcript
from fjsim.registry import register


@register("estimator", "legacy")
@dataclass(eq=False)
class Legacy(RowEstimator):
    """Stubbornness, self-weight and softmax influence per question, by L-BFGS-B.

    Parameters
    ----------
    start_stubbornness : float
        Where the search begins.
    start_self_weight : float
        Where the search begins.
    steps : int
        Largest number of L-BFGS-B steps.

    Attributes
    ----------
    objective_ : ndarray of shape (n_items,)
        Mean squared error over turns and options that each search reached.
    converged_ : ndarray of bool, shape (n_items,)

    Notes
    -----
    Reproduces the fit of the public code of [1]_: per question, one-step mean squared error,
    numerical gradients, box bounds, influence as a softmax of logits started at 0. It is slow
    and stops above the optimum; ``item`` solves the same problem exactly.

    References
    ----------
    .. [1] "Don't Trust Stubborn Neighbors", 2026, arXiv:2603.15809.
    """

    name: ClassVar[str] = "legacy"
    per_item: ClassVar[bool] = True

    start_stubbornness: float = 0.2
    start_self_weight: float = 0.5
    steps: int = 3000

    def fit(self, transcript: Transcript) -> Self:
        """Search item by item; see `Estimator.fit`."""
        used = treated(transcript)
        laid = design(used)
        found = [
            self._search(laid.columns[item], laid.moved[item], laid.counts[item], laid.allowed)
            for item in range(used.n_items)
        ]
        rows = np.stack([one[0] for one in found])
        self.objective_ = np.array([one[1] for one in found])
        self.converged_ = np.array([one[2] for one in found])
        per_item = grams(used)
        common = rows.mean(axis=0)
        fit = assemble(self.name, used, per_item.pooled(), common)
        known, otherwise = _item_lookup(used, rows, common)
        total = max(float(per_item.turns.sum()), 1.0)
        self.result_ = replace(
            fit,
            items=item_parameters(per_item, rows, used.n_rounds),
            one_step_mse=float(np.maximum(per_item.errors(rows), 0).sum() / total / 2),
            predictor=lambda given: _rows_by_item(known, otherwise, given),
        )
        return self

    def _search(
        self, columns: Array, moved: Array, counts: Flags, allowed: Flags
    ) -> tuple[Array, float, bool]:
        """Return rows, objective and convergence of one item."""
        from scipy.optimize import minimize

        n_agents = counts.shape[-1]
        speakers = allowed[:, PEERS:]
        n_cells = max(int(counts.sum()) * moved.shape[-1], 1)

        def objective(theta: NDArray[np.float64]) -> float:
            rows = _unpack(theta, speakers)
            left = moved - (columns @ rows[None, :, :, None])[..., 0]
            return float((left**2).sum() / n_cells)

        start = np.concatenate(
            [
                np.full(n_agents, self.start_stubbornness),
                np.full(n_agents, self.start_self_weight),
                np.zeros(int(speakers.sum())),
            ]
        )
        boxes = [(0.0, 1.0)] * (2 * n_agents) + [(None, None)] * int(speakers.sum())
        best = minimize(
            objective,
            start,
            method="L-BFGS-B",
            bounds=boxes,
            options={"maxiter": self.steps, "ftol": 1e-12},
        )
        return _unpack(best.x, speakers), float(best.fun), bool(best.success)


def _unpack(theta: NDArray[np.float64], speakers: Flags) -> Array:
    """Return rows of a parameter vector."""
    n_agents = len(speakers)
    logits = np.full(speakers.shape, -np.inf)
    logits[speakers] = theta[2 * n_agents :]
    top = logits.max(axis=-1, keepdims=True)
    raised = np.exp(logits - np.where(np.isfinite(top), top, 0.0))
    total = raised.sum(axis=-1, keepdims=True)
    influence = np.divide(raised, total, out=np.zeros_like(raised), where=total > 0)
    return join_rows(theta[:n_agents], theta[n_agents : 2 * n_agents], influence)
