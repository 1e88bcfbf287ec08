"""What the asking of one turn took: replies, repairs and draws added up."""

from __future__ import annotations

from collections.abc import Sequence

from fjsim.contracts import Reply
from fjsim.records import Cost


def cost_of(replies: Sequence[Reply]) -> Cost:
    """Return what the replies of one draw took; how the last one ended is how the draw ended."""
    costs = [_of_one(reply) for reply in replies]
    if len(costs) == 1:
        return costs[0]
    last = costs[-1]
    return added(costs)._replace(model=last.model, finish_reason=last.finish_reason)


def _of_one(reply: Reply) -> Cost:
    usage = reply.usage
    return Cost(
        model=reply.model,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        tokens_cached=usage.tokens_cached,
        calls=int(not reply.cached),
        cached_calls=int(reply.cached),
        attempts=reply.attempts,
        latency=reply.latency,
        finish_reason=reply.finish_reason,
    )


def added(costs: Sequence[Cost]) -> Cost:
    """Return what several draws of one turn took together."""
    return Cost(
        model=costs[0].model,
        tokens_in=sum(cost.tokens_in for cost in costs),
        tokens_out=sum(cost.tokens_out for cost in costs),
        tokens_cached=sum(cost.tokens_cached for cost in costs),
        calls=sum(cost.calls for cost in costs),
        cached_calls=sum(cost.cached_calls for cost in costs),
        attempts=sum(cost.attempts for cost in costs),
        latency=sum(cost.latency for cost in costs),
        finish_reason=costs[0].finish_reason,
    )
