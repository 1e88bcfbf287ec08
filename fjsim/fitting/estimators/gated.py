"""Input-dependent weights: a softmax of round-0 features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, confidence, top_option, total_variation
from fjsim.fitting.estimators.contract import treated
from fjsim.fitting.estimators.pooled import refined_rows
from fjsim.fitting.estimators.resampled import Resampled
from fjsim.fitting.findings.assembly import assemble, item_parameters
from fjsim.fitting.rows.given import refuse_shares
from fjsim.fitting.rows.grams import Grams, grams
from fjsim.fitting.rows.hearing import INNATE, OWN, PEERS, Flags
from fjsim.records.transcript import Transcript
from fjsim.registry import register
from fjsim.seeds import stream

LEAST_WEIGHT = 1e-3
"""Pooled weight below which a column starts, so that its logit is finite."""

OWN_FEATURES = ("confidence", "relative confidence", "alignment", "majority support")
PEER_FEATURES = (
    "confidence of the speaker",
    "confidence gap",
    "alignment with the speaker",
    "majority support of the speaker",
    "stated confidence of the speaker",
)
FEATURE_NAMES = (
    *(f"innate: {name}" for name in OWN_FEATURES),
    *(f"own: {name}" for name in OWN_FEATURES),
    *(f"peer: {name}" for name in PEER_FEATURES),
)
"""What each gate coefficient multiplies; only round-0 features, so that nothing leaks."""


def round0_features(transcript: Transcript) -> Array:
    """Return what each weight's logit is a linear function of.

    Parameters
    ----------
    transcript : Transcript
        Only its round 0 is read.

    Returns
    -------
    ndarray of shape (n_items, n_agents, n_agents + 2, n_features)
        Features by `FEATURE_NAMES`, each 0 outside the columns that it belongs to; a missing
        belief gives 0.
    """
    innate = transcript.innate
    n_items, n_agents, _ = innate.shape
    sure = np.nan_to_num(confidence(innate))
    others = np.where(np.eye(n_agents, dtype=bool), -np.inf, sure[:, None, :])
    relative = sure - np.where(np.isfinite(others.max(-1)), others.max(-1), 0.0)
    pairs = total_variation(innate[:, :, None], innate[:, None, :])
    alignment = np.nan_to_num(1 - pairs)
    mean_alignment = (alignment.sum(-1) - alignment[:, range(n_agents), range(n_agents)]) / max(
        n_agents - 1, 1
    )
    support = _majority_support(innate)
    features = np.zeros((n_items, n_agents, n_agents + PEERS, len(FEATURE_NAMES)))
    own = np.stack([sure, relative, mean_alignment, support], axis=-1)
    features[:, :, INNATE, : len(OWN_FEATURES)] = own
    features[:, :, OWN, len(OWN_FEATURES) : 2 * len(OWN_FEATURES)] = own
    spoken = np.broadcast_to(sure[:, None, :], pairs.shape)
    stated = np.zeros_like(sure)
    if transcript.confidence is not None:
        stated = np.nan_to_num(transcript.confidence[:, 0])
    features[:, :, PEERS:, 2 * len(OWN_FEATURES) :] = np.stack(
        [
            spoken,
            spoken - sure[:, :, None],
            alignment,
            np.broadcast_to(support[:, None, :], pairs.shape),
            np.broadcast_to(stated[:, None, :], pairs.shape),
        ],
        axis=-1,
    )
    return features


def _majority_support(innate: Array) -> Array:
    """Return the share of agents whose top option is the agent's own, itself included."""
    top = top_option(innate)
    same = (top[:, :, None] == top[:, None, :]) & (top[:, None, :] >= 0)
    count = np.maximum((top >= 0).sum(axis=-1, keepdims=True), 1)
    return np.asarray(np.where(top >= 0, same.sum(axis=-1) / count, 0.0))


class _Gate(NamedTuple):
    """What the gate is made of: one bias per listener and column, shared coefficients."""

    bias: Array
    coefficients: Array


