"""Output-error fit: the whole path is predicted from round 0, not each step from the last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.errors import ParameterError
from fjsim.fitting.estimators.contract import RowEstimator, treated
from fjsim.fitting.estimators.pooled import refined_rows
from fjsim.fitting.findings.assembly import assemble
from fjsim.fitting.rows.given import refuse_shares
from fjsim.fitting.rows.grams import grams
from fjsim.fitting.rows.hearing import (
    INNATE,
    OWN,
    PEERS,
    Flags,
    HeardTurns,
    hearing,
    unplaced_turns,
)
from fjsim.records.transcript import Transcript
from fjsim.registry import register

LEAST_WEIGHT = 1e-3


@register("estimator", "trajectory")
@dataclass(eq=False)
class Trajectory(RowEstimator):
    """One set of parameters whose rolled-out path comes nearest to the recorded one.

    Parameters
    ----------
    steps : int
        Largest number of L-BFGS steps.

    Notes
    -----
    It has no intervals: those of the one-step fit are not its own.

    For beliefs that were measured aside and not seen by peers: noise of the measurement biases
    the one-step fit, which takes recorded beliefs for what moved the listeners. L-BFGS on
    softmax logits, exact gradient by the adjoint, started from the one-step fit. Where peers
    read the noisy beliefs themselves, ``pooled`` is the right model.
    """

    name: ClassVar[str] = "trajectory"

    steps: int = 500

    def fit(self, transcript: Transcript) -> Self:
        """Learn one row per seat; see `Estimator.fit`."""
        from scipy.optimize import minimize

        used = treated(transcript)
        refuse_shares(used, self.name)
        heard = hearing(used)
        if heard.sequential or not heard.is_plain:
            raise ParameterError(
                "'trajectory' takes synchronous rounds without blended statements, renormalised "
                "gates or gates that differ by option; use 'pooled' for this transcript"
            )
        normal = grams(used).pooled()
        start = refined_rows(used, normal)
        objective = _Objective(used, heard, normal.allowed)
        found = minimize(
            objective,
            np.log(np.maximum(start, LEAST_WEIGHT)).ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": self.steps, "ftol": 1e-11, "gtol": 1e-8},
        )
        rows = objective.rows(found.x)
        fit = assemble(self.name, used, normal, rows)
        self.result_ = replace(fit, details={"path_error": float(found.fun)})
        return self


class _Objective:
    """Squared distance of the path and its gradient in the logits."""

    def __init__(self, transcript: Transcript, heard: HeardTurns, allowed: Flags) -> None:
        self.allowed = allowed
        self.innate = np.nan_to_num(transcript.innate)
        self.observed = np.nan_to_num(transcript.beliefs)
        counts = transcript.valid & transcript.valid[:, :1]
        counts[:, 1:] &= ~unplaced_turns(transcript)
        self.mask = counts[..., None] & ~np.isnan(transcript.beliefs)
        self.passed = heard.heard * heard.gate
        lost = 1 - self.passed
        gated = heard.heard if heard.residual == "innate" else np.zeros_like(heard.heard)
        self.to_innate = np.where(gated, lost, 0.0)
        self.to_own = np.where(gated, 0.0, lost)
        self.turns = max(float(counts[:, 1:].sum()), 1.0)

    def rows(self, logits: NDArray[np.float64]) -> Array:
        """Return the rows of some logits."""
        shaped = np.where(self.allowed, logits.reshape(self.allowed.shape), -np.inf)
        raised = np.exp(shaped - shaped.max(axis=-1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=-1, keepdims=True))

    def __call__(self, logits: NDArray[np.float64]) -> tuple[float, Array]:
        rows = self.rows(logits)
        peers = rows[:, PEERS:]
        updates, anchors = [], []
        path = [self.innate]
        n_rounds = self.passed.shape[1]
        identity = np.eye(len(rows))
        for at in range(n_rounds):
            stay = rows[:, OWN] + (peers * self.to_own[:, at]).sum(-1)
            anchor = rows[:, INNATE] + (peers * self.to_innate[:, at]).sum(-1)
            update = peers * self.passed[:, at] + stay[:, :, None] * identity
            updates.append(update)
            anchors.append(anchor)
            path.append(update @ path[-1] + anchor[..., None] * self.innate)
        gaps = [
            np.where(self.mask[:, at], path[at] - self.observed[:, at], 0.0)
            for at in range(n_rounds + 1)
        ]
        value = sum(float((gap**2).sum()) for gap in gaps[1:]) / 2
        slope = self._adjoint(rows, path, updates, gaps)
        bent = rows * (slope - (rows * slope).sum(-1, keepdims=True))
        return value / self.turns, bent.ravel() / self.turns

    def _adjoint(
        self, rows: Array, path: list[Array], updates: list[Array], gaps: list[Array]
    ) -> Array:
        """Return the gradient in the rows, backwards through the rounds."""
        slope = np.zeros_like(rows)
        price = gaps[-1]
        for at in range(len(updates) - 1, -1, -1):
            before = path[at]
            with_own = (price * before).sum(-1)
            with_innate = (price * self.innate).sum(-1)
            cross = price @ before.swapaxes(-1, -2)  # (items, listener, speaker)
            slope[:, INNATE] += with_innate.sum(0)
            slope[:, OWN] += with_own.sum(0)
            slope[:, PEERS:] += (
                self.passed[:, at] * cross
                + self.to_own[:, at] * with_own[..., None]
                + self.to_innate[:, at] * with_innate[..., None]
            ).sum(0)
            price = updates[at].swapaxes(-1, -2) @ price + gaps[at]
        return slope
