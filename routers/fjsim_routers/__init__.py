"""Who is listened to, question by question, from what was said alone."""

from fjsim.registry import declare

declare(
    "router",
    {
        "alignment": "fjsim_routers.alignment",
        "competence-history": "fjsim_routers.competence",
        "self-confidence": "fjsim_routers.confidence",
        "relative-confidence": "fjsim_routers.confidence",
        "top-k": "fjsim_routers.confidence",
        "oracle": "fjsim_routers.oracle",
        "perceived-confidence": "fjsim_routers.perceived",
        "uniform": "fjsim_routers.uniform",
    },
)
