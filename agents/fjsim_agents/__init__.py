"""Who can sit in a seat: one way of taking part per module."""

from fjsim_agents import llm, numeric, replay, scripted

__all__ = ["llm", "numeric", "replay", "scripted"]
