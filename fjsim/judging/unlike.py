"""What needs no defense: how unlike the others a seat's answer and words of round 0 are."""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array
from fjsim.deliberation.likeness import likeness
from fjsim.judging.detecting import scores
from fjsim.metrics import Estimate
from fjsim.records import Transcript


def reference(transcript: Transcript, seed: int = 0) -> dict[str, Estimate]:
    """Return the areas of scores that look at round 0 alone.

    Parameters
    ----------
    transcript : Transcript
        Its ``openings`` are the words, where the log holds any.
    seed : int, default 0
        Seed of the bootstrap over questions.

    Returns
    -------
    dict of str to Estimate
        ``answer``, and ``words`` and ``both`` with texts; empty where nobody is hostile.
    """
    if not transcript.hostile.any():
        return {}
    answers = unlike_answers(transcript)
    parts = {"answer": answers}
    if transcript.openings:
        words = unlike_words(transcript)
        parts |= {"words": words, "both": (_centred(answers) + _centred(words)) / 2}
    return {name: scores(transcript, -part).estimate(seed) for name, part in parts.items()}


def unlike_answers(transcript: Transcript) -> Array:
    """Return the mean total variation between each round-0 belief and the others'.

    Returns
    -------
    ndarray of shape (n_items, n_agents)
        In [0, 1]; NaN for a seat that said nothing, or that stands alone.
    """
    first = transcript.beliefs[:, 0]
    apart = np.abs(first[:, :, None] - first[:, None])
    there = ~np.isnan(apart).all(axis=-1)
    gap = np.where(there, np.nansum(apart, axis=-1) / 2, np.nan)
    return _mean_of_others(gap)


def unlike_words(transcript: Transcript) -> Array:
    """Return one minus the mean similarity of each round-0 statement with the others'.

    Parameters
    ----------
    transcript : Transcript
        With ``openings``.

    Returns
    -------
    ndarray of shape (n_items, n_agents)
        In [0, 1]; NaN for a seat without words, or that stands alone.

    See Also
    --------
    fjsim.deliberation.likeness.likeness : What is compared.
    """
    gap = np.full((transcript.n_items, transcript.n_agents, transcript.n_agents), np.nan)
    for item, texts in enumerate(transcript.openings):
        alike = likeness(texts)
        if alike is not None:
            gap[item] = 1 - alike
    return _mean_of_others(gap)


def _mean_of_others(gap: Array) -> Array:
    """Return the mean over the last axis without the seat itself, NaN left out."""
    apart = np.where(np.eye(gap.shape[-1], dtype=bool), np.nan, gap)
    count = (~np.isnan(apart)).sum(axis=-1)
    mean = np.where(count > 0, np.nansum(apart, axis=-1) / np.maximum(count, 1), np.nan)
    # Seats that say the same are equal, whatever order their sums were taken in.
    return np.asarray(np.round(mean, 12), dtype=float)


def _centred(values: Array) -> Array:
    """Return values in standard deviations from the mean of all of them."""
    spread = float(np.nanstd(values)) if np.isfinite(values).any() else 0.0
    if spread == 0:
        return np.where(np.isnan(values), np.nan, 0.0)
    return np.asarray((values - np.nanmean(values)) / spread)
