"""Who brought a wrong answer, and whom it has won: both by the record."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import numpy as np

from fjsim.beliefs import Array, top_option
from fjsim.contracts import Record
from fjsim.contracts.ranges import Ranges
from fjsim.registry import register
from fjsim_defenses.shared.evidence import agreement
from fjsim_defenses.shared.policy import TrustPolicy
from fjsim_defenses.shared.readings import (
    UNCLEAR,
    Flags,
    Options,
    first_votes,
    heard_beliefs,
    self_trusting,
)


class Health(NamedTuple):
    """Who is a source and who is infected, both ``[listener, seat]``; all others are clean."""

    source: Flags
    infected: Flags


def diagnosed(record: Record) -> Health:
    """Return what each listener takes every seat for.

    Parameters
    ----------
    record : Record

    Returns
    -------
    Health
        Flags of shape (..., n_agents, n_agents).

    Notes
    -----
    A source began with an option that is not among the others' best supported, and has stood by
    it ever since. A seat is infected that has left its own first option for the one that a source
    or an infected seat among those it hears held in the round before.
    """
    first = first_votes(record)
    source = (agreement(record) == 0) & (first != UNCLEAR)[..., None, :]
    options = [first]
    for number in range(1, record.round + 1):
        options.append(top_option(heard_beliefs(record, number)))
        source &= (options[-1] == first)[..., None, :]
    hears = record.influence > 0
    infected = np.zeros_like(source)
    for before, now in pairwise(options):
        infected = _infected(hears, source | infected, before, now, first)
    return Health(source, infected)


def _infected(hears: Flags, carries: Flags, before: Options, now: Options, first: Options) -> Flags:
    """Return who left its first option for one that a carrier it hears had."""
    same = (now[..., :, None] == before[..., None, :]) & hears  # (..., seat, speaker)
    caught = (carries[..., :, None, :] & same[..., None, :, :]).any(axis=-1)
    left = (now != first) & (now != UNCLEAR) & (first != UNCLEAR)
    return np.asarray(caught & left[..., None, :])


@register("defense", "infection-aware")
@dataclass(frozen=True, kw_only=True)
class InfectionAware(TrustPolicy):
    """Cut the sources of a minority's answer, and set whom they won back to its own first view.

    Parameters
    ----------
    patience : int, default 0
        Rounds through which everybody is heard, so that who gives way shows it, >= 0.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``.

    Notes
    -----
    Seats are source, infected or clean (`diagnosed`). Nobody hears a source or an infected seat,
    and an infected listener hears nobody: with the innate residual a blended belief is its
    round-0 one at once, and a numeric agent's comes back to it by ``(1 - gamma) alpha`` a round.
    Who gives up its answer without having won anybody is heard again. Converts count as much as
    sources because on recorded teams a convert moves others more than an attacker does.

    Sees
    ----
    Votes of round 0, what is said in every round, and who hears whom.

    Assumes
    -------
    The right answer leads among the first votes, and liars do not move.

    Broken by
    ---------
    ``sleeper`` with honest rounds, ``wobble`` across options, and colluders as many as the lead
    of the first votes.

    Price
    -----
    A right minority that stands firm is never heard. No calls, no keys.

    References
    ----------
    .. [1] D. Lee and M. Tiwari, "Prompt Infection: LLM-to-LLM Prompt Injection within
       Multi-Agent Systems", 2024, arXiv:2410.07283 (agents that are won carry it on).
    .. [2] D. Shah and T. Zaman, "Rumors in a network: who's the culprit?", IEEE Transactions on
       Information Theory 57 (2011) 5163-5181, doi:10.1109/TIT.2011.2158885 (sources from who
       has it and who hears whom).
    """

    ranges: ClassVar[Ranges] = {"patience": ">= 0"}

    patience: int = 0

    def gates(self, record: Record, state: Any) -> Array:
        """Return 0 for carriers and for whoever they won, else 1."""
        if record.round < self.patience:
            return np.ones(record.influence.shape)
        health = diagnosed(record)
        won = np.diagonal(health.infected, axis1=-2, axis2=-1)
        heard = ~(health.source | health.infected) & ~won[..., :, None]
        return self_trusting(heard.astype(float))
