"""What a reason does besides naming an answer, for agents that carry no arguments of their own.

A speaker sounds as sure as its words make it, it persuades more or less than others, and a
listener is more or less ready to yield. Each is a parameter of a known law, so that simulated
teams can be held to it where peers see no confidence and no belief.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array

DECIMALS = 12
"""How many a sureness has that is said in words."""

_SAID = re.compile(r"I sound (0(?:\.\d{1,12})?|1(?:\.0)?) sure\.")


@dataclass(frozen=True, slots=True)
class Manner:
    """How an agent speaks reasons and hears them.

    Parameters
    ----------
    words : float, default 0
        How far its reasons convey its confidence, in [0, 1]; see `sureness`.
    readiness : float, default 0
        Share of its stubbornness that it gives up where it is given reasons, in [0, 1].
    """

    words: float = 0.0
    readiness: float = 0.0


def sureness(words: ArrayLike, confidence: ArrayLike) -> Array:
    r"""Return how sure a speaker sounds by its reason alone.

    Parameters
    ----------
    words : array-like of shape (...)
        How far its words convey its confidence, in [0, 1].
    confidence : array-like of shape (...)
        What it states of its confidence, in [0, 1]; NaN stays NaN.

    Returns
    -------
    ndarray of shape (...)
        In [0, 1].

    Notes
    -----
    :math:`u = 1 - \omega (1 - q)`: at :math:`\omega = 0` an answer without a number sounds
    certain, at 1 its words say all that the number would.

    Examples
    --------
    >>> float(sureness(0.5, 0.6))
    0.8
    """
    return np.asarray(1.0 - np.asarray(words, float) * (1.0 - np.asarray(confidence, float)))


def in_words(sounding: float) -> str:
    """Return the sentence by which a speaker without arguments says how sure it sounds.

    Parameters
    ----------
    sounding : float
        From `sureness`.

    Examples
    --------
    >>> in_words(0.8)
    'I sound 0.8 sure.'
    """
    number = f"{sounding:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return f"I sound {number} sure."


def sureness_in(reason: str) -> float | None:
    """Return how sure a reason sounds that begins with the sentence of `in_words`; else None.

    Parameters
    ----------
    reason : str
        A speaker's argument, which may be hostile: it can make its speaker sound less sure than
        certain, never more, and says nothing else.

    Examples
    --------
    >>> sureness_in("I sound 0.8 sure. I find option A most convincing.")
    0.8
    >>> sureness_in("I find option A most convincing.")
    """
    said = _SAID.match(reason)
    return None if said is None else float(said.group(1))


def persuaded(weights: Array, persuasiveness: Array) -> Array:
    r"""Return weights that speakers of different persuasiveness have.

    Parameters
    ----------
    weights : ndarray of shape (..., n_speakers)
        Shares of a listener's peer weight, >= 0.
    persuasiveness : ndarray of shape (..., n_speakers)
        What multiplies each, > 0.

    Returns
    -------
    ndarray of shape (..., n_speakers)
        Rows sum to what they summed to.

    Notes
    -----
    :math:`w'_{ij} = w_{ij} p_j \sum_k w_{ik} / \sum_k w_{ik} p_k`.

    Examples
    --------
    >>> persuaded(np.array([0.5, 0.5]), np.array([3.0, 1.0])).tolist()
    [0.75, 0.25]
    """
    heard = weights * persuasiveness
    total = heard.sum(axis=-1, keepdims=True)
    whole = weights.sum(axis=-1, keepdims=True)
    scale = np.divide(whole, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(heard * scale)
