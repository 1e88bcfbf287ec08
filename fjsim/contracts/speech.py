"""What is said in a turn, what reaches a listener, and the record of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array, certain
from fjsim.contracts.argument import sureness_in

Arm = Literal["attacked", "clean"]


class Validity(StrEnum):
    """Whether a turn holds a belief, and how it came about."""

    OK = "ok"
    REPAIRED = "repaired"
    ABSTAINED = "abstained"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Statement:
    """What an agent said in one turn, before it reaches anybody.

    Parameters
    ----------
    answer : int or None
        The stated option; may differ from the top of the belief, which is counted.
    belief : ndarray of shape (n_options,) or None
        The stated belief; None where the agent abstained or is missing.
    confidence : float or None
        What the agent said of its own confidence, in [0, 1].
    reason : str
        Its argument.
    validity : Validity
        Whether there is a belief.
    problem : str
        Why the turn is missing, or what was repaired.
    mass : float or None
        Where the belief was read off log-probabilities: how much of the probability fell on
        option letters at all, before it was normalised over them.
    """

    answer: int | None
    belief: Array | None
    confidence: float | None = None
    reason: str = ""
    validity: Validity = Validity.OK
    problem: str = ""
    mass: float | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What one listener is given of one speaker's last turn.

    Parameters
    ----------
    speaker : int
        Seat of the speaker.
    round : int
        Round in which it was said.
    answer : int or None
        The answer as the listener reads it.
    belief : ndarray of shape (n_options,) or None
        The belief as the listener reads it; None where beliefs are not shown.
    confidence : float or None
        Stated confidence; None where it is not shown.
    reason : str
        The argument; empty where it is not shown.
    gate : float
        What a defense multiplies this speaker's weight by, in [0, 1].
    weight : float
        The speaker's share of the listener's peer weight, before the gate.
    option_gates : ndarray of shape (n_options,) or None
        Gates that differ by option; ``gate`` is their mean then.
    tampered : bool
        Whether an adversary rewrote it on its way.
    """

    speaker: int
    round: int
    answer: int | None
    belief: Array | None
    confidence: float | None = None
    reason: str = ""
    gate: float = 1.0
    weight: float = 1.0
    option_gates: Array | None = None
    tampered: bool = False

    def expressed(self, n_options: int) -> Array | None:
        """Return the belief that the message shows: stated, or its confidence on its answer.

        Parameters
        ----------
        n_options : int
            Options of the question.

        Returns
        -------
        ndarray of shape (n_options,) or None
            None for a message that shows neither belief nor answer. A confidence that is not shown
            counts as what the reason conveys of it, or as 1.
        """
        if self.belief is not None or self.answer is None:
            return self.belief
        sure = self.confidence
        if sure is None:
            sure = sureness_in(self.reason)
        return certain(self.answer, n_options, 1.0 if sure is None else sure)


def expressed_beliefs(answers: NDArray[np.int64], confidence: Array, like: Array) -> Array:
    """Return what `Message.expressed` gives for many messages that show no belief.

    Parameters
    ----------
    answers : ndarray of int, shape (...)
        -1 where there is none; the result is NaN there.
    confidence : ndarray of shape (...)
        In [0, 1]; NaN, where it is not shown, counts as 1.
    like : ndarray of shape (..., n_options)
        Its NaN options stay NaN.

    Returns
    -------
    ndarray like ``like``
    """
    certainty = np.where(np.isnan(confidence), 1.0, confidence)[..., None]
    present = ~np.isnan(like)
    n_options = np.maximum(present.sum(axis=-1, keepdims=True), 2)
    chosen = np.arange(like.shape[-1]) == answers[..., None]
    belief = np.where(chosen, certainty, (1 - certainty) / (n_options - 1))
    return np.where(present & (answers[..., None] >= 0), belief, np.nan)


@dataclass(frozen=True, slots=True)
class Heard:
    """The record of one message to a listener.

    Parameters
    ----------
    speaker, round : int
        Who said it, and when.
    gate : float
        The defense's gate, in [0, 1]; the mean where gates differ by option.
    weight : float
        The speaker's share of the listener's peer weight, before the gate.
    tampered : bool
        Whether an adversary rewrote it on its way.
    acting : float or None
        What acted in place of the gate where the defense's channel delivers a message in full or
        not at all: 1 for a delivered one, 0 for one that it kept back. None where the gate acted.
    option_gates : tuple of float or None
        Gates that differ by option.
    """

    speaker: int
    round: int
    gate: float = 1.0
    weight: float = 1.0
    tampered: bool = False
    acting: float | None = None
    option_gates: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """All that was said on one question so far: what routers and defenses look at.

    A batched policy is given many items at once: an axis of items stands before that of the
    agents, and ``question_id`` is empty.

    Parameters
    ----------
    question_id : str
        Which question; carries no key.
    influence : ndarray of shape (n_agents, n_agents)
        Row-stochastic, ``influence[listener, speaker]``, before routing and gates.
    stated : ndarray of shape (n_rounds_done, n_agents, n_options)
        Stated beliefs, round 0 first; NaN where there is none.
    accepted : ndarray of shape (n_rounds_done, n_agents, n_options)
        Accepted beliefs; differ from the stated ones in the ``blend`` channel only.
    answers : ndarray of int, shape (n_rounds_done, n_agents)
        Stated answers; -1 where there is none.
    confidence : ndarray of shape (n_rounds_done, n_agents)
        Stated confidence; NaN where there is none.
    perceived : ndarray of shape (n_agents, n_agents) or None
        ``[listener, speaker]``: how sure a probe found the speaker to seem, NaN where nobody was
        asked; None without a probe.
    casting : ndarray of int, shape (n_votes,), or None
        What voters from outside the team answered after round 0, each alone; -1 for one who
        gave no valid answer. None where nobody was asked.
    alike : ndarray of shape (n_agents, n_agents) or None
        How alike the words of two seats' round 0 are, in [0, 1]; NaN where either used none. None
        where no policy reads words (``Policy.reads_words``), or where there are none.
    """

    question_id: str
    influence: Array
    stated: Array
    accepted: Array
    answers: NDArray[np.int64]
    confidence: Array
    perceived: Array | None = None
    casting: NDArray[np.int64] | None = None
    alike: Array | None = None

    @property
    def n_agents(self) -> int:
        """How many seats there are."""
        return int(self.influence.shape[-1])

    @property
    def round(self) -> int:
        """The last round that the record holds."""
        return int(self.stated.shape[0]) - 1
