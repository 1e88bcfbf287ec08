"""Adversaries: what they see, what they may do, and what their seats say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts.agents import Stance
from fjsim.contracts.policies import Memory
from fjsim.contracts.speech import Message
from fjsim.questions import Question

OPERATOR = -1
"""The listener that stands for the operator's record, which routers and defenses read."""


class Sight(StrEnum):
    """What an adversary may see."""

    GRAPH = "graph"
    TRUST = "trust"
    BELIEFS = "beliefs"
    MESSAGES = "messages"
    KEY = "key"


class Power(StrEnum):
    """What an adversary may do beyond speaking in its own seat."""

    OUT_OF_TURN = "out of turn"
    FORGE_IDENTITIES = "forge identities"
    REWRITE = "rewrite others"
    RECRUIT = "recruit"


@dataclass(frozen=True, slots=True)
class ThreatModel:
    """What an attack is allowed: the runtime hands it exactly that view.

    Parameters
    ----------
    sees : frozenset of Sight
        Besides the question and its own seats.
    may : frozenset of Power
        Besides speaking in its own seats.
    """

    sees: frozenset[Sight] = frozenset()
    may: frozenset[Power] = frozenset()


@dataclass(frozen=True, slots=True)
class View:
    """What an adversary sees in one round; a field it may not see is None.

    Parameters
    ----------
    question : Question
        The key is there only where the threat model has ``Sight.KEY``; a target drawn at
        random among the wrong options is drawn for the attack, in ``target``.
    order : int
        Place of the question in the seeded order, warm-up included.
    warmup : int
        How many questions of that order are warm-up.
    replica, round, n_rounds : int
        Where in the run it is.
    seats : tuple of int
        The seats it holds.
    target : int
        The option it is after on this question.
    rng : numpy.random.Generator
        Its own stream for this turn, or for this message on its way.
    influence : ndarray of shape (n_agents, n_agents) or None
        The graph's W.
    stated : ndarray of shape (n_rounds_done, n_agents, n_options) or None
        What was stated in the rounds before this one; no row in round 0.
    messages : tuple of Message
        What its seat heard, cut to what peers may see.
    gates : ndarray or None
        The defense's last gates.
    active : tuple of int or None
        The seats that its plan for this question uses; None for all of them.
    """

    question: Question
    order: int
    warmup: int
    replica: int
    round: int
    n_rounds: int
    seats: tuple[int, ...]
    target: int
    rng: np.random.Generator
    influence: Array | None = None
    stated: Array | None = None
    messages: tuple[Message, ...] = ()
    gates: Array | None = None
    active: tuple[int, ...] | None = None

    def uses(self, seat: int) -> bool:
        """Return whether the plan for this question has that seat attack."""
        return self.active is None or seat in self.active


@dataclass(frozen=True, slots=True)
class Opening:
    """What an adversary plans a question from, before it says anything on it.

    Parameters
    ----------
    question : Question
        With its key: a target is a wrong option by definition, which the runtime draws on the
        adversary's behalf.
    order, warmup, replica, n_rounds : int
        As in `View`.
    seats : tuple of int
        The seats it holds.
    innate : ndarray of shape (n_agents, n_options) or None
        Round-0 beliefs, NaN at its own seats and where one is missing; only for an attack that
        waits for round 0 and has ``Sight.BELIEFS``.
    influence : ndarray of shape (n_agents, n_agents) or None
        The graph's W; only with ``Sight.GRAPH``.
    """

    question: Question
    order: int
    warmup: int
    replica: int
    n_rounds: int
    seats: tuple[int, ...]
    innate: Array | None = None
    influence: Array | None = None

    @property
    def benign(self) -> Array | None:
        """The round-0 beliefs there are, shape (n_benign, n_options)."""
        if self.innate is None:
            return None
        return np.asarray(self.innate[~np.isnan(self.innate).any(axis=1)])


