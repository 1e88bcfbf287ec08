"""A defense that adds something to another one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from fjsim.contracts import Defense, Demand, Memory, Record
from fjsim.registry import build
from fjsim_defenses.shared.policy import TrustPolicy

Block = str | dict[str, Any]
"""A defense as a scenario names it."""


@dataclass(frozen=True, kw_only=True)
class Around(TrustPolicy):
    """A defense around another one, which keeps its own memory and labels.

    Parameters
    ----------
    around : str or mapping, default 'trust-adaptive'
        The other defense: its name, or its block as in a scenario.
    channel, residual, threshold
        Those of the whole; those of the inner defense do not count.
    """

    memory: ClassVar[Memory] = "history"

    around: Block = "trust-adaptive"

    def __post_init__(self) -> None:
        """Refuse parameters outside their ranges, and take over what the inner one asks for."""
        super().__post_init__()
        object.__setattr__(self, "labels", self.inner.labels)
        object.__setattr__(self, "warmup", self.inner.warmup)
        object.__setattr__(self, "reads_words", self.inner.reads_words)

    @cached_property
    def inner(self) -> Defense:
        """The defense inside."""
        made: Defense = build("defense", self.around)
        return made

    def demands(self) -> tuple[Demand, ...]:
        """Return what the inner defense asks for that only the user may allow."""
        asked = getattr(self.inner, "demands", None)
        found: tuple[Demand, ...] = () if asked is None else asked()
        return tuple(Demand(("around",), one.does) for one in found)

    def initial_state(self, n_agents: int) -> Any:
        """Return the inner defense's state."""
        return self.inner.initial_state(n_agents)

    def update(self, record: Record, state: Any, key: int | None) -> Any:
        """Let the inner defense learn as much as its memory allows."""
        if self.inner.memory == "none":
            return state
        seen = record if self.inner.memory == "history" else until(record, 1)
        return self.inner.update(seen, state, key)


def until(record: Record, n_rounds_done: int) -> Record:
    """Return the record as it was after so many rounds, round 0 counted."""
    return replace(
        record,
        stated=record.stated[:n_rounds_done],
        accepted=record.accepted[:n_rounds_done],
        answers=record.answers[:n_rounds_done],
        confidence=record.confidence[:n_rounds_done],
    )
