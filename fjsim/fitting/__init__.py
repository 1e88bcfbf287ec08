"""Friedkin-Johnsen parameters from recorded deliberations, and what can be known of them.

Importing registers the estimators; what is heavy (numba, scipy, scikit-learn) loads on first use.
"""

from fjsim.fitting.estimators import Estimator
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
