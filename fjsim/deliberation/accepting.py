"""What is accepted of a stated belief: blended by a defense, mixed by a router, or all of it."""

from __future__ import annotations

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Message
from fjsim.deliberation.hearing import DELIVERED, Hearing
from fjsim.deliberation.team import Team


def accepted_belief(
    team: Team,
    weights: Array,
    hearing: Hearing,
    stated: Array,
    innate: Array | None,
    own: Array | None,
) -> tuple[Array, tuple[float, ...] | None]:
    """Return what is accepted of a stated belief, and the share that a defense let pass.

    Parameters
    ----------
    team : Team
        Its defense accepts less where it blends, and its router mixes where it blends.
    weights : ndarray of shape (n_agents,)
        The listener's row of W(q).
    hearing : Hearing
        What was given to the agent.
    stated : ndarray of shape (n_options,)
        What it then stated.
    innate, own : ndarray of shape (n_options,) or None
        Its round-0 belief and its last one; all is accepted of an agent that has none.

    Returns
    -------
    accepted : ndarray of shape (n_options,)
    kept : tuple of float or None
        As it is recorded; None where all of the statement was accepted.
    """
    defense, router = team.defense, team.router
    gates = hearing.gates if team.defense_channel == "blend" else None
    if gates is None and router.channel != "blend":
        return stated, None
    if innate is None or own is None:
        return stated, None
    accepted, rest, kept = stated, own, None
    if defense is not None and gates is not None:
        rest = innate if defense.residual == "innate" else own
        accepted = blended(stated, innate, own, weights, gates, defense.residual)
        kept = recorded_share(kept_share(weights, gates))
    if router.channel == "blend":
        accepted = routed(accepted, hearing, weights, rest, router.strength)
    return accepted, kept


def gate_of(message: Message) -> float | Array:
    """Return the gate of a message, option by option where it differs by option."""
    return message.gate if message.option_gates is None else message.option_gates


def routed(
    accepted: Array, hearing: Hearing, weights: Array, rest: Array, strength: float
) -> Array:
    """Return an accepted belief, mixed with what a blending router made of the messages.

    Parameters
    ----------
    accepted : ndarray of shape (n_options,)
        What the defense, if any, left of the stated belief.
    hearing : Hearing
        What was given to the agent.
    weights : ndarray of shape (n_agents,)
        The listener's row of W(q).
    rest : ndarray of shape (n_options,)
        What takes the place of whatever gates take away, or nobody said.
    strength : float
        Share of the routed mixture, in [0, 1].

    Notes
    -----
    ``(1 - strength) accepted + strength sum_j w_ij(q) (phi_ij b_j + (1 - phi_ij) rest)``, where
    ``phi`` is 1 for what was delivered in full.
    """
    if weights.sum() <= 0:
        return accepted
    mixture = np.zeros_like(accepted)
    left = 1.0
    for message in hearing.heard:
        belief = message.expressed(len(accepted))
        if belief is None or message.speaker >= len(weights):
            continue
        share = float(weights[message.speaker] / weights.sum())
        gate = 1.0 if hearing.in_full else gate_of(message)
        mixture = mixture + share * (gate * belief + (1 - gate) * rest)
        left -= share
    mixture = mixture + left * rest
    return np.asarray((1 - strength) * accepted + strength * mixture / mixture.sum())


def kept_share(weights: Array, gates: Array) -> Array:
    """Return the share of a stated belief that the ``blend`` channel accepts.

    Parameters
    ----------
    weights : ndarray of shape (n_agents,)
        The listener's row of W(q).
    gates : ndarray of shape (n_agents,) or (n_agents, n_options)
        The listener's gates.

    Returns
    -------
    ndarray of shape () or (n_options,)
        ``sum_j w_j phi_j``; 1 for a listener without speakers.
    """
    return np.asarray(weights @ gates if weights.sum() > 0 else np.ones(()))


def blended(
    stated: Array, innate: Array, own: Array, weights: Array, gates: Array, residual: str
) -> Array:
    """Return the belief that is accepted of a stated one under the ``blend`` channel.

    Parameters
    ----------
    stated, innate, own : ndarray of shape (n_options,)
        What the agent stated, its round-0 belief and its last accepted one.
    weights : ndarray of shape (n_agents,)
        The listener's row of W(q).
    gates : ndarray of shape (n_agents,) or (n_agents, n_options)
        The listener's gates.
    residual : {'innate', 'self'}
        What the rest is filled with.

    Notes
    -----
    ``g = sum_j w_j phi_j`` and ``accepted = g stated + (1 - g) residual``, option by option where
    gates differ by option, renormalised then.
    """
    kept = kept_share(weights, gates)
    if np.all(kept > 1 - DELIVERED):
        return stated  # To the last digit: full trust is no defense.
    rest = innate if residual == "innate" else own
    mixed = kept * stated + (1 - kept) * rest
    total = float(mixed.sum())
    return np.asarray(mixed / total if total > DELIVERED else rest)


def recorded_share(kept: Array) -> tuple[float, ...] | None:
    """Return a kept share as it is recorded: one number where all options share it, else one each.

    Parameters
    ----------
    kept : ndarray of shape () or (n_options,)

    Returns
    -------
    tuple of float or None
        None where all of the statement was accepted.
    """
    if np.all(kept > 1 - DELIVERED):
        return None
    wide = np.atleast_1d(np.round(kept, 12))
    return tuple(wide.tolist()) if np.ptp(wide) > 0 else (float(wide[0]),)