@register("estimator", "gated")
@dataclass(eq=False)
class Gated(Resampled):
    r"""Weights that depend on the question through round-0 features.

    Parameters
    ----------
    penalty : float
        Ridge on the coefficients, per turn.
    restarts : int
        Random starts besides the pooled row.
    resamples, level, seed
        Settings of the pooled row's intervals, see `Resampled`; the seed also draws the starts.

    Attributes
    ----------
    coefficients_ : ndarray of shape (n_features,)
        Per standard deviation of the feature; names in `FEATURE_NAMES`.
    spread_ : ndarray of shape (restarts + 1,)
        Objective reached from each start, relative to the best: the problem is not convex.

    Notes
    -----
    One softmax over {innate, own, each speaker} per listener: a bias per listener and column and
    coefficients shared by all, fitted by L-BFGS with the analytic gradient on the items' Gram
    matrices. Confidence is :math:`1-H(s)/\log K`, alignment :math:`1-TV(s_i,s_j)`.
    """

    name: ClassVar[str] = "gated"

    penalty: float = 1e-4
    restarts: int = 2

    def fit(self, transcript: Transcript) -> Self:
        """Learn biases and coefficients; see `Estimator.fit`."""
        used = treated(transcript)
        refuse_shares(used, self.name)
        per_item = grams(used)
        normal = per_item.pooled()
        common = refined_rows(used, normal)
        features = round0_features(used)
        self.scale_ = np.maximum(
            np.sqrt((features**2).sum((0, 1, 2)) / np.maximum((features != 0).sum((0, 1, 2)), 1)),
            1e-9,
        )
        gate = self._search(per_item, features / self.scale_, common)
        self.bias_, self.coefficients_ = gate.bias, gate.coefficients
        rows = gate_rows(gate, features / self.scale_, per_item.allowed)
        draws = self._draws(used, per_item, common)
        details = {
            "coefficients": dict(zip(FEATURE_NAMES, self.coefficients_.tolist(), strict=True)),
            "restart_spread": self.spread_.tolist(),
        }
        fit = assemble(self.name, used, normal, common, None, draws, self.level, details=details)
        total = max(float(per_item.turns.sum()), 1.0)
        error = float(np.maximum(per_item.errors(rows), 0).sum() / total / 2)
        allowed = per_item.allowed
        self.result_ = replace(
            fit,
            one_step_mse=error,
            items=item_parameters(per_item, rows, used),
            predictor=partial(_rows_of, gate, self.scale_, allowed),
        )
        return self

    def _search(self, per_item: Grams, features: Array, common: Array) -> _Gate:
        """Minimise from several starts and keep the best."""
        from scipy.optimize import minimize

        bias = np.log(np.maximum(common, LEAST_WEIGHT))
        n_bias, n_features = bias.size, features.shape[-1]
        objective = _Objective(per_item, features, bias.shape, self.penalty)
        rng = stream(self.seed, "gated-restarts")
        starts = [np.concatenate([bias.ravel(), np.zeros(n_features)])]
        for _ in range(self.restarts):
            shaken = bias.ravel() + 0.3 * rng.standard_normal(n_bias)
            starts.append(np.concatenate([shaken, rng.standard_normal(n_features)]))
        found = [
            minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
            for start in starts
        ]
        values = np.array([float(one.fun) for one in found])
        best = found[int(values.argmin())].x
        self.spread_ = values / max(float(values.min()), 1e-300) - 1
        return _Gate(best[:n_bias].reshape(bias.shape), best[n_bias:])


def _rows_of(gate: _Gate, scale: Array, allowed: Flags, transcript: Transcript) -> Array:
    return gate_rows(gate, round0_features(transcript) / scale, allowed)


def gate_rows(gate: _Gate, features: Array, allowed: Flags) -> Array:
    """Return the weights of each item, shape (n_items, n_agents, n_columns)."""
    logits = np.where(allowed, gate.bias + features @ gate.coefficients, -np.inf)
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


class _Objective:
    """Mean squared error of the gated rows and its gradient."""

    def __init__(
        self, per_item: Grams, features: Array, shape: tuple[int, ...], penalty: float
    ) -> None:
        self.per_item, self.features = per_item, features
        self.shape, self.penalty = shape, penalty
        self.turns = max(float(per_item.turns.sum()), 1.0)

    def __call__(self, theta: NDArray[np.float64]) -> tuple[float, Array]:
        size = int(np.prod(self.shape))
        gate = _Gate(theta[:size].reshape(self.shape), theta[size:])
        rows = gate_rows(gate, self.features, self.per_item.allowed)
        value = float(self.per_item.errors(rows).sum()) / 2 / self.turns
        slope = (self.per_item.products @ rows[..., None])[..., 0] - self.per_item.targets
        bent = rows * (slope - (rows * slope).sum(-1, keepdims=True)) / self.turns
        by_coefficient = np.tensordot(bent, self.features, axes=3)
        ridge = self.penalty * gate.coefficients
        gradient = np.concatenate([bent.sum(axis=0).ravel(), by_coefficient + ridge])
        return value + float(ridge @ gate.coefficients) / 2, gradient
