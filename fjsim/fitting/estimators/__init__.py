"""Estimators, one interface: fit, predict, rollout, score, summary."""

from fjsim.fitting.estimators.comparators import (
    FittedDeGroot,
    GroupMean,
    LogLinear,
    Majority,
    Persistence,
    UniformDeGroot,
)
from fjsim.fitting.estimators.contract import Estimator
from fjsim.fitting.estimators.linear import Exchangeable, Grouped, PerItem, Pooled, Shrunk

__all__ = [
    "Estimator",
    "Exchangeable",
    "FittedDeGroot",
    "GroupMean",
    "Grouped",
    "LogLinear",
    "Majority",
    "PerItem",
    "Persistence",
    "Pooled",
    "Shrunk",
    "UniformDeGroot",
]
