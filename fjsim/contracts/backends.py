"""Asking a model: requests in, replies out."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

from fjsim.beliefs import Array
from fjsim.contracts.argument import Manner
from fjsim.contracts.trust import Demand
from fjsim.questions import Question
from fjsim.serial.json import written

SIMULATED_MODEL = "fjsim-simulated"
"""What the embedded model is called, behind whatever endpoint it stands."""

CHARACTERS_PER_TOKEN = 4
"""Characters that a token is taken to have where nobody has counted."""

LONGEST_TEXT = 256 * 2**10
"""Characters of a reply's text, without a block of thinking; a longer one is not read."""


@dataclass(frozen=True)
class ChatMessage:
    """One message of a chat: a role and its text.

    A chat sends its past again each round, so what is made of a message is made once.
    """

    role: Literal["system", "user", "assistant"]
    content: str

    @cached_property
    def json(self) -> bytes:
        """As it is sent: a JSON object."""
        return written({"role": self.role, "content": self.content})

    @cached_property
    def digest(self) -> bytes:
        """Sixteen bytes that tell it from others."""
        return hashlib.blake2b(self.json, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn.

    Parameters
    ----------
    temperature : float
        Sampling temperature, >= 0.
    top_p : float
        Nucleus mass, in (0, 1].
    max_tokens : int
        Longest reply, in tokens.
    seed : int
        Sent to the server, which need not honour it.
    """

    temperature: float = 0.7
    top_p: float = 1.0
    max_tokens: int = 1024
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SampleIndex:
    """Identify one sample by replica, seat, round, draw and repair.

    Two neutral seats with the same prompt have samples of their own, and so never share a reply.
    """

    replica: int
    seat: int
    round: int
    draw: int = 0
    repair: int = 0

    def __str__(self) -> str:
        return (
            f"replica={self.replica} seat={self.seat} round={self.round} "
            f"draw={self.draw} repair={self.repair}"
        )


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    Parameters
    ----------
    messages : tuple of ChatMessage
        The whole chat so far.
    schema : mapping or None
        JSON schema of the reply, for servers that can be held to one.
    sampling : Sampling
        How the reply is drawn.
    sample : SampleIndex
        Identifies the sample; travels in the request's ``user`` field.
    logprobs : int
        How many top log-probabilities of each token to return; 0 for none.
    """

    messages: tuple[ChatMessage, ...]
    schema: Mapping[str, Any] | None
    sampling: Sampling
    sample: SampleIndex
    logprobs: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one reply, or of several added up."""

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.tokens_cached + other.tokens_cached,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Parameters
    ----------
    text : str
        The reply; untrusted.
    model : str
        Model id as the server reports it.
    usage : Usage
        Tokens spent.
    finish_reason : str
        ``"stop"``, ``"length"`` or what else the server says.
    attempts : int
        Requests sent for it; 0 for a reply from the cache.
    latency : float
        Seconds from the first request to the reply.
    cached : bool
        Whether it came from the response cache.
    failure : str
        Why there is no reply after the last attempt; empty where there is one.
    logprobs : mapping of str to float, or None
        Log-probabilities of the first answer token's alternatives, where asked for.
    """

    text: str
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = "stop"
    attempts: int = 1
    latency: float = 0.0
    cached: bool = False
    failure: str = ""
    logprobs: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class DeclaredLaw:
    """Friedkin-Johnsen parameters that a backend or an agent states of itself.

    Parameters
    ----------
    stubbornness, self_weight : ndarray of shape (n_agents,)
        In [0, 1].
    """

    stubbornness: Array
    self_weight: Array


@dataclass(frozen=True, slots=True)
class Pace:
    """How a backend over a network wants to be asked.

    Parameters
    ----------
    max_concurrency : int
        Requests in flight to start with; fewer after the server says it has too many.
    max_attempts : int
        Requests sent for one reply, at most.
    total_timeout : float
        Seconds from the first request for a reply to giving it up.
    """

    max_concurrency: int = 64
    max_attempts: int = 8
    total_timeout: float = 600.0


class KnowsTruth(Protocol):
    """What a backend has beside its replies if it plays agents whose parameters it knows."""

    def learn(self, questions: Sequence[Question]) -> None:
        """Tell it the questions that it looks up by their text."""

    def declared(
        self, question: Question, replica: int, n_agents: int, seed: int
    ) -> DeclaredLaw | None:
        """Return the agents' true parameters on one question; None where they follow no law."""

    @property
    def manner(self) -> Manner:
        """How its agents speak reasons and hear them."""

    def persuasiveness(self, question: Question, replica: int, seat: int, seed: int) -> float:
        """Return what multiplies one agent's weight with those that hear its reasons, > 0."""


class Backend(ABC):
    """A way to ask a model: requests in, replies out.

    A class has to say how to `complete` a request; everything else has a default. Wrappers (cache,
    retry, limit, budget) are backends around a backend. A backend raises ``BackendError`` only for
    what must stop the run; a reply that could not be had after the last attempt is a ``Reply``
    whose ``failure`` says why.
    """

    @abstractmethod
    async def complete(self, request: Request) -> Reply:
        """Answer one request."""

    def demands(self) -> tuple[Demand, ...]:
        """Return what its parameters ask for that a file from somebody else must not decide.

        That is to start a program, to load code, to send a key, or to write a file. Any other
        plug-in may have this method too.
        """
        return ()

    def forget(self, request: Request) -> None:
        """Let go of a reply that was kept: whoever asked for it could not read it."""
        return None

    async def close(self) -> None:
        """Give back connections and processes; calling it twice does no harm."""
        return None

    def longest_reply(self, request: Request) -> int:
        """Return how many tokens a reply to it has at most."""
        return request.sampling.max_tokens

    @property
    def identity(self) -> str:
        """What a kept reply belongs to: endpoint and model, never a key; empty keeps none.

        It counts only where the backend's own class says it: a class that inherits an identity
        may answer otherwise than the one that it has it from.
        """
        return ""

    @property
    def pace(self) -> Pace | None:
        """How it wants to be asked; None for one that is neither retried nor held back."""
        return None

    @property
    def truth(self) -> KnowsTruth | None:
        """What knows the agents' true parameters; None for a language model, which knows none."""
        return None

    @property
    def simulated(self) -> bool:
        """Whether replies come from agents of known parameters rather than a language model."""
        return self.truth is not None

    def declared(
        self, question: Question, replica: int, n_agents: int, seed: int
    ) -> DeclaredLaw | None:
        """Return the true parameters of the agents on one question, where they are known."""
        truth = self.truth
        return None if truth is None else truth.declared(question, replica, n_agents, seed)

    @property
    def manner(self) -> Manner:
        """How its agents speak reasons and hear them, where that is known."""
        truth = self.truth
        return Manner() if truth is None else truth.manner

    def persuasiveness(self, question: Question, replica: int, seat: int, seed: int) -> float:
        """Return what multiplies one agent's weight with those that hear its reasons.

        Parameters
        ----------
        question : Question
        replica, seat, seed : int
            Which agent it is.

        Returns
        -------
        float
            > 0; 1 for a language model, of which it is not known.
        """
        truth = self.truth
        return 1.0 if truth is None else truth.persuasiveness(question, replica, seat, seed)
