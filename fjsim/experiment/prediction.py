"""What the law predicts for a run, beside what was observed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fjsim.analysis import security
from fjsim.analysis.intervals import Estimate
from fjsim.analysis.security import Pair
from fjsim.beliefs import Array, total_variation
from fjsim.fitting.prediction import predicted_beliefs
from fjsim.records import Transcript

Law = Callable[[Transcript], Array]


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


def declared_prediction(pair: Pair, seed: int) -> Prediction | None:
    """Predict with the parameters that backend or agents declare; None where they do not."""
    if pair.attacked.stubbornness is None or pair.clean.stubbornness is None:
        return None
    return predict(pair, predicted_beliefs, seed)


def predict(pair: Pair, law: Law, seed: int) -> Prediction:
    """Roll a law out from the recorded round-0 beliefs of both arms and compare the end.

    Parameters
    ----------
    pair : Pair
        Both arms as recorded.
    law : callable
        Takes a transcript and returns beliefs shaped like its own.
    seed : int
        Of the bootstrap.
    """
    attacked, clean = law(pair.attacked), law(pair.clean)
    beliefs = Pair(replace(pair.attacked, beliefs=attacked), replace(pair.clean, beliefs=clean))
    benign = list(pair.attacked.benign)
    gaps = total_variation(attacked[:, -1][:, benign], pair.attacked.beliefs[:, -1][:, benign])
    known = gaps[~np.isnan(gaps)]
    return Prediction(
        takeover=security.takeover(pair, beliefs, seed),
        flips=security.flips(pair, beliefs, seed),
        error=float(known.mean()) if len(known) else None,
    )
