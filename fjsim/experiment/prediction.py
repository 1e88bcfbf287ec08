"""What the law predicts for a run, beside what was observed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fjsim.analysis import security
from fjsim.analysis.intervals import Estimate
from fjsim.analysis.security import Pair
from fjsim.beliefs import Array, total_variation
from fjsim.errors import ParameterError
from fjsim.experiment.effective_law import MOVING, EffectiveLaw
from fjsim.experiment.setup import Setup
from fjsim.fitting import fitted_on_clean, fitted_on_first_rounds, predicted_beliefs
from fjsim.fitting.forecast import first_share, quick_fit

UNDECLARED = "neither backend nor agents declare their parameters"
ONE_ARM = "there is no clean arm to hold it against"
SOURCES = ("declared", "fitted_clean", "fitted_first_rounds")


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


@dataclass(frozen=True, slots=True)
class LawBeliefs:
    """The beliefs that one set of parameters gives in both arms, or why it gives none.

    Parameters
    ----------
    attacked, clean : ndarray like ``transcript.beliefs``, or None
    because : str
        Why there are none; empty where there are.
    """

    attacked: Array | None = None
    clean: Array | None = None
    because: str = ""

    def pair(self, recorded: Pair) -> Pair | None:
        """Return both arms with these beliefs in place of the recorded ones."""
        if self.attacked is None or self.clean is None:
            return None
        return Pair(
            replace(recorded.attacked, beliefs=self.attacked),
            replace(recorded.clean, beliefs=self.clean),
        )


def law_beliefs(pair: Pair | None, source: str, setup: Setup | None = None) -> LawBeliefs:
    """Return what the law says of both arms.

    Parameters
    ----------
    pair : Pair or None
        Both arms as recorded.
    source : {'declared', 'fitted_clean', 'fitted_first_rounds'}
        Where the parameters come from.
    setup : Setup, optional
        Of the run: asks the attack again which messages it forged, which no transcript holds.
        Without it a transcript that says why no law can be read off it is believed.
    """
    if pair is None or not pair.attacked.n_items:
        return LawBeliefs(because=ONE_ARM)
    law = None if setup is None else EffectiveLaw(setup)
    silent = _unread(pair) if law is None else law.silent_because
    if silent:
        return LawBeliefs(because=silent)
    try:
        if source == "declared":
            return _declared(pair, law)
        if source == "fitted_clean":
            return _fitted_clean(pair, law)
        return _fitted_first_rounds(pair, law)
    except ParameterError as error:
        return LawBeliefs(because=str(error))


def _unread(pair: Pair) -> str:
    """Return why a recorded pair says that no law can be read off it."""
    told = [arm.played.unread for arm in pair if arm.played is not None and arm.played.unread]
    return told[0] if told else ""


def _declared(pair: Pair, law: EffectiveLaw | None) -> LawBeliefs:
    if pair.attacked.stubbornness is None or pair.clean.stubbornness is None:
        return LawBeliefs(because=UNDECLARED)
    if law is None or law.is_plain:
        return LawBeliefs(predicted_beliefs(pair.attacked), predicted_beliefs(pair.clean))
    return _told(law.beliefs(pair.attacked), law.beliefs(pair.clean))


def _fitted_clean(pair: Pair, law: EffectiveLaw | None) -> LawBeliefs:
    if law is None or law.is_plain:
        fitted = fitted_on_clean(pair.clean, pair.attacked)
        return LawBeliefs(fitted.attacked, fitted.clean)
    fit = quick_fit(pair.clean)
    return _told(law.beliefs(pair.attacked, fit), law.beliefs(pair.clean, fit))


def _fitted_first_rounds(pair: Pair, law: EffectiveLaw | None) -> LawBeliefs:
    if law is None or law.is_plain:
        fitted = fitted_on_first_rounds(pair.clean, pair.attacked)
        return LawBeliefs(fitted.attacked, fitted.clean)
    if law.own_fit_fails_because:
        return LawBeliefs(because=law.own_fit_fails_because)
    beliefs = []
    for arm in pair:
        last = first_share(arm)
        beliefs.append(law.beliefs(arm, quick_fit(arm.first_rounds(last)), last))
    return _told(*beliefs)


def _told(attacked: Array | None, clean: Array | None) -> LawBeliefs:
    known = attacked is not None and clean is not None
    return LawBeliefs(attacked, clean, "" if known else MOVING)


def predictions(
    pair: Pair | None, seed: int, setup: Setup | None = None
) -> dict[str, Prediction | None]:
    """Predict a run's end with every set of parameters that can be had.

    Parameters
    ----------
    pair : Pair or None
        Both arms as recorded; without a clean arm there is nothing to hold a prediction against.
    seed : int
        Of the bootstrap.
    setup : Setup, optional
        As in `law_beliefs`.

    Returns
    -------
    dict
        ``declared`` (what backend or agents state of themselves), ``fitted_clean`` (fitted on the
        clean arm) and ``fitted_first_rounds`` (fitted on the attacked arm's first rounds, rolled
        out from there); None where there are none, for a reason that `law_beliefs` tells.
    """
    return predictions_or_reasons(pair, seed, setup)[0]


def predictions_or_reasons(
    pair: Pair | None, seed: int, setup: Setup | None = None
) -> tuple[dict[str, Prediction | None], dict[str, str]]:
    """Predict a run's end, and say of each set of parameters that predicts nothing why.

    Parameters
    ----------
    pair, seed, setup
        As in `predictions`.

    Returns
    -------
    found : dict
        As from `predictions`.
    reasons : dict of str to str
        One for each that is None.
    """
    found: dict[str, Prediction | None] = dict.fromkeys(SOURCES)
    reasons: dict[str, str] = {}
    for source in SOURCES:
        beliefs = law_beliefs(pair, source, setup)
        if pair is not None and beliefs.attacked is not None and beliefs.clean is not None:
            found[source] = _judged(pair, beliefs.attacked, beliefs.clean, seed)
        else:
            reasons[source] = beliefs.because
    return found, reasons


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
