"""Defenses judged on deliberations that were recorded without them."""

from fjsim.judging.face import DEFENSES, judge
from fjsim.judging.findings import Counterfactual, Detection, Judged, Judgement, SpeakerCut

__all__ = ["DEFENSES", "Counterfactual", "SpeakerCut", "Detection", "Judged", "Judgement", "judge"]
