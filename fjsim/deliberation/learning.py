"""What a policy learns from a finished question: as much of it as its memory and labels allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fjsim.contracts import Audit, Policy, Record
from fjsim.deliberation.item import Item
from fjsim.seeds import stream


def learned(policy: Policy, record: Record, state: Any, item: Item, seed: int) -> Any:
    """Return a policy's state after a question.

    Parameters
    ----------
    policy : Policy
    record : Record
        All that was said on the question; a policy that remembers round 0 only is shown that.
    state : object
        The state before it.
    item : Item
        The question; its key is shown where the policy's labels allow.
    seed : int
        Seed of the audits.
    """
    if policy.memory == "none":
        return state
    return policy.update(remembered(policy, record), state, shown_key(policy, item, seed))


def remembered(policy: Policy, record: Record) -> Record:
    """Return as much of a finished question's record as a policy's memory takes in.

    Parameters
    ----------
    policy : Policy
        One that remembers round 0 only is shown no more.
    record : Record
    """
    return record if policy.memory == "history" else round0_of(record)


def round0_of(record: Record) -> Record:
    """Return what was said in round 0 alone."""
    return replace(
        record,
        stated=record.stated[:1],
        accepted=record.accepted[:1],
        answers=record.answers[:1],
        confidence=record.confidence[:1],
    )


def shown_key(policy: Policy, item: Item, seed: int) -> int | None:
    """Return the right option where the policy's labels let it be seen.

    Parameters
    ----------
    policy : Policy
        Its ``labels`` say how many keys it is shown.
    item : Item
        The finished question.
    seed : int
        Seed of the audits.
    """
    if policy.labels == "all":
        return item.question.key
    if isinstance(policy.labels, Audit):
        if item.is_warmup and getattr(policy, "warmup", False):
            # A policy that asks for a warm-up learns from all of it.
            return item.question.key
        rng = stream(seed, "audit", item.question.id, item.replica)
        return item.question.key if rng.random() < policy.labels.audit else None
    return None
