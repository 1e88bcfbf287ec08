"""Routers and defenses: who is listened to, and how much."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from fjsim.beliefs import Array
from fjsim.contracts.guarantee import Guarantee
from fjsim.contracts.speech import Record

Memory = Literal["none", "round0", "history"]
Channel = Literal["label", "withhold", "sample", "blend"]
Residual = Literal["innate", "self", "renormalise"]
Scope = Literal["public", "local"]


@dataclass(frozen=True, slots=True)
class Audit:
    """Keys are shown for a random share of the finished questions.

    Parameters
    ----------
    audit : float
        The share, in [0, 1].
    """

    audit: float = 0.2


Labels = Literal["none", "all"] | Audit
"""Which keys a policy is shown, each only after its question is finished."""


@dataclass(frozen=True, slots=True)
class Casting:
    """Voters from outside the team, whom a defense has asked on some questions.

    Parameters
    ----------
    n_votes : int
        How many are asked on such a question, each alone, >= 1.
    backend : mapping or None
        Block of the backend that answers for them; None for the scenario's own.
    competence : float or None
        Where they are drawn and no backend is asked: how often each is right, in [0, 1].
    most_calls : int or None
        What the defense asks for over all questions of one arm and replica, at most; None where
        it knows no such limit.
    """

    n_votes: int
    backend: Mapping[str, Any] | None = None
    competence: float | None = None
    most_calls: int | None = None


class Restored(NamedTuple):
    """Beliefs as they would be now, and how many turns had to be told again.

    Parameters
    ----------
    beliefs : ndarray of shape (..., n_agents, n_options)
        NaN for seats that go on from their last belief.
    turns : ndarray of int, shape (...)
    """

    beliefs: Array
    turns: Array


Surprise = Callable[[Record], Array]
"""How unlikely each statement is under a fitted model: numbers >= 0, (n_rounds_done, n_agents)."""


class Policy:
    """What a router and a defense have in common: a memory that is explicit.

    The state is an immutable value that the policy makes and the loop carries; nothing is kept
    on the policy itself, so that the log can rebuild the state.

    Attributes
    ----------
    memory : {'none', 'round0', 'history'}
        What the state depends on.
    labels : {'none', 'all'} or Audit
        Which keys it is shown, each after its question.
    warmup : int
        How many questions of the order should play round 0 only, so that it can learn.
    reads_words : bool
        Whether its records say how alike the words of round 0 are.
    """

    memory: ClassVar[Memory] = "none"
    reads_words: ClassVar[bool] = False
    labels: Labels = "none"
    warmup: int = 0

    @property
    def batched(self) -> bool:
        """Whether it reads the records of many items at once, and gives what it gives for each.

        Their arrays have an axis of items before that of the agents (after that of the rounds),
        and a state has its arrays and numbers stacked along that axis. ``update`` is asked item by
        item.
        """
        return False

    def initial_state(self, n_agents: int) -> Any:
        """Return the state before the first question."""
        return None

    def update(self, record: Record, state: Any, key: int | None) -> Any:
        """Return the state after a question.

        Parameters
        ----------
        record : Record
            All that was said on it (only round 0 where ``memory`` is ``'round0'``).
        state : object
            The state before it.
        key : int or None
            The right option, where the scenario's labels allow it to be seen.
        """
        return state


class Router(Policy, ABC):
    """Who is listened to, per question: turns the graph's W into W(q) after round 0.

    A batched one is given an array of keys, shape (n_items,), where all items have one.

    Attributes
    ----------
    channel : {'label', 'withhold', 'sample', 'blend'}
        How the weights act on model agents; numeric agents mix by them whatever it is.
    threshold : float
        ``withhold`` delivers from this share of the row's largest weight on.
    strength : float
        Share of the routed mixture of what was heard in the belief that ``blend`` accepts; the
        rest is what the model stated.
    probes : bool
        Whether a probe after round 0 asks listeners how sure each speaker seems; the answers are
        the record's ``perceived``.
    """

    channel: Channel = "label"
    threshold: float = 0.5
    strength: float = 0.5
    probes: ClassVar[bool] = False

    @abstractmethod
    def weights(self, record: Record, state: Any) -> Array:
        """Return W(q), row-stochastic on the graph's support, shape (n_agents, n_agents)."""

    def route(self, record: Record, state: Any, key: int | None) -> Array:
        """Return W(q) given the question's key, which only an upper bound may look at."""
        return self.weights(record, state)


class Defense(Policy, ABC):
    """A trust policy: gates on what is heard.

    Attributes
    ----------
    channel : {'label', 'withhold', 'sample', 'blend'}
        How the gates act on model agents; numeric agents multiply weights by them.
    residual : {'innate', 'self', 'renormalise'}
        Where the weight goes that gates take away.
    threshold : float
        ``withhold`` delivers from this gate on.
    restores : bool
        Whether it may take beliefs back (`restored`), so that no law can be read off the run.
    """

    channel: Channel = "blend"
    residual: Residual = "innate"
    threshold: float = 0.5
    restores: ClassVar[bool] = False

    def restored(self, record: Record, state: Any) -> Restored | None:
        """Return beliefs from which seats go on, and by which they are heard, in the next round.

        Asked before each round of a defense that ``restores``. The log keeps what was said.

        Parameters
        ----------
        record : Record
            All that was said so far.
        state : object
            The state before the question.

        Returns
        -------
        Restored or None
            None where all go on from their last belief.
        """
        return None

    @abstractmethod
    def gates(self, record: Record, state: Any) -> Array:
        """Return gates in [0, 1], shape (listener, speaker) or (listener, speaker, option)."""

    def guarantee(self, n_agents: int, accuracy: float | None = None) -> Guarantee | None:
        """Return what is proved of this defense in a team; None where nothing is.

        Parameters
        ----------
        n_agents : int
            Members of the team.
        accuracy : float or None
            Share of their first answers that are right; None takes 0.8.
        """
        return None

    @property
    def casting(self) -> Casting | None:
        """The voters from outside the team that it needs; None for none."""
        return None

    def asks_for_casting(self, record: Record, state: Any) -> bool:
        """Return whether those voters are asked, given round 0 of a question.

        Parameters
        ----------
        record : Record
            Round 0, all of it recorded.
        state : object
            The state before the question.
        """
        return False
