"""Many deliberations at once, as arrays: what agents without a model are given, and give back.

An *item* is one question in one replica. Arrays begin with the axes (item, seat); all items of one
array have as many options.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.contracts.policies import Residual
from fjsim.questions import Question

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Cast:
    """Some seats of many items.

    Parameters
    ----------
    questions : tuple of Question, length n_items
        All of as many options.
    replicas : tuple of int, length n_items
    seats : tuple of int, length n_seats
    seed : int
        The run's seed.
    """

    questions: tuple[Question, ...]
    replicas: tuple[int, ...]
    seats: tuple[int, ...]
    seed: int


@dataclass(frozen=True, eq=False, slots=True)
class Members:
    """The agents in some seats of many items, with their true parameters.

    Parameters
    ----------
    innate : ndarray of shape (n_items, n_seats, n_options)
        What they believe before they hear anybody.
    stubbornness, self_weight : ndarray of shape (n_items, n_seats)
        Their Friedkin-Johnsen parameters, in [0, 1].
    persuasiveness : ndarray of shape (n_items, n_seats)
        What multiplies their weight with those that hear their reasons, > 0.
    """

    innate: Array
    stubbornness: Array
    self_weight: Array
    persuasiveness: Array


@dataclass(frozen=True, eq=False, slots=True)
class Assigned:
    """What an attack has seats say in one round.

    Parameters
    ----------
    given : ndarray of bool, shape (n_items, n_seats)
        Where it has one say anything; the rest of the arrays means nothing elsewhere.
    beliefs : ndarray of shape (n_items, n_seats, n_options)
    targets : ndarray of int, shape (n_items, n_seats)
        Options argued for.
    """

    given: Flags
    beliefs: Array
    targets: Integers


@dataclass(frozen=True, eq=False, slots=True)
class Situations:
    """What agents that speak for themselves are given in one round of many items.

    A *voice* is a speaker as a listener knows it: all seats first, then invented ones.

    Parameters
    ----------
    round : int
    innate, own : ndarray of shape (n_items, n_seats, n_options), or None
        Their round-0 beliefs and their last ones; None in round 0, NaN where there is none.
    weights : ndarray of shape (n_items, n_seats, n_voices)
        Shares of a listener's peer weight; 0 for who is not heard.
    beliefs : ndarray of shape (n_items, n_seats or 1, n_voices, n_options)
        What the voices are read to believe; NaN where nothing can be read off their words.
    gates : ndarray of shape (n_items, n_seats, n_voices), with or without (n_options,), or None
        The defense's gates; None where all are 1.
    silent : ndarray of shape (n_items, n_seats)
        Weight of neighbours that said nothing, which stays with the own last belief.
    residual : {'innate', 'self', 'renormalise'}
        Where the weight goes that a gate takes away.
    assigned : Assigned
        What the attack has them say.
    reasons_shown : bool
        Whether peers are shown each other's reasons in this run.
    """

    round: int
    innate: Array | None
    own: Array | None
    weights: Array
    beliefs: Array
    gates: Array | None
    silent: Array
    residual: Residual
    assigned: Assigned
    reasons_shown: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Statements:
    """What some seats of many items state in one round.

    Their reasons are the agent's ``argument``, or are made from its ``manner`` where its words
    convey how sure it is.

    Parameters
    ----------
    beliefs : ndarray of shape (n_items, n_seats, n_options)
        NaN where there is none.
    answers : ndarray of int, shape (n_items, n_seats)
        -1 where there is none.
    confidence : ndarray of shape (n_items, n_seats)
        In [0, 1]; NaN where none is stated.
    abstained, missing : ndarray of bool, shape (n_items, n_seats)
        Turns without a belief; False throughout where None.
    problem : str
        Why a missing turn is missing.
    """

    beliefs: Array
    answers: Integers
    confidence: Array
    abstained: Flags | None = None
    missing: Flags | None = None
    problem: str = ""
