"""What is fixed for a whole run: who sits where, who hears whom, and under which rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fjsim.beliefs import Array
from fjsim.contracts import Agent, Attack, Channel, Defense, Router, SpeakingAgent
from fjsim.deliberation.elicitation import Elicitor
from fjsim.deliberation.rendering import QuestionView
from fjsim.questions import Question
from fjsim.seeds import stream


@dataclass(frozen=True, slots=True)
class ChosenToken:
    """How a belief is read off one token.

    Parameters
    ----------
    permutations : int
        Orders of the options over which one belief is averaged, >= 1.
    reason : bool
        Whether a second call asks why.
    """

    permutations: int = 1
    reason: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """How turns are taken and what is shown.

    Parameters
    ----------
    n_rounds : int
        Rounds after round 0.
    sequential : bool
        Whether speakers of the same round are heard.
    sealed : bool
        Whether everybody has to give its first statement before it is shown any other.
    peers_see : frozenset of str
        Out of answer, reason, confidence, belief.
    self_view : bool
        Whether an agent sees its own earlier turns.
    probes : bool
        Whether listeners are asked after round 0 how sure each speaker seems, whatever the
        router.
    permute_options, shuffle_peers : bool
        Whether options are shown in a drawn order, and peers too.
    token_budget : int or None
        Longest chat in estimated tokens.
    seed : int
        Root of all random streams.
    choice : ChosenToken or None
        How models are asked for one letter; None where they state a belief.
    """

    n_rounds: int
    sequential: bool = False
    sealed: bool = False
    peers_see: frozenset[str] = frozenset({"answer", "reason", "confidence", "belief"})
    self_view: bool = True
    probes: bool = False
    permute_options: bool = True
    shuffle_peers: bool = True
    token_budget: int | None = None
    seed: int = 0
    choice: ChosenToken | None = None


@dataclass(frozen=True)
class Team:
    """Everything fixed for a run.

    Parameters
    ----------
    agents : tuple of Agent
        One per seat.
    elicitors : tuple of Elicitor or None
        Who asks the seat's model; None for agents that speak for themselves.
    influence : ndarray of shape (n_agents, n_agents)
        W of the graph, ``influence[listener, speaker]``.
    router : Router
    defense : Defense or None
        None, and no object that does nothing, where there is none: the plug-in ``none`` is a name
        for scenarios.
    attack : Attack or None
        None likewise.
    adversary_seats : tuple of int
        The adversary's seats, in either arm.
    rules : Rules
    casting : Elicitor or None
        Who asks the voters from outside the team; None where the defense wants none, or they are
        drawn.
    """

    agents: tuple[Agent, ...]
    elicitors: tuple[Elicitor | None, ...]
    influence: Array
    router: Router
    defense: Defense | None
    attack: Attack | None
    adversary_seats: tuple[int, ...]
    rules: Rules
    casting: Elicitor | None = None

    @property
    def defense_channel(self) -> Channel | None:
        """The defense's channel; None without a defense."""
        return None if self.defense is None else self.defense.channel

    @cached_property
    def blends(self) -> bool:
        """Whether a channel changes what is accepted of what a model states."""
        return "blend" in (self.defense_channel, self.router.channel)

    @property
    def probes(self) -> bool:
        """Whether listeners are asked aside after round 0 how sure each speaker seems."""
        return self.rules.probes or self.router.probes

    @property
    def reads_words(self) -> bool:
        """Whether a policy reads how alike the words of round 0 are."""
        return self.router.reads_words or (self.defense is not None and self.defense.reads_words)

    @property
    def n_agents(self) -> int:
        """How many seats there are."""
        return len(self.agents)

    @cached_property
    def speakers(self) -> tuple[tuple[int, ...], ...]:
        """Whom each listener hears."""
        return tuple(tuple(np.flatnonzero(row).tolist()) for row in self.influence)

    @cached_property
    def speaking(self) -> tuple[SpeakingAgent | None, ...]:
        """The agents that speak for themselves, by seat; None where a model speaks."""
        return tuple(one if isinstance(one, SpeakingAgent) else None for one in self.agents)

    def question_view(self, question: Question) -> QuestionView:
        """Return the question as everybody is shown it."""
        order = np.arange(question.n_options)
        if self.rules.permute_options:
            stream(self.rules.seed, "options", question.id).shuffle(order)
        return QuestionView(question, tuple(order.tolist()))

    def orders(self, question: Question, seat: int) -> tuple[QuestionView, ...]:
        """Return the question as one seat is shown it, in every order that it is asked in.

        Who is asked for a letter and gives no reason has an order of its own: nothing that it says
        names a letter, and a bias to a position is not shared by the team.
        """
        choice, shown = self.rules.choice, self.question_view(question)
        if choice is None:
            return (shown,)
        order = np.array(shown.order)
        if self.rules.permute_options and not choice.reason:
            stream(self.rules.seed, "options", question.id, seat).shuffle(order)
        n_options = len(order)
        n_orders = min(choice.permutations, n_options)
        turned = (np.roll(order, -(at * n_options // n_orders)) for at in range(n_orders))
        return tuple(QuestionView(question, tuple(one.tolist())) for one in turned)
