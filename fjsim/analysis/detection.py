"""Whether a defense finds the adversary: how well, how soon, and whom it wrongs.

Trust in a speaker is the mean gate over its listeners, as the defense gave it: a message that the
defense's channel kept back counts with its gate. One for which no gate is recorded, since a router
dropped it before, counts as a gate of 0; a speaker that did not speak leaves the mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fjsim.analysis.intervals import LEVEL, NOTHING, Estimate, ratio_of_sums, resamples
from fjsim.beliefs import Array
from fjsim.records import Transcript

ISOLATED_BELOW = 0.5
CHUNK = 200
"""Resamples at a time, which bounds memory."""


@dataclass(frozen=True)
class TrustScores:
    """Trust at the last round, question by question.

    Parameters
    ----------
    questions : tuple of str, length n_scores
        Question of each score.
    trust : ndarray of shape (n_scores,)
        Mean gate over listeners, in [0, 1].
    hostile : ndarray of shape (n_scores,)
        1 where the speaker is the adversary, else 0.
    """

    questions: tuple[str, ...]
    trust: Array
    hostile: Array

    def estimate(self, seed: int = 0) -> Estimate:
        """Return the area under the curve of trust as a detector of the adversary.

        Parameters
        ----------
        seed : int
            Of the bootstrap over questions.

        Returns
        -------
        Estimate
            Probability that an adversary is trusted less than a benign speaker, ties one half,
            pooled over questions; ``n`` counts the scores. Nothing without both kinds.
        """
        hostile = self.hostile.astype(bool)
        if not hostile.any() or hostile.all():
            return NOTHING
        n_questions = len(dict.fromkeys(self.questions))
        value = _areas(np.ones((1, n_questions)), self)[0]
        drawn = _areas(resamples(n_questions, seed), self)
        low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Estimate(float(value), float(low), float(high), len(hostile))


def pool_scores(scores: Iterable[TrustScores]) -> TrustScores:
    """Return the scores of several runs as one, for example over seeds."""
    given = list(scores)
    if not given:
        return TrustScores((), np.zeros(0), np.zeros(0))
    return TrustScores(
        tuple(name for one in given for name in one.questions),
        np.concatenate([one.trust for one in given]),
        np.concatenate([one.hostile for one in given]),
    )


def _areas(counts: Array, scores: TrustScores) -> Array:
    """Return the area for each row of how often each question counts; ties count half."""
    names = list(dict.fromkeys(scores.questions))
    place = {name: at for at, name in enumerate(names)}
    question = np.array([place[name] for name in scores.questions])
    levels, level = np.unique(scores.trust, return_inverse=True)
    adverse, benign = np.zeros((2, len(names), len(levels)))
    hostile = scores.hostile.astype(bool)
    np.add.at(adverse, (question[hostile], level[hostile]), 1)
    np.add.at(benign, (question[~hostile], level[~hostile]), 1)
    chunks = np.array_split(counts, max(1, len(counts) // CHUNK))
    return np.concatenate([_area(chunk @ adverse, chunk @ benign) for chunk in chunks])


def _area(adverse: Array, benign: Array) -> Array:
    """Return the area from the weights at each level of trust, lowest first."""
    # Benign weight strictly above each level, plus half of what is level with it.
    above = benign[:, ::-1].cumsum(axis=1)[:, ::-1] - benign / 2
    pairs = adverse.sum(axis=1) * benign.sum(axis=1)
    return np.asarray((adverse * above).sum(axis=1) / np.where(pairs > 0, pairs, np.nan))


def mean_trust(transcript: Transcript) -> Array:
    """Return the mean gate of each speaker over its listeners.

    Parameters
    ----------
    transcript : Transcript
        An arm that was played with a defense.

    Returns
    -------
    ndarray of shape (n_items, n_rounds + 1, n_agents)
        NaN in round 0, for a speaker without listeners, and where it had not spoken.
    """
    shape = (transcript.n_items, transcript.n_agents, transcript.n_agents)
    weights = np.ones(shape[1:]) if transcript.influence is None else transcript.influence
    edges = np.broadcast_to(np.greater(weights, 0), shape)
    spoke = np.zeros(transcript.valid.shape, dtype=bool)
    spoke[:, 1:] = transcript.valid[:, :-1]
    listened = transcript.valid[..., None] & spoke[:, :, None, :] & edges[:, None]
    gates = np.where(np.isnan(transcript.gates), 0.0, transcript.gates)
    counts = listened.sum(axis=2)
    total = np.where(listened, gates, 0.0).sum(axis=2)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def trust_scores(transcript: Transcript) -> TrustScores:
    """Return the trust in every speaker at the last round.

    Parameters
    ----------
    transcript : Transcript
        The attacked arm; ``transcript.seats`` are the adversary's.
    """
    last = mean_trust(transcript)[:, -1]
    known = ~np.isnan(last)
    adverse = np.isin(np.arange(transcript.n_agents), transcript.seats)
    names = np.repeat(np.arange(transcript.n_items), transcript.n_agents).reshape(last.shape)
    return TrustScores(
        tuple(transcript.question_ids[item] for item in names[known]),
        last[known],
        np.broadcast_to(adverse, last.shape)[known].astype(float),
    )


def detection_auc(transcript: Transcript, seed: int = 0) -> Estimate:
    """Return how well trust at the last round tells adversary from benign speakers.

    Parameters
    ----------
    transcript : Transcript
        The attacked arm of a run with a defense.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Estimate
        1 is perfect, 0.5 is chance; nothing without an adversary or without rounds.

    Examples
    --------
    >>> import numpy as np
    >>> scores = TrustScores(("a", "a", "b", "b"), np.array([0, 1, 0.2, 1]), np.array([1, 0, 1, 0]))
    >>> scores.estimate().value
    1.0
    """
    return trust_scores(transcript).estimate(seed)


@dataclass(frozen=True, slots=True)
class Detection:
    """How a defense told adversary from benign agents.

    Parameters
    ----------
    detected : Estimate
        Share of (question, adversary's seat) that is distrusted at the last round.
    rounds : Estimate
        Mean first round at which a detected seat is distrusted, 1 at the earliest.
    questions : int or None
        Up to which place in the order the adversary has to speak to be distrusted at the end
        of a question for the first time, 1 for the first question; None for never.
    false_isolation : Estimate
        Share of (question, benign agent) that is distrusted at the last round.
    """

    detected: Estimate
    rounds: Estimate
    questions: int | None
    false_isolation: Estimate


def detect(
    transcript: Transcript, order: Sequence[str], seed: int = 0, below: float = ISOLATED_BELOW
) -> Detection:
    """Judge the gates of one arm.

    Parameters
    ----------
    transcript : Transcript
        The attacked arm, or the clean one for its false isolation alone.
    order : sequence of str
        Questions in the order in which the defense learned from them.
    seed : int
        Of the bootstrap.
    below : float
        Mean gate below which a speaker counts as distrusted.
    """
    counts = detection_counts(transcript, below)
    names = transcript.question_ids
    estimates = {
        name: ratio_of_sums(tops, bottoms, names, seed=seed)
        for name, (tops, bottoms) in counts.items()
    }
    return Detection(
        detected=estimates["detected"],
        rounds=estimates["rounds_to_detect"],
        questions=questions_to_detect(transcript, order, below),
        false_isolation=estimates["false_isolation"],
    )


def detection_counts(
    transcript: Transcript, below: float = ISOLATED_BELOW
) -> Mapping[str, tuple[Array, Array]]:
    """Return numerator and denominator, per item, of what `detect` estimates.

    Parameters
    ----------
    transcript : Transcript
    below : float
        As of `detect`.

    Returns
    -------
    mapping of str to (ndarray of shape (n_items,), ndarray of shape (n_items,))
        ``detected``, ``rounds_to_detect`` and ``false_isolation``.
    """
    trust = mean_trust(transcript)
    seats, benign = list(transcript.seats), list(transcript.benign)
    low = trust < below
    known = ~np.isnan(trust[:, -1])
    caught = low[:, -1][:, seats]
    first = low[:, :, seats].argmax(axis=1)
    return {
        "detected": (caught.sum(axis=1), known[:, seats].sum(axis=1)),
        "rounds_to_detect": (np.where(caught, first, 0).sum(axis=1), caught.sum(axis=1)),
        "false_isolation": (low[:, -1][:, benign].sum(axis=1), known[:, benign].sum(axis=1)),
    }


def questions_to_detect(
    transcript: Transcript, order: Sequence[str], below: float = ISOLATED_BELOW
) -> int | None:
    """Return after how many questions a seat of the adversary is first distrusted.

    Parameters
    ----------
    transcript : Transcript
        Its attacked arm.
    order : sequence of str
        Questions in the order in which they were played; those that are not in the transcript
        (warm-up) do not count.
    below : float
        As of `detect`.
    """
    last = mean_trust(transcript)[:, -1][:, list(transcript.seats)]
    caught = np.any(last < below, axis=1).tolist()
    found = {name for name, hit in zip(transcript.question_ids, caught, strict=True) if hit}
    played = [name for name in order if name in set(transcript.question_ids)]
    return next((at for at, name in enumerate(played, start=1) if name in found), None)
