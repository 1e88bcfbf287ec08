"""Friedkin-Johnsen parameters from recorded deliberations, and what can be known of them.

Importing makes the estimators known by name; each, and what is heavy (numba, scipy, scikit-learn),
loads on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fjsim.lazy import exported
from fjsim.registry import declare

if TYPE_CHECKING:
    from fjsim.fitting import estimators as estimators
    from fjsim.fitting.estimators.contract import Estimator
    from fjsim.fitting.face import fit
    from fjsim.fitting.findings.identified import Identified
    from fjsim.fitting.findings.result import FJFit
    from fjsim.fitting.predict.beliefs import one_step_beliefs, predicted_beliefs
    from fjsim.fitting.predict.forecast import (
        FittedPair,
        FittedPrediction,
        MiddleForecast,
        fitted_on_clean,
        fitted_on_first_rounds,
        fitted_prediction,
        forecast_from_middle,
    )

__all__ = [
    "Estimator",
    "FJFit",
    "FittedPair",
    "FittedPrediction",
    "Identified",
    "MiddleForecast",
    "fit",
    "fitted_on_clean",
    "fitted_on_first_rounds",
    "fitted_prediction",
    "forecast_from_middle",
    "one_step_beliefs",
    "predicted_beliefs",
]

__getattr__, __dir__ = exported(
    __name__,
    {
        "fjsim.fitting.estimators": [],
        "fjsim.fitting.estimators.contract": ["Estimator"],
        "fjsim.fitting.face": ["fit"],
        "fjsim.fitting.findings.identified": ["Identified"],
        "fjsim.fitting.findings.result": ["FJFit"],
        "fjsim.fitting.predict.beliefs": ["one_step_beliefs", "predicted_beliefs"],
        "fjsim.fitting.predict.forecast": [
            "FittedPair",
            "FittedPrediction",
            "MiddleForecast",
            "fitted_on_clean",
            "fitted_on_first_rounds",
            "fitted_prediction",
            "forecast_from_middle",
        ],
    },
)

declare(
    "estimator",
    {
        "bias": "fjsim.fitting.estimators.bias",
        "by-role": "fjsim.fitting.estimators.by_role",
        "hostile-multiplier": "fjsim.fitting.estimators.by_role",
        "persistence": "fjsim.fitting.estimators.comparators",
        "group-mean": "fjsim.fitting.estimators.comparators",
        "uniform-degroot": "fjsim.fitting.estimators.comparators",
        "fitted-degroot": "fjsim.fitting.estimators.comparators",
        "gated": "fjsim.fitting.estimators.gated",
        "group": "fjsim.fitting.estimators.grouped",
        "exchangeable": "fjsim.fitting.estimators.grouped",
        "hierarchical": "fjsim.fitting.estimators.hierarchical",
        "legacy": "fjsim.fitting.estimators.legacy",
        "item": "fjsim.fitting.estimators.per_item",
        "shrunk": "fjsim.fitting.estimators.per_item",
        "pooled": "fjsim.fitting.estimators.pooled",
        "log-linear": "fjsim.fitting.estimators.rival_rules",
        "majority": "fjsim.fitting.estimators.rival_rules",
        "trajectory": "fjsim.fitting.estimators.trajectory",
    },
)
