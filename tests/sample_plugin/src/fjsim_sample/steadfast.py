"""How many end with the answer that they began with."""

from fjsim.metrics import ArmMetric, Tally, Transcript, tally
from fjsim.registry import register


@register("metric", "steadfast")
class Steadfast(ArmMetric):
    """Share of turns with an answer that repeats the answer of round 0 at the end."""

    label = "kept its answer"
    direction = "higher is better"
    rounds = "drawn"

    def count(self, arm: Transcript, number: int = -1) -> Tally:
        """Count turns with an answer in both rounds, and those with the same one."""
        first, last = arm.answers[:, 0], arm.answers[:, number]
        both = (first >= 0) & (last >= 0)
        return tally(arm, both & (first == last), both)
