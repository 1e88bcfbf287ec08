"""Who is listened to, question by question, from what was said alone."""

from fjsim_routers import alignment, competence, confidence, oracle, perceived, uniform

__all__ = ["alignment", "competence", "confidence", "oracle", "perceived", "uniform"]
