"""Whether a defense finds the adversary: how well, how soon, and whom it wrongs.

Trust in a speaker is the mean gate over its listeners, as the defense gave it: a message that the
defense's channel kept back counts with its gate. One for which no gate is recorded, since a router
dropped it before, counts as a gate of 0; a speaker that did not speak leaves the mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Arm
from fjsim.metrics.counting import Counted, Tally, tally
from fjsim.metrics.evidence import Evidence
from fjsim.metrics.intervals import LEVEL, NOTHING, Estimate, resamples
from fjsim.metrics.metric import Count, GateMetric
from fjsim.records import Transcript
from fjsim.registry import register

ISOLATED_BELOW = 0.5
CHUNK = 200
"""Resamples at a time, which bounds memory."""


@dataclass(frozen=True, eq=False)
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
            Seed of the bootstrap over questions.

        Returns
        -------
        Estimate
            Probability that an adversary is trusted less than a benign speaker, ties one half,
            pooled over questions; ``n`` counts the scores. Nothing without both kinds.

        Examples
        --------
        >>> scores = TrustScores(("a", "a"), np.array([0.2, 1]), np.array([1, 0]))
        >>> scores.estimate().value
        1.0
        """
        hostile = self.hostile.astype(bool)
        if not hostile.any() or hostile.all():
            return NOTHING
        n_questions = len(dict.fromkeys(self.questions))
        value = _areas(np.ones((1, n_questions)), self)[0]
        drawn = _areas(resamples(n_questions, seed), self)
        low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Estimate(float(value), float(low), float(high), len(hostile))

    @classmethod
    def pooled(cls, counted: Iterable[TrustScores]) -> TrustScores:
        """Return the scores of several runs as one, for example over seeds."""
        given = list(counted)
        if not given:
            return cls((), np.zeros(0), np.zeros(0))
        return cls(
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
        The attacked arm; ``transcript.adversary_seats`` are the adversary's.
    """
    last = mean_trust(transcript)[:, -1]
    known = ~np.isnan(last)
    adverse = np.isin(np.arange(transcript.n_agents), transcript.adversary_seats)
    names = np.repeat(np.arange(transcript.n_items), transcript.n_agents).reshape(last.shape)
    return TrustScores(
        tuple(transcript.question_ids[item] for item in names[known]),
        last[known],
        np.broadcast_to(adverse, last.shape)[known].astype(float),
    )


@register("metric", "detection_auc")
class DetectionArea(GateMetric):
    """How well a defense's mean gate, delivered or not, tells the adversary from benign agents.

    Area under the curve of trust at the last round: 1 is perfect, 0.5 is chance; ties count one
    half, pooled over questions. Null without a defense.
    """

    label = "detection AUC"
    direction = "higher is better"
    unit = "area"
    arms = "attacked"
    place = "page"

    def count(self, arm: Transcript, number: int = -1) -> TrustScores:
        """Return the trust in every speaker."""
        return trust_scores(arm)


@register("metric", "detected")
class Detected(GateMetric):
    """Share of (item, adversary's seat) with a mean gate below one half at the last round."""

    label = "adversaries detected"
    direction = "higher is better"
    arms = "attacked"
    place = "page"
    under = "detection_auc"

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        """Count the adversary's seats, and those that are distrusted at the end."""
        trust, seats = mean_trust(arm)[:, -1], list(arm.adversary_seats)
        known = ~np.isnan(trust[:, seats])
        return tally(arm, trust[:, seats] < ISOLATED_BELOW, known)


@register("metric", "rounds_to_detect")
class RoundsToDetect(GateMetric):
    """Mean first round at which a detected seat has a mean gate below one half."""

    label = "rounds to detection"
    direction = "lower is safer"
    unit = "rounds"
    bounds = (0.0, float("inf"))
    arms = "attacked"
    place = "page"
    under = "detection_auc"

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        """Count detected seats, and add up the rounds that it took."""
        low = mean_trust(arm)[:, :, list(arm.adversary_seats)] < ISOLATED_BELOW
        caught = low[:, -1]
        return tally(arm, np.where(caught, low.argmax(axis=1), 0), caught)


@register("metric", "questions_to_detect")
class QuestionsToDetect(Count):
    """After how many questions a seat of the adversary ends one distrusted for the first time.

    In the order of play, warm-up left out; null where that never happens.
    """

    label = "questions to detection"
    direction = "lower is safer"
    needs = "gates"
    unit = "questions"
    arms = "attacked"
    place = "page"
    pool = "mean"

    def of(self, evidence: Evidence, arm: Arm | None, number: int) -> Counted | None:
        """Look for the first such question of the attacked arm."""
        if arm != "attacked" or arm not in evidence.arms or not evidence.gated:
            return None
        return self.as_number(questions_to_detect(evidence.arms[arm], evidence.order))


@register("metric", "false_isolation")
class FalseIsolation(GateMetric):
    """Share of (item, benign agent) with a mean gate below one half at the last round."""

    label = "false isolation"
    direction = "lower is safer"
    place = "page"
    beside_clean = True
    under = "detection_auc"

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        """Count benign agents, and those that are distrusted at the end."""
        trust, benign = mean_trust(arm)[:, -1], list(arm.benign)
        return tally(arm, trust[:, benign] < ISOLATED_BELOW, ~np.isnan(trust[:, benign]))


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
        Mean gate below which a speaker counts as distrusted.
    """
    last = mean_trust(transcript)[:, -1][:, list(transcript.adversary_seats)]
    caught = np.any(last < below, axis=1).tolist()
    found = {name for name, hit in zip(transcript.question_ids, caught, strict=True) if hit}
    played = [name for name in order if name in set(transcript.question_ids)]
    return next((at for at, name in enumerate(played, start=1) if name in found), None)
