"""Second opinions within a budget, on messages of influential seats that are in doubt.

The gates are written over leading batch axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Casting, Record
from fjsim.contracts.ranges import Ranges
from fjsim.dynamics import FJParameters
from fjsim.dynamics.attacked.seats import seat_danger
from fjsim.errors import ConfigError
from fjsim.registry import register
from fjsim_defenses.ballot import strictest
from fjsim_defenses.casting_vote import casting_tally
from fjsim_defenses.shared.around import Around, until
from fjsim_defenses.shared.readings import (
    UNCLEAR,
    Flags,
    Options,
    first_votes,
    positions,
    self_trusting,
)

ALIKE = 1e-9
"""Influence by which two seats may differ and still count as equal."""


class Spent(NamedTuple):
    """What the committee remembers.

    Parameters
    ----------
    inner : object
        The state of the defense inside.
    calls : ndarray of int, shape (...)
        Second opinions asked for so far.
    """

    inner: Any
    calls: Array


class Check(NamedTuple):
    """What the cheap check says of messages, each of shape (..., n_agents).

    Parameters
    ----------
    outvoted : ndarray of bool
        The option is clearly behind among the others' first votes, or there is none.
    in_doubt : ndarray of bool
        It is clear neither way.
    """

    outvoted: Flags
    in_doubt: Flags


@register("defense", "committee")
@dataclass(frozen=True, kw_only=True)
class Committee(Around):
    """Check every message by votes, and ask second opinions where an influential seat is in doubt.

    Parameters
    ----------
    around : str or mapping, default 'trust-adaptive'
        The defense that gates what the committee leaves alone: its name or its block.
    manner : {'challenge', 'inspect'}, default 'challenge'
        What becomes of a message that did not pass the cheap check and that no second opinion
        has decided: ``'challenge'`` silences it until it is confirmed, ``'inspect'`` leaves it to
        the inner defense unless it is refuted.
    seats : int or None, default None
        How many seats are checked, the most influential first, >= 1; all that are as influential
        as the last of them are checked, too. None for all seats.
    margin : int, default 1
        Votes by which an option has to be ahead of, or behind, the best other one to be clear, in
        0 to 1000; the speaker's own vote is left out.
    votes : int, default 2
        Second opinions that a question in doubt gets, 1 to 1000; they decide where more than half
        of them name the same option.
    budget : int or None, default None
        Calls that may be spent over all questions of one arm and replica, >= 0; None for as many
        as are needed.
    backend : mapping, str or None, default None
        Backend that gives second opinions, as in an agent's block; None for the scenario's own.
    competence : float or None, default None
        In place of a backend: opinions that are drawn, each right this often, in [0, 1].
    stubbornness, self_weight : float, default 0.1 and 0.3
        Parameters of an honest agent, declared or assumed, for the influence of seats.
    horizon : int, default 10
        Rounds over which influence is counted, 1 to 10000.
    channel, residual, threshold
        See ``fjsim.contracts.Defense``; the inner defense's own do not count.

    Notes
    -----
    A seat's influence is exact under the law: the takeover of all others by one that never moves
    there, ``horizon`` rounds on. The cheap check compares what a message says with the first
    votes of everybody but its speaker: it passes if its option is more than ``margin`` votes
    ahead of every other, is outvoted if it is more than ``margin`` behind the best, and is in
    doubt else. Voters from outside the team are asked, alone and once, where a checked seat's
    first statement is in doubt and the budget allows; they know nothing of the message, so that
    it cannot talk to them. Where they decide, checked seats are heard at gate 1 as long as they
    say what was decided and at 0 else, and all others as the inner defense has it.

    Sees
    ----
    Votes of round 0, what is said now, who hears whom, second opinions, and what the inner
    defense sees.

    Assumes
    -------
    Second opinions are honest and better than chance on open questions; nothing is proved.

    Broken by
    ---------
    An adversary that opens many votes until the budget is spent; ``collude`` from seats that are
    not checked, where the inner defense falls to it.

    Price
    -----
    ``votes`` calls for a question in doubt, up to ``budget``, each about a round-0 turn long.

    References
    ----------
    .. [1] M. H. Manshaei, Q. Zhu, T. Alpcan, T. Başar and J.-P. Hubaux, "Game theory meets
       network security and privacy", ACM Computing Surveys 45 (2013) 25,
       doi:10.1145/2480741.2480742 (where to spend limited inspection). The check is ours.
    """

    ranges: ClassVar[Ranges] = {
        "threshold": "[0, 1]",
        "seats": ">= 1",
        "margin": "[0, 1000]",
        "votes": "[1, 1000]",
        "budget": ">= 0",
        "competence": "[0, 1]",
        "stubbornness": "[0, 1]",
        "self_weight": "[0, 1]",
        "horizon": "[1, 10000]",
    }

    manner: Literal["challenge", "inspect"] = "challenge"
    seats: int | None = None
    margin: int = 1
    votes: int = 2
    budget: int | None = None
    backend: Mapping[str, Any] | str | None = None
    competence: float | None = None
    stubbornness: float = 0.1
    self_weight: float = 0.3
    horizon: int = 10

    def __post_init__(self) -> None:
        """Refuse parameters outside their ranges, and remember no more than is needed."""
        super().__post_init__()
        if self.backend is not None and self.competence is not None:
            raise ConfigError(
                "defense.backend and defense.competence are both given; second opinions are asked "
                "of the one or drawn with the other: leave one out"
            )
        if self.inner.casting is not None:
            raise ConfigError(
                "defense.around asks for casting votes itself, and a question gets them once: put "
                "the committee around another defense"
            )
        if self.budget is None:
            object.__setattr__(self, "memory", self.inner.memory)

    @property
    def casting(self) -> Casting:
        """The voters from outside the team, who give the second opinions."""
        backend = {"kind": self.backend} if isinstance(self.backend, str) else self.backend
        return Casting(self.votes, backend, self.competence, self.budget)

    def initial_state(self, n_agents: int) -> Spent:
        """Return the inner defense's state and a budget that is untouched."""
        return Spent(self.inner.initial_state(n_agents), np.array(0))

    def update(self, record: Record, state: Spent, key: int | None) -> Spent:
        """Return the state after a question; one of round 0 alone has cost nothing."""
        asked = self.is_in_doubt(record, state) & (record.round > 0)
        return Spent(super().update(record, state.inner, key), state.calls + self.votes * asked)

    def asks_for_casting(self, record: Record, state: Spent) -> bool:
        """Return whether a checked seat is in doubt, and calls are left."""
        return bool(self.is_in_doubt(record, state))

    def is_in_doubt(self, record: Record, state: Spent) -> Flags:
        """Return whether second opinions are asked for, by round 0 and what was spent, (...)."""
        openings = until(record, 1)
        doubts = [self._check(openings, said).in_doubt for said in positions(openings)]
        doubted = (np.any(doubts, axis=0) & self.checked(record.influence)).any(axis=-1)
        left = self.budget is None or np.asarray(state.calls + self.votes <= self.budget)
        return np.asarray(doubted & left)

    def checked(self, influence: Array) -> Flags:
        """Return which seats are checked, shape (..., n_agents).

        Parameters
        ----------
        influence : ndarray of shape (..., n_agents, n_agents)
            W.
        """
        n_agents = influence.shape[-1]
        everybody = np.ones(influence.shape[:-1], dtype=np.bool_)
        if self.seats is None or self.seats >= n_agents:
            return everybody
        graphs = influence.reshape(-1, n_agents, n_agents)
        found = [_most(self._influences(graph), self.seats) for graph in graphs]
        return np.array(found).reshape(everybody.shape)

    def gates(self, record: Record, state: Spent) -> Array:
        """Return the inner gates, but what was decided for seats that are checked."""
        inner = self.inner.gates(record, state.inner)
        inner = inner if inner.ndim == record.influence.ndim else inner.mean(axis=-1)
        decided = np.where(self.is_in_doubt(record, state), self._decided(record), UNCLEAR)
        checked = self.checked(record.influence)
        return self_trusting(
            strictest(
                [self._gated(record, inner, said, decided, checked) for said in positions(record)]
            )
        )

    def _gated(
        self, record: Record, inner: Array, said: Options, decided: Options, checked: Flags
    ) -> Array:
        """Return gates for messages that say one option each."""
        check = self._check(record, said)
        silent = check.outvoted | check.in_doubt
        open_ = np.where(silent[..., None, :] & (self.manner == "challenge"), 0.0, inner)
        right = (said == decided[..., None]).astype(float)[..., None, :]
        ours = np.where((decided == UNCLEAR)[..., None, None], open_, right)
        return np.where(checked[..., None, :], ours, inner)

    def _check(self, record: Record, said: Options) -> Check:
        """Compare what is said with the first votes of everybody but the speaker."""
        lead = _leads(record, said)
        outvoted = (lead < -self.margin) | (said == UNCLEAR)
        return Check(outvoted, ~outvoted & (lead <= self.margin))

    def _decided(self, record: Record) -> Options:
        """Return the option that more than half of the second opinions name; -1 for none."""
        tally = casting_tally(record)
        return np.where(tally.max(axis=-1) > self.votes / 2, tally.argmax(axis=-1), UNCLEAR)

    def _influences(self, influence: Array) -> Array:
        law = FJParameters(self.stubbornness, self.self_weight, influence=influence)
        return seat_danger(law, self.horizon)


def _leads(record: Record, said: Options) -> Array:
    """Return by how many votes of the others each speaker's option is ahead of the best other.

    Parameters
    ----------
    record : Record
    said : ndarray of int, shape (..., n_agents)

    Returns
    -------
    ndarray of shape (..., n_agents)
        0 for a speaker of no option.
    """
    votes, n_options = first_votes(record), record.stated.shape[-1]
    cast = (votes[..., None] == np.arange(n_options)).astype(float)
    others = cast.sum(axis=-2, keepdims=True) - cast
    own = said[..., None] == np.arange(n_options)
    lead = np.where(own, others, 0.0).sum(axis=-1) - np.where(own, -1.0, others).max(axis=-1)
    return np.where(said == UNCLEAR, 0.0, lead)


def _most(values: Array, n: int) -> Flags:
    """Return which values are among the n largest; those equal to the last one are, too."""
    return np.asarray(values >= np.sort(values)[-n] - ALIKE)
