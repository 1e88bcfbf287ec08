"""What the law predicts for a run, beside what was observed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fjsim.beliefs import Array, total_variation
from fjsim.errors import ParameterError
from fjsim.fitting import fitted_on_clean, fitted_on_first_rounds, predicted_beliefs
from fjsim.fitting.predict.forecast import first_share, quick_fit
from fjsim.metrics import NOTHING, Estimate, Pair, Tally
from fjsim.metrics.takeover import flips_tally, takeover_tally
from fjsim.runs.law.effective import MOVING, EffectiveLaw
from fjsim.runs.resolve import Setup

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
        Setup of the run: asks the attack again which messages it forged, which no transcript holds.
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
    reasons = [arm.played.unread for arm in pair if arm.played is not None and arm.played.unread]
    return reasons[0] if reasons else ""


def _declared(pair: Pair, law: EffectiveLaw | None) -> LawBeliefs:
    if pair.attacked.stubbornness is None or pair.clean.stubbornness is None:
        return LawBeliefs(because=UNDECLARED)
    if law is None or law.is_plain:
        return LawBeliefs(predicted_beliefs(pair.attacked), predicted_beliefs(pair.clean))
    return _law_beliefs(law.beliefs(pair.attacked), law.beliefs(pair.clean))


def _fitted_clean(pair: Pair, law: EffectiveLaw | None) -> LawBeliefs:
    if law is None or law.is_plain:
        fitted = fitted_on_clean(pair.clean, pair.attacked)
        return LawBeliefs(fitted.attacked, fitted.clean)
    fit = quick_fit(pair.clean)
    return _law_beliefs(law.beliefs(pair.attacked, fit), law.beliefs(pair.clean, fit))


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
    return _law_beliefs(*beliefs)


def _law_beliefs(attacked: Array | None, clean: Array | None) -> LawBeliefs:
    known = attacked is not None and clean is not None
    return LawBeliefs(attacked, clean, "" if known else MOVING)


def laws(pair: Pair | None, setup: Setup | None = None) -> dict[str, Pair | None]:
    """Return both arms with the law's beliefs, for every set of parameters that can be had.

    Parameters
    ----------
    pair : Pair or None
        Both arms as recorded; without a clean arm there is nothing to hold a prediction against.
    setup : Setup, optional
        As in `law_beliefs`.

    Returns
    -------
    dict
        ``declared`` (what backend or agents state of themselves), ``fitted_clean`` (fitted on the
        clean arm) and ``fitted_first_rounds`` (fitted on the attacked arm's first rounds, rolled
        out from there); None where there are none, for a reason that `law_beliefs` tells.
    """
    return laws_or_reasons(pair, setup)[0]


def laws_or_reasons(
    pair: Pair | None, setup: Setup | None = None
) -> tuple[dict[str, Pair | None], dict[str, str]]:
    """Return what the law says of both arms, and of each set of parameters that is silent why.

    Parameters
    ----------
    pair, setup
        As in `laws`.

    Returns
    -------
    said : dict
        As from `laws`.
    reasons : dict of str to str
        One for each that is None.
    """
    beliefs = {source: law_beliefs(pair, source, setup) for source in SOURCES}
    said = {source: None if pair is None else found.pair(pair) for source, found in beliefs.items()}
    return said, {source: beliefs[source].because for source in SOURCES if said[source] is None}


def predictions(
    pair: Pair | None, said: dict[str, Pair | None], seed: int
) -> dict[str, Prediction | None]:
    """Predict a run's end with every set of parameters that can be had.

    Parameters
    ----------
    pair : Pair or None
        Both arms as recorded.
    said : dict
        From `laws`.
    seed : int
        Seed of the bootstrap.
    """
    return {
        source: None if pair is None or law is None else _judged(pair, law, seed)
        for source, law in said.items()
    }


def _judged(pair: Pair, law: Pair, seed: int) -> Prediction:
    benign = list(pair.attacked.benign)
    predicted, recorded = law.attacked.beliefs, pair.attacked.beliefs
    gaps = total_variation(predicted[:, -1][:, benign], recorded[:, -1][:, benign])
    known = gaps[~np.isnan(gaps)]
    return Prediction(
        takeover=_estimate(takeover_tally(pair, law), seed),
        flips=_estimate(flips_tally(pair, law), seed),
        error=float(known.mean()) if len(known) else None,
    )


def _estimate(counts: Tally | None, seed: int) -> Estimate:
    return NOTHING if counts is None else counts.estimate(seed)
