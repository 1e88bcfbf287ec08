"""The ballot theorem as numbers: when it protects an agent, and how often it cannot.

Let F seats' statements be the adversary's. If among the benign round-0 votes, for every wrong
option k, votes(right) >= votes(k) + F, then under the exact-zero ballot gate with the innate
residual no agent that was right at round 0 is wrong in any later round: by induction every
input it accepts has the right option on top, or is its own innate belief. It holds on every
graph, for every number of rounds, stubbornness > 0, self-weight and influence, and whatever the
adversary says, when it says it, and to whom. Hence ASR <= P(lead < F | right). A ballot with a
margin of m votes needs a benign lead of F - m only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fjsim.beliefs import Array
from fjsim.contracts import Guarantee
from fjsim.dynamics.attacked.colluders import AlikeTeam, lead_chances
from fjsim_defenses.shared.readings import Flags

ROUNDING = 1e-9
USUAL_ACCURACY = 0.8
MOST_HOSTILE = 3
MOST_AGENTS = 40
"""Larger teams have too many splits of votes to go through one by one."""


def benign_lead(
    votes: ArrayLike, key: ArrayLike, benign: ArrayLike, n_options: int, weights: ArrayLike = 1.0
) -> Array:
    """Return by how much the benign votes for the right option lead those for any other.

    Parameters
    ----------
    votes : array-like of int, shape (..., n_agents)
        Round-0 votes; -1 for none.
    key : array-like of int, shape (...)
        Right options.
    benign : array-like of bool, shape (n_agents,) or (..., n_agents)
        Whose statements the adversary does not control.
    n_options : int
    weights : array-like of shape (..., n_agents), default 1
        Weight of each vote.

    Returns
    -------
    ndarray of shape (...)
    """
    cast = np.asarray(votes)[..., None] == np.arange(n_options)
    counted = (np.asarray(weights) * np.asarray(benign))[..., None]
    tally = (cast * counted).sum(axis=-2)
    at_key = np.arange(n_options) == np.asarray(key)[..., None]
    right = np.where(at_key, tally, 0.0).sum(axis=-1)
    return np.asarray(right - np.where(at_key, -np.inf, tally).max(axis=-1))


def is_protected(lead: ArrayLike, hostile_weight: ArrayLike, margin: float = 0.0) -> Flags:
    """Say where the theorem holds: benign lead and margin are no less than the hostile votes.

    Parameters
    ----------
    lead : array-like of shape (...)
        From `benign_lead`, with the same weights.
    hostile_weight : array-like of shape (...)
        Number of statements that the adversary controls, or the summed weight of their votes.
    margin : float, default 0
        The ballot's, in votes.
    """
    needed = np.asarray(hostile_weight) - margin - ROUNDING
    return np.asarray(np.asarray(lead) >= needed, dtype=np.bool_)


def unprotected_share(
    n_agents: int,
    n_hostile: int,
    accuracy: float,
    n_options: int = 5,
    shared_distractor: float = 0.5,
) -> float:
    """Return P(lead < F | right), which the ballot's attack success rate cannot exceed.

    Parameters
    ----------
    n_agents : int
        All seats.
    n_hostile : int
        F, the seats whose statements the adversary controls.
    accuracy : float
        Probability that a benign agent is right at round 0, in [0, 1].
    n_options : int, default 5
    shared_distractor : float, default 0.5
        Share of the wrong answers that fall on one wrong option common to the question; the
        others fall on any wrong option.

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        If fewer than one agent is benign, or a share lies outside [0, 1].

    Notes
    -----
    Exact: given that one benign agent is right, the other benign votes are multinomial.

    Examples
    --------
    >>> [round(unprotected_share(6, 1, accuracy), 3) for accuracy in (0.5, 0.7, 0.9)]
    [0.266, 0.07, 0.003]
    """
    crowd = AlikeTeam(n_agents, n_hostile, accuracy, n_options, shared_distractor)
    return lead_chances(crowd).unprotected


def ballot_guarantee(n_agents: int, accuracy: float | None, margin: float) -> Guarantee:
    """Return the theorem for a team of a given size.

    Parameters
    ----------
    n_agents : int
    accuracy : float or None
        Share of first answers that are right; None takes 0.8.
    margin : float
        The ballot's, in votes.
    """
    right = USUAL_ACCURACY if accuracy is None else accuracy
    withstands = "" if margin == 0 else f" less {margin:g}"
    sentence = (
        "Whoever gave the right answer at first cannot be flipped by F hostile members if, among "
        "the honest first answers, the right one leads every other by at least F"
        f"{withstands} votes, whatever the hostile ones say, when and to whom. It holds where the "
        "weight that is taken away goes to the member's own first view."
    )
    if n_agents > MOST_AGENTS:
        return Guarantee(sentence, margin)
    hostile = range(1, min(MOST_HOSTILE, n_agents - 2) + 1)
    shares = tuple((count, unprotected_share(n_agents, count, right)) for count in hostile)
    return Guarantee(sentence, margin, most_flipped=shares if margin == 0 else ())
