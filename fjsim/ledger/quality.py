"""How well the fit behind the gates predicts, in sample and held out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fjsim.beliefs import Array
from fjsim.errors import FjsimError
from fjsim.fitting.findings.result import FJFit
from fjsim.fitting.predict.beliefs import one_step_beliefs
from fjsim.fitting.validate.comparison import compare
from fjsim.fitting.validate.errors import divergence, half_squared_gap, scored_turns
from fjsim.ledger.gates import ItemGates
from fjsim.records.transcript import Transcript
from fjsim.registry import build

COLUMNS = ("model", "sample", "mse", "kl", "skill", "n_turns")


def fit_quality(transcript: Transcript, gates: ItemGates, seed: int = 0) -> pd.DataFrame:
    """Set the fit of the gates beside one law.

    Parameters
    ----------
    transcript : Transcript
    gates : ItemGates
    seed : int, default 0

    Returns
    -------
    pandas.DataFrame
        ``model``, ``sample`` (``in sample``, ``last round``, where the fit has not seen it),
        ``mse`` (half the summed squared gap per turn), ``kl`` in nats, ``skill`` over no change
        (NaN where no change is left to predict), ``n_turns``. A low error in sample is no
        evidence for the law: only the last round is.
    """
    fits = {gates.model: gates.fit}
    if gates.model != "pooled":
        try:
            pooled = build("estimator", {"kind": "pooled", "resamples": 0}).fit(transcript)
            fits["pooled"] = pooled.result_
        except FjsimError:
            pass
    rows = [_in_sample(name, fit, transcript) for name, fit in fits.items()]
    if transcript.n_rounds > 1:
        for row in compare(transcript, tuple(fits), ("last-round",), seed):
            held = (row.model, "last round", row.one_step_mse, row.kl, row.skill, row.n_turns)
            rows.append(held)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _in_sample(
    name: str, fit: FJFit, transcript: Transcript
) -> tuple[str, str, float, float, float, int]:
    counts = scored_turns(transcript)
    guess = one_step_beliefs(transcript, fit)[:, 1:][counts]
    seen, before = transcript.beliefs[:, 1:][counts], transcript.beliefs[:, :-1][counts]
    error, base = _mean(half_squared_gap(guess, seen)), _mean(half_squared_gap(before, seen))
    kl = float("nan") if transcript.opinions else _mean(divergence(guess, seen))
    skill = 1 - error / base if base > 0 else float("nan")
    scale = transcript.error_scale
    return name, "in sample", scale * error, kl, skill, len(seen)


def _mean(values: Array) -> float:
    kept = values[np.isfinite(values)]
    return float(kept.mean()) if len(kept) else float("nan")
