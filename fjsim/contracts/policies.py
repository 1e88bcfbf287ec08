"""Routers and defenses: who is listened to, and how much."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from fjsim.beliefs import Array
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
    """

    memory: ClassVar[Memory] = "none"
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
    """

    channel: Channel = "blend"
    residual: Residual = "innate"
    threshold: float = 0.5

    @abstractmethod
    def gates(self, record: Record, state: Any) -> Array:
        """Return gates in [0, 1], shape (listener, speaker) or (listener, speaker, option)."""