@dataclass(frozen=True, slots=True)
class Plan:
    """What an adversary does on one question.

    Parameters
    ----------
    target : int
        The option it is after.
    active : tuple of int or None
        The seats that attack, the others being honest; None for all that it holds.
    """

    target: int
    active: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers over which a best response is searched, both ends included.

    Parameters
    ----------
    low, high : float
        The ends; integers are drawn where both are.
    """

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Choice:
    """Values over which a best response is searched.

    Parameters
    ----------
    options : tuple
        As they stand in a scenario.
    """

    options: tuple[str | int | float | None, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """An attack that was tried.

    Parameters
    ----------
    parameters : mapping
        What was set in its block.
    damage : float
        What it did; higher is worse for the team.
    """

    parameters: Mapping[str, object]
    damage: float


class Attack(ABC):
    """An adversary: which seats it takes, what it is after, and what its seats say.

    An attack with nothing to do is the identity: no seats, no stance, no rewriting. It keeps
    nothing on itself: all it does is a function of its parameters and of the view.

    Attributes
    ----------
    memory : {'none', 'round0', 'history'}
        What it carries over questions.
    searched : mapping of str to Range or Choice
        The parameters over which a best response is searched, and where.
    """

    memory: ClassVar[Memory] = "none"
    searched: ClassVar[Mapping[str, Range | Choice]] = MappingProxyType({})

    @property
    def threat(self) -> ThreatModel:
        """What it sees and may do; a class attribute where no parameter decides it."""
        return ThreatModel()

    @property
    def waits_for_round0(self) -> bool:
        """Whether its plan depends on what the benign agents say in round 0."""
        return False

    @property
    def persuasion(self) -> float:
        """What multiplies its seats' weight with listeners that follow a known law, > 0."""
        return 1.0

    def attacks_on(self, order: int, warmup: int) -> bool:
        """Return whether it is hostile on the question at that place of the seeded order.

        A run gets more questions only where this stays what it was for those that it has, so an
        attack whose doings depend on a question's place has to say so here.

        Parameters
        ----------
        order : int
            Place of the question, warm-up included.
        warmup : int
            How many questions of that order are warm-up.
        """
        return True

    def plan(self, opening: Opening, rng: np.random.Generator) -> Plan:
        """Return what it does on one question; by default all its seats go for the target.

        Parameters
        ----------
        opening : Opening
            What it may know before it speaks.
        rng : numpy.random.Generator
            The attack's own stream for this question.
        """
        return Plan(self.pick_target(opening.question, opening.benign, rng))

    @abstractmethod
    def take_seats(self, influence: Array, rng: np.random.Generator) -> tuple[int, ...]:
        """Return the seats that the adversary holds, given the graph's W."""

    @abstractmethod
    def pick_target(
        self, question: Question, benign: Array | None, rng: np.random.Generator
    ) -> int:
        """Return the option that the adversary is after on one question.

        Parameters
        ----------
        question : Question
            With its key: a target is a wrong option by definition, which the runtime draws on
            the adversary's behalf.
        benign : ndarray of shape (n_benign, n_options) or None
            Round-0 beliefs of the benign agents, for targets that depend on them.
        rng : numpy.random.Generator
            The attack's own stream for this question.
        """

    @abstractmethod
    def stance(self, seat: int, view: View) -> Stance | None:
        """Return what one of its seats says this round; None for an honest turn."""

    def tamper(self, message: Message, listener: int, view: View) -> Message:
        """Return the message as it reaches the listener.

        Parameters
        ----------
        message : Message
            A message of one of its own seats; of any seat only with ``Power.REWRITE``.
        listener : int
            Seat of the listener, or ``OPERATOR`` for the record that routers and defenses read.
        view : View
            What it sees in the listener's round.
        """
        return message

    def forge(self, message: Message, listener: int, view: View) -> tuple[Message, ...]:
        """Return what reaches a listener under invented names beside one of its own messages.

        Needs ``Power.FORGE_IDENTITIES``. The runtime invents the names; weight and gate are
        those of the edge that the messages come over.

        Parameters
        ----------
        message : Message
            A message of one of its own seats.
        listener : int
            Seat of the benign listener.
        view : View
            What it sees in the listener's round.
        """
        return ()

    def recruit(self, seat: int, view: View) -> Stance | None:
        """Return what a benign seat says once it was won over; None for an honest turn.

        Needs ``Power.RECRUIT``, and is asked for agents without a model only: a model is
        recruited by what it reads, or is not.

        Parameters
        ----------
        seat : int
            A seat that the adversary does not hold.
        view : View
            What it sees at that seat's turn.
        """
        return None

    @classmethod
    def respond(
        cls, tried: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> tuple[Mapping[str, object], ...]:
        """Return parameters worth trying next against a defense; by default the defaults, once.

        Parameters
        ----------
        tried : sequence of Trial
            What was tried so far.
        count : int
            How many at most.
        rng : numpy.random.Generator
            For what is drawn.
        """
        return () if tried else ({},)
