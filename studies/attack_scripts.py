"""What the adversary of numeric teams does: its seats, when it strikes, at what, and in what words.

A script is written over teams: one array axis holds many teams that see the same attack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fjsim.beliefs import Array

N_OPTIONS = 5
CERTAINTY, HONEST_CERTAINTY = 0.96, 0.6
LOW, HIGH = 0.55, 0.97
"""What an alternating wobble states for its target, in odd and in even rounds."""
HONEST_QUESTIONS = 40
"""How long the sleeper is right before it attacks."""

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Question:
    """One question for all teams.

    Parameters
    ----------
    number : int
        Its place in the order.
    key, target : ndarray of int, shape (n_teams,)
        The right option, and the wrong one that is drawn for the adversary.
    innate : ndarray of shape (n_teams, n_agents, n_options)
        What everybody believes before it hears anybody.
    jitter : ndarray of shape (n_rounds + 1, n_teams)
        What a random wobble states for its target.
    foreseen : ndarray of shape (n_teams, n_agents, n_options)
        What an adversary reckons that the others believe, before they have said so.
    lots : ndarray of shape (n_teams, n_agents)
        What decides which of the adversary's seats are right where they are honest, in [0, 1].
    lot : ndarray of shape (n_teams,)
        What decides whether it strikes, in [0, 1].
    casting : ndarray of int, shape (n_teams, n_votes)
        What voters from outside the team answer.
    """

    number: int
    key: Integers
    target: Integers
    innate: Array
    jitter: Array
    foreseen: Array
    lots: Array
    lot: Array
    casting: Integers
    _plans: dict[tuple[Any, ...], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def planned(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Return what a plan comes to here, worked out once for all seats and rounds."""
        if key not in self._plans:
            self._plans[key] = make()
        return self._plans[key]


