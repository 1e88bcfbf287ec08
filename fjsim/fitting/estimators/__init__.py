"""Estimators, one interface: fit, predict, rollout, score, summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fjsim.lazy import exported

if TYPE_CHECKING:
    from fjsim.fitting.estimators.bias import Bias
    from fjsim.fitting.estimators.by_role import ByRole, HostileMultiplier
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
    "ByRole",
    "Estimator",
    "Exchangeable",
    "FittedDeGroot",
    "Gated",
    "GroupMean",
    "Grouped",
    "Hierarchical",
    "HostileMultiplier",
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

__getattr__, __dir__ = exported(
    __name__,
    {
        "fjsim.fitting.estimators.bias": ["Bias"],
        "fjsim.fitting.estimators.by_role": ["ByRole", "HostileMultiplier"],
        "fjsim.fitting.estimators.comparators": [
            "FittedDeGroot",
            "GroupMean",
            "Persistence",
            "UniformDeGroot",
        ],
        "fjsim.fitting.estimators.contract": ["Estimator"],
        "fjsim.fitting.estimators.gated": ["Gated"],
        "fjsim.fitting.estimators.grouped": ["Exchangeable", "Grouped"],
        "fjsim.fitting.estimators.hierarchical": ["Hierarchical"],
        "fjsim.fitting.estimators.legacy": ["Legacy"],
        "fjsim.fitting.estimators.per_item": ["PerItem", "Shrunk"],
        "fjsim.fitting.estimators.pooled": ["Pooled"],
        "fjsim.fitting.estimators.rival_rules": ["LogLinear", "Majority"],
        "fjsim.fitting.estimators.trajectory": ["Trajectory"],
    },
)
