"""Adversaries: what they see, what they may do, and what their seats say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts.agents import Stance
from fjsim.contracts.policies import Memory
from fjsim.contracts.speech import Message
from fjsim.questions import Question


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
        Its own stream for this turn.
    influence : ndarray of shape (n_agents, n_agents) or None
        The graph's W.
    stated : ndarray of shape (n_rounds_done, n_agents, n_options) or None
        What was stated in the rounds before this one.
    messages : tuple of Message
        What its seats heard.
    gates : ndarray or None
        The defense's last gates.
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


SeatChoice = str | int | Sequence[int]


class Attack(ABC):
    """An adversary: which seats it takes, what it is after, and what its seats say.

    An attack with nothing to do is the identity: no seats, no stance, no rewriting.
    """

    memory: ClassVar[Memory] = "none"
    threat: ClassVar[ThreatModel] = ThreatModel()

    @property
    def waits_for_round0(self) -> bool:
        """Whether its target depends on what the benign agents say in round 0."""
        return False

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
        """Return the message as it reaches the listener."""
        return message
