"""Routers and defenses: who is listened to, and how much."""

from __future__ import annotations

from abc import ABC, abstractmethod
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


class Policy:
    """What a router and a defense have in common: a memory that is explicit.

    The state is an immutable value that the policy makes and the loop carries; nothing is kept
    on the policy itself, so that the log can rebuild the state.
    """

    memory: ClassVar[Memory] = "none"
    labels: Labels = "none"

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
    """Who is listened to, per question: turns the graph's W into W(q) after round 0."""

    channel: Channel = "label"

    @abstractmethod
    def weights(self, record: Record, state: Any) -> Array:
        """Return W(q), row-stochastic on the graph's support, shape (n_agents, n_agents)."""


class Defense(Policy, ABC):
    """A trust policy: gates on what is heard."""

    channel: Channel = "blend"
    residual: Residual = "innate"
    threshold: float = 0.5

    @abstractmethod
    def gates(self, record: Record, state: Any) -> Array:
        """Return gates in [0, 1], shape (listener, speaker) or (listener, speaker, option)."""
