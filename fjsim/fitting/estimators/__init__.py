"""Estimators, one interface: fit, predict, rollout, score, summary."""

from fjsim.fitting.estimators.bias import Bias
from fjsim.fitting.estimators.comparators import (
    FittedDeGroot,
    GroupMean,
    Persistence,
    UniformDeGroot,
)
from fjsim.fitting.estimators.contract import Estimator
from fjsim.fitting.estimators.gated import Gated
from fjsim.fitting.estimators.grouped import Exchangeable, Grouped
from fjsim.fitting.estimators.hierarchical import Hierarchical
from fjsim.fitting.estimators.legacy import Legacy
from fjsim.fitting.estimators.per_item import PerItem, Shrunk
from fjsim.fitting.estimators.pooled import Pooled
from fjsim.fitting.estimators.rival_rules import LogLinear, Majority
from fjsim.fitting.estimators.trajectory import Trajectory

__all__ = [
    "Bias",
    "Estimator",
    "Exchangeable",
    "FittedDeGroot",
    "Gated",
    "GroupMean",
    "Grouped",
    "Hierarchical",
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
