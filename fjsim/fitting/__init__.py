"""Friedkin-Johnsen parameters from recorded deliberations, and what can be known of them.

Importing registers the estimators; what is heavy (numba, scipy, scikit-learn) loads on first use.
"""

from fjsim.fitting.api import fit
from fjsim.fitting.estimators import Estimator
from fjsim.fitting.findings import Identified
from fjsim.fitting.forecast import (
    FittedPair,
    FittedPrediction,
    MiddleForecast,
    fitted_on_clean,
    fitted_on_first_rounds,
    fitted_prediction,
    forecast_from_middle,
)
from fjsim.fitting.prediction import one_step_beliefs, predicted_beliefs
from fjsim.fitting.result import FJFit

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
