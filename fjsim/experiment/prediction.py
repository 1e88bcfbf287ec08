"""What the law predicts for a run, beside what was observed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fjsim.analysis import security
from fjsim.analysis.intervals import Estimate
from fjsim.analysis.security import Pair
from fjsim.beliefs import Array, total_variation
from fjsim.errors import ParameterError
from fjsim.fitting import (
    FittedPrediction,
    fitted_on_clean,
    fitted_on_first_rounds,
    predicted_beliefs,
)
from fjsim.records import Transcript


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one set of parameters predicts.

    Parameters
    ----------
    takeover, flips : Estimate
        The same functionals as the observed ones, on the law's beliefs.
    error : float or None
        Mean total variation between predicted and recorded benign beliefs of the attacked arm's
        last round.
    """

    takeover: Estimate
    flips: Estimate
    error: float | None

    def as_dict(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "takeover": self.takeover.as_dict(),
            "flips": self.flips.as_dict(),
            "error": self.error,
        }


def predictions(pair: Pair | None, seed: int) -> dict[str, Prediction | None]:
    """Predict a run's end with every set of parameters that can be had.

    Parameters
    ----------
    pair : Pair or None
        Both arms as recorded; without a clean arm there is nothing to hold a prediction against.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        ``declared`` (what backend or agents state of themselves), ``fitted_clean`` (fitted on the
        clean arm) and ``fitted_first_rounds`` (fitted on the attacked arm's first rounds, rolled
        out from there); None where there are none.
    """
    if pair is None or not pair.attacked.n_items:
        return dict.fromkeys(("declared", "fitted_clean", "fitted_first_rounds"))
    return {
        "declared": _declared(pair, seed),
        "fitted_clean": _fitted(pair, fitted_on_clean, seed),
        "fitted_first_rounds": _fitted(pair, fitted_on_first_rounds, seed),
    }


def _declared(pair: Pair, seed: int) -> Prediction | None:
    if pair.attacked.stubbornness is None or pair.clean.stubbornness is None:
        return None
    return _judged(pair, predicted_beliefs(pair.attacked), predicted_beliefs(pair.clean), seed)


def _fitted(
    pair: Pair, fit: Callable[[Transcript, Transcript], FittedPrediction], seed: int
) -> Prediction | None:
    try:
        fitted = fit(pair.clean, pair.attacked)
    except ParameterError:
        # Too little was recorded to fit anything: no prediction rather than a guess.
        return None
    return _judged(pair, fitted.attacked, fitted.clean, seed)


def _judged(pair: Pair, attacked: Array, clean: Array, seed: int) -> Prediction:
    beliefs = Pair(replace(pair.attacked, beliefs=attacked), replace(pair.clean, beliefs=clean))
    benign = list(pair.attacked.benign)
    gaps = total_variation(attacked[:, -1][:, benign], pair.attacked.beliefs[:, -1][:, benign])
    known = gaps[~np.isnan(gaps)]
    return Prediction(
        takeover=security.takeover(pair, beliefs, seed),
        flips=security.flips(pair, beliefs, seed),
        error=float(known.mean()) if len(known) else None,
    )
