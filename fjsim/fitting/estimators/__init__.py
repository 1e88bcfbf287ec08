"""Estimators, one interface: fit, predict, rollout, score, summary."""

from fjsim.fitting.estimators.bias import Bias
from fjsim.fitting.estimators.comparators import (
    FittedDeGroot,
    GroupMean,
    LogLinear,
    Majority,
    Persistence,
    UniformDeGroot,
)
from fjsim.fitting.estimators.contract import Estimator
from fjsim.fitting.estimators.gated import Gated
from fjsim.fitting.estimators.legacy import Legacy
from fjsim.fitting.estimators.linear import Exchangeable, Grouped, PerItem, Pooled, Shrunk
from fjsim.fitting.estimators.trajectory import Trajectory

__all__ = [
    "Bias",
    "Estimator",
    "Exchangeable",
    "FittedDeGroot",
    "Gated",
    "GroupMean",
    "Grouped",
    "Legacy",
    "LogLinear",
    "Majority",
    "PerItem",
    "Persistence",
    "Pooled",
    "Shrunk",
    "Trajectory",
    "UniformDeGroot",
]
