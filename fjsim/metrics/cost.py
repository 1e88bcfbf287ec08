"""What a run asked for and took, and which turns it did not get."""

from __future__ import annotations

from fjsim.contracts import Validity
from fjsim.metrics.evidence import Spending
from fjsim.metrics.metric import ArmCount, RunCount
from fjsim.records import VALIDITY_CODES, Transcript
from fjsim.registry import register

MISSING = VALIDITY_CODES[Validity.MISSING]


@register("metric", "missing_turns")
class MissingTurns(ArmCount):
    """Turns without a valid belief, over all arms.

    Above `max_missing` (.05 of all turns) the run exits with 1.
    """

    label = "missing turns"
    unit = "turns"
    place = "page"
    arms = "both"

    def number(self, arm: Transcript) -> int:
        """Count the missing turns of one arm."""
        return int((arm.validity == MISSING).sum())


@register("metric", "told_again")
class ToldAgain(ArmCount):
    """Turns that a defense told again when it took beliefs back, over all arms."""

    label = "turns told again"
    unit = "turns"
    place = "data"
    arms = "both"

    def number(self, arm: Transcript) -> int:
        """Count the turns of one arm that were told again."""
        return 0 if arm.told_again is None else int(arm.told_again.sum())


@register("metric", "calls")
class Calls(RunCount):
    """Requests that were sent, over all sessions of the run folder; failed ones count."""

    label = "calls"
    unit = "calls"
    place = "data"

    def number(self, spending: Spending) -> int:
        """Return the calls."""
        return spending.calls


@register("metric", "failed_calls")
class FailedCalls(RunCount):
    """Requests among the calls that brought no reply."""

    label = "failed calls"
    unit = "calls"
    place = "data"

    def number(self, spending: Spending) -> int:
        """Return the failed calls."""
        return spending.failed_calls


@register("metric", "estimated_calls")
class EstimatedCalls(RunCount):
    """Requests among the calls whose tokens are an estimate, since no usage could be believed."""

    label = "calls with estimated tokens"
    unit = "calls"
    place = "data"

    def number(self, spending: Spending) -> int:
        """Return the calls whose tokens are an estimate."""
        return spending.estimated_calls


@register("metric", "cached_calls")
class CachedCalls(RunCount):
    """Requests that the response cache answered."""

    label = "cached calls"
    unit = "calls"
    place = "data"

    def number(self, spending: Spending) -> int:
        """Return the cached calls."""
        return spending.cached_calls


@register("metric", "tokens_in")
class TokensIn(RunCount):
    """Tokens of all prompts, over all sessions."""

    label = "tokens in"
    unit = "tokens"
    place = "page"

    def number(self, spending: Spending) -> int:
        """Return the tokens of the prompts."""
        return spending.tokens_in


@register("metric", "tokens_out")
class TokensOut(RunCount):
    """Tokens of all replies, over all sessions."""

    label = "tokens out"
    unit = "tokens"
    place = "data"

    def number(self, spending: Spending) -> int:
        """Return the tokens of the replies."""
        return spending.tokens_out


@register("metric", "tokens_cached")
class TokensCached(RunCount):
    """Prompt tokens that the server had in its own cache."""

    label = "tokens cached by the server"
    unit = "tokens"
    place = "data"

    def number(self, spending: Spending) -> int:
        """Return the cached tokens."""
        return spending.tokens_cached


@register("metric", "cost")
class MoneySpent(RunCount):
    """Price of all replies by the user's price file; 0 without one."""

    label = "cost"
    unit = "currency of the price file"
    place = "data"

    def number(self, spending: Spending) -> float:
        """Return the cost."""
        return round(spending.cost, 6)


@register("metric", "wall_seconds")
class WallSeconds(RunCount):
    """Time from start to end, summed over all sessions."""

    label = "wall time"
    unit = "seconds"
    place = "data"

    def number(self, spending: Spending) -> float:
        """Return the seconds."""
        return round(spending.wall_seconds, 3)


@register("metric", "labels_used")
class LabelsUsed(RunCount):
    """Keys that routers and defenses were shown, in one arm."""

    label = "labels used"
    unit = "keys"
    place = "data"

    def number(self, spending: Spending) -> int:
        """Return the labels."""
        return spending.labels_used
