"""Defenses judged on deliberations that were recorded without them."""

from fjsim.judging.face import DEFENSES, judge
from fjsim.judging.findings import Counterfactual, Cut, Detection, Judged, Judgement

__all__ = ["DEFENSES", "Counterfactual", "Cut", "Detection", "Judged", "Judgement", "judge"]
