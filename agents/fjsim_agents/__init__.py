"""Who can sit in a seat: one way of taking part per module."""

from fjsim.registry import declare

declare(
    "agent",
    {
        "llm": "fjsim_agents.llm",
        "numeric": "fjsim_agents.numeric",
        "replay": "fjsim_agents.replay",
        "scripted": "fjsim_agents.scripted",
    },
)