@dataclass(frozen=True)
class Script:
    """One attack; the defaults are those of an agent that is hostile always.

    Parameters
    ----------
    seats : tuple of int or None
        Those it holds; None for the place's own.
    n_seats : int
        How many of the place's own.
    target : {'given', 'popular'}
        The question's, or the wrong option that most of the others answer in round 0.
    honest_questions, honest_phase, hostile_phase : int
        So many questions honest; then so many honest and so many hostile, and again.
    honest_rounds : int
        Rounds of a hostile question in which it still states the right option.
    drift_rounds : int
        Rounds over which it then moves to its target.
    certainty, honest_certainty : float
        What it states for its target, and for the right option while it is honest.
    wobble : {'none', 'random', 'alternating'}
        Whether it states its target with a changing certainty, the rest as the others have it.
    lead : int or None
        It strikes only where the right option is at most so many of the others' round-0 votes
        ahead of its target; None for wherever it may.
    least_lead : int
        And at least so many.
    rate : float
        Share of such questions on which it strikes.
    honest_competence : float
        How often each of its seats states the right option where it is honest.
    honest_at_last : bool
        Whether it is honest in the last round of a question that it strikes on.
    replans : bool
        Where first statements are sealed: whether it chooses again, with what was said, from
        round 1 on.
    takes_turns : bool
        Whether only one of its seats strikes on a question, each in turn.
    rewrites : bool
        Whether it rewrites what an honest agent in its seat says, which believes what it did.
    recruits : bool
        Whether benign agents that are won over to its target say from then on what it says.
    """

    seats: tuple[int, ...] | None = None
    n_seats: int = 1
    target: Literal["given", "popular"] = "given"
    honest_questions: int = 0
    honest_phase: int = 0
    hostile_phase: int = 1
    honest_rounds: int = 0
    drift_rounds: int = 0
    certainty: float = CERTAINTY
    honest_certainty: float = HONEST_CERTAINTY
    wobble: Literal["none", "random", "alternating"] = "none"
    lead: int | None = None
    least_lead: int = -9
    rate: float = 1.0
    honest_competence: float = 1.0
    honest_at_last: bool = False
    replans: bool = False
    takes_turns: bool = False
    rewrites: bool = False
    recruits: bool = False

    def held(self, own: tuple[int, ...]) -> tuple[int, ...]:
        """Return the seats it holds, given the place's own."""
        return own[: self.n_seats] if self.seats is None else self.seats

    def aims(self, question: Question, held: tuple[int, ...], number: int = 0) -> Integers:
        """Return the option it is after in a round, shape (n_teams,)."""
        if self.target == "given":
            return question.target
        plan = ("aims", held, bool(number and self.replans))
        aims: Integers = question.planned(plan, lambda: self._aims(question, held, number))
        return aims

    def _aims(self, question: Question, held: tuple[int, ...], number: int) -> Integers:
        seen = self._sees(question, number)
        tally = votes(seen, held) + 0.5 * seen.mean(axis=1)
        tally[np.arange(len(question.key)), question.key] = -1
        return np.asarray(tally.argmax(axis=1))

    def strikes(self, question: Question, held: tuple[int, ...], number: int = 0) -> Flags:
        """Say in which teams it attacks on a question, shape (n_teams,)."""
        plan = (self, held, bool(number and self.replans))
        due: Flags = question.planned(plan, lambda: self._strikes(question, held, number))
        return due

    def _strikes(self, question: Question, held: tuple[int, ...], number: int) -> Flags:
        place = question.number - self.honest_questions
        phase = place % (self.honest_phase + self.hostile_phase)
        due = np.full(len(question.key), place >= 0 and phase >= self.honest_phase)
        due &= question.lot < self.rate
        if self.lead is None:
            return due
        teams, tally = np.arange(len(due)), votes(self._sees(question, number), held)
        ahead = tally[teams, question.key] - tally[teams, self.aims(question, held, number)]
        return np.asarray(due & (ahead <= self.lead) & (ahead >= self.least_lead))

    def _sees(self, question: Question, number: int) -> Array:
        """Return the others' round-0 beliefs as its plan of a round reckons with them."""
        return question.innate if number and self.replans else question.foreseen

    def line(
        self,
        question: Question,
        held: tuple[int, ...],
        seat: int,
        own: Array,
        number: int,
        n_rounds: int,
    ) -> Array:
        """Return what a seat states in one round, shape (n_teams, n_options).

        Parameters
        ----------
        question : Question
        held : tuple of int
            All seats of the adversary.
        seat : int
            Which of them speaks.
        own : ndarray of shape (n_teams, n_agents, n_options)
            What everybody believes now.
        number, n_rounds : int
            The round, and the last one.
        """
        honest = certain(self._honest_option(question, seat), self.honest_certainty)
        idle = self.takes_turns and held[question.number % len(held)] != seat
        at_last = self.honest_at_last and number == n_rounds
        if idle or at_last or number < self.honest_rounds:
            return honest
        hostile = self._hostile(question, held, seat, own, number)
        if self.drift_rounds:
            share = min(1.0, (number - self.honest_rounds) / self.drift_rounds)
            hostile = (1 - share) * honest + share * hostile
        return np.where(self.strikes(question, held, number)[:, None], hostile, honest)

    def _honest_option(self, question: Question, seat: int) -> Integers:
        """Return what a seat answers that does not strike: mostly, or always, the right option."""
        if self.honest_competence >= 1:
            return question.key
        lots = question.lots[:, seat]
        missed = lots >= self.honest_competence
        stray = (lots * 1000).astype(np.int64) % (N_OPTIONS - 1) + 1
        return np.asarray(np.where(missed, (question.key + stray) % N_OPTIONS, question.key))

    def _hostile(
        self, question: Question, held: tuple[int, ...], seat: int, own: Array, number: int
    ) -> Array:
        target = self.aims(question, held, number)
        if self.wobble == "none":
            return certain(target, self.certainty)
        jumps = np.full(len(own), LOW if number % 2 else HIGH)
        push = (question.jitter[number] if self.wobble == "random" else jumps)[:, None]
        others = np.delete(own, seat, axis=1).mean(axis=1)
        return np.asarray(push * certain(target, 1.0) + (1 - push) * others)


def certain(options: Integers, certainty: float) -> Array:
    """Return beliefs that put ``certainty`` on an option and spread the rest evenly."""
    beliefs = np.full((len(options), N_OPTIONS), (1 - certainty) / (N_OPTIONS - 1))
    beliefs[np.arange(len(options)), options] = certainty
    return beliefs


def votes(innate: Array, held: tuple[int, ...]) -> Array:
    """Return how many of the seats that are not held favour each option, (n_teams, n_options)."""
    own = np.delete(innate.argmax(axis=-1), list(held), axis=1)
    return np.asarray((own[..., None] == np.arange(N_OPTIONS)).sum(axis=1), dtype=float)


SCRIPTS: Mapping[str, Script] = MappingProxyType(
    {
        "none": Script(n_seats=0),
        "stubborn": Script(),
        "sleeper": Script(honest_questions=HONEST_QUESTIONS),
        "late-sleeper": Script(honest_rounds=3),
        "on-off": Script(honest_phase=5, hostile_phase=5),
        "on-off-1": Script(honest_phase=1),
        "duty-cycle": Script(honest_phase=3),
        "slow-drift": Script(drift_rounds=6),
        "wobble": Script(wobble="random"),
        "wobble-alt": Script(wobble="alternating"),
        "collude-2": Script(n_seats=2),
        "choosy-1": Script(target="popular", lead=0),
        "choosy-2": Script(n_seats=2, target="popular", lead=1),
        "tamper": Script(rewrites=True),
        "infect": Script(recruits=True),
    }
)
