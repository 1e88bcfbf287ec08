"""Who persuades whom: what multiplies the weights of one item's speakers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array
from fjsim.contracts import Message, SpeakingAgent
from fjsim.contracts.argument import persuaded
from fjsim.deliberation.item import Item
from fjsim.deliberation.team import Team


def persuasion_of(
    team: Team, item: Item, hostile: Sequence[int] = (), multiplier: float = 1.0
) -> Array | None:
    """Return what multiplies each weight on one item; None where every factor is 1.

    Parameters
    ----------
    team : Team
    item : Item
    hostile : sequence of int
        Seats that attack.
    multiplier : float, default 1
        What the attack multiplies their weights by, in place of their own persuasiveness.

    Returns
    -------
    ndarray of shape (n_agents, n_agents) or None
        ``[listener, speaker]``, > 0.

    Notes
    -----
    Only listeners that follow a known law are persuaded so: numeric agents and the embedded model.
    A language model reads the arguments themselves. A speaker's own persuasiveness acts where
    reasons are shown, an attack's wherever its seats are heard.
    """
    speakers = np.ones(team.n_agents)
    if "reason" in team.rules.peers_see:
        speakers = np.array([_own(team, item, seat) for seat in range(team.n_agents)])
    speakers[list(hostile)] = multiplier
    if (speakers == 1).all():
        return None
    listening = np.array([_follows_a_law(team, seat) for seat in range(team.n_agents)])
    listening[list(hostile)] = False
    if not listening.any():
        return None
    return np.where(listening[:, None], speakers, 1.0)


def persuasion_factors(speakers: Array, hostile: NDArray[np.bool_]) -> Array | None:
    """Return the same for many items of agents without a model; None where every factor is 1.

    Parameters
    ----------
    speakers : ndarray of shape (n_items, n_agents)
        What multiplies each speaker's weight, > 0.
    hostile : ndarray of bool, shape (n_items, n_agents)
        Who attacks.

    Returns
    -------
    ndarray of shape (n_items, n_agents, n_agents) or None
    """
    moved = (speakers != 1).any(axis=1, keepdims=True) & ~hostile
    if not moved.any():
        return None
    return np.where(moved[:, :, None], speakers[:, None, :], 1.0)


def swayed(messages: Sequence[Sequence[Message]], factors: Array) -> list[tuple[Message, ...]]:
    """Return a listener's messages with the weights that their speakers' persuasiveness gives.

    Parameters
    ----------
    messages : sequence of sequences of Message
        Several groups, of which one sum is kept.
    factors : ndarray of shape (n_agents,)
        The listener's row of `persuasion_of`.
    """
    every = [message for group in messages for message in group]
    known = [factors[one.speaker] if one.speaker < len(factors) else 1.0 for one in every]
    shares = iter(persuaded(np.array([one.weight for one in every]), np.array(known)).tolist())
    return [tuple(replace(one, weight=next(shares)) for one in group) for group in messages]


def _own(team: Team, item: Item, seat: int) -> float:
    agent, elicitor, seed = team.agents[seat], team.elicitors[seat], team.rules.seed
    if isinstance(agent, SpeakingAgent):
        return agent.persuasiveness(item.question, item.replica, seat, seed)
    if elicitor is None:
        return 1.0
    return elicitor.backend.persuasiveness(item.question, item.replica, seat, seed)


def _follows_a_law(team: Team, seat: int) -> bool:
    elicitor = team.elicitors[seat]
    return team.speaking[seat] is not None or (
        elicitor is not None and elicitor.backend.truth is not None
    )
