"""Who can sit in a seat."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from fjsim.beliefs import Array
from fjsim.contracts.argument import Manner
from fjsim.contracts.crowd import Cast, Members, Situations, Statements
from fjsim.contracts.policies import Residual
from fjsim.contracts.speech import Message, Statement
from fjsim.questions import Question


@dataclass(frozen=True, slots=True)
class Stance:
    """What an attack has one of its seats say in one round.

    Parameters
    ----------
    target : int
        Option that the seat argues for.
    belief : ndarray of shape (n_options,)
        What it states; a model-driven seat is told the certainty of the target.
    persuasiveness : {'low', 'medium', 'high'}
        How it argues.
    brief : str
        Further instructions for a model-driven seat.
    payload : str
        Text that the seat's message must carry word for word.
    """

    target: int
    belief: Array
    persuasiveness: Literal["low", "medium", "high"] = "high"
    brief: str = ""
    payload: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """What an agent that speaks for itself is given in one turn.

    Parameters
    ----------
    question : Question
        With its key, from which a simulated agent draws its innate belief.
    replica, seat, round : int
        Which turn it is.
    innate, own : ndarray of shape (n_options,) or None
        The seat's round-0 belief and its last one; None in round 0.
    heard : tuple of Message
        What reached it.
    silent : tuple of Message
        Neighbours that were missing or withheld; their weight goes to the own last belief.
    stance : Stance or None
        What the attack has it say.
    residual : {'innate', 'self', 'renormalise'}
        Where the weight goes that a gate takes away.
    seed : int
        The run's seed.
    reasons_shown : bool
        Whether peers are shown each other's reasons in this run.
    """

    question: Question
    replica: int
    seat: int
    round: int
    innate: Array | None
    own: Array | None
    heard: tuple[Message, ...]
    silent: tuple[Message, ...]
    stance: Stance | None
    residual: Residual
    seed: int
    reasons_shown: bool = False


class Agent:
    """A seat's occupant: it only describes itself."""


class ModelAgent(Agent, ABC):
    """An agent that a model plays; the loop asks the model."""

    @abstractmethod
    def describe(self) -> str:
        """Return who the agent is, for the system prompt; empty for a neutral one."""


class SpeakingAgent(Agent, ABC):
    """An agent that speaks for itself, without a model.

    Attributes
    ----------
    batched : bool
        Whether `speak_many` says for many items at once what `speak` says for each; then `cast`
        and `speak_many` have to be there.
    """

    batched: ClassVar[bool] = False

    @abstractmethod
    def speak(self, situation: Situation) -> Statement:
        """Return what the agent states in this turn."""

    def declared(
        self, question: Question, replica: int, seat: int, seed: int
    ) -> tuple[float, float] | None:
        """Return the agent's true (stubbornness, self-weight) on one question, where known."""
        return None

    def cast(self, cast: Cast) -> Members | None:
        """Return the agents in some seats of many items; None where no law is declared.

        Parameters
        ----------
        cast : Cast
            Which seats of which items.
        """
        return None

    def speak_many(self, cast: Cast, members: Members | None, situations: Situations) -> Statements:
        """Return what some seats of many items state in one round.

        Parameters
        ----------
        cast : Cast
            Which seats of which items.
        members : Members or None
            What `cast` gave for them.
        situations : Situations
            What they are given.
        """
        raise NotImplementedError

    @property
    def argument(self) -> str:
        """The reason of each of its turns, where that is always the same; empty by default."""
        return ""

    @property
    def manner(self) -> Manner:
        """How it speaks reasons and hears them; by default an answer sounds certain."""
        return Manner()

    def persuasiveness(self, question: Question, replica: int, seat: int, seed: int) -> float:
        """Return what multiplies its weight with those that hear its reasons; 1 by default.

        Parameters
        ----------
        question : Question
        replica, seat, seed : int
            As in `Situation`.

        Returns
        -------
        float
            > 0.
        """
        return 1.0
