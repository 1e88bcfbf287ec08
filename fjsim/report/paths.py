"""What a fit predicts beside what was observed: paths over the rounds, and step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, top_option
from fjsim.fitting import FJFit, one_step_beliefs, predicted_beliefs
from fjsim.fitting.validate.errors import scored_turns
from fjsim.metrics import Estimate, tally
from fjsim.records import Transcript

Integers = NDArray[np.int64]

BINS = 10
"""Classes of predicted belief."""


@dataclass(frozen=True)
class BeliefPath:
    """A mean belief, round by round.

    Parameters
    ----------
    name : str
        Whose: what was observed, or what the law gives.
    of : str
        In what: the key, the lie, the first favourite, or the opinion.
    estimates : tuple of Estimate, length n_rounds + 1
    """

    name: str
    of: str
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True)
class PredictionBin:
    """One class of predicted belief.

    Parameters
    ----------
    predicted, observed : Estimate
        Means over the turns and options of that class, one step ahead.
    """

    predicted: Estimate
    observed: Estimate


@dataclass(frozen=True)
class FitPaths:
    """Observed and predicted.

    Parameters
    ----------
    paths : tuple of Path
        Over the fitted seats; predicted ones are rolled out from round 0.
    bins : tuple of Bin
        One step ahead, in the sample that was fitted.
    """

    paths: tuple[BeliefPath, ...]
    bins: tuple[PredictionBin, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "paths": [
                {"name": path.name, "of": path.of, "rounds": _plain(path.estimates)}
                for path in self.paths
            ],
            "bins": [
                {"predicted": one.predicted.as_dict(), "observed": one.observed.as_dict()}
                for one in self.bins
            ],
        }


def fit_paths(transcript: Transcript, fit: FJFit, seed: int = 0) -> FitPaths:
    """Return what a fit predicts of the log that it was fitted to, beside what was observed.

    Parameters
    ----------
    transcript : Transcript
    fit : FJFit
    seed : int, default 0
        Seed of the bootstrap over questions.
    """
    told = predicted_beliefs(transcript, fit)
    there = transcript.valid & ~transcript.hostile[:, None] & ~np.isnan(told).all(axis=-1)
    paths = []
    for of, options in _followed(transcript).items():
        for name, beliefs in (("observed", transcript.beliefs), ("the law", told)):
            mass = _mass(beliefs, options)
            known = there & (options >= 0)[:, None, None]
            rounds = tuple(
                tally(transcript, np.where(known[:, at], mass[:, at], 0.0), known[:, at]).estimate(
                    seed
                )
                for at in range(transcript.n_rounds + 1)
            )
            paths.append(BeliefPath(name, of, rounds))
    return FitPaths(tuple(paths), _bins(transcript, one_step_beliefs(transcript, fit), seed))


def _followed(transcript: Transcript) -> dict[str, Integers]:
    """Return the options whose mean belief is drawn, (n_items,) each; -1 where there is none."""
    if transcript.opinions:
        return {"the opinion, as a share of its scale": np.ones(transcript.n_items, dtype=int)}
    followed: dict[str, Integers] = {}
    if (transcript.keys >= 0).any():
        followed["the key"] = transcript.keys
    if transcript.targets is not None and (transcript.targets >= 0).any():
        followed["the lie"] = transcript.targets
    if not followed:
        first = np.nan_to_num(transcript.innate).sum(axis=1)
        followed["the favourite of round 0"] = top_option(first)
    return followed


def _mass(beliefs: Array, options: Integers) -> Array:
    at = np.maximum(options, 0)[:, None, None, None]
    wide = np.broadcast_to(at, (*beliefs.shape[:-1], 1))
    return np.nan_to_num(np.take_along_axis(beliefs, wide, axis=-1)[..., 0])


def _bins(transcript: Transcript, ahead: Array, seed: int) -> tuple[PredictionBin, ...]:
    """Sort turns and options by what was predicted, and compare the means."""
    counts = scored_turns(transcript)[..., None] & ~np.isnan(ahead[:, 1:])
    counts &= ~np.isnan(transcript.beliefs[:, 1:])
    guess, seen = np.nan_to_num(ahead[:, 1:]), np.nan_to_num(transcript.beliefs[:, 1:])
    place = np.minimum((guess * BINS).astype(int), BINS - 1)
    found = []
    for number in range(BINS):
        inside = counts & (place == number)
        if inside.any():
            found.append(
                PredictionBin(
                    *(_mean(transcript, values, inside, seed) for values in (guess, seen))
                )
            )
    return tuple(found)


def _mean(transcript: Transcript, values: Array, inside: NDArray[np.bool_], seed: int) -> Estimate:
    axes = (1, 2, 3)
    top, bottom = np.where(inside, values, 0.0).sum(axis=axes), inside.sum(axis=axes)
    return tally(transcript, top, bottom).estimate(seed)


def _plain(estimates: Sequence[Estimate]) -> list[dict[str, Any]]:
    return [estimate.as_dict() for estimate in estimates]
