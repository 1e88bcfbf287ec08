"""The per-question fit of published numbers, for comparison with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from fjsim.beliefs import Array
from fjsim.fitting.estimators.contract import RowEstimator, treated
from fjsim.fitting.findings.assembly import item_result
from fjsim.fitting.rows.given import refuse_shares
from fjsim.fitting.rows.grams import design, grams
from fjsim.fitting.rows.hearing import PEERS, Flags
from fjsim.fitting.rows.solving import join_rows
from fjsim.records.transcript import Transcript
from fjsim.registry import register

DIFFERENCE = 1e-8
"""Step of the numerical gradient: the default of the search that the public code calls."""


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
    and stops above the optimum; ``item`` solves the same problem exactly. Only the differences of
    one gradient are taken together, which the public code takes one by one.

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
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        used = treated(transcript)
        refuse_shares(used, self.name)
        laid = design(used)
        # On matrices this small, BLAS threads wait for each other: seven times slower on two cores.
        with threadpool_limits(1, user_api="blas"):
            found = [
                self._search(laid.columns[item], laid.moved[item], laid.counts[item], laid.allowed)
                for item in range(used.n_items)
            ]
        rows = np.stack([one[0] for one in found])
        self.objective_ = np.array([one[1] for one in found])
        self.converged_ = np.array([one[2] for one in found])
        per_item = grams(used)
        common = rows.mean(axis=0)
        self.result_ = item_result(self.name, used, per_item, common, rows)
        return self

    def _search(
        self, columns: Array, moved: Array, counts: Flags, allowed: Flags
    ) -> tuple[Array, float, bool]:
        """Return rows, objective and convergence of one item."""
        from scipy.optimize import minimize

        n_agents = counts.shape[-1]
        speakers = allowed[:, PEERS:]
        objective = _Objective(
            columns, moved, max(int(counts.sum()) * moved.shape[-1], 1), speakers
        )
        start = np.concatenate(
            [
                np.full(n_agents, self.start_stubbornness),
                np.full(n_agents, self.start_self_weight),
                np.zeros(int(speakers.sum())),
            ]
        )
        boxes = [(0.0, 1.0)] * (2 * n_agents) + [(None, None)] * int(speakers.sum())
        best = minimize(
            objective.with_slope,
            start,
            method="L-BFGS-B",
            jac=True,
            bounds=boxes,
            options={"maxiter": self.steps, "ftol": 1e-12},
        )
        return _unpack(best.x, speakers), float(best.fun), bool(best.success)


class _Objective:
    """Mean squared error of one item, with forward differences for its slope."""

    def __init__(self, columns: Array, moved: Array, n_cells: int, speakers: Flags) -> None:
        n_agents, width = columns.shape[1], columns.shape[-1]
        self.columns = columns.swapaxes(0, 1).reshape(n_agents, -1, width)
        self.moved = moved.swapaxes(0, 1).reshape(n_agents, -1, 1)
        self.n_cells, self.speakers = n_cells, speakers
        self.upper = np.where(np.arange(2 * n_agents + speakers.sum()) < 2 * n_agents, 1.0, np.inf)

    def with_slope(self, theta: Array) -> tuple[float, Array]:
        """Return the error and its slope, all differences in one go."""
        steps = np.where(theta + DIFFERENCE > self.upper, -DIFFERENCE, DIFFERENCE)
        tried = np.concatenate([theta[None], theta + np.diag(steps)])
        errors = self.errors(tried)
        return float(errors[0]), (errors[1:] - errors[0]) / (tried[1:] - theta).diagonal()

    def errors(self, thetas: Array) -> Array:
        """Return the error of several parameter vectors, shape (n_vectors,)."""
        rows = _unpack(thetas, self.speakers)  # (vectors, agents, columns)
        left = self.moved - self.columns @ rows.transpose(1, 2, 0)
        return np.asarray((left**2).sum(axis=(0, 1)) / self.n_cells)


def _unpack(theta: Array, speakers: Flags) -> Array:
    """Return rows of one parameter vector or several."""
    n_agents = len(speakers)
    logits = np.full((*theta.shape[:-1], *speakers.shape), -np.inf)
    logits[..., speakers] = theta[..., 2 * n_agents :]
    top = logits.max(axis=-1, keepdims=True)
    raised = np.exp(logits - np.where(np.isfinite(top), top, 0.0))
    total = raised.sum(axis=-1, keepdims=True)
    influence = np.divide(raised, total, out=np.zeros_like(raised), where=total > 0)
    return join_rows(theta[..., :n_agents], theta[..., n_agents : 2 * n_agents], influence)
